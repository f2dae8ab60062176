"""Long sounds in a temporary file instead of memory, to be used like any other array."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref

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
            room = _Room(file.fileno(), size)
            room.file = os.dup(file.fileno())
            weakref.finalize(room, os.close, room.file)
            return np.frombuffer(room, np.float32).reshape(shape)
    except OSError:
        return np.zeros(shape, np.float32)


class _Room(mmap.mmap):
    """A file in memory that can still be written to as a file."""

    file: int


def _room(array: np.ndarray) -> _Room | None:
    """Where an array from `silence`, or a piece of one, lies; None for memory."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, _Room) else None


def scratch(place: np.ndarray) -> np.ndarray:
    """Where to work out what `put` then puts into a place: the place itself in memory, beside it where it is a file's."""
    return place if _room(place) is None else np.empty(place.shape, np.float32)


def put(place: np.ndarray, sound: np.ndarray) -> None:
    """place[...] = sound, both (rows, frames). A file is written as a file: page by page, as memory, takes several times as long."""
    room = _room(place)
    if room is None:
        if place is not sound:
            place[:] = sound
        return
    start = np.frombuffer(room, np.uint8).ctypes.data
    for row, values in zip(place, sound, strict=True):
        left, at = np.ascontiguousarray(values, np.float32).data.cast("B"), row.ctypes.data - start
        while left:
            done = os.pwrite(room.file, left, at)
            left, at = left[done:], at + done


def rest(array: np.ndarray) -> None:
    """Release the memory, but not the values, of a disk-backed array from `silence`."""
    room = _room(array)
    if room is not None:
        room.madvise(mmap.MADV_DONTNEED)
