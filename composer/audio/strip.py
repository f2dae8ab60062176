"""One part's way to the bus: how loud, where, how wet; and the profile that says so for each instrument."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.audio.spill import rest

PIECE = 1 << 16


@dataclass(frozen=True)
class Strip:
    """What a part's channel does when nobody says otherwise."""

    balance_lu: float = -7.0
    """Loudness relative to the lead."""
    pan: float = 0.0
    """-1 left … 1 right."""
    reverb_lu: float = -14.0
    """Loudness of what its reverb gives back, relative to its dry sound: as wet on every soundfont."""
    highpass_hz: float = 30.0


PROFILE: dict[str, Strip] = {
    "melody": Strip(0.0, 0.0, -13.0, 60.0),
    "drums": Strip(-2.0, 0.0, -20.0, 25.0),
    "bass": Strip(-3.0, 0.0, -30.0, 28.0),
    "guitar": Strip(-7.0, -0.35, -15.0, 90.0),
    "piano": Strip(-6.0, 0.3, -15.0, 60.0),
    "strings": Strip(-9.0, 0.1, -10.0, 110.0),
    "lead": Strip(-3.0, 0.0, -13.0, 60.0),
    "reed": Strip(-5.0, 0.15, -12.0, 70.0),
    "pipe": Strip(-5.0, -0.15, -12.0, 70.0),
    "brass": Strip(-5.0, 0.2, -12.0, 70.0),
    "organ": Strip(-9.0, -0.2, -14.0, 60.0),
    "pad": Strip(-10.0, 0.0, -10.0, 110.0),
    "chromatic": Strip(-7.0, 0.25, -12.0, 70.0),
}
"""By role, else by General MIDI family."""


def amplitude(db: float) -> float:
    """A gain in decibels as a factor; 0 for -inf."""
    return float(10.0 ** (db / 20))


def pan_gains(pan: float) -> tuple[float, float]:
    """Left and right factors of the equal-power law, 1 and 1 in the middle.

    >>> [round(side, 3) for side in pan_gains(1.0)]
    [0.0, 1.414]
    """
    angle = (pan + 1) * np.pi / 4
    return float(np.sqrt(2) * np.cos(angle)), float(np.sqrt(2) * np.sin(angle))


def planar(frames: int) -> np.ndarray:
    """Silence, float32, shape (frames, 2), each side in one run of memory: what every pass here is quickest on."""
    return np.zeros((frames, 2), np.float32, order="F")


def pour(
    bus: np.ndarray, dry: np.ndarray, wet: np.ndarray, gains: tuple[float, float], highpass_hz: float, sample_rate: int
) -> None:
    """Add one side of a part, dry sound and reverb of shape (frames,), to the same side of the bus, in pieces.

    gains: factors of the two. The dry sound loses what lies under `highpass_hz`, by a second-order Butterworth.
    """
    from scipy.signal import butter, sosfilt

    sections = butter(2, highpass_hz, "highpass", fs=sample_rate, output="sos")
    state = np.zeros((1, 2))
    for at in range(0, len(bus), PIECE):  # in double precision: the poles lie close to 1
        here = slice(at, at + PIECE)
        piece, state = sosfilt(sections, dry[here].astype(np.float64), zi=state)
        piece *= gains[0]
        if gains[1] > 0:
            piece += wet[here] * np.float32(gains[1])
        bus[here] += piece
        rest(dry)
        rest(wet)
