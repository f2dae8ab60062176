"""Sidecar files of a checkpoint: small tables, each with its hash on the card, so that signing the card signs them too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from composer.errors import CheckpointError

_ABOUT = "about"


def write_sidecar(folder: Path, file: str, arrays: Mapping[str, np.ndarray], about: Any) -> str:
    """Write arrays, and what is said of them as JSON; returns the hash for the card."""
    from safetensors.numpy import save

    blob = save(dict(arrays), {_ABOUT: json.dumps(about, ensure_ascii=False)})
    (folder / file).write_bytes(blob)
    return hashlib.sha256(blob).hexdigest()


def read_sidecar(folder: Path, file: str, sha256: str | None) -> tuple[dict[str, np.ndarray], Any] | None:
    """The arrays and what is said of them; None where the card speaks of none. Raises CheckpointError where it is not the card's."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / file
    if sha256 is None:
        return None
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}, but the card lists it; get the checkpoint again") from None
    if hashlib.sha256(blob).hexdigest() != sha256:
        raise CheckpointError(f"{path}: does not match its hash on the card; get the checkpoint again")
    try:
        size = int.from_bytes(blob[:8], "little")
        about = json.loads(json.loads(blob[8 : 8 + size])["__metadata__"][_ABOUT])
        return load(blob), about
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: is damaged ({error}); get the checkpoint again") from None
