"""A look-ahead limiter with true-peak headroom, and the gain that brings a mix to its loudness through it.

The limiter's gain is worked out on cells of 16 frames, so that trying another gain costs milliseconds and not a pass
over the sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL = 16
"""Frames a cell: 0.36 ms at 44.1 kHz."""
CELLS = 4096
"""Cells at a time, so that what is at hand stays in the processor's cache."""


@dataclass(frozen=True)
class Limiter:
    """How the limiter moves."""

    ceiling_dbtp: float = -1.0
    attack_s: float = 0.003
    """Look-ahead: the gain is down before the peak arrives."""
    release_db_s: float = 45.0
    """Decibels a second that the gain comes back."""
    margin_db: float = 0.1
    """Kept free for what the moving gain itself adds between samples."""

    def curve(self, peaks: np.ndarray, gain: float, sample_rate: int) -> np.ndarray:
        """Its own gain, at most 1, at every cell edge, shape (cells + 1,), for true peaks (cells,) after `gain`."""
        from scipy.ndimage import convolve1d, maximum_filter1d

        over_db = 20 * np.log10(np.maximum(peaks, 1e-9) * gain) - (self.ceiling_dbtp - self.margin_db)
        if over_db.max(initial=-1.0) <= 0:
            return np.ones(len(peaks) + 1, np.float32)
        edges_db = np.zeros(len(peaks) + 1)
        np.maximum(edges_db[:-1], over_db, out=edges_db[:-1])
        np.maximum(edges_db[1:], over_db, out=edges_db[1:])
        half = max(1, round(self.attack_s * sample_rate / CELL / 2))
        held = maximum_filter1d(edges_db, 2 * half + 1, mode="nearest")
        fall = np.arange(len(held)) * (self.release_db_s * CELL / sample_rate)
        held = np.maximum.accumulate(held + fall) - fall  # a straight line down in decibels after every peak
        window = np.hanning(2 * half + 3)[1:-1]
        reduction_db = convolve1d(held, window / window.sum(), mode="nearest")
        return np.asarray(10 ** (-np.maximum(reduction_db, 0) / 20), np.float32)


def apply_curve(audio: np.ndarray, curve: np.ndarray, gain: float, out: np.ndarray | None = None) -> np.ndarray:
    """audio (frames, 2) times `gain` times the curve between its cell edges; float32, shape as audio.

    The result is in `out`, which may be `audio` itself; a new array where there is none.
    """
    out = np.empty_like(audio, np.float32) if out is None else out
    curve = np.asarray(curve * np.float32(gain), np.float32)
    ramp = np.arange(CELL, dtype=np.float32) / CELL
    for at in range(0, len(curve) - 1, CELLS):
        edges = curve[at : at + CELLS + 1]
        envelope = (edges[:-1, None] + np.diff(edges)[:, None] * ramp).reshape(-1, 1)
        here = slice(at * CELL, at * CELL + len(envelope))
        np.multiply(audio[here], envelope[: len(audio[here])], out=out[here])
    return out
