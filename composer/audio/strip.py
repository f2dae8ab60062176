"""One part's way to the bus, the same piece of code offline and live.

    synth ─ trim ─ high-pass ─ compressor ─ inserts ┊ equaliser ─ fader ─ pan ─ bus
                                                    ┊              └ reverb and chorus sends

What stands before the dotted line (`FrontRun`) bends the sound and runs once; what stands behind it (`BackRun`) is linear, so
that its effect on loudness is known beforehand and every fader may move while it plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from composer.audio import filters, iir
from composer.audio.compressor import Compressor, CompressorRun
from composer.errors import AudioError

MAX_EQ_DB = 24.0


class InsertRun(Protocol):
    """An effect at work in one strip."""

    @property
    def latency(self) -> int:
        """Frames by which its sound is late, a multiple of 64."""

    def process(self, audio: np.ndarray) -> None:
        """Change audio, float32, shape (2, frames), in place. Blocks of any size give the same sound."""


class Insert(Protocol):
    """An effect that a strip can hold: an amplifier, a plug-in."""

    @property
    def name(self) -> str: ...

    def start(self, sample_rate: int) -> InsertRun:
        """Raises AudioError where it cannot work at this rate."""


@dataclass(frozen=True)
class Equaliser:
    """Three bands: a shelf, a bell, a shelf."""

    low_db: float = 0.0
    low_hz: float = 110.0
    mid_db: float = 0.0
    mid_hz: float = 1_000.0
    mid_q: float = 0.9
    high_db: float = 0.0
    high_hz: float = 5_000.0

    def __post_init__(self) -> None:
        for name, value in (("low", self.low_db), ("mid", self.mid_db), ("high", self.high_db)):
            if not abs(value) <= MAX_EQ_DB:
                raise AudioError(f"equaliser's {name} must be in range -{MAX_EQ_DB:g}..{MAX_EQ_DB:g} dB, got {value:g}")
        for name, hz in (("low", self.low_hz), ("mid", self.mid_hz), ("high", self.high_hz)):
            if not 20 <= hz <= 20_000:
                raise AudioError(f"equaliser's {name} must be in range 20..20000 Hz, got {hz:g}")

    def sections(self, sample_rate: int) -> np.ndarray:
        """Second-order sections of the bands that do something, shape (0..3, 6)."""
        bands = []
        if self.low_db:
            bands.append(filters.low_shelf(self.low_hz, self.low_db, sample_rate))
        if self.mid_db:
            bands.append(filters.peak(self.mid_hz, self.mid_db, self.mid_q, sample_rate))
        if self.high_db:
            bands.append(filters.high_shelf(self.high_hz, self.high_db, sample_rate))
        return np.array(bands).reshape(-1, 6)


@dataclass(frozen=True)
class Strip:
    """Everything that is set on one part's channel."""

    trim_db: float = 0.0
    """Brings the synth's level to the one the compressor and the inserts are made for."""
    highpass_hz: float = 30.0
    compressor: Compressor | None = None
    inserts: tuple[Insert, ...] = ()
    eq: Equaliser = field(default_factory=Equaliser)
    gain_db: float = 0.0
    """The fader; -inf is silence."""
    pan: float = 0.0
    """-1 left … 1 right."""
    reverb_db: float = -np.inf
    """Sent to the room, relative to what goes to the bus."""
    chorus_db: float = -np.inf
    mute: bool = False

    @property
    def sounds(self) -> bool:
        return not self.mute and self.gain_db > -np.inf


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


class FrontRun:
    """Trim, high-pass, compressor and inserts of one part, block after block."""

    def __init__(self, strip: Strip, sample_rate: int) -> None:
        self._sections = filters.highpass(strip.highpass_hz, sample_rate)[None]
        self._sections[0, :3] *= amplitude(strip.trim_db)
        self._state = np.zeros((2, 1, 2))
        self._compressor = CompressorRun(strip.compressor, sample_rate) if strip.compressor else None
        self._inserts = [insert.start(sample_rate) for insert in strip.inserts]

    @property
    def reduction_db(self) -> float:
        """What the compressor takes away just now."""
        return self._compressor.reduction_db if self._compressor else 0.0

    @property
    def latency(self) -> int:
        """Frames by which the inserts make this part late."""
        return sum(insert.latency for insert in self._inserts)

    def process(self, audio: np.ndarray, out: np.ndarray) -> None:
        """audio (2, frames) → `out`, same shape; frames in whole cells of 64."""
        if not self._state.any() and not audio.any():
            out[:] = 0  # nothing has played yet, or all has died away
        else:
            out[:] = iir.run(self._sections, audio, self._state)
            self._state[np.abs(self._state) < 1e-15] = 0
        if self._compressor:
            self._compressor.process(out)
        for insert in self._inserts:
            insert.process(out)


class BackRun:
    """Equaliser, fader, pan and sends of one part, block after block. Settings may change in between: gains glide over a
    block. `sides` are those it works on, 0 left and 1 right."""

    def __init__(self, strip: Strip, sample_rate: int, sides: Sequence[int] = (0, 1)) -> None:
        self._rate, self._sides = sample_rate, list(sides)
        self._sections, self._state = np.zeros((0, 6)), np.zeros((len(sides), 0, 2))
        self._strip: Strip | None = None
        self.set(strip)
        self._now = self._wanted.copy()

    def set(self, strip: Strip) -> None:
        """From the next block on."""
        if self._strip is None or strip.eq != self._strip.eq:
            self._sections = strip.eq.sections(self._rate)
            if len(self._sections) != self._state.shape[1]:
                self._state = np.zeros((len(self._sides), len(self._sections), 2))
        self._strip = strip
        bus = np.array(pan_gains(strip.pan))[self._sides] * (amplitude(strip.gain_db) if strip.sounds else 0.0)
        sends = (1.0, amplitude(strip.reverb_db), amplitude(strip.chorus_db))
        self._wanted = np.array([bus * send for send in sends], np.float32)
        """Factors to bus, reverb and chorus, shape (3, sides)."""

    def process(self, audio: np.ndarray, *buses: np.ndarray) -> None:
        """Add audio (sides, frames) to bus, reverb send and chorus send, each of that shape; those left out are spared."""
        gliding = not np.array_equal(self._now, self._wanted)
        if not gliding and not self._wanted.any():
            return
        if len(self._sections):
            audio = iir.run(self._sections, audio, self._state).astype(np.float32)
        share = np.linspace(0, 1, audio.shape[1], dtype=np.float32) if gliding else None
        for bus, before, wanted in zip(buses, self._now, self._wanted, strict=False):
            if share is not None:
                bus += audio * (before[:, None] + (wanted - before)[:, None] * share)
            elif wanted.any():
                bus += audio * wanted[:, None]
        self._now = self._wanted
