"""A look-ahead limiter with true-peak headroom, and the gain that brings a mix to its loudness through it.

The limiter's gain is worked out on cells of 16 frames, so that trying another gain costs milliseconds and not a pass
over the sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.audio.loudness import cell_peaks

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

    def half(self, sample_rate: int) -> int:
        """Half of the look-ahead, in cells."""
        return max(1, round(self.attack_s * sample_rate / CELL / 2))

    def curve(self, peaks: np.ndarray, gain: float, sample_rate: int) -> np.ndarray:
        """Its own gain, at most 1, at every cell edge, shape (cells + 1,), for true peaks (cells,) after `gain`."""
        over_db = self.over_db(peaks, gain)
        if over_db.max(initial=-1.0) <= 0:
            return np.ones(len(peaks) + 1, np.float32)
        run = CurveRun(self, sample_rate)
        ahead = run.delay
        return run.process(np.concatenate([over_db, np.full(ahead + 1, -np.inf)]))[ahead:]

    def over_db(self, peaks: np.ndarray, gain: float) -> np.ndarray:
        """By how much peaks after `gain` stand over the ceiling, dB."""
        ceiling_db = self.ceiling_dbtp - self.margin_db
        return np.asarray(20 * np.log10(np.maximum(peaks, 1e-9) * gain) - ceiling_db)


class CurveRun:
    """The limiter's gain as it runs: for every cell's overshoot the gain at an edge `delay` cells back."""

    def __init__(self, limiter: Limiter, sample_rate: int) -> None:
        self._half = limiter.half(sample_rate)
        self._fall = limiter.release_db_s * CELL / sample_rate
        window = np.hanning(2 * self._half + 3)[1:-1]
        self._window = window / window.sum()
        self._last = 0.0
        self._edges = np.zeros(2 * self._half)
        self._held = 0.0
        self._falling = np.zeros(2 * self._half)

    @property
    def delay(self) -> int:
        """Cells between an edge and the newest cell that its gain knows of."""
        return 2 * self._half

    def process(self, over_db: np.ndarray) -> np.ndarray:
        """Overshoot (cells,) in dB → gains at as many edges, each the left edge of the cell `delay` cells before."""
        over_db = np.maximum(over_db, 0)
        cells, reach = len(over_db), 2 * self._half
        edges = np.concatenate([self._edges, np.maximum(over_db, np.concatenate([[self._last], over_db[:-1]]))])
        self._last, self._edges = float(over_db[-1]), edges[-reach:]
        highest = edges[:cells].copy()
        for shift in range(1, reach + 1):
            np.maximum(highest, edges[shift : shift + cells], out=highest)
        fall = np.arange(1, cells + 1) * self._fall  # a straight line down in decibels after every peak
        held = np.maximum(np.maximum.accumulate(highest + fall), self._held) - fall
        self._held = float(held[-1])
        falling = np.concatenate([self._falling, held])
        self._falling = falling[-reach:]
        return np.asarray(10 ** (-np.maximum(np.convolve(falling, self._window, "valid"), 0) / 20), np.float32)


class LimiterRun:
    """Gain and limiter as they run, block after block: the sound comes out `latency` frames later, at the gain that `curve`
    gives for the whole."""

    def __init__(self, limiter: Limiter, gain: float, sample_rate: int) -> None:
        self._limiter, self.gain = limiter, gain
        self._gain = gain
        """At the end of the last block; a new one is reached in the course of the next."""
        self._run = CurveRun(limiter, sample_rate)
        self._context = np.zeros((2, 2 * CELL), np.float32)
        self.latency = (self._run.delay + 2) * CELL
        """Frames: the look-ahead, a cell to see between samples, and one more to know both edges."""
        self._waiting = np.zeros((2, self.latency), np.float32)
        self._edge = np.float32(1.0)
        self.reduction_db = 0.0
        """The most that was taken away in the last block."""

    def process(self, audio: np.ndarray) -> np.ndarray:
        """audio (2, frames), frames in whole cells → as many frames of `latency` ago, limited. The input stays."""
        frames = audio.shape[1]
        # The gain comes before the look-ahead: what waits already keeps the one that its curve was worked out for.
        ramp = np.linspace(self._gain, self.gain, frames, dtype=np.float32) if self._gain != self.gain else self.gain
        audio, self._gain = np.asarray(audio * np.asarray(ramp, np.float32)), self.gain
        seen = np.concatenate([self._context, audio], axis=1)
        self._context = seen[:, -2 * CELL :]
        peaks = cell_peaks(seen.T, CELL)[1:-1]  # the first lacks its past, the last its future
        edges = self._run.process(self._limiter.over_db(peaks, 1.0))
        # The run begins a cell of silence early, and each edge is one that the cell before still needs.
        curve = np.concatenate([[self._edge], edges])
        self._edge = edges[-1]
        self.reduction_db = -20 * float(np.log10(curve.min()))
        waiting = np.concatenate([self._waiting, audio], axis=1)
        self._waiting = waiting[:, frames:]
        return np.asarray(apply_curve(waiting[:, :frames].T, curve, 1.0).T)


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
