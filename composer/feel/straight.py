"""Back to the grid: what measures or writes down a band looks past how it is timed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.gm import BAND
from composer.score import Score, as_notes
from composer.vocab import POSITIONS_PER_QUARTER


def straightened(score: Score) -> Score:
    """The score with every note beginning and ending on the nearest twelfth of a quarter note."""
    return score.with_parts(replace(part, notes=_straight(part.notes, score.ticks_per_beat)) for part in score.parts)


def as_written(score: Score) -> Score:
    """The score with those parts of the band straightened that nowhere lie half a place from the grid: `Feel` moves no note as far.

    What was written in other values, thirty-second notes for one, stays as it is.
    """
    ticks = score.ticks_per_beat
    return score.with_parts(
        replace(part, notes=_straight(part.notes, ticks))
        if part.role in BAND and (np.abs(_off(part.notes["onset"], ticks)) < ticks / POSITIONS_PER_QUARTER / 2).all()
        else part
        for part in score.parts
    )


def is_straight(score: Score) -> bool:
    """Whether whoever plays beside the melody begins on the grid, but for one note in ten. Where nobody does it is not."""
    band = [part.notes["onset"] for part in score.parts if part.role in BAND]
    off = _off(np.concatenate([np.zeros(0), *band]), score.ticks_per_beat)
    return bool(len(off) and (np.abs(off) < 1).mean() > 0.9)


def early(ticks_per_beat: int) -> int:
    """How many ticks before a place of the grid a note may begin that is played there: half a twelfth of a quarter note."""
    return ticks_per_beat // (2 * POSITIONS_PER_QUARTER)


def _nearest(ticks: np.ndarray, ticks_per_beat: int) -> np.ndarray:
    place = ticks_per_beat / POSITIONS_PER_QUARTER
    return np.rint(np.rint(ticks / place) * place).astype(np.int64)


def _off(ticks: np.ndarray, ticks_per_beat: int) -> np.ndarray:
    return np.asarray(ticks - _nearest(ticks, ticks_per_beat))


def _straight(notes: np.ndarray, ticks_per_beat: int) -> np.ndarray:
    moved = notes.copy()
    moved["onset"] = _nearest(notes["onset"], ticks_per_beat)
    stop = _nearest(notes["onset"].astype(np.int64) + notes["duration"], ticks_per_beat)
    moved["duration"] = np.maximum(stop - moved["onset"], 1)
    return as_notes(moved)
