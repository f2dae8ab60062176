"""How much of a piece is copied: the longest run of notes of one part that the training songs have too, in any key.

`composer.evaluation.originality` defines runs and finds them for a whole set of bands. Here bands come one by one, so the
training songs' shortest runs are put in order once, and only where one of them is met is anything compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.evaluation.originality import LONGEST_RUN, SHORTEST, Lines, lines_of, training_lines
from composer.gm import ROLES
from composer.score import Score
from composer.training.packing import Pack, open_pack
from composer.vocab import bar_lengths, grid_notes


@dataclass(frozen=True)
class TrainingRuns:
    """The training songs' lines, and where each of their shortest runs begins."""

    lines: Lines
    hashes: np.ndarray
    """Of every run of SHORTEST steps, sorted; uint64, shape (n,)."""
    places: np.ndarray
    """Where in the lines each begins, (n,)."""
    room: np.ndarray

    @classmethod
    def load(cls, path: Path) -> TrainingRuns:
        """From a pack's training songs. Raises InputError where it cannot be read."""
        pack = open_pack(path)
        return cls.of(pack.split("train") if len(pack.split("train")) else pack)

    @classmethod
    def of(cls, pack: Pack) -> TrainingRuns:
        lines = training_lines(pack)
        room = lines.room()
        places = np.flatnonzero(room >= SHORTEST)
        hashes = lines.runs(SHORTEST, places)
        order = np.argsort(hashes, kind="stable")
        return cls(lines, hashes[order], places[order], room)

    def longest_run(self, score: Score, roles: Sequence[str]) -> int:
        """Notes of the longest run that a part of these roles shares with a training song; SHORTEST where it is no longer."""
        bars = score.bars()
        notes = grid_notes(score, bars)
        mine = lines_of(
            [
                (
                    notes[np.isin(notes["part"], [ROLES.index(role) for role in roles])],
                    bar_lengths(bars, score.ticks_per_beat)[0],
                )
            ]
        )
        room = mine.room()
        here = np.flatnonzero(room >= SHORTEST)
        longest = SHORTEST if len(here) else 0
        hashes = mine.runs(SHORTEST, here)
        first = np.searchsorted(self.hashes, hashes, side="left")
        met = (
            (first < len(self.hashes)) & (self.hashes[np.minimum(first, len(self.hashes) - 1)] == hashes)
            if len(self.hashes)
            else np.zeros(len(here), bool)
        )
        here = here[met]
        known = np.unique(hashes[met])
        low, high = np.searchsorted(self.hashes, known, "left"), np.searchsorted(self.hashes, known, "right")
        there = np.concatenate([np.zeros(0, np.int64), *(self.places[a:b] for a, b in zip(low, high, strict=True))])
        length = SHORTEST
        while len(here) and length <= LONGEST_RUN:
            longest = length + 1  # n steps lie between n + 1 notes
            length += 1
            here, there = here[room[here] >= length], there[self.room[there] >= length]
            ours, theirs = mine.runs(length, here), self.lines.runs(length, there)
            keep = np.isin(ours, theirs)
            there = there[np.isin(theirs, ours[keep])]
            here = here[keep]
        return longest
