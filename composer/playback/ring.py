"""A lock-free ring buffer of audio in shared memory, between the process that renders and the one that feeds the sound card.

A stall of the renderer is audible only when it outlasts the buffer. One side writes, one reads, each with its own counter,
so that neither waits for the other.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np

COUNTS = ("written", "read", "ended", "closed", "asked", "gaps")
"""Frames; whether the maker has no more; whether the reader has gone; how often it was asked, and how often in vain."""


class Ring:
    """`frames` frames of `rows` rows of float32. `memory` is another's: the same ring, seen from another process."""

    def __init__(self, rows: int, frames: int, memory: Any = None, context: BaseContext | None = None) -> None:
        self.rows, self.frames = rows, frames
        make = (context or multiprocessing).RawArray
        self.memory = memory if memory is not None else (make("f", rows * frames), make("d", len(COUNTS)))
        sound, counts = self.memory
        self._sound = np.frombuffer(sound, np.float32).reshape(rows, frames)
        self._counts = np.frombuffer(counts, np.float64)

    def told(self, name: str) -> int:
        return int(self._counts[COUNTS.index(name)])

    def _tell(self, name: str, value: int) -> None:
        self._counts[COUNTS.index(name)] = value

    @property
    def waiting(self) -> int:
        """Frames that lie ready."""
        return self.told("written") - self.told("read")

    @property
    def over(self) -> bool:
        """Everything has been made and read."""
        return bool(self.told("ended")) and self.waiting <= 0

    def write(self, sound: np.ndarray) -> None:
        """Add sound (rows, frames); there must be room for it."""
        at = self.told("written")
        for here, there in self._pieces(at, sound.shape[1]):
            self._sound[:, there] = sound[:, here]
        self._tell("written", at + sound.shape[1])

    def fill(self, frames: int, out: np.ndarray) -> None:
        """The next frames into out (rows, frames), which is silent; what is not there yet stays silent: a gap."""
        at = self.told("read")
        take = min(frames, self.told("written") - at)
        for here, there in self._pieces(at, take):
            out[:, here] = self._sound[: len(out), there]
        self._tell("read", at + take)
        self._tell("asked", self.told("asked") + 1)
        if take < frames and not self.told("ended"):
            self._tell("gaps", self.told("gaps") + 1)

    def end(self) -> None:
        """The maker: no more will come."""
        self._tell("ended", 1)

    def close(self) -> None:
        """The reader: nobody listens any more."""
        self._tell("closed", 1)

    @property
    def closed(self) -> bool:
        return bool(self.told("closed"))

    def _pieces(self, at: int, frames: int) -> list[tuple[slice, slice]]:
        """So many frames from a count on, as (outside, inside the ring): in two where the ring begins anew."""
        start = at % self.frames
        first = min(frames, self.frames - start)
        pieces = [(slice(0, first), slice(start, start + first))]
        if first < frames:
            pieces.append((slice(first, frames), slice(0, frames - first)))
        return pieces
