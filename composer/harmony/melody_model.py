"""The harmoniser: melody in, log probabilities of chords per beat out, from the mean of a few networks, in plain numpy.

composer.training.harmony trains them. Roots and pitch classes count from the tonic of the melody's major scale (of the
relative major, where it is minor), so that one song in twelve keys is one song. Beside the model lie the networks of a
cross-validation: each has left out one fold of the songs, and is only measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.errors import CheckpointError
from composer.harmony.chord import Chord
from composer.harmony.circular import CircularNetwork
from composer.harmony.melody_features import WIDTH
from composer.trust.signature import SIGNATURE, check

QUALITIES = ("", "m", "7", "maj7", "m7", "dim", "m7b5")
"""Suffixes that the model tells apart; `quality_of` maps every chord to one."""
STATES = 12 * len(QUALITIES)
WEIGHTS, CONFIG, FOLDS = "weights.safetensors", "config.json", "folds.safetensors"


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
    """Networks averaged in probability."""

    networks: tuple[CircularNetwork, ...]

    @classmethod
    def load(cls, folder: Path | None = None) -> MelodyModel:
        """Weights from a checkpoint folder, the shipped one by default. Raises CheckpointError."""
        from safetensors import SafetensorError

        shipped, folder = folder is None, default_harmony() if folder is None else folder
        try:
            config = json.loads((folder / CONFIG).read_text())
            blob = (folder / WEIGHTS).read_bytes()
            if shipped or (folder / SIGNATURE).exists():
                check(folder, {WEIGHTS: hashlib.sha256(blob).hexdigest()}, shipped)
            _agrees(folder, config)
            return cls(tuple(CircularNetwork(each, config["dilations"]) for each in _by_network(blob)))
        except (OSError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"{folder}: the chord model cannot be read ({error}); reinstall composer") from None

    @classmethod
    def load_folds(cls, folder: Path | None = None) -> tuple[MelodyModel, ...]:
        """The networks of the cross-validation: at place k that which has not seen fold k. Raises CheckpointError."""
        from safetensors import SafetensorError

        folder = default_harmony() if folder is None else folder
        try:
            config = json.loads((folder / CONFIG).read_text())
            blob = (folder / FOLDS).read_bytes()
            _agrees(folder, config)
            if hashlib.sha256(blob).hexdigest() != config["folds_sha256"]:
                raise CheckpointError(f"{folder / FOLDS}: not the networks that {CONFIG} tells of; get them again")
            return tuple(cls((CircularNetwork(each, config["dilations"]),)) for each in _by_network(blob))
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise CheckpointError(f"{folder}: no networks of a cross-validation can be read ({error})") from None

    def log_probabilities(self, features: np.ndarray) -> np.ndarray:
        """Features (beats, WIDTH) → log probabilities (beats, STATES), state 12 * quality + root above the reference."""
        chances = [_softmax(network.logits(features).reshape(len(features), STATES)) for network in self.networks]
        return np.asarray(np.log(np.mean(chances, axis=0) + 1e-9))


def default_harmony() -> Path:
    """The shipped chord model: in the source tree, else beside the installed package."""
    package = Path(__file__).resolve().parent.parent
    for place in (package.parent / "checkpoints" / "harmony", package / "checkpoints" / "harmony"):
        if (place / WEIGHTS).exists():
            return place
    raise CheckpointError("the shipped chord model is missing: reinstall composer, or give chords with --chords")


def _agrees(folder: Path, config: dict[str, Any]) -> None:
    """Raises CheckpointError unless the model was made for the features and qualities of this version."""
    if config.get("features") != WIDTH or tuple(config.get("qualities", ())) != QUALITIES:
        raise CheckpointError(
            f"{folder}: made for {config.get('features')} features and qualities {config.get('qualities')},"
            f" this version has {WIDTH} and {list(QUALITIES)}; train it again"
        )


def _by_network(blob: bytes) -> list[dict[str, np.ndarray]]:
    """Tensors named "0.…", "1.…" → each network's, float32."""
    from safetensors.numpy import load

    found: dict[int, dict[str, np.ndarray]] = {}
    for name, array in load(blob).items():
        number, _, rest = name.partition(".")
        found.setdefault(int(number), {})[rest] = array.astype(np.float32)
    return [found[number] for number in sorted(found)]


def _softmax(logits: np.ndarray) -> np.ndarray:
    chances = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(chances / chances.sum(1, keepdims=True))
