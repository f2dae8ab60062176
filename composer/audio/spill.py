"""Long sounds in a temporary file instead of memory, to be used like any other array."""

from __future__ import annotations

import mmap
import os
import tempfile

import numpy as np

IN_MEMORY = 96 << 20
"""Arrays of fewer bytes are not worth a file."""


def silence(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros, float32: in a nameless file that vanishes with the array where they are many and the disk has room."""
    size = 4 * int(np.prod(shape))
    if size < IN_MEMORY or not hasattr(os, "posix_fallocate"):
        return np.zeros(shape, np.float32)
    try:
        with tempfile.TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk says so here, not in the middle of the music
            return np.frombuffer(mmap.mmap(file.fileno(), size), np.float32).reshape(shape)
    except OSError:
        return np.zeros(shape, np.float32)


def rest(array: np.ndarray) -> None:
    """Give back the memory, not the values, of what was used last of an array from `silence`, wherever it lies."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)
