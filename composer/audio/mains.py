"""Mains hum: the steady 50 or 60 Hz of a bad cable, and its partials, found and filtered out."""

from __future__ import annotations

import numpy as np

MAINS_HZ = (50.0, 60.0)
PARTIALS = 10
CLEAR_DB = 12.0
"""By how much the lines must stand over their neighbourhood, half of the time at least: no singer holds 50 Hz that long."""
QUALITY = 25.0
"""A notch's centre over its width: 4 Hz at 100 Hz."""


def find_mains(audio: np.ndarray, sample_rate: int) -> float | None:
    """50 or 60 where that hum and its octave are in the sound, shape (samples,), else None."""
    window = sample_rate  # 1 s: bins of 1 Hz
    if len(audio) < 2 * window:
        return None
    starts = np.linspace(0, len(audio) - window, min(60, len(audio) // window)).astype(np.int64)
    pieces = np.stack([audio[start : start + window] for start in starts])
    power_db = 10 * np.log10(np.median(np.abs(np.fft.rfft(pieces * np.hanning(window), axis=1)) ** 2, axis=0) + 1e-12)

    def stands_out_db(hz: float) -> float:
        at = round(hz)
        around = np.concatenate([power_db[at - 12 : at - 3], power_db[at + 4 : at + 13]])
        return float(power_db[at - 1 : at + 2].max() - np.median(around))

    for hz in MAINS_HZ:
        if min(stands_out_db(hz), stands_out_db(2 * hz)) > CLEAR_DB:
            return hz
    return None


def remove_mains(audio: np.ndarray, sample_rate: int, hz: float) -> np.ndarray:
    """The sound without the hum of `hz` and its partials, shape and dtype as given."""
    from scipy.signal import iirnotch, sosfiltfilt, tf2sos

    sections = [tf2sos(*iirnotch(hz * partial, QUALITY, sample_rate)) for partial in range(1, PARTIALS + 1)]
    return np.asarray(sosfiltfilt(np.concatenate(sections), audio), audio.dtype)
