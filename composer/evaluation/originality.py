"""What was copied: the longest run of notes that a band shares with the songs it learned from, whatever the key.

A note is named by what leads to it (model/ngram_filter.py). Runs are found by hashes of n notes for
growing n; a place that does not match n notes cannot match n + 1, so the search thins out quickly and what it finds is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from composer.gm import ROLES
from composer.model.ngram_filter import scrambled, steps_of
from composer.training.packing import Pack
from composer.vocab import GridSong

SHORTEST = 8
"""Notes of a run that says nothing: shorter ones are not looked for."""
LONGEST_RUN = 512


@dataclass(frozen=True)
class Lines:
    """Many parts as one row of steps. Two steps of different lines never make a run."""

    steps: np.ndarray
    """Hash of (interval, time to the next note), uint64, shape (n,); 0 ends a line."""
    line: np.ndarray
    """Which line each step is of, shape (n,)."""
    level: dict[int, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def runs(self, length: int, at: np.ndarray) -> np.ndarray:
        """Hash of the `length` steps that begin at each place, as two overlapping runs of a power of two; uint64."""
        half = 1 << (length.bit_length() - 1)
        doubled = self._doubled(half)
        return _mixed(doubled[at], doubled[at + length - half])

    def room(self) -> np.ndarray:
        """Steps left in its line from each place on, shape (n,)."""
        ends = np.flatnonzero(np.append(np.diff(self.line) != 0, True)) if len(self.line) else np.zeros(0, int)
        return np.asarray(ends[np.searchsorted(ends, np.arange(len(self.line)))] - np.arange(len(self.line)) + 1)

    def _doubled(self, size: int) -> np.ndarray:
        if size == 1:
            return self.steps
        if size not in self.level:
            shorter = self._doubled(size // 2)
            longer = np.zeros_like(shorter)
            longer[: len(shorter) - size // 2] = _mixed(shorter[: len(shorter) - size // 2], shorter[size // 2 :])
            self.level.pop(size // 4, None)
            self.level[size] = longer
        return self.level[size]


def lines_of(songs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Lines:
    """(notes, bar lengths) of songs → one line a band part. Drums are named by instrument and time, others by interval."""
    steps: list[np.ndarray] = []
    lines: list[np.ndarray] = []
    count = 0
    for notes, bar_length in songs:
        for part in range(1, len(ROLES)):
            mine = steps_of(notes, bar_length, part)
            if len(mine):
                steps.append(mine)
                lines.append(np.full(len(mine), count))
                count += 1
    empty = np.zeros(0, np.uint64)
    return Lines(np.concatenate(steps) if steps else empty, np.concatenate(lines) if lines else np.zeros(0, int))


def training_lines(pack: Pack) -> Lines:
    """Every band part of a pack's songs."""
    return lines_of((song.notes, song.bar_length) for song in pack)


@dataclass(frozen=True)
class Copied:
    """What a set of bands shares with the training set, band by band."""

    longest: np.ndarray
    """Notes of the longest run each shares, shape (bands,); SHORTEST where it is no longer than that, 0 for too few notes."""
    share: np.ndarray
    """Share of its runs of 16 steps that are somewhere in the training set, shape (bands,); NaN where it has none."""


def copied(train: Lines, bands: list[tuple[GridSong, np.ndarray]], share_steps: int = 16) -> Copied:
    """The longest run of each band's notes that the training set has too, in any key, on any bar."""
    longest = np.zeros(len(bands), int)
    matched = np.zeros(len(bands), int)
    lines = [lines_of([(notes, song.bar_length)]) for song, notes in bands]
    offset, parts = 0, []
    for one in lines:
        parts.append(one.line + offset)
        offset += int(one.line.max()) + 1 if len(one.line) else 0
    asked = Lines(np.concatenate([one.steps for one in lines]), np.concatenate(parts))
    band = np.repeat(np.arange(len(bands)), [len(one.steps) for one in lines])
    asked_room, train_room = asked.room(), train.room()
    here, there = np.arange(len(asked.steps)), np.arange(len(train.steps))
    length = SHORTEST
    longest[np.unique(band[asked_room >= length])] = SHORTEST
    while len(here) and length <= LONGEST_RUN:
        here, there = here[asked_room[here] >= length], there[train_room[there] >= length]
        mine, theirs = asked.runs(length, here), train.runs(length, there)
        found = np.isin(mine, theirs)
        there = there[np.isin(theirs, mine)]
        here = here[found]
        longest[np.unique(band[here])] = length + 1  # n steps lie between n + 1 notes
        if length == share_steps:
            matched = np.bincount(band[here], minlength=len(bands))
        length += 1
    every = np.bincount(band[asked_room >= share_steps], minlength=len(bands))
    return Copied(longest, np.where(every > 0, matched / np.maximum(every, 1), np.nan))


def _mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return scrambled(one * np.uint64(3) + other)
