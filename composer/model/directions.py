"""Directions by example: a part that is asked to play in a certain way hears somebody play so, among the others of the example.

Who is asked for a walking bass in a pop song has heard eight bars of pop, and goes on as it has heard. So the part's bars in the example
are another example's, in which it does what is asked: one of the style if there is one, moved over the chords of the rest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.model.controls import DENSITY, POLYPHONY, REGISTER, ROLE, level_centre, measure, overall
from composer.model.examples import Example, Examples, in_metre_of
from composer.vocab import DRUM_PART, PARTS, GridSong

_OTHER_ROLE, _OTHER_STYLE = 4.0, 0.5
"""Levels of density or polyphony that another role, and another style, count for."""


def as_asked(
    example: GridSong, asked: np.ndarray, examples: Examples, style: str, song: GridSong, rng: np.random.Generator
) -> GridSong:
    """The example with the parts that something is asked of playing so, or as nearly so as the library has it.

    asked: one word for the whole song a part, as `controls.overall`: (R, controls). song: whose metre the example has.
    """
    heard = overall(measure(example))
    for part in range(PARTS):
        if asked[part, [DENSITY, POLYPHONY, ROLE]].any():
            far = _distance(asked[part], heard[part]) if (example.notes["part"] == part).any() else np.inf
            found = _nearest(part, asked[part], examples, style, song, far, rng)
            if found is not None:
                example = _with_part(example, found, part)
        if asked[part, REGISTER] and part != DRUM_PART:
            example = _in_octave(example, part, level_centre(REGISTER, part, int(asked[part, REGISTER])))
    return example


def _distance(asked: np.ndarray, heard: np.ndarray) -> float:
    levels = [abs(asked[control] - heard[control]) for control in (DENSITY, POLYPHONY) if asked[control]]
    return float(sum(levels) + _OTHER_ROLE * bool(asked[ROLE] and asked[ROLE] != heard[ROLE]))


def _nearest(
    part: int, asked: np.ndarray, examples: Examples, style: str, song: GridSong, far: float, rng: np.random.Generator
) -> GridSong | None:
    """One of the library's examples in which the part is nearest to what is asked; None where none is nearer than `far`."""
    found: list[Example] = []
    for entry, heard in zip(examples.entries, examples.heard, strict=True):
        if not heard[part].any():
            continue
        away = _distance(asked, heard[part]) + _OTHER_STYLE * (entry.song.style != style)
        if away < far:
            far, found = away, [entry]
        elif away == far and found:
            found.append(entry)
    for place in rng.permutation(len(found)):
        if (shaped := in_metre_of(song, found[place].song)) is not None:
            return shaped
    return None


def _with_part(example: GridSong, other: GridSong, part: int) -> GridSong:
    """The example with a part's notes from another, each as far above its chord's root as it was there."""
    bars = np.arange(example.bar_count) % other.bar_count
    notes = [other.notes[(other.notes["part"] == part) & (other.notes["bar"] == bar)].copy() for bar in bars]
    for bar, mine in enumerate(notes):
        if part != DRUM_PART:
            here = example.roots[example.beat_at(np.full(len(mine), bar), mine["position"])]
            there = other.roots[other.beat_at(mine["bar"], mine["position"])]
            move = np.where((here >= 0) & (there >= 0), (here - there + 5) % 12 - 5, 0)
            mine["pitch"] = np.clip(mine["pitch"].astype(int) + move, 0, 127)
        mine["bar"] = bar
    rest = example.notes[example.notes["part"] != part]
    return replace(example, notes=np.sort(np.concatenate([rest, *notes]), order=["bar", "part", "position", "pitch"]))


def _in_octave(example: GridSong, part: int, centre: float) -> GridSong:
    """The example with a part moved by octaves, to where its mean pitch is nearest to a centre."""
    mine = example.notes["part"] == part
    if not mine.any():
        return example
    notes = example.notes.copy()
    octaves = round((centre - notes["pitch"][mine].mean()) / 12)
    notes["pitch"][mine] = np.clip(notes["pitch"][mine].astype(int) + 12 * octaves, 0, 127)
    return replace(example, notes=notes)
