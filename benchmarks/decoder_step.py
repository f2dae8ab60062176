"""One step of the shipped trunk in several engines: why the decoder is numpy on one thread.

    python benchmarks/decoder_step.py          (needs torch; ONNX Runtime and onnx are tried if they are installed)

A step is one event of 256 through a two-layer LSTM of 512 at batch 1. Engines are timed in turn, round after round, so that a
noisy machine is noisy for all; figures are medians in microseconds.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from composer.model.config import ModelConfig
from composer.model.network import LSTMTrunk
from composer.model.products import alone
from composer.model.trunk import LSTMMemory

ROUNDS, STEPS = 15, 40


def engines(trunk: LSTMTrunk, config: ModelConfig) -> dict[str, tuple[int, Callable[[], object]]]:
    """Name → (threads, one step)."""
    weights = {f"trunk.{name}": tensor.detach().numpy() for name, tensor in trunk.state_dict().items()}
    memory = LSTMMemory(weights, config.layers, 1, alone)
    x = np.random.default_rng(0).standard_normal(config.embedding).astype(np.float32)
    row = np.array([0])
    state = [torch.zeros(config.layers, 1, config.width) for _ in range(2)]
    vector = torch.from_numpy(x)[None, None]
    small = torch.ao.quantization.quantize_dynamic(trunk.lstm, {torch.nn.LSTM}, torch.qint8)

    def told() -> None:
        memory.step(row, x[None])

    def eager(module: torch.nn.Module) -> Callable[[], object]:
        def step() -> None:
            with torch.no_grad():
                module(vector, (state[0], state[1]))

        return step

    found: dict[str, tuple[int, Callable[[], object]]] = {
        "numpy, one thread": (1, told),
        "numpy, two threads": (2, told),
        "torch eager, one thread": (1, eager(trunk.lstm)),
        "torch eager, two threads": (2, eager(trunk.lstm)),
        "torch int8 (dynamic), one thread": (1, eager(small)),
    }
    return found | {name: (1, step) for name, step in onnx_engines(weights, config, x).items()}


def onnx_engines(weights: dict[str, np.ndarray], config: ModelConfig, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """The same step as an ONNX graph of plain products, float32 and int8; {} where the packages are missing."""
    try:
        import onnxruntime as ort
        from onnx import TensorProto, helper, numpy_helper
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError:
        return {}
    nodes, initial, inputs, outputs = (
        [],
        [],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, config.embedding])],
        [],
    )
    current = "x"
    for layer in range(config.layers):
        joined = np.concatenate([weights[f"trunk.lstm.weight_{side}_l{layer}"] for side in ("ih", "hh")], axis=1).T
        bias = weights[f"trunk.lstm.bias_ih_l{layer}"] + weights[f"trunk.lstm.bias_hh_l{layer}"]
        n = f"l{layer}"
        initial += [
            numpy_helper.from_array(np.ascontiguousarray(joined), f"{n}.w"),
            numpy_helper.from_array(bias, f"{n}.b"),
        ]
        for name in ("h", "c"):
            inputs.append(helper.make_tensor_value_info(f"{n}.{name}", TensorProto.FLOAT, [1, config.width]))
            outputs.append(helper.make_tensor_value_info(f"{n}.{name}2", TensorProto.FLOAT, [1, config.width]))
        nodes += [
            helper.make_node("Concat", [current, f"{n}.h"], [f"{n}.xh"], axis=1),
            helper.make_node("MatMul", [f"{n}.xh", f"{n}.w"], [f"{n}.m"]),
            helper.make_node("Add", [f"{n}.m", f"{n}.b"], [f"{n}.g"]),
            helper.make_node("Split", [f"{n}.g"], [f"{n}.i", f"{n}.f", f"{n}.z", f"{n}.o"], axis=1, num_outputs=4),
            *(helper.make_node("Sigmoid", [f"{n}.{k}"], [f"{n}.{k}s"]) for k in "ifo"),
            helper.make_node("Tanh", [f"{n}.z"], [f"{n}.zt"]),
            helper.make_node("Mul", [f"{n}.fs", f"{n}.c"], [f"{n}.fc"]),
            helper.make_node("Mul", [f"{n}.is", f"{n}.zt"], [f"{n}.iz"]),
            helper.make_node("Add", [f"{n}.fc", f"{n}.iz"], [f"{n}.c2"]),
            helper.make_node("Tanh", [f"{n}.c2"], [f"{n}.ct"]),
            helper.make_node("Mul", [f"{n}.os", f"{n}.ct"], [f"{n}.h2"]),
        ]
        current = f"{n}.h2"
    model = helper.make_model(
        helper.make_graph(nodes, "lstm", inputs, outputs, initial), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    feed = {"x": x[None]} | {
        f"l{i}.{k}": np.zeros((1, config.width), np.float32) for i in range(config.layers) for k in "hc"
    }
    full = ort.InferenceSession(model.SerializeToString(), options)
    found: dict[str, Callable[[], object]] = {"ONNX Runtime float32, one thread": lambda: full.run(None, feed)}
    with tempfile.TemporaryDirectory() as folder:
        quantised = Path(folder, "int8.onnx")
        quantize_dynamic(model, quantised, weight_type=QuantType.QInt8)
        small = ort.InferenceSession(str(quantised), options)
    return found | {"ONNX Runtime int8, one thread": lambda: small.run(None, feed)}


def main() -> None:
    warnings.simplefilter("ignore")
    config = ModelConfig.small()
    trunk = LSTMTrunk(config).eval()
    found = engines(trunk, config)
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, (threads, step) in found.items():
            torch.set_num_threads(threads)
            with threadpool_limits(threads, "blas"):
                step()
                begun = time.perf_counter()
                for _ in range(STEPS):
                    step()
                times[name].append((time.perf_counter() - begun) / STEPS * 1e6)
    base = statistics.median(times["numpy, one thread"])
    print(f"| {'engine':34} | µs a step | against numpy |\n|{'-' * 36}|-----------|---------------|")
    for name, row in times.items():
        median = statistics.median(row)
        print(f"| {name:34} | {median:9.0f} | {median / base:12.2f}× |")


if __name__ == "__main__":
    main()
