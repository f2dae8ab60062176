"""An LSTM of one or more layers and a linear head, sample after sample, after Wright et al., "Real-Time Guitar Amplifier
Emulation with Deep Learning" (2020).

The loop over samples is numba's where it is installed (compiled once, kept on disk), else numpy's, which is some twenty times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

Kernel = Callable[..., None]


@dataclass(frozen=True, eq=False)
class LstmLayer:
    """Gates in torch's order: input, forget, cell, output."""

    weights: np.ndarray
    """float32, shape (4 * hidden, inputs + hidden)."""
    bias: np.ndarray
    """float32, shape (4 * hidden,)."""
    hidden: np.ndarray
    """The state it starts from, shape (hidden,)."""
    cell: np.ndarray

    @property
    def size(self) -> int:
        return len(self.hidden)


@dataclass(frozen=True, eq=False)
class Lstm:
    """output = head · hidden + bias + skip · input."""

    layers: tuple[LstmLayer, ...]
    head: np.ndarray
    """float32, shape (hidden,)."""
    head_bias: float
    skip: float = 0.0
    kind = "LSTM"

    def start(self) -> LstmRun:
        return LstmRun(self)


class LstmRun:
    """It at work."""

    def __init__(self, network: Lstm) -> None:
        self._network = network
        self.state = [(layer.hidden.copy(), layer.cell.copy()) for layer in network.layers]
        """Hidden and cell state of every layer."""
        # inputs and hidden state first: a gate's weights then lie beside each other
        self._columns = [np.ascontiguousarray(layer.weights.T) for layer in network.layers]
        self._step = kernel()

    def process(self, sound: np.ndarray) -> np.ndarray:
        network, before = self._network, np.ascontiguousarray(sound, np.float32)[:, None]
        signal = before
        for layer, columns, (hidden, cell) in zip(network.layers, self._columns, self.state, strict=True):
            out = np.empty((len(signal), layer.size), np.float32)
            self._step(signal, columns, layer.bias, hidden, cell, out)
            signal = out
        return np.asarray(
            signal @ network.head + np.float32(network.head_bias) + np.float32(network.skip) * before[:, 0]
        )


@lru_cache(maxsize=1)
def kernel() -> Kernel:
    """numba's loop, or numpy's where there is no numba."""
    try:
        import numba
    except ImportError:
        return _step
    compile_: Any = numba.njit
    try:
        compiled = compile_(cache=True, fastmath=True, nogil=True)(_loop)
    except RuntimeError:  # no place to keep it
        compiled = compile_(fastmath=True, nogil=True)(_loop)
    found: Kernel = compiled
    return found


def _step(
    signal: np.ndarray, columns: np.ndarray, bias: np.ndarray, hidden: np.ndarray, cell: np.ndarray, out: np.ndarray
) -> None:
    """Samples (frames, inputs) → hidden states `out` (frames, hidden); hidden and cell are carried on in place."""
    inputs, size = signal.shape[1], len(hidden)
    driven = signal @ columns[:inputs] + bias
    recurrent = np.ascontiguousarray(columns[inputs:])
    scale = np.ones(4 * size, np.float32)
    scale[: 2 * size] = scale[3 * size :] = 0.5  # a sigmoid is a tanh of half its argument
    for frame in range(len(signal)):
        gates = driven[frame] + hidden @ recurrent
        gates *= scale
        np.tanh(gates, out=gates)
        keep = (gates[size : 2 * size] + 1) * cell
        cell[:] = 0.5 * (keep + (gates[:size] + 1) * gates[2 * size : 3 * size])
        hidden[:] = (0.5 * (gates[3 * size :] + 1)) * np.tanh(cell)
        out[frame] = hidden


def _loop(
    signal: np.ndarray, columns: np.ndarray, bias: np.ndarray, hidden: np.ndarray, cell: np.ndarray, out: np.ndarray
) -> None:
    """`_step` as numba likes it: plain loops, and a tanh of its own that vectorises."""
    inputs, size = signal.shape[1], hidden.shape[0]
    gates = np.empty(4 * size, np.float32)
    for frame in range(signal.shape[0]):
        gates[:] = bias
        for at in range(inputs):
            value = signal[frame, at]
            for gate in range(4 * size):
                gates[gate] += value * columns[at, gate]
        for at in range(size):
            value = hidden[at]
            for gate in range(4 * size):
                gates[gate] += value * columns[inputs + at, gate]
        for gate in range(4 * size):
            sigmoid = gate < 2 * size or gate >= 3 * size
            x = gates[gate] * np.float32(0.5) if sigmoid else gates[gate]
            x = min(max(x, np.float32(-7.9)), np.float32(7.9))
            # a rational function of degree 13 over 6 that is tanh to float32's last digit or two
            s = x * x
            p = x * (
                np.float32(4.89352455891786e-03)
                + s
                * (
                    np.float32(6.37261928875436e-04)
                    + s
                    * (
                        np.float32(1.48572235717979e-05)
                        + s
                        * (
                            np.float32(5.12229709037114e-08)
                            + s
                            * (
                                np.float32(-8.60467152213735e-11)
                                + s * (np.float32(2.00018790482477e-13) + s * np.float32(-2.76076847742355e-16))
                            )
                        )
                    )
                )
            )
            q = np.float32(4.89352518554385e-03) + s * (
                np.float32(2.26843463243900e-03)
                + s * (np.float32(1.18534705686654e-04) + s * np.float32(1.19825839466702e-06))
            )
            y = p / q
            gates[gate] = np.float32(0.5) * (y + np.float32(1.0)) if sigmoid else y
        for at in range(size):
            cell[at] = gates[size + at] * cell[at] + gates[at] * gates[2 * size + at]
            hidden[at] = gates[3 * size + at] * np.tanh(cell[at])
            out[frame, at] = hidden[at]
