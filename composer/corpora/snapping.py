"""Where a drummer meant a hit to be: human timing → the grid of twelfths of a quarter note.

The nearest twelfth is seldom it: at 120 BPM twelfths are 42 ms apart, hits scatter by 15 ms and drummers play ahead of their
click. But people play a beat in one division, mostly the one that the take is in; so a division is chosen for each beat from all
its hits, and each hit goes to its nearest place there.
"""

from __future__ import annotations

import numpy as np

from composer.vocab import POSITIONS_PER_QUARTER

DIVISIONS = (range(0, 13, 6), range(0, 13, 3), range(0, 13, 4), (0, 4, 6, 10, 12), range(0, 13, 2), range(13))
"""Eighths, sixteenths, triplets, swung sixteenths, sextuplets, and whatever is left."""
SHARES = np.array([0.35, 0.35, 0.2, 0.05, 0.04, 0.01])
"""How often a beat is in each of them before a take is heard."""
TRUST = 10.0
"""Beats that this counts for; of the take's own each counts for one."""
SPREAD_S = (0.008, 0.020)
"""Least and most that hits are believed to scatter, as a standard deviation in seconds."""
LAG_S = 0.05
"""The most that a take is believed to be ahead of its click, or behind."""
_ROUNDS = 6


def snap(onsets: np.ndarray, bpm: float) -> tuple[np.ndarray, float]:
    """Onsets in quarter notes, (n,) → the twelfths they are meant to be on, int64 (n,), and how late the take is, in quarter notes.

    A mixture over each beat's division; the take's lag, scatter and shares of divisions are found by expectation maximisation.
    """
    if not len(onsets):
        return np.zeros(0, np.int64), 0.0
    second = bpm / 60 * POSITIONS_PER_QUARTER
    # Eighths outnumber whatever lies between them.
    lag = _within(float(np.angle(np.exp(4j * np.pi * onsets).sum()) / (4 * np.pi)) * POSITIONS_PER_QUARTER, second)
    spread, shares = SPREAD_S[1] * second, SHARES
    for _ in range(_ROUNDS):
        at = onsets * POSITIONS_PER_QUARTER - lag
        # A hit just ahead of the beat belongs to it.
        beat = np.floor(at / POSITIONS_PER_QUARTER).astype(np.int64)
        beats, of_beat = np.unique(beat, return_inverse=True)
        within = at - beat * POSITIONS_PER_QUARTER
        places = np.stack([_nearest(within, np.array(division)) for division in DIVISIONS])
        fits = -(((within - places) / spread) ** 2) / 2 - np.log([[len(division)] for division in DIVISIONS])
        likely = np.stack([np.bincount(of_beat, fit, len(beats)) for fit in fits]) + np.log(shares)[:, None]
        chosen = likely.argmax(axis=0)
        weight = np.exp(likely - likely.max(axis=0))
        weight /= weight.sum(axis=0)
        shares = SHARES * TRUST + weight.sum(axis=1)
        shares = shares / shares.sum()
        place = places[chosen[of_beat], np.arange(len(onsets))]
        off = within - place
        lag = _within(lag + float(np.median(off)), second)
        spread = float(np.clip(1.4826 * np.median(np.abs(off - np.median(off))), *np.array(SPREAD_S) * second))
    return np.asarray(beat * POSITIONS_PER_QUARTER + place), lag / POSITIONS_PER_QUARTER


def _within(lag: float, second: float) -> float:
    """The lag, or none where it is more than people's."""
    return lag if abs(lag) <= LAG_S * second else 0.0


def _nearest(within: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return np.asarray(grid[np.abs(within[:, None] - grid).argmin(axis=1)])
