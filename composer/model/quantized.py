"""The trunk in eight bits a weight, for one song at a time: ONNX Runtime does the products. Owner of onnxruntime.

Decoding one song is bound by memory bandwidth, so a quarter of the bytes saves most of the time (docs/decisions/0002-numpy-decoder.md).
Weights are whole numbers from -64 to 64, with one scale a gate; activations are quantised to 256 steps dynamically. Two
such products fit in 16 bits, in which processors without VNNI add them: so that sums are exact, and the same, on all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from composer.model import onnx_graph
from composer.model.batch_invariant import Product

Weights = Mapping[str, np.ndarray]
MOST = 64
"""The largest weight: 2 · 255 · 64 is less than 2^15."""
_MICROSOFT = "com.microsoft"


def rounded(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matrix (in, out) as whole numbers, int8, and the scale of each column, float32 (out,)."""
    scale = np.maximum(np.abs(matrix).max(axis=0), np.float32(1e-12)) / np.float32(MOST)
    return np.rint(matrix / scale).astype(np.int8), scale


def quantized_product(matrix: np.ndarray) -> Product:
    """For one song: rows @ matrix, in eight bits."""
    weights, scale = rounded(matrix)
    multiply = onnx_graph.node("DynamicQuantizeMatMul", ("x", "weights", "scale"), ("y",), _MICROSOFT)
    constants = {"weights": weights, "scale": scale}
    session = open_graph(onnx_graph.model([multiply], constants, {"x": ("rows", len(matrix))}, "y"))
    # One row at a time: the steps to which inputs are rounded are those of all that is handed over.
    return lambda rows: np.concatenate([session.run(("y",), {"x": row})[0] for row in rows[:, None]])


class QuantizedLSTM:
    """Stacked LSTM cells, as trunk.LSTMRuntime; of any number of events on end in one call, which is how passages are read."""

    def __init__(self, weights: Weights, layers: int, rows: int) -> None:
        width, embedding = (int(weights[f"trunk.lstm.weight_{side}_l0"].shape[1]) for side in ("hh", "ih"))
        self.state = np.zeros((rows, 2 * layers, 1, width), np.float32)
        """Of every layer the hidden units and the cells."""
        before = [f"{name}{layer}" for layer in range(layers) for name in ("hidden", "cell")]
        after = [f"{name}_after" for name in before]
        nodes = [onnx_graph.node("Split", ("before",), before, axis=0)]
        constants: dict[str, np.ndarray] = {}
        heard = "x"
        for layer in range(layers):
            cell = _cell(weights, layer)
            constants |= {f"{name}{layer}": array for name, array in cell.items()}
            w, ws, wz, r, rs, rz, bias = (f"{name}{layer}" for name in cell)
            if layer:  # what a layer says has an axis of directions, of which there is one
                constants["directions"], heard = np.array([1]), f"heard{layer}"
                nodes.append(onnx_graph.node("Squeeze", (f"said{layer - 1}", "directions"), (heard,)))
            inputs = (heard, w, r, bias, "", *before[2 * layer : 2 * layer + 2], "", ws, wz, rs, rz)
            outputs = (f"said{layer}", *after[2 * layer : 2 * layer + 2])
            nodes.append(onnx_graph.node("DynamicQuantizeLSTM", inputs, outputs, _MICROSOFT, hidden_size=width))
        nodes.append(onnx_graph.node("Concat", after, ("after",), axis=0))
        shapes: dict[str, tuple[int | str, ...]] = {"x": ("events", 1, embedding), "before": (2 * layers, 1, width)}
        self._session = open_graph(onnx_graph.model(nodes, constants, shapes, "after"))

    @property
    def saved_bytes(self) -> int:
        return int(self.state[0].nbytes)

    def forget(self, row: int) -> None:
        self.state[row] = 0

    def step(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.stack([self.read(row, each[None]) for row, each in zip(rows.tolist(), x, strict=True)])

    def read(self, row: int, x: np.ndarray) -> np.ndarray:
        told = {"x": x[:, None], "before": self.state[row]}
        self.state[row] = self._session.run(("after",), told)[0]
        return np.array(self.state[row, -2, 0])

    def save(self, row: int) -> Any:
        return self.state[row].copy()

    def restore(self, row: int, saved: Any) -> None:
        self.state[row] = saved


def _cell(weights: Weights, layer: int) -> dict[str, np.ndarray]:
    """A layer's constants, in the order of gates that ONNX has (in, out, forget, new; torch: in, forget, new, out)."""

    def gates(name: str, side: str) -> list[np.ndarray]:
        into, forget, new, out = np.split(weights[f"trunk.lstm.{name}_{side}_l{layer}"], 4)
        return [into, out, forget, new]

    found: dict[str, np.ndarray] = {}
    for name, side in (("w", "ih"), ("r", "hh")):
        parts = [rounded(gate.T) for gate in gates("weight", side)]
        matrix, scale = (np.concatenate(pieces, axis=-1)[None] for pieces in zip(*parts, strict=True))
        found |= {name: matrix, f"{name}_scale": scale, f"{name}_nought": np.zeros(scale.shape, np.int8)}
    return found | {"bias": np.concatenate([*gates("bias", "ih"), *gates("bias", "hh")])[None]}


def open_graph(model: bytes) -> Any:
    """What runs a graph, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it keeps what the longest passage took
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
