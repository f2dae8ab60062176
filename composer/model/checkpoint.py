"""Checkpoints: a folder of safetensors weights (half precision) with config.json and card.json beside them.

Loading shakes hands first: format, vocabulary, the weights' own hash and the signature must agree, or it says which does
not. Weights may be encrypted (`composer.trust.vault`); they are opened in memory only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from composer.atomic import atomic_file
from composer.errors import CheckpointError
from composer.model import examples, ngram_filter, style_fit
from composer.model.config import ModelConfig
from composer.model.examples import Examples, load_examples
from composer.model.ngram_filter import NgramFilter, load_ngram_filter
from composer.model.stored import StoredWeights
from composer.model.style_fit import StyleListener, load_listener
from composer.trust import register, signature, vault
from composer.trust.signature import CARD, CONFIG, WEIGHTS, Verdict
from composer.vocab import vocabulary_hash

__all__ = [
    "CARD",
    "CONFIG",
    "FILES",
    "WEIGHTS",
    "Checkpoint",
    "default_checkpoint",
    "load_checkpoint",
    "save_checkpoint",
]

FILES = (WEIGHTS, CONFIG, CARD, style_fit.FILE, examples.FILE, ngram_filter.FILE)
"""All that a checkpoint's folder may need to play: the weights, what is said of them, and the tables beside them."""


@dataclass(frozen=True)
class Checkpoint:
    """Weights by name (float32), the config they were made for, and the card that says where they come from."""

    config: ModelConfig
    weights: Mapping[str, np.ndarray]
    card: dict[str, Any]
    sha256: str
    signature: Verdict = field(default_factory=lambda: Verdict("unsigned"))
    listener: StyleListener | None = None
    """The classifier that judges whether the output sounds like the style; None where the folder has none."""
    examples: Examples = field(default_factory=Examples)
    """Bars of bands in every groove, for the band to hear before it plays."""
    ngram_filter: NgramFilter | None = None
    """The filter of long passages of the training songs, against copying; None where the folder has none."""


def default_checkpoint() -> Path:
    """The model that `composer models use` chose, else the shipped one."""
    return register.used_folder() or shipped_checkpoint()


def shipped_checkpoint() -> Path:
    """The shipped band model: in the source tree, else beside the installed package."""
    here = Path(__file__).resolve().parent.parent
    for place in (here.parent / "checkpoints" / "band", here / "checkpoints" / "band"):
        if (place / WEIGHTS).exists():
            return place
    raise CheckpointError(
        "the shipped model is missing: reinstall composer, or name a checkpoint folder with --checkpoint"
    )


def save_checkpoint(folder: Path, config: ModelConfig, weights: Mapping[str, np.ndarray], card: dict[str, Any]) -> str:
    """Write a checkpoint in half precision; returns the weights' sha256. An old signature there is removed."""
    from safetensors.numpy import save

    from composer.trust import record

    folder.mkdir(parents=True, exist_ok=True)
    blob = save({name: np.ascontiguousarray(array.astype(np.float16)) for name, array in weights.items()})
    digest = hashlib.sha256(blob).hexdigest()
    card = card | {"commit": record.commit(), "sha256": digest}
    signature.drop(folder)
    for name, content in (
        (WEIGHTS, blob),
        (CONFIG, json.dumps(config.to_json(), indent=1).encode()),
        (CARD, json.dumps(card, indent=1, ensure_ascii=False).encode()),
    ):
        with atomic_file(folder / name) as staged:
            staged.write_bytes(content)
    return digest


def load_checkpoint(folder: Path | str | None = None) -> Checkpoint:
    """Read and check a checkpoint: a folder, or a name in the user's register; the default one where none is named.

    Raises CheckpointError with both sides of whatever disagrees.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    place = default_checkpoint() if folder is None else register.resolve(folder)
    try:
        told, tale = (place / CONFIG).read_bytes(), (place / CARD).read_bytes()
        fields, card = json.loads(told), json.loads(tale)
        blob = _weights(place)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{place}: not a checkpoint, {Path(error.filename).name} is missing; name a folder made by training"
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{place}: cannot be read as a checkpoint ({error})") from None
    if fields.get("vocabulary") != vocabulary_hash():
        raise CheckpointError(
            f"{place}: made for vocabulary {fields.get('vocabulary')}, this version of composer has {vocabulary_hash()};"
            " use the checkpoint shipped with this version, or train again"
        )
    digest = hashlib.sha256(blob).hexdigest()
    if card.get("sha256") != digest:
        raise CheckpointError(
            f"{place}: the weights do not match their card (sha256 {digest[:12]} and {str(card.get('sha256'))[:12]}); get it again"
        )
    digests = {
        WEIGHTS: digest,
        CONFIG: hashlib.sha256(told).hexdigest(),
        CARD: hashlib.sha256(tale).hexdigest(),
    }
    verdict = signature.check(place, digests, shipped=place.resolve() == _shipped())
    try:
        weights = StoredWeights(load(blob))
    except SafetensorError as error:
        raise CheckpointError(f"{place}: {WEIGHTS} is damaged ({error}); get it again") from None
    beside = load_listener(place, card), load_examples(place, card), load_ngram_filter(place, card)
    return Checkpoint(ModelConfig.from_json(fields), weights, card, digest, verdict, *beside)


def _weights(place: Path) -> bytes:
    """The weights' bytes, decrypted where they are kept encrypted only."""
    locked = place / (WEIGHTS + vault.SUFFIX)
    if (place / WEIGHTS).exists() or not locked.exists():
        return (place / WEIGHTS).read_bytes()
    return vault.unlock(locked.read_bytes(), vault.ask_passphrase(str(place)), str(locked))


def _shipped() -> Path | None:
    try:
        return shipped_checkpoint().resolve()
    except CheckpointError:
        return None
