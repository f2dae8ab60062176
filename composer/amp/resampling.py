"""Sound from one sample rate to another as it runs, so that an amplifier of 48 kHz plays in a project of 44.1.

Windowed sincs at as many places between two samples as the two rates need. What lies above the lower rate's band is cut.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from composer.amp.model import NetworkRun

REACH = 24
"""Periods of the lower rate on each side of a sample."""
BAND = 0.93
"""What is kept of the lower rate's band; the rest is the filter's slope."""
BETA = 9.0
GRID = 64
"""Latencies are whole blocks of this."""
LARGEST = 4096


class Resampler:
    """`rate_in` → `rate_out`; the sound comes `delay` input frames late (any number from `reach` on)."""

    def __init__(self, rate_in: int, rate_out: int, delay: float) -> None:
        common = gcd(rate_in, rate_out)
        self._up, self._down = rate_out // common, rate_in // common
        band, width = BAND * min(1.0, rate_out / rate_in), reach(rate_in, rate_out)
        taps = int(np.ceil(delay + width)) + 1
        at = np.arange(self._up)[:, None] / self._up - delay + np.arange(taps)
        inside = np.sqrt(np.maximum(0, 1 - (at / width) ** 2))
        table = np.where(np.abs(at) < width, np.sinc(band * at) * np.i0(BETA * inside), 0)
        self._table = np.asarray(table / table.sum(axis=1, keepdims=True), np.float32)
        self._taps = np.arange(taps)
        self._past = np.zeros(taps - 1, np.float32)
        self._heard = self._given = 0

    def process(self, sound: np.ndarray) -> np.ndarray:
        """The next frames (n,) → those that they complete: after `heard` frames, ceil(heard * up / down) in all."""
        pieces = [self._piece(sound[at : at + LARGEST]) for at in range(0, len(sound), LARGEST)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _piece(self, sound: np.ndarray) -> np.ndarray:
        known = np.concatenate([self._past, np.asarray(sound, np.float32)])
        first = self._heard - len(self._past)
        self._heard += len(sound)
        end = -(-self._heard * self._up // self._down)
        place = np.arange(self._given, end) * self._down
        self._given = end
        windows = known[(place // self._up - first)[:, None] - self._taps]
        self._past = known[len(sound) :]
        return np.asarray(np.einsum("kt,kt->k", windows, self._table[place % self._up]))


def reach(rate_in: int, rate_out: int) -> float:
    """Frames of `rate_in` that an output frame looks back and ahead."""
    return REACH * max(1.0, rate_in / rate_out)


class ResampledRun:
    """A network at work in sound of another rate than its own; every block comes out as long as it went in."""

    def __init__(self, run: NetworkRun, own_rate: int, sample_rate: int) -> None:
        self._run = run
        least = reach(sample_rate, own_rate) + reach(own_rate, sample_rate) * sample_rate / own_rate
        self.latency = int(-(-least // GRID) * GRID)
        self._to = Resampler(sample_rate, own_rate, self.latency / 2)
        self._back = Resampler(own_rate, sample_rate, self.latency / 2 * own_rate / sample_rate)
        self._ready = np.zeros(0, np.float32)

    def process(self, sound: np.ndarray) -> np.ndarray:
        """The next frames (n,) → as many, `latency` frames late."""
        made = np.concatenate([self._ready, self._back.process(self._run.process(self._to.process(sound)))])
        self._ready = made[len(sound) :]
        return made[: len(sound)]
