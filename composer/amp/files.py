"""Amplifiers as files: Neural Amp Modeler's .nam, and the JSON that GuitarML's trainers write. Ours are .nam files, too.

A .nam file is JSON with the architecture, its layout and all weights in one row. Versions 0.5 to 0.7 are read; what such a
file holds more than we know is refused with a word, never guessed: the row must come out even.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from composer.amp.lstm import Lstm, LstmLayer
from composer.amp.model import Amp, Network
from composer.amp.wavenet import ACTIVATIONS, Layer, Stack, WaveNet
from composer.errors import AudioError

NAM_RATE, GUITARML_RATE = 48_000, 44_100
"""What files mean that name no sample rate."""
VERSION = "0.5.4"
"""Of the files we write."""
READABLE = ("0.5", "0.6", "0.7")
MAX_BYTES = 64 << 20


def shipped() -> dict[str, Path]:
    """The amplifiers that come along, by name."""
    folder = Path(__file__).parent / "models"
    return {path.stem: path for path in sorted(folder.glob("*.nam"))}


def load(name: str | Path) -> Amp:
    """A shipped amplifier by name, or a .nam or .json file. Raises AudioError where it cannot be read."""
    ours = shipped()
    path = ours.get(str(name), Path(name).expanduser())
    if not path.is_file():
        raise AudioError(f"{name}: no such amplifier; give a .nam or .json file, or one of: {', '.join(ours)}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AudioError(f"{path}: too large for an amplifier file")
        data = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError):
        raise AudioError(f"{path}: cannot be read as an amplifier; .nam and .json files are JSON text") from None
    if not isinstance(data, dict):
        raise AudioError(f"{path}: not an amplifier file; a .nam or GuitarML file is a JSON object")
    try:
        if "architecture" in data:
            return _nam(path, data)
        if "model_data" in data and "state_dict" in data:
            return _guitarml(path, data)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise AudioError(
            f"{path}: not a valid amplifier file ({type(error).__name__}: {error}); export it again"
        ) from None
    raise AudioError(f"{path}: an unsupported amplifier file; give a .nam file or one of GuitarML's LSTM files")


def save(amp: Amp, path: str | Path) -> Path:
    """Write a .nam file that Neural Amp Modeler's players read as well."""
    path = Path(path)
    network = amp.network
    if isinstance(network, Lstm):
        config, weights = _lstm_row(network)
    elif isinstance(network, WaveNet):
        config, weights = _wavenet_row(network)
    else:
        raise AssertionError(f"no file form for {type(network).__name__}")
    data = {
        "version": VERSION,
        "metadata": {"name": amp.name, **amp.metadata, **({"esr": amp.esr} if amp.esr is not None else {})},
        "architecture": network.kind,
        "config": config,
        "weights": [float(f"{weight:.7g}") for weight in weights],
        "sample_rate": amp.sample_rate,
    }
    path.write_text(json.dumps(data) + "\n", "utf-8")
    return path


class _Row:
    """Weights taken one after another."""

    def __init__(self, path: Path, values: Any) -> None:
        self._path, self._values, self._at = path, np.asarray(values, np.float32).ravel(), 0
        if not np.isfinite(self._values).all():
            raise AudioError(f"{path}: contains weights that are not finite numbers; export it again")

    def take(self, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        taken = self._values[self._at : self._at + count]
        if len(taken) != count:
            raise AudioError(f"{self._path}: has too few weights for its layout; it is truncated or of a newer version")
        self._at += count
        return np.array(taken.reshape(shape))

    def end(self) -> None:
        left = len(self._values) - self._at
        if left:
            raise AudioError(f"{self._path}: has {left} weights too many for its layout; its version is not supported")


def _nam(path: Path, data: dict[str, Any]) -> Amp:
    version = str(data.get("version", ""))
    if not version.startswith(READABLE):
        raise AudioError(
            f"{path}: .nam version {version or 'none'} is not supported, only {', '.join(READABLE)}; export it again"
        )
    kinds: dict[str, Callable[[Path, dict[str, Any], _Row], Network]] = {"LSTM": _nam_lstm, "WaveNet": _nam_wavenet}
    kind = data["architecture"]
    if kind not in kinds:
        raise AudioError(f"{path}: .nam architecture {kind} is not supported, only {' and '.join(kinds)}")
    row = _Row(path, data["weights"])
    network: Network = kinds[kind](path, data["config"], row)
    row.end()
    metadata = data["metadata"] if isinstance(data.get("metadata"), dict) else {}
    training = metadata.get("training")
    esr = metadata.get("esr", training.get("validation_esr") if isinstance(training, dict) else None)
    known = esr if isinstance(esr, float) else None
    name = str(metadata.get("name") or path.stem)
    return Amp(name, network, _rate(path, data.get("sample_rate") or NAM_RATE), known, metadata=metadata)


def _nam_lstm(path: Path, config: dict[str, Any], row: _Row) -> Lstm:
    inputs, size = int(config.get("input_size", 1)), int(config["hidden_size"])
    if inputs != 1:
        raise AudioError(f"{path}: this amplifier has knobs ({inputs - 1}); export it for one setting of them")
    layers = []
    for _ in range(int(config["num_layers"])):
        weights = row.take(4 * size, inputs + size)
        layers.append(LstmLayer(weights, row.take(4 * size), row.take(size), row.take(size)))
        inputs = size
    return Lstm(tuple(layers), row.take(size), float(row.take(1)[0]))


def _lstm_row(network: Lstm) -> tuple[dict[str, Any], np.ndarray]:
    if network.skip:
        raise AudioError("an amplifier with a skip connection has no .nam form; keep its .json file")
    pieces = [piece for one in network.layers for piece in (one.weights, one.bias, one.hidden, one.cell)]
    row = np.concatenate([piece.ravel() for piece in (*pieces, network.head, np.array([network.head_bias]))])
    return {"input_size": 1, "hidden_size": network.layers[0].size, "num_layers": len(network.layers)}, row


def _nam_wavenet(path: Path, config: dict[str, Any], row: _Row) -> WaveNet:
    if config.get("head"):
        raise AudioError(f"{path}: a WaveNet with a separate head is not supported; export it without one")
    stacks = []
    for part in config["layers"]:
        if int(part.get("condition_size", 1)) != 1:
            raise AudioError(f"{path}: this amplifier has knobs; export it for one setting of them")
        activation = part.get("activation", "Tanh")
        if activation not in ACTIVATIONS:
            raise AudioError(f"{path}: activation {activation} is not known; there are: {', '.join(ACTIVATIONS)}")
        channels, taps, gated = int(part["channels"]), int(part["kernel_size"]), bool(part.get("gated", False))
        outputs = channels * (2 if gated else 1)
        enter = row.take(channels, int(part["input_size"]))
        layers = []
        for dilation in part["dilations"]:
            kernel = row.take(outputs, channels, taps).transpose(0, 2, 1)
            bias, mixin = row.take(outputs), row.take(outputs, 1)
            layers.append(
                Layer(
                    kernel,
                    bias,
                    mixin,
                    row.take(channels, channels),
                    row.take(channels),
                    int(dilation),
                    activation,
                    gated,
                )
            )
        heads = int(part["head_size"])
        head = row.take(heads, channels)
        head_bias = row.take(heads) if part.get("head_bias") else np.zeros(heads, np.float32)
        stacks.append(Stack(enter, tuple(layers), head, head_bias))
    return WaveNet(tuple(stacks), float(row.take(1)[0]))


def _wavenet_row(network: WaveNet) -> tuple[dict[str, Any], np.ndarray]:
    parts, pieces = [], []
    for number, stack in enumerate(network.stacks):
        first, last = stack.layers[0], number == len(network.stacks) - 1
        pieces.append(stack.enter)
        for one in stack.layers:
            pieces += [one.kernel.transpose(0, 2, 1), one.bias, one.mixin, one.onward, one.onward_bias]
        pieces += [stack.head, *([stack.head_bias] if last else [])]
        parts.append(
            {
                "input_size": stack.enter.shape[1], "condition_size": 1, "head_size": len(stack.head),
                "channels": first.kernel.shape[2], "kernel_size": first.kernel.shape[1],
                "dilations": [one.dilation for one in stack.layers], "activation": first.activation,
                "gated": first.gated, "head_bias": last,
            }
        )  # fmt: skip
    row = np.concatenate([piece.ravel() for piece in (*pieces, np.array([network.scale]))])
    return {"layers": parts, "head": None, "head_scale": network.scale}, row


def _guitarml(path: Path, data: dict[str, Any]) -> Amp:
    model, state = data["model_data"], data["state_dict"]
    if model.get("unit_type", "LSTM") != "LSTM":
        raise AudioError(f"{path}: a {model['unit_type']} network; of GuitarML's files the LSTM ones are read")
    if int(model.get("input_size", 1)) != 1:
        raise AudioError(
            f"{path}: this amplifier has knobs ({int(model['input_size']) - 1}); use a file for one setting of them"
        )
    size = int(model["hidden_size"])
    layers, inputs = [], 1
    for number in range(int(model.get("num_layers", 1))):
        pieces = [np.asarray(state[f"rec.{what}_l{number}"], np.float32) for what in ("weight_ih", "weight_hh")]
        bias = sum(
            (np.asarray(state[f"rec.{what}_l{number}"], np.float32) for what in ("bias_ih", "bias_hh")),
            np.zeros(4 * size, np.float32),
        )
        weights = np.concatenate(pieces, axis=1)
        if weights.shape != (4 * size, inputs + size) or bias.shape != (4 * size,):
            raise AudioError(
                f"{path}: weights of shape {weights.shape} do not fit {size} hidden units; export it again"
            )
        layers.append(LstmLayer(weights, bias, np.zeros(size, np.float32), np.zeros(size, np.float32)))
        inputs = size
    head = np.asarray(state["lin.weight"], np.float32).reshape(-1)
    bias_of_head = float(np.asarray(state.get("lin.bias", [0.0]), np.float32).reshape(-1)[0])
    if head.shape != (size,):
        raise AudioError(f"{path}: a head of {len(head)} weights does not fit {size} hidden units; export it again")
    network = Lstm(tuple(layers), head, bias_of_head, float(model.get("skip", 0)))
    rate = _rate(path, data.get("sample_rate") or model.get("sample_rate") or GUITARML_RATE)
    return Amp(str(data.get("name") or path.stem), network, rate)


def _rate(path: Path, said: Any) -> int:
    rate = int(said)
    if not 8_000 <= rate <= 192_000:
        raise AudioError(f"{path}: an amplifier for {rate} Hz; 8000 to 192000 are known")
    return rate
