"""Everything decided before the first note is written: the song on the grid, its form, and what the model is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from composer import resting, tacet
from composer.errors import InputError
from composer.gm import BAND, ROLES
from composer.harmony.lane import ChordLane
from composer.model.checkpoint import Checkpoint
from composer.model.controls import ACTIVITY, CONTROLS, DENSITY, PLAYS, POLYPHONY, REGISTER, RESTS, ROLE, role_class
from composer.model.examples import metre_called
from composer.model.form import Phrase, parse_form
from composer.model.sequence import Brief, cells, tempo_class
from composer.options import ArrangeOptions
from composer.references import find_example, hear_reference, on_grid
from composer.score import Part, Score, bars_of
from composer.styles import PEOPLE, Style, parse_mixture, resolve
from composer.timing import HAIR_BEATS, Bar, has_pickup, meter_name
from composer.vocab import PARTS, GridSong
from composer.wording import counted

LONGEST_BARS = 1000
LOOKAHEAD_BARS = 2
PHRASE_BARS = 8
"""Phrase length assumed where nobody says otherwise and none can be heard."""
_SECTION = re.compile(r"[A-Za-z](\d*)")
FEWEST_PEOPLE = 3
"""Examples of people playing a style, from which on they are taken for their word."""


@dataclass(frozen=True)
class Plan:
    """What the model is to do, and how it will be told afterwards."""

    song: GridSong
    brief: Brief
    bars: tuple[Bar, ...]
    """The bars of the grid song, in the score's ticks."""
    styles: tuple[tuple[Style, str, float], ...]
    """(style, groove, share); () where only a reference tells."""
    phrases: tuple[Phrase, ...]
    """Part → the bars of the score in which it was asked to rest, such as ["9-16"]."""

    @property
    def style(self) -> Style | None:
        """The style that has most of the say: its instruments are used."""
        return max(self.styles, key=lambda entry: entry[2])[0] if self.styles else None

    @property
    def form(self) -> str:
        """The form as one may write it: "A8A8B8A8"."""
        edges = [start for start, _ in self.phrases] + [len(self.bars)]
        return "".join(f"{letter}{stop - start}" for (start, letter), stop in zip(self.phrases, edges[1:], strict=True))


def find_styles(
    checkpoint: Checkpoint, text: str, meter: str, parts: Sequence[str], rng: np.random.Generator
) -> tuple[tuple[Style, str, float], ...]:
    """The styles that a word or mixture names, each with a groove to play it in. Raises InputError with the nearest names."""
    if not text:
        return ()
    found = []
    for name, share in parse_mixture(text):
        style, groove = named_style(checkpoint, name)
        found.append((style, groove or draw_groove(checkpoint, style, meter, parts, rng), share))
    return tuple(found)


def named_style(checkpoint: Checkpoint, name: str) -> tuple[Style, str]:
    """A style by its name, by that of one of its grooves, or by that of the user's own music; the groove is "" where none was named."""
    own = own_label(checkpoint)
    if name.lower() == own.lower() != "":
        heard = [example.song for example in checkpoint.examples.entries if example.song.groove == own]
        playing = {ROLES[part] for song in heard for part in np.unique(song.notes["part"]).tolist()}
        parts = tuple(part for part in BAND if part in playing) or resolve("pop").parts
        return replace(resolve("pop"), name=own, aliases=(), description="your own music", parts=parts), own
    for groove, facts in checkpoint.card.get("grooves", {}).items():
        if groove.lower() == name.lower() and facts["style"]:
            return resolve(facts["style"]), groove
    return resolve(name), ""


def own_label(checkpoint: Checkpoint) -> str:
    """What a fine-tuned checkpoint calls the user's own music; "" where it is none."""
    return str(checkpoint.card.get("finetuned", {}).get("lessons", {}).get("label", ""))


def default_parts(checkpoint: Checkpoint, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts that the style asked for has, or that play in the reference where no style is named."""
    from composer.corpora.roles import band_of

    if asked["style"]:
        shares = parse_mixture(asked["style"])
        return named_style(checkpoint, max(shares, key=lambda entry: entry[1])[0])[0].parts
    playing = {part.role for part in band_of(asked["style_from"]).parts}
    return tuple(part for part in BAND if part in playing) or resolve("pop").parts


def draw_groove(
    checkpoint: Checkpoint, style: Style, meter: str, parts: Sequence[str], rng: np.random.Generator
) -> str:
    """How people play a style, where enough examples of it come across in this metre; else one of the grooves that do, at random.

    Any of its grooves in this metre where none does; "" where the model knows none.
    """
    examples = checkpoint.examples.across(style.name, metre_called(meter), parts)
    across = Counter(example.song.groove for example in examples)
    if across.pop(PEOPLE, 0) >= FEWEST_PEOPLE:
        return PEOPLE
    known: dict[str, Any] = checkpoint.card.get("grooves", {})
    fitting = sorted(across) or [
        name for name in sorted(known) if known[name]["style"] == style.name and meter in known[name]["meters"]
    ]
    return fitting[int(rng.integers(len(fitting)))] if fitting else ""


def find_form(score: Score, bars: Sequence[Bar], form: str | None) -> tuple[Phrase, ...]:
    """The form asked for, else the one heard in the score (() if it has none), over `bars`. Raises InputError."""
    from composer.corpora.form import find_phrases

    head = 1 if has_pickup(bars) else 0
    if form is not None:
        return parse_form(form, len(bars), head)
    first = bars[0].index
    heard = [(max(start - first, 0), letter) for start, letter in find_phrases(score)]
    kept = [phrase for i, phrase in enumerate(heard) if i + 1 == len(heard) or heard[i + 1][0] > phrase[0]]
    return tuple(phrase for phrase in kept if phrase[0] < len(bars))


def form_fit(asked: str, played: str) -> str:
    """A sentence where a form that was asked for had to be stretched or shared unevenly; "" where it fits.

    >>> form_fit("i4A8", "i4A28")
    'the form i4A8 has 12 bars, the piece 32: it is played as i4A28'
    >>> form_fit("AAB", "A3A3B2"), form_fit("i4AB", "i4A8B8")
    ('the form AAB does not share out 8 bars evenly: it is played as A3A3B2', '')
    """
    wanted = [int(length or 0) for length in _SECTION.findall(asked)]
    made = [int(length) for length in _SECTION.findall(played)]
    if all(wanted) and sum(wanted) != sum(made):
        return f"the form {asked} has {counted(sum(wanted), 'bar')}, the piece {sum(made)}: it is played as {played}"
    if len({now for length, now in zip(wanted, made, strict=True) if not length}) > 1:
        return f"the form {asked} does not share out {counted(sum(made), 'bar')} evenly: it is played as {played}"
    return ""


def even_phrases(count: int, head: int) -> tuple[np.ndarray, np.ndarray]:
    """Phrases of PHRASE_BARS from bar `head` on, as `form.phrase_places`."""
    phrase = np.maximum(np.arange(count) - head, 0) % PHRASE_BARS
    return phrase, PHRASE_BARS - 1 - phrase


def wanted_controls(options: ArrangeOptions, bars: int) -> np.ndarray:
    """What the options ask of every part in every bar: (bars, R, controls)."""
    controls = np.zeros((bars, PARTS, len(CONTROLS)), np.int64)
    for control, wanted in ((DENSITY, options.density), (REGISTER, options.register), (POLYPHONY, options.polyphony)):
        for name, level in wanted.items():
            controls[:, ROLES.index(name), control] = level
    for name, role in options.roles.items():
        controls[:, ROLES.index(name), ROLE] = role_class(name, role)
    return controls


def style_codes(
    checkpoint: Checkpoint, styles: Sequence[tuple[Style, str, float]]
) -> tuple[tuple[int, int, float], ...]:
    """Styles as the model numbers them; a name it does not know is "not said"."""
    config = checkpoint.config

    def row(names: tuple[str, ...], name: str) -> int:
        return names.index(name) + 1 if name in names else 0

    return tuple(
        (row(config.styles, style.name), row(config.grooves, groove), share) for style, groove, share in styles
    )


def plan_band(
    checkpoint: Checkpoint,
    score: Score,
    melody: Part,
    lane: ChordLane,
    options: ArrangeOptions,
    rng: np.random.Generator,
) -> Plan:
    """A band around a melody, from its first bar to its last."""
    bars = played_bars(score, melody)
    skipped = sum(bar.beat_count for bar in all_bars(score, melody)[: bars[0].index])
    alone = score.with_parts([melody])
    phrases = find_form(alone, bars, options.form)
    song = on_grid(alone, bars, lane, phrases, score.tempo.bpm_at(melody.start), skipped)
    head = 1 if has_pickup(bars) else 0
    if not phrases:
        position, left = even_phrases(len(bars), head)
        song.phrase_position[:], song.phrase_left[:] = position, left
    controls = wanted_controls(options, len(bars))
    if options.tutti:
        controls[:, :, ACTIVITY] = PLAYS
    else:
        let_rest(checkpoint, song, options.parts, controls, rng)
    controls[:head, :, ACTIVITY] = RESTS  # a pick-up belongs to the melody
    controls[[head, -1], :, ACTIVITY] = PLAYS
    tacet.rest_in(controls, bars, tacet.silent_bars(score, all_bars(score, melody), lane, options.chords))
    styles = find_styles(checkpoint, options.style, meter_name(bars), options.parts, rng)
    reference = None if options.style_from is None else hear_reference(options.style_from)
    brief = Brief(
        asked=cells(len(bars), (ROLES.index(name) for name in options.parts)),
        given=cells(len(bars), (0,)),
        lookahead=LOOKAHEAD_BARS,
        styles=style_codes(checkpoint, styles),
        reference=None if reference is None else reference.bars,
        tempo=tempo_class(song.tempo_bpm),
        controls=controls,
        example=find_example(checkpoint, song, styles, reference, options.parts, rng, wanted_controls(options, 1)[0]),
    )
    return Plan(song, brief, bars, styles, phrases)


def let_rest(
    checkpoint: Checkpoint, song: GridSong, parts: Sequence[str], controls: np.ndarray, rng: np.random.Generator
) -> None:
    """Ask parts to rest for a phrase, and to come back after it, as often as the checkpoint's card says people do."""
    starts = np.flatnonzero(song.phrase_position == 0).tolist()
    habits = checkpoint.card.get(resting.CARD_FIELD, {})
    rests = resting.draw_rests(habits, starts, song.bar_count, parts, rng)
    controls[rests, ACTIVITY] = RESTS
    back = rests[:-1] & ~rests[1:]
    controls[1:][back, ACTIVITY] = PLAYS


def all_bars(score: Score, melody: Part) -> tuple[Bar, ...]:
    """The bars from tick 0 to the last that the melody plays in."""
    return bars_of(score.meter, [melody])


def played_bars(score: Score, melody: Part) -> tuple[Bar, ...]:
    """The bars the band plays, from the melody's first note on. Raises InputError where they are too many.

    A first note a hair before a bar line is on it, as on the grid: the band does not enter a bar early for it.
    """
    bars = all_bars(score, melody)
    first = melody.start + HAIR_BEATS * score.ticks_per_beat
    bars = tuple(bar for bar in bars if bar.end > first) or bars[-1:]
    check_length(bars, "melody")
    return bars


def check_length(bars: Sequence[Bar], what: str) -> None:
    """Raises InputError where a piece is longer than the band can play."""
    if len(bars) > LONGEST_BARS:
        raise InputError(
            f"the {what} is {len(bars)} bars long; the longest arrangement is {LONGEST_BARS}: cut it into movements"
        )
