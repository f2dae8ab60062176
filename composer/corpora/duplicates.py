"""Songs that are the same music: exact copies by their notes, versions by the tunes they share, in any key and tempo.

A tune's shingles are its runs of seven intervals with the rhythm between them (in proportion, so that note values may be
halved). What hundreds of songs share (scales, repeated notes) says nothing and is left out. Two songs are versions of one
work where most of the shorter one's shingles are the other's. The counts are exact: an inverted index over all shingles
is small enough for tens of thousands of songs, so that no hashing scheme need estimate them.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from composer.corpora.lines import top_line
from composer.corpora.song import Song
from composer.gm import MELODY
from composer.score import Score

RUN = 7
"""Intervals in a shingle."""
VERSION = 0.5
"""Share of the shorter tune's shingles from which two songs are versions of one work."""
FEWEST = 16
"""Shingles below which a tune is too short to tell."""
COMMON = 40
"""Songs from which a shingle is everybody's."""
LEAD_PARTS = 3


def tune_shingles(score: Score) -> frozenset[int]:
    """Hashes of the tunes' shingles: of the melody, or where none is named, of the first parts that are no drums."""
    parts = [part for part in score.parts if part.role == MELODY and len(part)]
    parts = (
        parts or [part for part in score.parts if part.role != "drums" and not part.is_drum and len(part)][:LEAD_PARTS]
    )
    found: set[int] = set()
    for part in parts:
        line = top_line(part.notes)
        if len(line) <= RUN:
            continue
        steps = np.clip(np.diff(line["pitch"].astype(np.int64)), -24, 24) + 24
        waits = np.maximum(np.diff(line["onset"].astype(np.float64)), 1)
        # How much longer each wait is than the one before, in steps of a factor of two, half steps for dots and triplets.
        pace = np.clip(np.round(2 * np.log2(waits[1:] / waits[:-1])), -6, 6).astype(np.int64) + 6
        cells = steps[1:] * 16 + pace
        for at in range(len(cells) - RUN + 1):
            run = cells[at : at + RUN]
            if len(set((run // 16).tolist())) > 2:
                found.add(
                    int.from_bytes(hashlib.blake2b(run.astype("<i2").tobytes(), digest_size=8).digest(), "little")
                )
    return frozenset(found)


class TuneIndex:
    """Tunes by their shingles, so that versions are found without comparing every two."""

    def __init__(self) -> None:
        self._having: dict[int, list[str]] = defaultdict(list)
        self._tunes: dict[str, frozenset[int]] = {}

    def add(self, name: str, tune: frozenset[int]) -> None:
        """Let later tunes be compared with this one."""
        self._tunes[name] = tune
        for shingle in tune:
            having = self._having[shingle]
            if len(having) < COMMON:
                having.append(name)

    def versions(self, tune: frozenset[int]) -> list[tuple[str, float]]:
        """(name, overlap) of the tunes that are versions of this one, the likest first.

        The overlap is the share of the shorter tune's telling shingles that the other has too.
        """
        telling = self._telling(tune)
        shared = Counter(name for shingle in telling for name in self._having.get(shingle, ()))
        found = []
        for name, count in shared.items():
            if count < VERSION * FEWEST:
                continue
            shorter = min(len(telling), len(self._telling(self._tunes[name])))
            if shorter >= FEWEST and count >= VERSION * shorter:
                found.append((name, count / shorter))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _telling(self, tune: frozenset[int]) -> list[int]:
        return [shingle for shingle in tune if len(self._having.get(shingle, ())) < COMMON]


def version_pairs(tunes: Mapping[str, frozenset[int]]) -> list[tuple[str, str, float]]:
    """(name, name, overlap) of every two tunes that are versions of one work, in order."""
    index = TuneIndex()
    for name, tune in tunes.items():
        index.add(name, tune)
    found = ((name, other, share) for name, tune in tunes.items() for other, share in index.versions(tune))
    return sorted((name, other, share) for name, other, share in found if name < other)


def groups(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Names that pairs connect, as sorted groups in order."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for one, other in pairs:
        leader[find(one)] = find(other)
    found: dict[str, list[str]] = defaultdict(list)
    for name in leader:
        found[find(name)].append(name)
    return sorted(sorted(group) for group in found.values())


def notes_digest(song: Song) -> str:
    """A hash of all that is played, part by part, from the first note on: equal for exact copies under any name."""
    digest = hashlib.sha256()
    first = min((part.start for part in song.score.parts if len(part)), default=0)
    for part in sorted(song.score.parts, key=lambda part: part.role):
        digest.update(part.role.encode())
        for name in ("onset", "duration", "pitch"):
            digest.update((part.notes[name].astype("<i8") - (first if name == "onset" else 0)).tobytes())
    return digest.hexdigest()
