"""Ids that nobody can guess, and names that every file system takes."""

from __future__ import annotations

import secrets
import unicodedata
from pathlib import Path

NAME_BYTES = 180


def new_id() -> str:
    """16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def short_name(name: str) -> str:
    """A file's name without folders and control characters, as long as any file system takes, with its ending."""
    path = Path("".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cs")))
    return cut(path.stem) + "".join(letter for letter in path.suffix.lower() if letter.isalnum() or letter == ".")[:10]


def cut(text: str) -> str:
    """Its beginning, between two characters: file systems count bytes, and endings are still to come."""
    return text[:80].encode()[:NAME_BYTES].decode("utf-8", "ignore")
