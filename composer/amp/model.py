"""An amplifier as a value, and as it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from composer.amp.resampling import ResampledRun


class Network(Protocol):
    """Weights that can be run."""

    @property
    def kind(self) -> str: ...

    def start(self) -> NetworkRun: ...


class NetworkRun(Protocol):
    """A network at work on one sound."""

    def process(self, sound: np.ndarray) -> np.ndarray:
        """The next samples, float32, shape (frames,) → as many, without delay. Blocks of any size give the same."""


@dataclass(frozen=True, eq=False)
class Amp:
    """An amplifier: a network for sound of one sample rate."""

    name: str
    network: Network
    sample_rate: int
    esr: float | None = None
    """Error-to-signal ratio on recordings it was not trained on, where its maker says."""
    input_db: float = 0.0
    """Added before it: more drives it harder."""
    output_db: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict)

    def start(self, sample_rate: int) -> AmpRun:
        """At another rate than its own the sound goes there and back."""
        return AmpRun(self, sample_rate)

    def through(self, sound: np.ndarray, sample_rate: int) -> np.ndarray:
        """A whole recording (frames,) through it, in time."""
        run = self.start(sample_rate)
        return run.mono(np.pad(sound, (0, run.latency)))[run.latency :]

    def driven(self, input_db: float, output_db: float = 0.0) -> Amp:
        """The same, turned up before and after."""
        return replace(self, input_db=self.input_db + input_db, output_db=self.output_db + output_db)


class AmpRun:
    """One amplifier at work: both sides go in as one, as a guitar's do, and come out on both."""

    def __init__(self, amp: Amp, sample_rate: int) -> None:
        self._run: NetworkRun | ResampledRun = amp.network.start()
        self.latency = 0
        if sample_rate != amp.sample_rate:
            self._run = elsewhere = ResampledRun(self._run, amp.sample_rate, sample_rate)
            self.latency = elsewhere.latency
        self._in = np.float32(10 ** (amp.input_db / 20) / 2)
        self._out = np.float32(10 ** (amp.output_db / 20))

    def process(self, audio: np.ndarray) -> None:
        """audio (2, frames), float32, in place."""
        audio[:] = self._run.process((audio[0] + audio[1]) * self._in) * self._out

    def mono(self, sound: np.ndarray) -> np.ndarray:
        """sound (frames,) → (frames,)."""
        return np.asarray(self._run.process(np.asarray(sound, np.float32) * (2 * self._in)) * self._out)
