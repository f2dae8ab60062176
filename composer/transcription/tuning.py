"""How sharp the singer is, and how that drifts: what to take off the pitch before semitones are told apart."""

from __future__ import annotations

import numpy as np

from composer.transcription.contour import AROUND, HOP_S, Contour, swing, throughout

WINDOW_S = 12.0
STEADY = 0.35
"""Semitones that the pitch may move within 100 ms to be steady."""
PERIOD_S = 0.18
"""Of a singer's vibrato, 5 to 7 Hz."""
WIDEST = 2.6
"""Semitones from the bottom of a vibrato to its top, with some drift in it."""
STRONG = 0.25
"""Below this concentration (0 anywhere … 1 all alike) of the fractions of the pitch, a window says nothing."""


def tuning_curve(contour: Contour) -> np.ndarray:
    """Semitones sharp (negative: flat) in each frame, shape (frames,), within half a semitone at the beginning.

    The fraction of a pitch is an angle; its mean over some seconds is followed without jumps, so that a singer who
    drifts through half a semitone is still heard in the key that was begun in.
    """
    pitch = without_vibrato(contour)
    steady = _steady(pitch, contour.voiced)
    turns = np.where(steady, np.exp(2j * np.pi * pitch), 0)
    if not steady.any():
        return np.zeros(len(contour))
    width = max(3, round(WINDOW_S / HOP_S) | 1)
    kernel = np.hanning(width + 2)[1:-1]
    weight = _smooth(steady.astype(np.float64), kernel)
    mean = _smooth(turns.real, kernel) + 1j * _smooth(turns.imag, kernel)
    strength = np.abs(mean) / np.maximum(weight, 1e-9)
    whole = np.angle(turns.sum()) / (2 * np.pi)
    sure = (strength >= STRONG) & (weight > 0.5 / HOP_S * 0.1)
    if not sure.any():
        return np.full(len(contour), whole)
    angle = np.unwrap(np.angle(mean[sure])) / (2 * np.pi)
    curve = np.interp(np.arange(len(contour)), np.flatnonzero(sure), angle)
    return np.asarray(curve - np.round(curve[np.flatnonzero(steady)[0]]))


def without_vibrato(contour: Contour) -> np.ndarray:
    """The pitch, shape (frames,), with what a vibrato swings about in its place where that stands still.

    A wide vibrato seems steady only where it turns, so that its turning points would be taken for the tuning.
    """
    period = round(PERIOD_S / HOP_S) | 1
    kernel = np.convolve(np.ones(period), np.ones(period)) / period**2  # nothing of one period is left, little near it
    reach = len(kernel) // 2
    middle = np.convolve(np.pad(contour.pitch, reach, mode="edge"), kernel, "valid")
    vibrato = throughout(contour.voiced, reach) & (swing(contour.pitch, reach) <= WIDEST)
    return np.where(vibrato & (swing(middle, AROUND) <= STEADY), middle, contour.pitch)


def _steady(pitch: np.ndarray, sounding: np.ndarray) -> np.ndarray:
    """Frames with a tone that stays where it is for 100 ms about them."""
    return throughout(sounding, AROUND) & (swing(pitch, AROUND) <= 2 * STEADY)


def _smooth(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    from numpy.fft import irfft, rfft

    size = len(values) + len(kernel) - 1
    whole = irfft(rfft(values, size) * rfft(kernel, size), size)
    begin = len(kernel) // 2
    return np.asarray(whole[begin : begin + len(values)])
