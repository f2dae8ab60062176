"""A run in pieces small enough for a machine that hands back little: a folder of files of at most 16 MB, joined again on resume.

To be small it is not exact: the optimiser's moments and the moving average are kept in bfloat16. `resume.pt` of the run is exact.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from composer.errors import InputError

PIECE_BYTES = 16_000_000
MANIFEST = "pieces.json"


def split(saved: dict[str, Any], folder: Path, size: int = PIECE_BYTES) -> int:
    """Write a resume file's content as pieces; returns how many. Pieces of an earlier save go."""
    buffer = io.BytesIO()
    torch.save(saved | {"optimizer": _lean(saved["optimizer"]), "average": _lean(saved["average"])}, buffer)
    blob = buffer.getvalue()
    folder.mkdir(parents=True, exist_ok=True)
    count = -(-len(blob) // size)
    for i in range(count):
        (folder / f"piece-{i:02d}.bin").write_bytes(blob[i * size : (i + 1) * size])
    for path in folder.glob("piece-*.bin"):
        if int(path.stem.removeprefix("piece-")) >= count:
            path.unlink()
    facts = {"pieces": count, "bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest(), "step": saved["step"]}
    (folder / MANIFEST).write_text(json.dumps(facts))
    return count


def join(folder: Path) -> dict[str, Any] | None:
    """What was split into `folder`, None where nothing was. Raises InputError where a piece is missing or damaged."""
    if not (folder / MANIFEST).exists():
        return None
    facts = json.loads((folder / MANIFEST).read_text())
    try:
        blob = b"".join((folder / f"piece-{i:02d}.bin").read_bytes() for i in range(facts["pieces"]))
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: a piece of the run is missing; copy all {facts['pieces']}") from None
    if hashlib.sha256(blob).hexdigest() != facts["sha256"]:
        raise InputError(f"{folder}: the pieces do not add up to the run; copy them again")
    saved: dict[str, Any] = torch.load(io.BytesIO(blob), map_location="cpu", weights_only=True)
    return saved | {"optimizer": _full(saved["optimizer"]), "average": _full(saved["average"])}


def _lean(value: Any) -> Any:
    if isinstance(value, Tensor) and value.dtype == torch.float32 and value.ndim:
        return value.bfloat16()
    if isinstance(value, dict):
        return {key: _lean(inner) for key, inner in value.items()}
    return value


def _full(value: Any) -> Any:
    if isinstance(value, Tensor) and value.dtype == torch.bfloat16:
        return value.float()
    if isinstance(value, dict):
        return {key: _full(inner) for key, inner in value.items()}
    return value
