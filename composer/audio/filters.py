"""Second-order filters after Robert Bristow-Johnson's Audio EQ Cookbook, as rows for scipy's `sosfilt`.

Each function gives one section, float64, shape (6,): b0 b1 b2 1 a1 a2.
"""

from __future__ import annotations

import numpy as np

BUTTERWORTH_Q = 2**-0.5


def highpass(hz: float, sample_rate: int, q: float = BUTTERWORTH_Q) -> np.ndarray:
    cosine, alpha = _angles(hz, sample_rate, q)
    b = np.array([(1 + cosine) / 2, -(1 + cosine), (1 + cosine) / 2])
    return _section(b, np.array([1 + alpha, -2 * cosine, 1 - alpha]))


def peak(hz: float, gain_db: float, q: float, sample_rate: int) -> np.ndarray:
    """A bell of `gain_db` at `hz`."""
    cosine, alpha = _angles(hz, sample_rate, q)
    root = 10 ** (gain_db / 40)
    b = np.array([1 + alpha * root, -2 * cosine, 1 - alpha * root])
    return _section(b, np.array([1 + alpha / root, -2 * cosine, 1 - alpha / root]))


def low_shelf(hz: float, gain_db: float, sample_rate: int) -> np.ndarray:
    return _shelf(hz, gain_db, sample_rate, 1.0)


def high_shelf(hz: float, gain_db: float, sample_rate: int) -> np.ndarray:
    return _shelf(hz, gain_db, sample_rate, -1.0)


def power_response(sections: np.ndarray, hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """|H|² of sections (n, 6) at frequencies, shape as `hz`; 1 everywhere where n is 0."""
    turn = np.exp(-2j * np.pi * np.asarray(hz) / sample_rate)
    powers = np.stack([np.ones_like(turn), turn, turn * turn])
    response = np.ones(len(turn))
    for section in sections:
        response *= np.abs(section[:3] @ powers) ** 2 / np.abs(section[3:] @ powers) ** 2
    return response


def _angles(hz: float, sample_rate: int, q: float) -> tuple[float, float]:
    omega = 2 * np.pi * min(hz, 0.49 * sample_rate) / sample_rate
    return float(np.cos(omega)), float(np.sin(omega) / (2 * q))


def _shelf(hz: float, gain_db: float, sample_rate: int, side: float) -> np.ndarray:
    """side: 1 for a low shelf, -1 for a high one."""
    cosine, alpha = _angles(hz, sample_rate, BUTTERWORTH_Q)
    cosine *= side
    root = 10 ** (gain_db / 40)
    slope = 2 * np.sqrt(root) * alpha
    low, high = (root + 1) - (root - 1) * cosine, (root + 1) + (root - 1) * cosine
    tilt_b, tilt_a = (root - 1) - (root + 1) * cosine, (root - 1) + (root + 1) * cosine
    b = root * np.array([low + slope, 2 * side * tilt_b, low - slope])
    return _section(b, np.array([high + slope, -2 * side * tilt_a, high - slope]))


def _section(b: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.asarray(np.concatenate([b, a]) / a[0])
