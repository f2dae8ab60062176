"""The bus becomes the mix: the gain that reaches a loudness target, through the limiter."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from composer.audio import loudness
from composer.audio.limiter import CELL, Limiter, apply_curve

MAX_LIFT_DB = 60.0
RELEASES_DB_S = (45.0, 150.0, 500.0)
"""How fast the limiter may let go, the kindest first."""
NEAR_LU = 0.15
"""Close enough to the target not to go over the sound again."""
MAX_REDUCTION_DB = 20.0
"""More than this is taken away from no peak: a lone click is not made as loud as a song."""


@dataclass(frozen=True, eq=False)
class Master:
    """The finished stereo, and what was done to the bus for it."""

    audio: np.ndarray
    """float32, shape (frames, 2)."""
    gain_db: float
    """Before the limiter."""
    curve: np.ndarray
    """The limiter's gain at the edges of its cells, see `limiter.apply_curve`."""
    lufs: float
    true_peak_dbtp: float
    limiter: Limiter

    @property
    def reduction_db(self) -> float:
        """The most that the limiter took away."""
        return abs(float(20 * np.log10(self.curve.min(initial=1.0))))


def finish(bus: np.ndarray, sample_rate: int, target_lufs: float | None, ceiling_dbtp: float) -> Master:
    """Bring the bus (frames, 2) to `target_lufs` (None: as it is) with no true peak over the ceiling."""
    limiter = Limiter(ceiling_dbtp)
    peaks, energies = _both(
        lambda: loudness.cell_peaks(bus, CELL),
        lambda: None if target_lufs is None else _cell_energies(bus, sample_rate),
    )
    highest = float(peaks.max(initial=0))
    unity = np.ones(len(peaks) + 1, np.float32)
    if highest == 0:
        return Master(bus, 0.0, unity, -np.inf, -np.inf, limiter)
    most_db = min(MAX_LIFT_DB, ceiling_dbtp + MAX_REDUCTION_DB - 20 * np.log10(highest))
    gain_db = 0.0
    if target_lufs is not None and energies is not None:
        limiter, gain_db = _approach(target_lufs, energies, len(bus), peaks, ceiling_dbtp, sample_rate, most_db)
    audio = np.empty_like(bus)
    for last in (False, False, True):
        curve, lufs, peak_dbtp = _limited(bus, peaks, limiter, gain_db, sample_rate, audio)
        near = target_lufs is None or not np.isfinite(lufs) or abs(target_lufs - lufs) < NEAR_LU
        if last or near or target_lufs is None or (gain_db >= most_db and lufs < target_lufs):
            break
        gain_db = min(gain_db + target_lufs - lufs, most_db)
    while peak_dbtp > ceiling_dbtp:  # the moving gain added more than the limiter's margin
        limiter = replace(limiter, margin_db=limiter.margin_db + peak_dbtp - ceiling_dbtp + 0.01)
        curve, lufs, peak_dbtp = _limited(bus, peaks, limiter, gain_db, sample_rate, audio)
    return Master(audio, gain_db, curve, lufs, peak_dbtp, limiter)


def _both(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
    """Two passes over the sound side by side."""
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(second)
        return first(), waiting.result()


def _limited(
    bus: np.ndarray, peaks: np.ndarray, limiter: Limiter, gain_db: float, sample_rate: int, out: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """The bus through gain and limiter into `out`: the limiter's curve, loudness and true peak."""
    curve = limiter.curve(peaks, 10 ** (gain_db / 20), sample_rate)
    apply_curve(bus, curve, 10 ** (gain_db / 20), out)
    return curve, *_both(lambda: loudness.loudness(out, sample_rate), lambda: loudness.true_peak_dbtp(out))


def _cell_energies(bus: np.ndarray, sample_rate: int) -> np.ndarray:
    """K-weighted energy of every cell of the limiter, (cells,)."""
    return loudness.weighted_energies(bus, sample_rate, np.arange(-(-len(bus) // CELL)) * CELL)


def _approach(
    target_lufs: float,
    energies: np.ndarray,
    frames: int,
    peaks: np.ndarray,
    ceiling_dbtp: float,
    sample_rate: int,
    most_db: float,
) -> tuple[Limiter, float]:
    """The limiter and the gain before it, in dB, that bring the bus nearest to the target.

    Found by trial on energies of cells: K-weighting is linear and the limiter slow beside it, so scaling a cell's
    energy stands for scaling its sound. A slow limiter is kinder; where it holds the bus down (a few drum hits far
    apart), a quicker one is tried.
    """
    steps = loudness.step_starts(frames, sample_rate) // CELL

    def reached(limiter: Limiter, gain_db: float) -> float:
        curve = limiter.curve(peaks, 10 ** (gain_db / 20), sample_rate) * 10 ** (gain_db / 20)
        middle = (curve[1:] + curve[:-1]) / 2
        return loudness.gated_loudness(np.add.reduceat(energies * middle**2, steps), frames, sample_rate)

    found: list[tuple[float, Limiter, float]] = []
    for release_db_s in RELEASES_DB_S:
        limiter = Limiter(ceiling_dbtp, release_db_s=release_db_s)
        gain_db, before = 0.0, -np.inf
        for _ in range(16):
            lufs = reached(limiter, gain_db)
            missing = target_lufs - lufs
            found.append((abs(missing), limiter, gain_db))
            if lufs == -np.inf:  # under the gate: lift it and listen again
                gain_db += 30.0
            elif abs(missing) < 0.02 or (missing > 0 and (gain_db >= most_db or lufs < before + 0.02)):
                break  # there, or as loud as this limiter lets it be
            else:
                gain_db, before = min(gain_db + missing, most_db), lufs if missing > 0 else -np.inf
            if gain_db > most_db:
                return limiter, 0.0
        if min(found, key=lambda one: one[0])[0] < NEAR_LU:
            break
    _, limiter, gain_db = min(found, key=lambda one: one[0])
    return limiter, gain_db
