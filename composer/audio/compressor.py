"""A compressor that evens out a part's loud moments, worked out on cells of 64 frames.

The level of a cell is its mean square, both sides together. Its gain has a straight line down in decibels after every loud
cell (the release) and a one-pole rounding (the attack), as in Giannoulis, Massberg and Reiss, "Digital Dynamic Range
Compressor Design" (2012), their decoupled smooth detector, with a linear release for its exponential one: then the whole
detector is a running maximum and a linear filter, which numpy and scipy do at once for as many cells as there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np

from composer.errors import AudioError

CELL = 64
"""Frames: FluidSynth's own grid, so that every block of sound is whole cells."""
FEW = 32
SILENCE = 1e-12
RAMP = np.arange(1, CELL + 1, dtype=np.float32) / CELL


@dataclass(frozen=True)
class Compressor:
    """How a compressor moves. Levels are RMS relative to full scale, after the strip's trim."""

    threshold_db: float = -18.0
    ratio: float = 2.0
    knee_db: float = 6.0
    attack_s: float = 0.012
    release_db_s: float = 60.0
    """Decibels a second that the gain comes back."""

    def __post_init__(self) -> None:
        if self.ratio < 1 or self.knee_db < 0 or self.attack_s <= 0 or self.release_db_s <= 0:
            raise AudioError(
                f"a compressor needs a ratio of 1 or more, a knee of 0 or more, and attack and release above 0, got {self}"
            )

    def reduction_db(self, level_db: np.ndarray) -> np.ndarray:
        """What is taken from a steady level, >= 0, with a soft knee."""
        over = level_db - self.threshold_db
        half = self.knee_db / 2
        bent = np.clip(over + half, 0, self.knee_db) ** 2 / (2 * self.knee_db) if half else np.maximum(over, 0)
        soft = np.where(over > half, over, bent)
        return np.asarray((1 - 1 / self.ratio) * soft)


class CompressorRun:
    """One part's compressor as it runs: block after block, any number of cells a block."""

    def __init__(self, settings: Compressor, sample_rate: int) -> None:
        self._settings = settings
        self._fall = settings.release_db_s * CELL / sample_rate
        self._pole = float(np.exp(-CELL / (settings.attack_s * sample_rate)))
        self._held = 0.0
        self._smooth = 0.0
        self._gain = np.float32(1.0)
        self.reduction_db = 0.0
        """What it takes away at the end of the last block."""

    def process(self, audio: np.ndarray) -> None:
        """Compress audio (2, frames) in place; frames must be whole cells. The gain of a cell is known at its end and takes
        effect during the next: a straight line from one cell's edge to the other."""
        cells = audio.reshape(2, -1, CELL)
        power = np.einsum("scf,scf->c", cells, cells) / (2 * CELL)
        smooth = self._few(power.tolist()) if len(power) <= FEW else self._many(power)
        self.reduction_db = float(smooth[-1])
        if self._gain == 1 and smooth.max() < 1e-4:
            return
        edges = np.concatenate([[self._gain], 10 ** (-smooth / 20)]).astype(np.float32)
        self._gain = edges[-1]
        cells *= edges[:-1, None] + np.diff(edges)[:, None] * RAMP

    def _many(self, power: np.ndarray) -> np.ndarray:
        """Held and rounded reduction, dB, at the end of each cell."""
        from scipy.signal import lfilter

        wanted = self._settings.reduction_db(10 * np.log10(power + SILENCE))
        ahead = np.arange(1, len(wanted) + 1) * self._fall
        held = np.maximum(np.maximum.accumulate(wanted + ahead), self._held) - ahead
        self._held = float(held[-1])
        smooth, last = lfilter([1 - self._pole], [1, -self._pole], held, zi=[self._pole * self._smooth])
        self._smooth = float(last[0]) / self._pole
        return np.asarray(smooth)

    def _few(self, power: list[float]) -> np.ndarray:
        """The same for a handful of cells, which numpy would take longer to set out than to do."""
        of = self._settings
        half, slope = of.knee_db / 2, 1 - 1 / of.ratio
        found = []
        for now in power:
            over = 10 * log10(now + SILENCE) - of.threshold_db
            soft = over if over > half else (over + half) ** 2 / (4 * half) if over > -half else 0.0
            self._held = max(slope * soft, self._held - self._fall)
            self._smooth = (1 - self._pole) * self._held + self._pole * self._smooth
            found.append(self._smooth)
        return np.array(found)
