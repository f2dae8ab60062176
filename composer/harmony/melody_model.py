"""The harmoniser: melody in, log probabilities of chords per beat out. Dilated convolutions over beats, in plain numpy.

Networks of two kinds are averaged (trained by composer.training.harmony, which has the same in torch). "convolution": a
linear layer, residual blocks of layer norm → convolution over three beats, `dilation` apart → gate (WaveNet's, van den Oord
et al. 2016, without tanh), a layer norm and a linear layer to QUALITIES x 12 roots. "circular": the same over beats, but
alike for all twelve pitch classes (`circular`). Roots and pitch classes count from the tonic of the melody's major scale (of
the relative major, where it is minor), so that one song in twelve keys is one song.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.errors import CheckpointError
from composer.harmony.chord import Chord
from composer.harmony.circular import circular_logits
from composer.harmony.melody_features import WIDTH
from composer.trust.signature import SIGNATURE, check

QUALITIES = ("", "m", "7", "maj7", "m7", "dim", "m7b5")
"""Suffixes that the model tells apart; `quality_of` maps every chord to one."""
STATES = 12 * len(QUALITIES)
KINDS = ("convolution", "circular")
WEIGHTS, CONFIG = "weights.safetensors", "config.json"
_EPSILON = 1e-5


def quality_of(chord: Chord) -> int:
    """Index in QUALITIES of the nearest quality: suspended, augmented and power chords count as major."""
    steps = {(tone - chord.root) % 12 for tone in chord.tones}
    if 4 in steps or 3 not in steps:
        name = "maj7" if {4, 11} <= steps else "7" if 10 in steps else ""
    elif 6 in steps and 7 not in steps:
        name = "m7b5" if 10 in steps else "dim"
    else:
        name = "m7" if 10 in steps else "m"
    return QUALITIES.index(name)


@dataclass(frozen=True)
class MelodyModel:
    """Weights of an ensemble of networks, averaged in probability."""

    dilations: tuple[int, ...]
    members: tuple[tuple[str, dict[str, np.ndarray]], ...]
    """(kind, weights by name) for each network, float32."""
    shares: tuple[float, ...] | None = None
    """How much each network's probabilities count, None for alike."""

    @classmethod
    def load(cls, folder: Path | None = None) -> MelodyModel:
        """Weights from a checkpoint folder, the shipped one by default. Raises CheckpointError."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        shipped, folder = folder is None, default_harmony() if folder is None else folder
        try:
            config = json.loads((folder / CONFIG).read_text())
            blob = (folder / WEIGHTS).read_bytes()
            if shipped or (folder / SIGNATURE).exists():
                check(folder, {WEIGHTS: hashlib.sha256(blob).hexdigest()}, shipped)
            tensors = load(blob)
        except (OSError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"{folder}: the chord model cannot be read ({error}); reinstall composer") from None
        if config.get("features") != WIDTH or tuple(config.get("qualities", ())) != QUALITIES:
            raise CheckpointError(
                f"{folder}: made for {config.get('features')} features and qualities {config.get('qualities')},"
                f" this version has {WIDTH} and {list(QUALITIES)}; train it again"
            )
        if not set(config["members"]) <= set(KINDS):
            raise CheckpointError(f"{folder}: networks {config['members']}, but this version has {list(KINDS)}")
        members: list[dict[str, np.ndarray]] = [{} for _ in config["members"]]
        for name, array in tensors.items():
            member, _, rest = name.partition(".")
            members[int(member)][rest] = array.astype(np.float32)
        shares = tuple(float(share) for share in config["shares"]) if "shares" in config else None
        if shares is not None and len(shares) != len(members):
            raise CheckpointError(f"{folder}: {len(shares)} shares for {len(members)} networks")
        return cls(tuple(config["dilations"]), tuple(zip(config["members"], members, strict=True)), shares)

    def log_probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (beats, WIDTH) → log probabilities (beats, STATES), state 12 * quality + root above the reference."""
        chances = [_softmax(_logits(kind, weights, self.dilations, features)) for kind, weights in self.members]
        return np.asarray(np.log(np.average(chances, axis=0, weights=self.shares) + 1e-9))


def default_harmony() -> Path:
    """The shipped chord model: in the source tree, else beside the installed package."""
    package = Path(__file__).resolve().parent.parent
    for place in (package.parent / "checkpoints" / "harmony", package / "checkpoints" / "harmony"):
        if (place / WEIGHTS).exists():
            return place
    raise CheckpointError("the shipped chord model is missing: reinstall composer, or give chords with --chords")


def _logits(kind: str, weights: dict[str, np.ndarray], dilations: tuple[int, ...], features: np.ndarray) -> np.ndarray:
    """Logits, shape (beats, STATES)."""
    if kind == "circular":
        return circular_logits(weights, dilations, features).reshape(len(features), STATES)
    return _convolution(weights, dilations, features)


def _convolution(weights: dict[str, np.ndarray], dilations: tuple[int, ...], features: np.ndarray) -> np.ndarray:
    """Logits, shape (beats, STATES)."""
    hidden = np.maximum(features @ weights["inp.weight"].T + weights["inp.bias"], 0.0)
    for index, dilation in enumerate(dilations):
        name = f"blocks.{index}."
        normal = _layer_norm(hidden, weights[name + "norm.weight"], weights[name + "norm.bias"])
        edge = np.zeros((dilation, normal.shape[1]), np.float32)
        padded = np.concatenate([edge, normal, edge])
        kernel = weights[name + "conv.weight"]
        mixed = weights[name + "conv.bias"] + sum(
            padded[tap * dilation : tap * dilation + len(normal)] @ kernel[:, :, tap].T for tap in range(3)
        )
        value, gate = np.split(mixed, 2, axis=1)
        hidden = hidden + value / (1.0 + np.exp(-gate))
    normal = _layer_norm(hidden, weights["norm.weight"], weights["norm.bias"])
    return np.asarray(normal @ weights["out.weight"].T + weights["out.bias"])


def _layer_norm(values: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centred = values - values.mean(1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(1, keepdims=True) + _EPSILON) * scale + shift)


def _softmax(logits: np.ndarray) -> np.ndarray:
    chances = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(chances / chances.sum(1, keepdims=True))
