"""Seeds: what the pieces are made from. Found in files and folders, or written by the model itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from composer import formats
from composer.errors import InputError
from composer.score import Score

SUFFIXES = (*formats.MIDI_SUFFIXES, *formats.XML_SUFFIXES, *formats.ABC_SUFFIXES)
OWN = "own"
"""What the name of a seed begins with that the model writes itself."""


@dataclass(frozen=True)
class Seed:
    """One seed. `key` decides which pieces come of it: a file's bytes, wherever it lies, or the number of an own one."""

    name: str
    key: str
    """SHA-256 of the file's bytes; "own:3" for the fourth seed of the model's own."""
    path: str = ""
    """"" where the model writes it."""
    number: int = 0
    """Of those that the model writes, which."""

    def read(self) -> Score:
        """The music of a file's seed. Raises InputError."""
        return formats.load(self.path)


def find_seeds(paths: Sequence[str], own: int) -> tuple[list[Seed], list[str]]:
    """Every seed, each once however often its file lies about, and a line for each copy left out.

    NAME.mid and NAME.musicxml in one folder are one seed: what `composer arrange` wrote makes no piece twice.
    Raises InputError for a path that is not there, and for folders without music.
    """
    found: dict[str, Seed] = {}
    copies = []
    named: dict[Path, Path] = {}
    for text in paths:
        root = Path(text)
        for path in _files(root):
            key = hashlib.sha256(_bytes(path)).hexdigest()
            name = _text(path.relative_to(root).as_posix() if root.is_dir() else path.name)
            other = named.setdefault(path.with_suffix(""), path) if root.is_dir() else path
            if key in found:
                copies.append(f"{path}: the same bytes as {found[key].path}; used once")
            elif other != path:
                copies.append(f"{path}: the same piece as {other}; used once")
            else:
                found[key] = Seed(name, key, str(path))
    written = [Seed(f"{OWN}-{number:05d}", f"{OWN}:{number}", number=number) for number in range(own)]
    return [*found.values(), *written], copies


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError(f"{root}: no such file or folder of seeds")
    inside = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    visible = sorted(path for path in inside if not any(part.startswith(".") for part in path.relative_to(root).parts))
    if not visible:
        raise InputError(f"{root}: no music in this folder; seeds end in {', '.join(SUFFIXES)}")
    return visible


def _text(name: str) -> str:
    """A file's name as text that can be written down: one from another system may be no UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); leave it out of the seeds") from None
