"""Writing files whole or not at all, and never over another by accident."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from composer.atomic import atomic_file
from composer.errors import MusicFileError, OutputError


@contextmanager
def new_file(path: str | os.PathLike[str], force: bool = False) -> Iterator[Path]:
    """An `atomic_file` to write in place of `path`, whose folder is made where it is missing.

    Raises OutputError where `path` exists (unless `force`), is a folder, or cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise OutputError(f"{target}: is a folder; give the name of a file in it")
    if target.exists() and not force:
        raise OutputError(f"{target}: already exists; give another name, or force (--force) to replace it")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(target) as scratch:
            yield scratch
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error}); choose another folder") from None


def write_bytes(path: str | os.PathLike[str], data: bytes, force: bool = False) -> None:
    """`data` as a new file; see `new_file`."""
    with new_file(path, force) as scratch:
        scratch.write_bytes(data)


def read_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """The whole file. Raises MusicFileError where there is none, it is empty, or it is over `most` bytes long."""
    source = Path(path)
    try:
        size = source.stat().st_size
        if source.is_dir():
            raise MusicFileError(f"{source}: is a folder; give one music file in it")
        if size > most:
            raise MusicFileError(f"{source}: is {size / 2**20:.0f} MB long, more than any song; give a single piece")
        data = source.read_bytes()
    except FileNotFoundError:
        raise MusicFileError(f"{source}: no such file; check the name and the folder") from None
    except OSError as error:
        raise MusicFileError(
            f"{source}: cannot be read ({error.strerror or error}); check the file and its permissions"
        ) from None
    if not data:
        raise MusicFileError(f"{source}: is empty (0 bytes); export or download it again")
    return data
