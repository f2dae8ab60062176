"""A guitar circuit solved on paper: an overdrive pedal's clipping stage, its tone control and a loudspeaker's cabinet.

The stage is the Tube Screamer's non-inverting amplifier with two diodes in its feedback (Yeh, Abel and Smith, "Simplified,
Physically-Informed Models of Distortion and Overdrive Guitar Effects Pedals", 2007): the current that the input drives through
R4 and C3 meets Rf, C4 and the diodes in parallel. With V the voltage across them,

    C4 dV/dt = I - V / Rf - 2 Is sinh(V / Vt),    output = input + V

solved by the trapezoidal rule and Newton's method at eight times the sample rate. Much too slow for playing: it is what the
shipped amplifiers were taught by, `composer amp train` being the teacher.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OVERSAMPLING = 8
R4_OHM, C3_FARAD, C4_FARAD = 4_700.0, 47e-9, 51e-12
RF_OHM, DRIVE_OHM = 51_000.0, 500_000.0
IS_AMPERE, VT_VOLT = 2.52e-9, 1.752 * 25.85e-3
"""Of a 1N4148."""
LANES, WARM_UP_S = 1024, 0.03
"""The sound is cut into so many pieces, solved side by side; each begins a little early, until nothing is left of the cut."""
NEWTON_STEPS = 6


@dataclass(frozen=True)
class Circuit:
    """How its knobs stand. Full scale is one volt, which a guitar at -20 dBFS seldom reaches."""

    name: str
    drive: float
    """0..1 of the drive knob."""
    input_db: float
    """The guitar's own volume."""
    tone_hz: float
    """Where the tone control begins to cut."""
    output_db: float
    """Brings it back to about the level that went in."""


CLEAN = Circuit("clean", drive=0.0, input_db=-15.0, tone_hz=4_500.0, output_db=-1.0)
CRUNCH = Circuit("crunch", drive=0.3, input_db=0.0, tone_hz=2_200.0, output_db=-10.0)
CIRCUITS = {circuit.name: circuit for circuit in (CLEAN, CRUNCH)}


def simulate(sound: np.ndarray, circuit: Circuit, sample_rate: int) -> np.ndarray:
    """sound (frames,), full scale 1.0, through the whole circuit; float32, same shape, without delay."""
    from scipy.signal import butter, resample_poly, sosfilt

    volts = sound.astype(np.float64) * 10 ** (circuit.input_db / 20)
    fast = resample_poly(volts, OVERSAMPLING, 1)
    clipped = resample_poly(_clip(fast, circuit.drive, sample_rate * OVERSAMPLING), 1, OVERSAMPLING)[: len(sound)]
    tone = butter(1, circuit.tone_hz, "lowpass", fs=sample_rate, output="sos")
    heard = sosfilt(np.concatenate([tone, _cabinet(sample_rate)]), clipped)
    return np.asarray(heard * 10 ** (circuit.output_db / 20), np.float32)


def _clip(volts: np.ndarray, drive: float, rate: int) -> np.ndarray:
    """The clipping stage, at the oversampled rate."""
    from scipy.signal import lfilter

    step = 1 / rate
    # I through R4 and C3: a first-order high-pass, bilinear
    corner = 2 * R4_OHM * C3_FARAD * rate
    current = lfilter([corner, -corner], [1 + corner, 1 - corner], volts) / R4_OHM
    resistance = RF_OHM + drive * DRIVE_OHM
    warm_up = int(WARM_UP_S * rate)
    length = -(-len(volts) // LANES)
    padded = np.concatenate([np.zeros(warm_up), current, np.zeros(LANES * length - len(volts))])
    lanes = np.stack([padded[at * length : at * length + warm_up + length] for at in range(LANES)], axis=1)
    out = np.zeros_like(lanes)
    half = step / (2 * C4_FARAD)
    voltage = np.zeros(LANES)
    slope = np.zeros(LANES)
    for at, driven in enumerate(lanes):
        known = voltage + half * (slope + driven)
        for _ in range(NEWTON_STEPS):
            turn = voltage / VT_VOLT
            excess = voltage - known + half * (voltage / resistance + 2 * IS_AMPERE * np.sinh(turn))
            steep = 1 + half * (1 / resistance + 2 * IS_AMPERE / VT_VOLT * np.cosh(turn))
            change = np.clip(excess / steep, -0.1, 0.1)
            voltage = voltage - change
            if np.abs(change).max() < 1e-9:
                break
        slope = driven - voltage / resistance - 2 * IS_AMPERE * np.sinh(voltage / VT_VOLT)
        out[at] = voltage
    return np.asarray(volts + out[warm_up:].T.reshape(-1)[: len(volts)])


def _cabinet(sample_rate: int) -> np.ndarray:
    """A twelve-inch loudspeaker in an open cabinet, as second-order sections."""
    from scipy.signal import butter

    return np.concatenate(
        [
            butter(2, 75, "highpass", fs=sample_rate, output="sos"),
            _bell(115, 3.5, 1.2, sample_rate),
            _bell(420, -3.0, 0.8, sample_rate),
            _bell(2_600, 4.5, 1.1, sample_rate),
            butter(4, 5_000, "lowpass", fs=sample_rate, output="sos"),
        ]
    )


def _bell(hz: float, gain_db: float, q: float, sample_rate: int) -> np.ndarray:
    omega = 2 * np.pi * hz / sample_rate
    alpha, root = np.sin(omega) / (2 * q), 10 ** (gain_db / 40)
    b = np.array([1 + alpha * root, -2 * np.cos(omega), 1 - alpha * root])
    a = np.array([1 + alpha / root, -2 * np.cos(omega), 1 - alpha / root])
    return np.asarray((np.concatenate([b, a]) / a[0])[None])
