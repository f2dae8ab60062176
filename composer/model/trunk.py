"""The trunk at run time: what carries a song's memory from event to event. Of many songs in float32, a row each; of one in eight bits."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from composer.model.batch_invariant import Product, batched_product
from composer.model.config import ModelConfig
from composer.model.quantized import QuantizedLSTM, Weights


def silu(x: np.ndarray) -> np.ndarray:
    """x times its logistic function, by way of tanh, which never overflows."""
    half = x * 0.5
    y = np.tanh(half)
    y *= half
    y += half
    return np.asarray(y)


def standardised(x: np.ndarray) -> np.ndarray:
    """Over the last axis, mean 0 and variance 1: layer normalisation (Ba et al. 2016) before its scale, epsilon as in torch."""
    x = x - np.add.reduce(x, axis=-1, keepdims=True) / x.shape[-1]
    x /= np.sqrt(np.add.reduce(x * x, axis=-1, keepdims=True) / x.shape[-1] + 1e-5)
    return x


class TrunkRuntime(Protocol):
    """A trunk at run time: event vectors in, hidden vectors out, with one recurrent state or cache per row."""

    @property
    def saved_bytes(self) -> int:
        """How much `save` takes."""
        ...

    def forget(self, row: int) -> None:
        """A new song begins in a row."""
        ...

    def step(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        """One event of each of these rows: (n,) and (n, embedding) → (n, width)."""
        ...

    def read(self, row: int, x: np.ndarray) -> np.ndarray:
        """Events of one row, one after another: (T, embedding) → what the last leaves, (width,)."""
        ...

    def save(self, row: int) -> Any:
        """What a row remembers."""
        ...

    def restore(self, row: int, saved: Any) -> None: ...


def make_runtime(config: ModelConfig, weights: Weights, rows: int, company: bool) -> TrunkRuntime:
    """The trunk of a model; company: bits must not depend on how many rows there are."""
    if config.trunk == "transformer":
        return TransformerRuntime(weights, config, rows)
    return LSTMRuntime(weights, config.layers, rows) if company else QuantizedLSTM(weights, config.layers, rows)


class LSTMRuntime:
    """Stacked LSTM cells of many songs; one product a layer for all gates, and one tanh.

    A sigmoid is a tanh of half its input, halved, so the halves are folded into the weights: scaling by powers of two is exact.
    """

    def __init__(self, weights: Weights, layers: int, rows: int) -> None:
        self.cells: list[tuple[np.ndarray, Product]] = []
        for layer in range(layers):
            joined = np.concatenate([weights[f"trunk.lstm.weight_{side}_l{layer}"] for side in ("ih", "hh")], axis=1)
            bias = weights[f"trunk.lstm.bias_ih_l{layer}"] + weights[f"trunk.lstm.bias_hh_l{layer}"]
            width = len(bias) // 4
            half = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), width)
            self.cells.append((bias * half, batched_product(np.ascontiguousarray((joined * half[:, None]).T))))
        self.width = width
        self.hidden = np.zeros((layers, rows, width), np.float32)
        self.carry = np.zeros((layers, rows, width), np.float32)

    @property
    def saved_bytes(self) -> int:
        return int(self.hidden[:, 0].nbytes) * 2

    def forget(self, row: int) -> None:
        self.hidden[:, row] = 0
        self.carry[:, row] = 0

    def step(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        for layer, (bias, product) in enumerate(self.cells):
            hidden, carry = self.hidden[layer], self.carry[layer]
            gates = product(np.concatenate([x, hidden.take(rows, axis=0)], axis=1))
            gates += bias
            x, carry[rows] = self._pass(gates, carry.take(rows, axis=0))
            hidden[rows] = x
        return x

    def read(self, row: int, x: np.ndarray) -> np.ndarray:
        at = np.array([row])
        for each in x:
            heard = self.step(at, each[None])
        return np.asarray(heard[0])

    def _pass(self, gates: np.ndarray, carry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gates (…, 4 width) before their tanh, in torch's order in, forget, new, out: hidden and carry after them."""
        w = self.width
        np.tanh(gates, out=gates)
        new = gates[..., 2 * w : 3 * w] * (gates[..., :w] * np.float32(0.5) + np.float32(0.5))
        carry = carry * (gates[..., w : 2 * w] * np.float32(0.5) + np.float32(0.5))
        carry += new
        hidden = np.tanh(carry)
        hidden *= gates[..., 3 * w :] * np.float32(0.5) + np.float32(0.5)
        return hidden, carry

    def save(self, row: int) -> Any:
        return self.hidden[:, row].copy(), self.carry[:, row].copy()

    def restore(self, row: int, saved: Any) -> None:
        self.hidden[:, row], self.carry[:, row] = saved


class TransformerRuntime:
    """Transformer blocks over caches of keys and values, one row after another; the oldest events fall out after `context`."""

    def __init__(self, weights: Weights, config: ModelConfig, rows: int) -> None:
        self.layers, self.heads, self.context = config.layers, config.heads, config.context
        trunk = {name: weights[name] for name in weights if name.startswith("trunk.")}
        self.w = {name: array for name, array in trunk.items() if array.ndim == 1}
        self.matrices = {
            name.removesuffix(".weight"): np.ascontiguousarray(array.T)
            for name, array in trunk.items()
            if array.ndim == 2
        }
        self.width = len(weights["trunk.enter.bias"])
        half = self.width // self.heads // 2
        self.speed = 10000.0 ** (-np.arange(half, dtype=np.float32) / half)
        shape = (rows, self.layers, self.heads, self.context, self.width // self.heads)
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.told = [0] * rows

    @property
    def saved_bytes(self) -> int:
        return int(self.keys[0].nbytes) * 2

    def forget(self, row: int) -> None:
        self.told[row] = 0

    def step(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.stack([self._step(row, each) for row, each in zip(rows.tolist(), x, strict=True)])

    def read(self, row: int, x: np.ndarray) -> np.ndarray:
        return [self._step(row, each) for each in x][-1]

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return np.asarray(x @ self.matrices[name] + self.w[f"{name}.bias"])

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        return standardised(x) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def _turn(self, x: np.ndarray, told: int) -> np.ndarray:
        angle = told * self.speed
        cos, sin = np.cos(angle), np.sin(angle)
        first, second = x[:, : len(angle)], x[:, len(angle) :]
        return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=1).astype(np.float32)

    def _step(self, row: int, x: np.ndarray) -> np.ndarray:
        x = self._linear("trunk.enter", x)
        told = self.told[row]
        slot, seen = told % self.context, min(told + 1, self.context)
        for layer in range(self.layers):
            block = f"trunk.blocks.{layer}"
            keys, values = self.keys[row, layer], self.values[row, layer]
            q, k, v = self._linear(f"{block}.qkv", self._norm(f"{block}.norm_attention", x)).reshape(3, self.heads, -1)
            keys[:, slot], values[:, slot] = self._turn(k, told), v
            scores = np.matmul(keys[:, :seen], self._turn(q, told)[:, :, None])[:, :, 0] / np.sqrt(q.shape[-1])
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            mixed = np.matmul((scores / scores.sum(axis=1, keepdims=True))[:, None], values[:, :seen])
            x = x + self._linear(f"{block}.out", mixed.reshape(-1))
            gate, value = np.split(self._linear(f"{block}.up", self._norm(f"{block}.norm_mlp", x)), 2)
            x = x + self._linear(f"{block}.down", silu(gate) * value)
        self.told[row] += 1
        return x

    def save(self, row: int) -> Any:
        return self.keys[row].copy(), self.values[row].copy(), self.told[row]

    def restore(self, row: int, saved: Any) -> None:
        self.keys[row], self.values[row], self.told[row] = saved
