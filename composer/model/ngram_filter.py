"""Blocks long copies of training songs: their note n-grams in a Bloom filter, and a guard that checks every note against it.

A note is named by what leads to it: the interval and the time since the one before (drums: the instrument), in any key, on any
bar. Of every training part each EVERY-th run of `STEPS` such steps is kept. Whoever shares STEPS + EVERY - 1 steps with a song
has therefore met a kept run on the way, and `NgramGuard` says so before the note is played. A Bloom filter (Bloom 1970) never
misses an n-gram it holds; its rare false positives each cost the band a note.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.gm import ROLES
from composer.model.sidecar import read_sidecar, write_sidecar
from composer.vocab import bar_starts

FILE = "known_runs.safetensors"
CARD_FIELD = "known_runs_sha256"
EVERY = 8
_STEPS, _DRUM_STEPS = 40, 55
_PROBES = 8
_BASE = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_WORD = (1 << 64) - 1
_LONGEST_TIME = 1023


def steps_kept(part: int) -> int:
    """Steps of a kept run of a part; there is a note more than steps."""
    return _DRUM_STEPS if ROLES[part] == "drums" else _STEPS


def longest_run(part: int) -> int:
    """The most notes on end that a watched part can share with a song."""
    return steps_kept(part) + EVERY - 1


def steps_of(notes: np.ndarray, bar_length: np.ndarray, part: int) -> np.ndarray:
    """The steps between one part's notes, in the order in which they are written: uint64, shape (notes - 1,)."""
    mine = np.sort(notes[notes["part"] == part], order=["bar", "position", "pitch"])
    start = bar_starts(bar_length)
    time = np.diff(start[mine["bar"]] + mine["position"].astype(np.int64))
    pitch = mine["pitch"].astype(np.int64)
    what = pitch[1:] if ROLES[part] == "drums" else np.diff(pitch) + 128
    name = np.minimum(time, _LONGEST_TIME) << 12 | what | part << 24
    return scrambled(name.astype(np.uint64))


def scrambled(value: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser (Steele, Lea & Flood 2014), never 0 in practice; uint64 in and out."""
    value = (value + np.uint64(_BASE)).astype(np.uint64)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_MIX[0])
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_MIX[1])
    return np.asarray(value ^ (value >> np.uint64(31)))


def _scrambled(value: int) -> int:
    """The same of one number."""
    value = value + _BASE & _WORD
    value = (value ^ value >> 30) * _MIX[0] & _WORD
    value = (value ^ value >> 27) * _MIX[1] & _WORD
    return value ^ value >> 31


def runs_of(steps: np.ndarray, length: int) -> np.ndarray:
    """Hash of every `length` steps on end, as a polynomial in _BASE modulo 2^64: uint64, shape (steps - length + 1,)."""
    if len(steps) < length:
        return np.zeros(0, np.uint64)
    total = np.zeros(len(steps) + 1, np.uint64)
    unit = np.uint64(pow(_BASE, -1, 1 << 64))
    shrunk = np.cumprod(np.full(len(steps), unit), dtype=np.uint64)  # _BASE^-(i + 1)
    np.cumsum(steps * shrunk, dtype=np.uint64, out=total[1:])
    grown = np.cumprod(np.full(len(steps), np.uint64(_BASE)), dtype=np.uint64)  # _BASE^(i + 1)
    return np.asarray((total[length:] - total[:-length]) * grown[length - 1 :])


@dataclass(frozen=True)
class NgramFilter:
    """Bloom filters, one for each set of songs that a model has been trained on: the last run's, and those of its ancestors."""

    filters: tuple[np.ndarray, ...]
    """uint8, each a power of two long; every bit is one place."""

    @classmethod
    def empty(cls, size_bytes: int = 1 << 21) -> NgramFilter:
        """One filter, of a power of two of bytes."""
        return cls((np.zeros(size_bytes, np.uint8),))

    @classmethod
    def of(cls, runs: np.ndarray) -> NgramFilter:
        """One filter that holds these runs, with 16 to 32 bits for each: fewer than one in a thousand others is taken for known."""
        found = cls.empty(1 << max(int(np.ceil(np.log2(2 * max(len(runs), 1)))), 10))
        found.add(runs)
        return found

    def beside(self, ancestor: NgramFilter) -> NgramFilter:
        """These and an ancestor's, each in its own filter."""
        return NgramFilter(self.filters + ancestor.filters)

    def add(self, runs: np.ndarray) -> None:
        """Keep runs by their hashes, uint64, in the first filter."""
        bits = self.filters[0]
        mixed = scrambled(runs)
        first, stride = mixed, mixed >> np.uint64(32) | np.uint64(1)
        for probe in range(_PROBES):
            place = (first + np.uint64(probe) * stride) & np.uint64(8 * len(bits) - 1)
            np.bitwise_or.at(bits, place >> np.uint64(3), (1 << (place & np.uint64(7))).astype(np.uint8))

    def __contains__(self, run: int) -> bool:
        first = _scrambled(run)
        return any(_holds(bits, first) for bits in self.filters)

    def save(self, folder: Path) -> str:
        """Write it beside the weights; returns the hash for the card."""
        named = {"bits" if i == 0 else f"bits {i}": bits for i, bits in enumerate(self.filters)}
        return write_sidecar(folder, FILE, named, {"every": EVERY})


def _holds(bits: np.ndarray, first: int) -> bool:
    """Whether a filter has the places of a run, by its scrambled hash."""
    stride, last = first >> 32 | 1, 8 * len(bits) - 1
    for _ in range(_PROBES):
        place = first & last
        if not bits[place >> 3] >> (place & 7) & 1:
            return False
        first += stride
    return True


def load_ngram_filter(folder: Path, card: Mapping[str, Any]) -> NgramFilter | None:
    """Those of a checkpoint folder, None where it has none. Raises CheckpointError where they are not the card's."""
    found = read_sidecar(folder, FILE, card.get(CARD_FIELD))
    return None if found is None else NgramFilter(tuple(found[0][name] for name in sorted(found[0])))


class NgramGuard:
    """Follows what every part writes in one song, and knows beforehand which note would make a known run."""

    def __init__(self, known: NgramFilter, bar_length: np.ndarray) -> None:
        self.known = known
        self._start = bar_starts(bar_length).tolist()
        self._lines = {part: _Line(part) for part in range(1, len(ROLES))}

    def knows(self, part: int, bar: int, position: int, pitch: int) -> bool:
        """Whether a part would end a known run with this note."""
        line = self._lines[part]
        return line.is_full and line.run_with(self._start[bar] + position, pitch) in self.known

    def hear(self, part: int, bar: int, position: int, pitch: int) -> None:
        """A part plays this note. They come in order: bar, position, pitch."""
        self._lines[part].add(self._start[bar] + position, pitch)

    def save(self, part: int) -> _Line:
        """What it remembers of a part."""
        return copy(self._lines[part])

    def restore(self, part: int, saved: _Line) -> None:
        """Back to what was saved of a part."""
        self._lines[part] = copy(saved)


class _Line:
    """A part's last steps, one less than a kept run has."""

    def __init__(self, part: int) -> None:
        self.part, self.drums = part, ROLES[part] == "drums"
        self.length = steps_kept(part) - 1
        self.steps: deque[int] = deque()
        self.hash = 0
        self.oldest = pow(_BASE, self.length, 1 << 64)
        self.time, self.pitch = -1, 0

    def __copy__(self) -> _Line:
        twin = object.__new__(_Line)
        vars(twin).update(vars(self) | {"steps": self.steps.copy()})
        return twin

    @property
    def is_full(self) -> bool:
        return len(self.steps) == self.length

    def run_with(self, time: int, pitch: int) -> int:
        """Hash of these steps and one more."""
        return self.hash * _BASE + self._step(time, pitch) & _WORD

    def add(self, time: int, pitch: int) -> None:
        if self.time >= 0:
            step = self._step(time, pitch)
            self.hash = self.hash * _BASE + step & _WORD
            self.steps.append(step)
            if len(self.steps) > self.length:
                self.hash = self.hash - self.steps.popleft() * self.oldest & _WORD
        self.time, self.pitch = time, pitch

    def _step(self, time: int, pitch: int) -> int:
        what = pitch if self.drums else pitch - self.pitch + 128
        return _scrambled(min(time - self.time, _LONGEST_TIME) << 12 | what | self.part << 24)
