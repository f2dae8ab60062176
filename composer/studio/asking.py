"""Requests become options, checked before anything is queued: the same values that the command line makes of its words."""

from __future__ import annotations

from typing import Any

from composer.arrange import find_lane
from composer.errors import InputError
from composer.gm import BAND, MELODY
from composer.melody import find_melody
from composer.model.checkpoint import Checkpoint
from composer.options import ArrangeOptions, ReworkOptions
from composer.planning import default_parts, find_form, named_style, played_bars
from composer.rework import places
from composer.score import Score
from composer.studio.shapes import ArrangeRequest, ReworkRequest, Wishes
from composer.studio.store import Store
from composer.studio.views import seed_score
from composer.styles import parse_mixture


def arrange_options(asked: ArrangeRequest, score: Score, store: Store, checkpoint: Checkpoint) -> ArrangeOptions:
    """What `composer arrange` would ask for. Raises InputError for what cannot be played, ChordError for a chart."""
    said = _said(asked, store, checkpoint, "pop")
    parts = tuple(asked.parts) if asked.parts is not None else default_parts(checkpoint, said)
    options = ArrangeOptions(
        **said, parts=parts, tempo_bpm=asked.tempo_bpm, form=asked.form or None, tutti=asked.tutti, seed=asked.seed
    )
    choice = find_melody(score, options.melody)
    bars = played_bars(score, choice.part)
    if options.chords is not None:
        find_lane(score, choice.part, options.chords)
    if options.form is not None:
        find_form(score, bars, options.form)
    return options


def rework_options(asked: ReworkRequest, score: Score, store: Store, checkpoint: Checkpoint) -> ReworkOptions:
    """What `composer rework` would ask for. Raises InputError."""
    places(score.bars(), asked.bars)  # at once, not in the job
    wishes = ArrangeOptions(**_said(asked, store, checkpoint, ""), seed=asked.seed)
    return ReworkOptions(asked.bars, tuple(asked.parts), wishes)


def restyle_options(asked: Wishes, score: Score, store: Store, checkpoint: Checkpoint) -> ArrangeOptions:
    """What `composer restyle` would ask for. Raises InputError."""
    if not asked.style and asked.style_from is None:
        raise InputError("no style given; name one in style, or a reference in style_from")
    if not any(part.role in BAND for part in score.parts if part.role != MELODY):
        raise InputError("no band plays in this piece; arrange it first")
    return ArrangeOptions(**_said(asked, store, checkpoint, ""), seed=asked.seed)


def _said(asked: Wishes, store: Store, checkpoint: Checkpoint, default_style: str) -> dict[str, Any]:
    reference = None
    if asked.style_from is not None:
        reference = seed_score(store.seed(asked.style_from), store)
    style = asked.style or ("" if reference is not None else default_style)
    for name, _ in parse_mixture(style) if style else ():
        named_style(checkpoint, name)
    return {
        "style": style,
        "style_from": reference,
        "style_strength": asked.style_strength,
        "temperature": asked.temperature,
        "feel": asked.feel,
        "density": dict(asked.density),
        "register": dict(asked.register_of),
        "polyphony": dict(asked.polyphony),
        "roles": dict(asked.roles),
        "programs": dict(asked.programs),
        "chords": asked.chords or None,
        "melody": asked.melody or None,
    }
