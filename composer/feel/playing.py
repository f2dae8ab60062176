"""A band's notes moved off the grid as people play them: one drummer's pocket, a drift that all share, each hand's scatter.

No note is moved as far as half a place of the grid: what reads the file again, by ear or by machine, reads the notes that were
written.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.feel.drummers import KICK, Drummer, piece_of
from composer.gm import ROLES
from composer.score import as_notes, struck_again
from composer.timing import Bar, TempoMap
from composer.vocab import POSITIONS_PER_QUARTER

KEEPS = 0.75
"""Share of the drift that is left a quarter note later (Groove: correlations of 0.40, 0.29 and 0.16 at one, two and four)."""
ROOM = 0.45
"""The most a note is moved, in places of the grid."""
STRUM_MS = 5.0
"""From string to string of a strummed chord: down on the eighths that count, up on those between."""
HAND_MS = 2.5
"""Scatter of the notes of one hand's chord among themselves."""
_DRUMS, _BASS, _GUITAR = ROLES.index("drums"), ROLES.index("bass"), ROLES.index("guitar")


class Feel:
    """How a band is timed in one song. Parts that are played through it, together or one by one, drift together."""

    def __init__(
        self, drummer: Drummer, bars: Sequence[Bar], tempo: TempoMap, seed: int, strength: float = 1.0
    ) -> None:
        """strength: 0 plays on the grid, 1 as the drummer did, 2 twice as far off."""
        self.drummer, self.strength = drummer, strength
        self._seed, self._tempo = seed, tempo
        self._starts = np.array([bar.start for bar in bars])
        # Pockets were measured where beats are quarter notes.
        self._has_pocket = np.array([bar.beat_length % tempo.ticks_per_beat == 0 for bar in bars])
        # One value a quarter note from the song's beginning, wherever a part begins.
        rng = np.random.default_rng([seed, len(ROLES)])
        steps = rng.normal(0, 1, bars[-1].end // tempo.ticks_per_beat + 2)
        for i in range(1, len(steps)):
            steps[i] = KEEPS * steps[i - 1] + np.sqrt(1 - KEEPS**2) * steps[i]
        self._drift_ms = drummer.drift_ms * steps

    @property
    def ticks_per_beat(self) -> int:
        """Of the song it is for."""
        return self._tempo.ticks_per_beat

    def play(self, notes: np.ndarray, role: str, end: int) -> np.ndarray:
        """A part's notes, NOTE_DTYPE in ticks and on the grid, as they are played; none ends after `end`."""
        if not self.strength or not len(notes):
            return notes
        ticks = self.ticks_per_beat
        onset = notes["onset"].astype(np.int64)
        bpm = np.array([self._tempo.bpm_at(int(tick)) for tick in onset])
        shift = self._shift_ms(notes, ROLES.index(role)) * self.strength / 60_000 * bpm * ticks
        room = ROOM * ticks / POSITIONS_PER_QUARTER
        # Drawn in softly, so that nothing piles up at the edge.
        moved = np.maximum(onset + np.trunc(room * np.tanh(shift / room)).astype(np.int64), 0)
        stop = np.minimum(np.minimum(onset + notes["duration"], end), struck_again(moved, notes["pitch"]))
        played = notes.copy()
        played["onset"], played["duration"] = moved, np.maximum(stop - moved, 1)
        return as_notes(played)

    def _shift_ms(self, notes: np.ndarray, part: int) -> np.ndarray:
        """How late each note is."""
        rng = np.random.default_rng([self._seed, part])
        ticks = self.ticks_per_beat
        bar = np.searchsorted(self._starts, notes["onset"], side="right") - 1
        place = np.rint((notes["onset"] - self._starts[bar]) * POSITIONS_PER_QUARTER / ticks).astype(np.int64)
        quarters = np.arange(len(self._drift_ms))
        shift = np.interp(notes["onset"] / ticks, quarters, self._drift_ms)
        strokes, stroke, size = np.unique(notes["onset"], return_inverse=True, return_counts=True)
        if part == _DRUMS:
            pocket = self.drummer.pocket_ms[piece_of(notes["pitch"]), place % POSITIONS_PER_QUARTER]
            shift += pocket * self._has_pocket[bar] + self.drummer.scatter_ms * rng.normal(0, 1, len(notes))
            return np.asarray(shift)
        if part == _BASS:
            shift += self.drummer.pocket_ms[KICK, place % POSITIONS_PER_QUARTER] * self._has_pocket[bar]
        shift += (self.drummer.scatter_ms * rng.normal(0, 1, len(strokes)))[stroke]
        chord = size[stroke] > 1
        if part != _GUITAR:
            return np.asarray(shift + chord * rng.normal(0, HAND_MS, len(notes)))
        up = place // (POSITIONS_PER_QUARTER // 2) % 2 == 1
        string = _rank(notes["pitch"], stroke) - (size[stroke] - 1) / 2
        return np.asarray(shift + STRUM_MS * string * np.where(up, -1, 1))


def _rank(pitches: np.ndarray, stroke: np.ndarray) -> np.ndarray:
    """Of each note how many of its stroke are lower, (n,)."""
    order = np.lexsort((pitches, stroke))
    rank = np.empty(len(order), np.int64)
    first = np.concatenate([[True], np.diff(stroke[order]) != 0])
    begins = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    rank[order] = np.arange(len(order)) - begins
    return rank
