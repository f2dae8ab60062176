"""Pace: numbers of notes kept while a bar is being played, so that what is asked of the whole is asked of each of its places."""

from __future__ import annotations

import math

import numpy as np

from composer.model.control_targets import Range
from composer.model.played_bar import WHOLE, PlayedBar
from composer.vocab import MAX_POSITIONS

_AHEAD = 1 / 6
"""Share of the most in a bar by which a part may be ahead or behind while it plays it …"""
_ONSETS, _NOTES = 1.0, 3.0
"""… and in any case so many places to strike, or notes: chords come at once."""
_POSITION = np.arange(MAX_POSITIONS)


class Pace:
    """How many notes a bar is to have by each of its places: no fewer than in proportion, and no more, give or take a little."""

    def __init__(self, name: str, cost: float, where: Range, length: int, beat: int) -> None:
        """where: numbers in a bar of 4/4, or a beat, as the figure has them. cost: for each note too many or too few."""
        low, high = (number * length / (beat if name == "onsets a beat" else WHOLE) for number in where)
        self._cost, self._notes = np.float32(cost), name == "notes"
        share, leeway = _POSITION / length, max(_NOTES if self._notes else _ONSETS, _AHEAD * min(high, 2 * low))
        self._least = np.append(low * share - leeway, low)
        most = np.multiply(high, share, where=share > 0, out=np.zeros(len(share)))
        self._most = np.append(np.minimum(most + leeway, high), math.inf)

    def costs(self, bar: PlayedBar) -> np.ndarray:
        """What is to be taken from the weight of each position of the next note and, the last, of END: (P + 1,)."""
        played = len(bar.pitches) if self._notes else bar.onsets
        after = np.full(MAX_POSITIONS + 1, played + 1)
        if not self._notes and bar.last_position >= 0:
            after[bar.last_position] = played
        return np.asarray(self._cost * (np.maximum(self._least - played, 0) + np.maximum(after - self._most, 0)))
