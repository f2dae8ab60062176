"""Where the bars begin: the beats are known, the bar lines are not, or not to be trusted.

Each beat is given evidence of being a downbeat: a chord change (the longer the chord stays the more), a long low note,
somebody's mark. A dynamic programme lays bars of equal length over the beats; an odd bar is allowed, at a price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ODD_BAR_PRICE = 5.0
"""In units of evidence: a change of chord that lasts a whole bar is worth 1."""
OFF_BEAT_FACTOR = 1.6
"""How much more evidence another subdivision needs before the beat itself is moved there."""

CLEAR_MAJORITY = 0.6
"""Share of onsets that must lie off the grid by the same amount for the grid to be moved."""


@dataclass(frozen=True)
class Evidence:
    """Signs of a downbeat: ticks and weights, of shape (n,)."""

    ticks: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, *votes: tuple[np.ndarray, np.ndarray]) -> Evidence:
        """Several kinds of vote as one."""
        return cls(np.concatenate([ticks for ticks, _ in votes]), np.concatenate([weights for _, weights in votes]))

    def per_beat(self, offset: int, beat: int, count: int) -> np.ndarray:
        """Weight that falls within an eighth of a beat of each of `count` beats from `offset` on, shape (count,)."""
        place = (self.ticks - offset) / beat
        nearest = np.round(place).astype(int)
        near = (np.abs(place - nearest) <= 0.13) & (nearest >= 0) & (nearest < count)
        return np.bincount(nearest[near], self.weights[near], count)


@dataclass(frozen=True)
class Downbeats:
    """Bars laid over a piece."""

    starts: np.ndarray
    """Tick of each bar, shape (n,); the first is 0 or negative."""
    odd: int
    """How many bars are of another length."""

    @property
    def moved(self) -> int:
        """Ticks by which the piece must be put off for its first bar to begin at 0."""
        return -int(self.starts[0])


def beat_offset(evidence: Evidence, beat: int, steps: int) -> int:
    """Where in the beat the downbeats lie: one of `steps` subdivisions, in ticks; 0 unless another is far better."""
    length = beat // steps
    last = int(evidence.ticks.max()) // beat + 2
    weights = [evidence.per_beat(step * length, beat, last).sum() for step in range(steps)]
    best = int(np.argmax(weights))
    return best * length if weights[best] > OFF_BEAT_FACTOR * weights[0] else 0


def grid_offset(onsets: np.ndarray, grid: int, bins: int = 6) -> int:
    """Where in a grid cell most onsets lie, in ticks within (-grid/2, grid/2]: 0 unless a majority lies elsewhere."""
    cell = grid // bins
    shares = np.bincount(np.round((onsets % grid) / cell).astype(int) % bins, minlength=bins) / max(1, len(onsets))
    best = int(np.argmax(shares))
    if shares[best] < CLEAR_MAJORITY:
        return 0
    return best * cell if best * cell <= grid // 2 else best * cell - grid


def find_downbeats(
    evidence: Evidence, end: int, beat: int, beats_per_bar: int, steps: int = 4, base: int = 0
) -> Downbeats:
    """The bars over [0, end) with most evidence; the first begins at or before tick 0. `base`: see `grid_offset`."""
    offset = (base + beat_offset(Evidence(evidence.ticks - base, evidence.weights), beat, steps)) % beat
    before = beats_per_bar  # beats before tick 0, so that the first bar may begin there
    count = before + (end - offset) // beat + beats_per_bar + 1
    weight = evidence.per_beat(offset - before * beat, beat, count)
    weight = np.minimum(weight, 2.5) - np.minimum(weight, 2.5).mean()
    best = np.full(count, -np.inf)
    came = np.full(count, -1)
    latest_start = before - (offset > 0)  # the bar that holds tick 0 begins no later than this beat
    for at in range(count):
        if latest_start - beats_per_bar < at <= latest_start:
            best[at] = weight[at]
        for length in range(1, beats_per_bar + 1):
            if at - length < 0 or best[at - length] == -np.inf:
                continue
            price = 0.0 if length == beats_per_bar else ODD_BAR_PRICE * (1.0 if 2 * length == beats_per_bar else 1.5)
            if best[at - length] + weight[at] - price > best[at]:
                best[at], came[at] = best[at - length] + weight[at] - price, at - length
    at = count - beats_per_bar + int(np.argmax(best[count - beats_per_bar :]))
    bars = [at]
    while came[bars[-1]] >= 0:
        bars.append(int(came[bars[-1]]))
    bars.reverse()
    odd = int((np.diff(bars) != beats_per_bar).sum())
    return Downbeats(offset + (np.array(bars) - before) * beat, odd)
