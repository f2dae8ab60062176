"""What is heard from moment to moment: pitch, whether there is one, how loud the tone is, and where something begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from composer.transcription.pitch import HOP, RATE, PitchTracker

HOP_S = HOP / RATE
FINE = 2
"""Loudness and beginnings are seen twice a frame, every 8 ms."""
FINE_S = HOP_S / FINE
AROUND = 3
"""Frames either way that make 100 ms."""
BLOCK_FRAMES = 4096
WINDOW = 512
"""32 ms: short enough to see the gap between two repeated notes."""
LEAST = RATE // 4
"""Samples: what is shorter is followed by silence."""
BANDS = 24
PARTIALS = 5
FLOOR_DB = -120.0
LEAST_PURITY = 0.04
"""A pitch that has less of the power on its partials is not to be believed."""
OCTAVE_PURER = 3.0
"""How many times more of the power the octave below must explain to be taken instead."""
PURE_TONE = 0.85
"""Share of the power in one peak from which on it is a tone whatever the network says."""
LOWEST_PURE = 60.0
RANGE_DB = 40.0
"""What is this far under the loudest is as good as silent."""


@dataclass(frozen=True, eq=False)
class Contour:
    """A recording, 62.5 times a second. Arrays have shape (frames,) or, where they are fine, (2 * frames,)."""

    pitch: np.ndarray
    """MIDI pitch with fractions; meaningless where `voicing` is low."""
    voicing: np.ndarray
    """0..1; a tone is heard from 0.5 on."""
    tone_db: np.ndarray
    """Fine: level of the first partials of the pitch, dB of full scale."""
    level_db: np.ndarray
    """Fine: level of everything, dB of full scale."""
    flux: np.ndarray
    """Fine: by how many dB the bands become louder, on average over them."""
    purity: np.ndarray
    """Share of the power, 0..1, that lies on the partials of the pitch."""

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def voiced(self) -> np.ndarray:
        return np.asarray(self.voicing >= 0.5)


def hear(audio: np.ndarray, tracker: PitchTracker, on_progress: Callable[[float], None] | None = None) -> Contour:
    """The contour of float32 samples at 16 kHz, shape (samples,). Memory beyond the result does not grow with length."""
    audio = np.pad(audio, (0, max(0, LEAST - len(audio))))
    pitch, voicing = tracker.track(audio, on_progress)
    count = len(pitch)
    parts = [_look(audio, pitch, start, min(start + BLOCK_FRAMES, count)) for start in range(0, count, BLOCK_FRAMES)]
    pitch, own, tone_db, level_db, purity, bands = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    voicing = np.maximum(voicing, own)
    loud_db = float(np.quantile(level_db, 0.95))
    heard = level_db.reshape(-1, FINE).max(axis=1) > loud_db - RANGE_DB
    voicing = np.where(heard, voicing * np.clip(purity / LEAST_PURITY, 0, 1), 0)
    return Contour(
        pitch, voicing, np.maximum(tone_db, loud_db - RANGE_DB), level_db, _flux(bands, loud_db - RANGE_DB), purity
    )


def _look(audio: np.ndarray, pitch: np.ndarray, start: int, stop: int) -> tuple[np.ndarray, ...]:
    """(pitch, own, tone_db, level_db, purity, bands) of frames start..stop, whose windows are centred on their times.

    `own` is the voicing of pitches that were mended here, 0 elsewhere.
    """
    step = HOP // FINE
    first, last = start * FINE * step - WINDOW // 2, (stop * FINE - 1) * step + WINDOW // 2
    piece = np.pad(audio[max(0, first) : last], (max(0, -first), max(0, last - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::step]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32), axis=1)).astype(np.float32) ** 2
    # A full-scale sine has half of its window's squared sum in one bin of each side: this makes it 0 dB.
    spectrum /= np.float32((WINDOW / 4) ** 2)
    total = spectrum.sum(axis=1)
    mended, own = _mended(spectrum[::FINE], pitch[start:stop])
    tone = _on_partials(spectrum, np.repeat(_median(mended), FINE))
    purity = (tone / (total + 1e-12)).reshape(-1, FINE).mean(axis=1)
    return mended, own, _decibels(tone), _decibels(total), purity, spectrum @ _filterbank()


def _median(pitch: np.ndarray, frames: int = 5) -> np.ndarray:
    """A pitch that one odd frame does not move, so that no dip is heard where only the tracker stumbled."""
    around = np.pad(pitch, frames // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(around, frames), axis=1))


def _mended(spectrum: np.ndarray, pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(pitch, voicing) where the network takes a nearly pure tone for its octave, or for nothing; voicing is 0 elsewhere."""
    total = spectrum.sum(axis=1) + 1e-12
    purity = _on_partials(spectrum, pitch) / total
    under = _on_partials(spectrum, pitch - 12) / total
    slipped = (under > OCTAVE_PURER * purity) & (under > 0.5)
    mended = np.where(slipped, pitch - 12, pitch)
    peak = np.clip(spectrum[:, 2:-2].argmax(axis=1) + 2, 2, spectrum.shape[1] - 3)
    rows = np.arange(len(spectrum))
    share = sum(spectrum[rows, peak + offset] for offset in (-2, -1, 0, 1, 2)) / total
    left, middle, right = (np.log(spectrum[rows, peak + offset] + 1e-20) for offset in (-1, 0, 1))
    shift = np.clip(0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-6), -0.5, 0.5)
    alone = 69 + 12 * np.log2(np.maximum((peak + shift) * RATE / WINDOW, 1.0) / 440)
    lost = ~slipped & (purity < LEAST_PURITY) & (share > PURE_TONE) & (alone >= LOWEST_PURE)
    return np.where(lost, alone, mended), np.where(lost, share, 0.0)


def _on_partials(spectrum: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Power within a window's main lobe of the first partials of each frame's MIDI pitch, shape (frames,)."""
    f0_hz = 440 * 2 ** ((pitch - 69) / 12)
    near = np.zeros(spectrum.shape, bool)
    rows = np.arange(len(spectrum))
    for partial in range(1, PARTIALS + 1):
        centre = np.rint(f0_hz * partial * WINDOW / RATE).astype(np.int64)
        for offset in (-1, 0, 1):
            near[rows, np.clip(centre + offset, 0, spectrum.shape[1] - 1)] = True
    return np.asarray(np.where(near, spectrum, 0).sum(axis=1))


def _filterbank() -> np.ndarray:
    """Triangles, a third of an octave or 100 Hz apart, from 100 Hz to 7 kHz; shape (bins, BANDS)."""
    edges_hz = 200 * (np.exp(np.linspace(np.log1p(100 / 200), np.log1p(7000 / 200), BANDS + 2)) - 1)
    bins_hz = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rising = (bins_hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    return np.asarray(np.clip(np.minimum(rising, falling), 0, 1), np.float32)


def _flux(bands: np.ndarray, floor_db: float) -> np.ndarray:
    """By how many dB the bands rise over 24 ms, each against its neighbours before, so that vibrato is no rise (Böck &
    Widmer, "Maximum filter vibrato suppression for onset detection", 2013). What is under the floor is not heard."""
    lag = 3
    loud = (10 * np.log10(bands + 10 ** (floor_db / 10))).astype(np.float32)
    widened = np.maximum(loud, np.maximum(np.roll(loud, 1, axis=1), np.roll(loud, -1, axis=1)))
    before = np.concatenate([np.repeat(widened[:1], lag, axis=0), widened[:-lag]])
    return np.asarray(np.clip(loud - before, 0, None).mean(axis=1))


def _decibels(power: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(10 * np.log10(power + 1e-12), FLOOR_DB), np.float32)


def swing(values: np.ndarray, reach: int) -> np.ndarray:
    """How far apart the highest and the lowest lie within `reach` frames either way, shape (frames,)."""
    padded = np.pad(values, reach, mode="edge")
    return np.asarray(np.ptp(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))


def throughout(holds: np.ndarray, reach: int) -> np.ndarray:
    """Whether something holds within `reach` frames either way, all of them there, bool (frames,)."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(np.pad(holds, reach), 2 * reach + 1).all(axis=1))
