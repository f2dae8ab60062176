"""SHA-256 of bytes and files: how one file is known from another."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(content: bytes | Path) -> str:
    """Of bytes, or of a file's without holding them all at once; as hex."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    with content.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
