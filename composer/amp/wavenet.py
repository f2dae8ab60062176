"""A WaveNet: stacks of dilated convolutions that look back and never ahead, after van den Oord et al. (2016) in the form that
Neural Amp Modeler's files have. Everything is small matrix products, so numpy keeps up with real time by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

ROOM = 1 << 14
"""Frames a layer's past is written into before it is moved back to the beginning."""
LARGEST = 4096
"""Frames at a time: more would leave the processor's cache."""


def _relu(x: np.ndarray) -> np.ndarray:
    np.maximum(x, 0, out=x)
    return x


def _hard_tanh(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -1, 1, out=x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    x *= np.float32(0.5)
    np.tanh(x, out=x)
    x += 1
    x *= np.float32(0.5)
    return x


def _tanh(x: np.ndarray) -> np.ndarray:
    np.tanh(x, out=x)
    return x


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "Tanh": _tanh, "Fasttanh": _tanh, "Hardtanh": _hard_tanh, "ReLU": _relu, "Sigmoid": _sigmoid,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layer:
    """One dilated convolution with its condition and its way on; all float32."""

    kernel: np.ndarray
    """Shape (outputs, taps, channels), the oldest tap first; outputs is twice the channels where it is gated."""
    bias: np.ndarray
    mixin: np.ndarray
    """From the network's own input, shape (outputs, 1)."""
    onward: np.ndarray
    """Shape (channels, channels)."""
    onward_bias: np.ndarray
    dilation: int
    activation: str = "Tanh"
    gated: bool = False


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers in a row, a way in and a way out."""

    enter: np.ndarray
    """Shape (channels, inputs)."""
    layers: tuple[Layer, ...]
    head: np.ndarray
    """Shape (head outputs, channels)."""
    head_bias: np.ndarray
    """Shape (head outputs,), zeros where there is none."""


@dataclass(frozen=True, eq=False)
class WaveNet:
    """Stacks in a row; each adds to the head of the next, and the last one's head is the sound."""

    stacks: tuple[Stack, ...]
    scale: float
    kind = "WaveNet"

    @property
    def receptive_field(self) -> int:
        """Frames that an output depends on."""
        return 1 + sum(
            (int(layer.kernel.shape[1]) - 1) * layer.dilation for stack in self.stacks for layer in stack.layers
        )

    def start(self) -> WaveNetRun:
        return WaveNetRun(self)


class WaveNetRun:
    """It at work, after as much silence as it can look back on."""

    def __init__(self, network: WaveNet) -> None:
        self._network = network
        self._layers = [[_LayerRun(layer) for layer in stack.layers] for stack in network.stacks]
        for _ in range(0, network.receptive_field, LARGEST):
            self._run(np.zeros(LARGEST, np.float32))

    def process(self, sound: np.ndarray) -> np.ndarray:
        pieces = [self._run(sound[at : at + LARGEST]) for at in range(0, len(sound), LARGEST)]
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0] if pieces else np.zeros(0, np.float32)

    def _run(self, sound: np.ndarray) -> np.ndarray:
        condition = np.ascontiguousarray(sound, np.float32)[None]
        signal, head = condition, None
        for stack, layers in zip(self._network.stacks, self._layers, strict=True):
            signal = stack.enter @ signal
            for layer in layers:
                signal, part = layer.process(signal, condition)
                head = part.copy() if head is None else head.__iadd__(part)
            assert head is not None
            head = stack.head @ head
            head += stack.head_bias[:, None]
        assert head is not None
        return np.asarray(head[0] * np.float32(self._network.scale))


class _LayerRun:
    """One layer with what it remembers."""

    def __init__(self, layer: Layer) -> None:
        outputs, taps, channels = layer.kernel.shape
        self._layer, self._taps, self._channels = layer, taps, channels
        self._kernel = np.ascontiguousarray(np.concatenate([layer.kernel.reshape(outputs, -1), layer.mixin], axis=1))
        self._reach = (taps - 1) * layer.dilation
        self._past = np.zeros((channels, self._reach + ROOM), np.float32)
        self._at = self._reach
        self._activate = ACTIVATIONS[layer.activation]
        self._bias, self._onward_bias = layer.bias[:, None], layer.onward_bias[:, None]
        self._gathered = np.zeros((taps * channels + 1, 0), np.float32)

    def process(self, signal: np.ndarray, condition: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """signal (channels, frames), condition (1, frames) → the next layer's signal and the part for the head."""
        frames, channels = signal.shape[1], self._channels
        if self._at + frames > self._past.shape[1]:
            self._past[:, : self._reach] = self._past[:, self._at - self._reach : self._at]
            self._at = self._reach
        self._past[:, self._at : self._at + frames] = signal
        if self._gathered.shape[1] != frames:
            self._gathered = np.zeros((self._taps * channels + 1, frames), np.float32)
        gathered: Any = self._gathered
        for tap in range(self._taps):
            start = self._at - self._reach + tap * self._layer.dilation
            gathered[tap * channels : (tap + 1) * channels] = self._past[:, start : start + frames]
        gathered[-1] = condition[0]
        self._at += frames
        mixed = self._kernel @ gathered
        mixed += self._bias
        if self._layer.gated:
            active = self._activate(mixed[:channels])
            active *= _sigmoid(mixed[channels:])
        else:
            active = self._activate(mixed)
        onward = self._layer.onward @ active
        onward += self._onward_bias
        onward += signal
        return onward, active
