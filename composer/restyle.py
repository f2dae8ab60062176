"""Another band for a finished piece: its melody untouched, its harmony kept, its parts played in another style."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from composer.arrange import Arrangement, Arranger, OnBar
from composer.errors import InputError
from composer.feel import straightened
from composer.gm import BAND, MELODY
from composer.harmony.infer import chords_from_notes
from composer.harmony.lane import ChordLane
from composer.melody import find_melody
from composer.options import ArrangeOptions, ReworkOptions
from composer.players import main_player, with_roles
from composer.rework import rework
from composer.score import Score


def restyle(arranger: Arranger, score: Score, wishes: ArrangeOptions, on_bar: OnBar | None = None) -> Arrangement:
    """Every band part that plays in the piece written anew in the wished style, over the chords that are heard in it.

    Of several tracks of one part (two guitars) the busiest is written anew and the others are left out, which the report says.
    Raises InputError where no band plays in the piece.
    """
    melody = find_melody(score, wishes.melody)
    cast = with_roles(score, melody)
    playing = [role for role in BAND if main_player(cast, role) is not None]
    if not playing:
        raise InputError("no band plays in this piece; use composer arrange to write one")
    keep = {main_player(cast, role) for role in playing} | {melody.index}
    left_out = [part.name for index, part in enumerate(score.parts) if index not in keep and len(part)]
    kept = [replace(part, role=cast.parts[i].role) for i, part in enumerate(score.parts) if i in keep]
    # By its number: a track called "Melody" may be another.
    tune = str(1 + sum(index in keep for index in range(melody.index)))
    bars = score.bars()
    made = rework(
        arranger,
        score.with_parts(kept),
        ReworkOptions((bars[0].number, bars[-1].number), tuple(playing), replace(wishes, melody=tune)),
        on_bar,
    )
    programs = sounds_of(arranger, wishes)
    parts = [
        replace(part, program=programs.get(part.role, part.program))
        if part.role in BAND
        else replace(part, role=MELODY)
        for part in made.score.parts
    ]
    done = made.score.with_parts(parts)
    content = content_kept(score, done, made.lane, melody.index)
    told = (
        f"  restyled: {', '.join(playing)}" + (f"; left out: {', '.join(left_out)}" if left_out else ""),
        f"  content kept: {content['in_chord']:.0%} in the piece's chords, {content['roots_heard']:.0%} of its chord roots recognised",
    )
    report = made.report | {"left_out": left_out, "content_kept": content}
    report.pop("rework")
    return Arrangement(done, made.lane, melody, report, told)


def content_kept(before: Score, after: Score, lane: ChordLane, melody: int) -> dict[str, Any]:
    """What a new band has kept of a piece: the melody to the tick, the share of its sound in the chords, and the share of
    beats whose root is heard in it again, with nobody saying what the chords were.
    """
    tune = next(part for part in after.parts if part.role == MELODY)
    band = [part for part in straightened(after).parts if part.role in BAND and not part.is_drum]
    roots, _, tones = lane.arrays()
    beats = np.array([tick for bar in after.meter.bars(after.end) for tick in bar.beat_starts()])[: len(roots)]
    inside = sounding = 0.0
    for part in band:
        beat = np.searchsorted(beats, part.notes["onset"], side="right") - 1
        known = roots[beat] >= 0
        held = part.notes["duration"][known].astype(float)
        inside += float((tones[beat[known], part.notes["pitch"][known] % 12] * held).sum())
        sounding += float(held.sum())
    heard, _, _ = chords_from_notes(after.with_parts(band), after.end).arrays()
    count = min(len(heard), len(roots))
    named = roots[:count] >= 0
    return {
        "melody_untouched": tune.notes.tobytes() == before.parts[melody].notes.tobytes(),
        "in_chord": round(inside / max(sounding, 1.0), 4),
        "roots_heard": round(float((heard[:count] == roots[:count])[named].mean()) if named.any() else 0.0, 4),
    }


def sounds_of(arranger: Arranger, wishes: ArrangeOptions) -> dict[str, int]:
    """The new band's programs: as asked, else the style's, else the reference's."""
    from composer.planning import named_style
    from composer.references import reference_programs
    from composer.styles import parse_mixture

    if not wishes.style:
        return {**reference_programs(wishes.style_from), **wishes.programs}
    name = max(parse_mixture(wishes.style), key=lambda entry: entry[1])[0]
    return {**named_style(arranger.checkpoint, name)[0].programs, **wishes.programs}
