"""What the balance is worked out from: a part's K-weighted energy by tenths of a second and by bands.

A step's spectrum is that of all its frames, without a window, so that no energy is lost wherever a note falls and the sum
over the bands is BS.1770's power to a few hundredths of a decibel. Bands are a third of an octave wide, from 25 Hz to 16 kHz.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from composer.audio.loudness import STEP_S, k_weight

CENTRES_HZ = 1_000 * 2.0 ** (np.arange(-16, 13) / 3)
"""Middles of the bands, shape (29,): 25 Hz … 16 kHz."""
BANDS = len(CENTRES_HZ)


def step_frames(sample_rate: int) -> int:
    return round(STEP_S * sample_rate)


@lru_cache(maxsize=4)
def _layout(sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """K weights of the spectrum's bins, doubled for real and imaginary part, and where the bands begin among them."""
    frames = step_frames(sample_rate)
    hz = np.arange(frames // 2 + 1) * sample_rate / frames
    weights = k_weight(hz, sample_rate) * 2 / frames  # Parseval; every bin but the first and last stands for two
    weights[0] /= 2
    edges = CENTRES_HZ[:-1] * 2 ** (1 / 6)
    starts = np.concatenate([[0], np.searchsorted(hz, edges)])
    starts = np.maximum.accumulate(np.minimum(starts, len(hz) - 1))
    return np.repeat(weights, 2).astype(np.float32), 2 * starts


def energies(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """audio (2, frames), whole steps → K-weighted energy, float32, shape (2, steps, BANDS)."""
    from scipy.fft import rfft

    weights, starts = _layout(sample_rate)
    frames = step_frames(sample_rate)
    found = np.zeros((2, audio.shape[1] // frames, BANDS), np.float32)
    for side, sound in enumerate(audio):
        steps = sound.reshape(-1, frames)
        loud = np.flatnonzero(np.abs(steps).max(axis=1) > 1e-6)
        for few in np.array_split(loud, -(-len(loud) // 16)) if len(loud) else ():
            power = rfft(steps[few]).view(np.float32)
            power *= power
            power *= weights
            found[side, few] = np.add.reduceat(power, starts, axis=1)
    return found


def band_gains(sections: np.ndarray, sample_rate: int) -> np.ndarray:
    """What filters (n, 6) do to each band's energy, shape (BANDS,)."""
    from composer.audio.filters import power_response

    hz = np.minimum(CENTRES_HZ, 0.49 * sample_rate)
    return power_response(sections, hz, sample_rate)
