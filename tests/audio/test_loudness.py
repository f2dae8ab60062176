"""Loudness and true peak against the oracles: pyloudnorm, the standard's own sine, and scipy's resampler."""

from __future__ import annotations

import numpy as np
import pytest

from composer.audio.limiter import CELL, Limiter, apply_curve
from composer.audio.loudness import cell_peaks, loudness, true_peak_dbtp


def music(seconds: float, sample_rate: int, seed: int = 0) -> np.ndarray:
    """Noise with quiet and loud stretches, float32, shape (frames, 2)."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * sample_rate)
    level = np.repeat(10.0 ** rng.uniform(-3, -0.5, int(seconds * 4) + 1), sample_rate // 4 + 1)[:frames]
    return (rng.standard_normal((frames, 2)) * level[:, None]).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_loudness_agrees_with_pyloudnorm(sample_rate: int, seed: int) -> None:
    import pyloudnorm

    audio = music(7.3, sample_rate, seed)
    oracle = pyloudnorm.Meter(sample_rate, filter_class="DeMan").integrated_loudness(audio.astype(np.float64))
    assert loudness(audio, sample_rate) == pytest.approx(oracle, abs=0.01)


def test_a_full_scale_sine_measures_as_the_standard_says() -> None:
    """BS.1770: 0 dBFS at 997 Hz in one channel is -3.01 LKFS."""
    sine = np.sin(2 * np.pi * 997 * np.arange(48_000 * 5) / 48_000)
    audio = np.stack([sine, np.zeros_like(sine)], 1).astype(np.float32)
    assert loudness(audio, 48_000) == pytest.approx(-3.01, abs=0.02)


def test_silence_and_nothing_are_minus_infinity() -> None:
    for frames in (0, 1, 100, 44_100):
        silence = np.zeros((frames, 2), np.float32)
        assert loudness(silence, 44_100) == true_peak_dbtp(silence) == -np.inf


def test_true_peak_sees_between_the_samples() -> None:
    quarter = np.sin(np.pi / 2 * np.arange(4_000) + np.pi / 4)  # samples at 0.707, the curve at 1
    audio = np.stack([quarter, quarter], 1).astype(np.float32)
    audio *= np.hanning(4_000)[:, None].astype(np.float32)
    assert true_peak_dbtp(audio) == pytest.approx(0.0, abs=0.05)


def test_true_peak_agrees_with_scipy() -> None:
    from scipy.signal import resample_poly

    audio = music(2.0, 44_100)
    oracle = 20 * np.log10(np.abs(resample_poly(audio, 4, 1, axis=0)).max())
    assert true_peak_dbtp(audio) == pytest.approx(oracle, abs=0.15)
    assert cell_peaks(audio, CELL).max() == pytest.approx(cell_peaks(audio, 64).max())


def test_the_limiter_holds_its_ceiling_and_leaves_the_rest() -> None:
    audio = music(2.0, 44_100) * np.float32(0.2)
    audio[40_000] = 4.0
    curve = Limiter().curve(cell_peaks(audio, CELL), 1.0, 44_100)
    limited = apply_curve(audio, curve, 1.0)
    assert true_peak_dbtp(limited) <= -1.0
    assert np.array_equal(limited[:20_000], audio[:20_000])
    assert curve.max() <= 1
    quiet = audio[:20_000]
    assert np.array_equal(apply_curve(quiet, Limiter().curve(cell_peaks(quiet, CELL), 1.0, 44_100), 1.0), quiet)
