"""One step of the shipped trunk in several engines: why one song is decoded in eight bits a weight by ONNX Runtime.

    python benchmarks/decoder_step.py [--pack build/songs.npz [--songs 48]]          (needs torch; numba is tried if it is installed)

A step is one event of 256 through the two-layer LSTM of 512 of the shipped weights, at batch 1. Engines are timed in turn, round after
round, so that a noisy machine is noisy for all; figures are medians in microseconds, beside them the quickest round. "On end" is an event
of 256 told at once. With a pack (composer.training.prepare) the bits a note that each rounding costs on held-out songs are counted too.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from composer.model.checkpoint import Checkpoint, load_checkpoint
from composer.model.network import FIELDS, LSTMTrunk, Network, field_losses
from composer.model.onnx_graph import model, node
from composer.model.quantized import QuantizedLSTM, Weights, open_graph, quantized_product, rounded
from composer.model.sequence import training_example

ROUNDS, STEPS, ON_END = 15, 40, 256
MICROSOFT = "com.microsoft"
BLOCK = 128
Step = Callable[[], object]


def cells(weights: Weights, layers: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each layer's matrix (in + width, 4 width) and bias, with half of a logistic's input in them: a logistic is half a tanh."""
    found = []
    for layer in range(layers):
        sides = [weights[f"trunk.lstm.weight_{side}_l{layer}"] for side in ("ih", "hh")]
        bias = weights[f"trunk.lstm.bias_ih_l{layer}"] + weights[f"trunk.lstm.bias_hh_l{layer}"]
        half = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), len(bias) // 4)
        found.append((np.ascontiguousarray((np.concatenate(sides, axis=1) * half[:, None]).T), bias * half))
    return found


def numpy_step(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray, product: Callable[..., np.ndarray]) -> Step:
    """A step in numpy, whatever the products are made with."""
    width = len(layers[0][1]) // 4
    hidden, carry = np.zeros((2, len(layers), width), np.float32)

    def step() -> None:
        heard = x
        for layer, (matrix, bias) in enumerate(layers):
            gates = np.tanh(product(np.concatenate([heard, hidden[layer]]), matrix, layer) + bias)
            into, forget, new, out = gates.reshape(4, width)
            carry[layer] = carry[layer] * (forget * 0.5 + 0.5) + new * (into * 0.5 + 0.5)
            heard = hidden[layer] = np.tanh(carry[layer]) * (out * 0.5 + 0.5)

    return step


def numba_step(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> dict[str, Step]:
    """Weights in eight bits, products in float32, compiled; {} where numba is missing."""
    try:
        import numba
    except ImportError:
        return {}

    def product(matrix: np.ndarray, scale: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
        for gate in range(len(matrix)):
            total = np.float32(0)
            for at in range(len(x)):
                total += np.float32(matrix[gate, at]) * x[at]
            out[gate] = total * scale[gate]

    compiled = numba.njit(fastmath=True)(product)
    whole = [rounded(matrix) for matrix, _ in layers]
    columns = [(np.ascontiguousarray(matrix.T), scale) for matrix, scale in whole]
    out = np.empty(len(layers[0][1]), np.float32)

    def run(x: np.ndarray, _: np.ndarray, layer: int) -> np.ndarray:
        compiled(*columns[layer], x, out)
        return out

    return {"numba, 8-bit weights": numpy_step(layers, x, run)}


def onnx_steps(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> dict[str, Step]:
    """ONNX Runtime on plain products: float32; 8 bits with a scale a gate; 8 bits with a scale every BLOCK weights of a gate."""
    kinds: dict[str, Step] = {}
    for name in ("float32", "8 bits, scale a gate", f"8 bits, scale a {BLOCK}"):
        nodes, constants = [], {"half": np.array([0.5], np.float32)}
        shapes: dict[str, tuple[int | str, ...]] = {"x": (1, len(x))}
        heard, after = "x", []
        for layer, (matrix, bias) in enumerate(layers):
            depth, count = matrix.shape
            n = [f"{each}{layer}" for each in ("both", "gates", "w", "s", "b")]
            both, gates, w, s, b = n
            nodes.append(node("Concat", (heard, f"h{layer}"), (both,), axis=1))
            constants |= {b: bias}
            if name == "float32":
                constants |= {w: matrix}
                nodes.append(node("MatMul", (both, w), (f"p{layer}",)))
                nodes.append(node("Add", (f"p{layer}", b), (gates,)))
            elif name.endswith("gate"):
                constants |= dict(zip((w, s), rounded(matrix), strict=True))
                nodes.append(node("DynamicQuantizeMatMul", (both, w, s, "", b), (gates,), MICROSOFT))
            else:
                blocks = matrix.T.reshape(count, -1, BLOCK)
                scale = np.abs(blocks).max(axis=2) / 127
                whole = (np.rint(blocks / scale[..., None]) + 128).clip(0, 255).astype(np.uint8)
                constants |= {w: whole, s: scale}
                sizes = {"K": depth, "N": count, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
                nodes.append(node("MatMulNBits", (both, w, s, "", "", b), (gates,), MICROSOFT, **sizes))
            nodes += _cell(layer, gates)
            shapes |= {f"{each}{layer}": (1, count // 4) for each in "hc"}
            after += [f"h{layer}_after", f"c{layer}_after"]
            heard = after[-2]
        nodes.append(node("Concat", after, ("after",), axis=1))
        session = open_graph(model(nodes, constants, shapes, "after"))
        feed = {each: np.zeros(shape, np.float32) for each, shape in shapes.items()} | {"x": x[None]}
        kinds[f"ONNX Runtime, {name}"] = lambda session=session, feed=feed: session.run(None, feed)
    return kinds


def _cell(layer: int, gates: str) -> list[bytes]:
    i, f, z, o = (f"{each}{layer}" for each in "ifzo")
    open_ = [
        each
        for gate in (i, f, o)
        for each in (node("Mul", (gate, "half"), (f"{gate}m",)), node("Add", (f"{gate}m", "half"), (f"{gate}s",)))
    ]
    return [
        node("Tanh", (gates,), (f"t{layer}",)),
        node("Split", (f"t{layer}",), (i, f, z, o), axis=1),
        *open_,
        node("Mul", (f"{f}s", f"c{layer}"), (f"{f}c",)),
        node("Mul", (f"{i}s", z), (f"{i}z",)),
        node("Add", (f"{f}c", f"{i}z"), (f"c{layer}_after",)),
        node("Tanh", (f"c{layer}_after",), (f"ct{layer}",)),
        node("Mul", (f"{o}s", f"ct{layer}"), (f"h{layer}_after",)),
    ]


def engines(checkpoint: Checkpoint) -> dict[str, tuple[int, int, Step]]:
    """Name → (threads, events at once, one go)."""
    config, weights = checkpoint.config, checkpoint.weights
    layers = cells(weights, config.layers)
    x = np.tanh(np.random.default_rng(0).standard_normal((ON_END, config.embedding))).astype(np.float32)
    row, memory = np.array([0]), QuantizedLSTM(weights, config.layers, 1)
    trunk = LSTMTrunk(config).eval()
    names = trunk.state_dict()
    trunk.load_state_dict({name: torch.from_numpy(weights[f"trunk.{name}"]) for name in names})
    small = torch.ao.quantization.quantize_dynamic(trunk.lstm, {torch.nn.LSTM}, torch.qint8)
    state = [torch.zeros(config.layers, 1, config.width) for _ in range(2)]
    vector = torch.from_numpy(x[:1])[None]

    def eager(module: torch.nn.Module) -> Step:
        def step() -> None:
            with torch.no_grad():
                module(vector, (state[0], state[1]))

        return step

    plain = numpy_step(layers, x[0], lambda x, matrix, _: x @ matrix)
    found: dict[str, tuple[int, int, Step]] = {
        "numpy": (1, 1, plain),
        "numpy, two threads": (2, 1, plain),
        "torch eager": (1, 1, eager(trunk.lstm)),
        "torch int8 (dynamic)": (1, 1, eager(small)),
    }
    found |= {name: (1, 1, step) for name, step in (numba_step(layers, x[0]) | onnx_steps(layers, x[0])).items()}
    found["ONNX Runtime, 8 bits, its LSTM"] = 1, 1, lambda: memory.step(row, x[:1])
    found["the same, on end"] = 1, ON_END, lambda: memory.read(0, x)
    return found


class Stepping(torch.nn.Module):
    """A trunk that runs as the decoder does, event by event."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.memory = QuantizedLSTM(checkpoint.weights, checkpoint.config.layers, 1)

    def forward(self, x: torch.Tensor, _: Any) -> tuple[torch.Tensor, list[torch.Tensor]]:
        self.memory.forget(0)
        return torch.from_numpy(np.stack([self.memory.read(0, each[None]) for each in x[0].numpy()]))[None], []


class Fields(torch.nn.Module):
    """The product that all heads share, in eight bits."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.product, self.bias = (
            quantized_product(checkpoint.weights["fields.weight"].T),
            checkpoint.weights["fields.bias"],
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.product(z.numpy()) + self.bias)


@torch.no_grad()
def bits(checkpoint: Checkpoint, pack: Path, songs: int) -> None:
    """Print what rounding costs on held-out songs, event by event."""
    from composer.training.collate import collate
    from composer.training.evaluate import held_out
    from composer.training.packing import open_pack

    network = Network(checkpoint.config).eval()
    network.load_state_dict({name: torch.from_numpy(checkpoint.weights[name]) for name in checkpoint.weights})
    batches = [
        collate([(training_example(song, brief), song, brief)])
        for song, brief in held_out(open_pack(pack), checkpoint.config, songs)
    ]
    notes = sum(int((batch.target_kind[batch.asked] == 2).sum()) for batch in batches)

    def count() -> float:
        total = 0.0
        for batch in batches:
            losses = field_losses(network(batch)[0], batch)
            total += sum(float(losses[field].sum()) for field in FIELDS)
        return total / notes / math.log(2)

    base = count()
    print(f"\n{len(batches)} held-out excerpts, {notes} notes; bits a note in float32: {base:.4f}")
    network.trunk = Stepping(checkpoint)
    print(f"trunk in eight bits: {count() - base:+.4f}")
    network.fields = Fields(checkpoint)  # type: ignore[assignment]
    print(f"trunk and the heads' shared product in eight bits: {count() - base:+.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, help="songs to count bits a note on (default: none are counted)")
    parser.add_argument("--songs", type=int, default=48, help="default 48")
    said = parser.parse_args()
    warnings.simplefilter("ignore")
    checkpoint = load_checkpoint()
    found = engines(checkpoint)
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, (threads, events, step) in found.items():
            torch.set_num_threads(threads)
            repeats = max(1, STEPS // events)
            with threadpool_limits(threads, "blas"):
                step()
                begun = time.perf_counter()
                for _ in range(repeats):
                    step()
                times[name].append((time.perf_counter() - begun) / repeats / events * 1e6)
    base = statistics.median(times["numpy"])
    print(
        f"| {'engine':36} | µs an event | quickest | against numpy |\n|{'-' * 38}|-------------|----------|---------------|"
    )
    for name, row in times.items():
        median = statistics.median(row)
        print(f"| {name:36} | {median:11.0f} | {min(row):8.0f} | {median / base:12.2f}× |")
    if said.pack:
        torch.set_num_threads(1)
        bits(checkpoint, said.pack, said.songs)


if __name__ == "__main__":
    main()
