"""Which music is judged: stretches of held-out songs, the same bars for every band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from composer.errors import InputError
from composer.gm import ROLES
from composer.training.packing import Pack
from composer.vocab import MELODY_PART, GridSong, excerpt

MARGIN_BARS = 4
"""Bars before and after the measured ones: played, so that nobody is judged on how a piece begins or ends."""
LEAST_BARS = 8
KINDS = {
    "bands": "real bands (people's own arrangements with drums and bass)",
    "piano": "real piano (people's own accompaniments without drums)",
    "synthetic": "the synthetic band (mma's arrangements of lead sheets)",
}
"""Kinds of held-out songs → what they are."""


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a song. Every band plays all of `song`; bars first … last - 1 of it are measured."""

    song: GridSong
    first: int
    last: int

    @property
    def work(self) -> str:
        """The piece it is from: what songs are resampled by."""
        return self.song.meta.get("work") or self.song.meta.get("id", "")

    @property
    def heard(self) -> GridSong:
        """The measured bars as a song of their own."""
        return excerpt(self.song, self.first, self.last)

    @property
    def parts(self) -> tuple[str, ...]:
        """The band's parts that the song has in the measured bars."""
        return tuple(role for index, role in enumerate(ROLES) if index and (self.heard.notes["part"] == index).any())

    def cut(self, notes: np.ndarray) -> np.ndarray:
        """Notes over `song` → those in the measured bars, bars counted from 0."""
        notes = notes[(notes["bar"] >= self.first) & (notes["bar"] < self.last)].copy()
        notes["bar"] -= self.first
        return np.asarray(notes)


def kind_of(song: GridSong) -> str:
    """Which of KINDS a song is, "" for none: songs without a melody cannot be given to an arranger."""
    present = {ROLES[part] for part in np.unique(song.notes["part"]).tolist()}
    if "melody" not in present or not (song.roots >= 0).any():
        return ""
    if song.meta.get("synthetic") == "True":
        return "synthetic" if {"drums", "bass"} <= present else ""
    if {"drums", "bass"} <= present:
        return "bands"
    return "piano" if "piano" in present and "drums" not in present else ""


def held_out(pack: Pack, splits: Iterable[str]) -> Pack:
    """The songs of several splits. Raises InputError for "train": what was learned from is not held out."""
    wanted = list(splits)
    if not wanted or not set(wanted) <= {"valid", "test"}:
        raise InputError(
            f"--split: {','.join(wanted) or 'nothing'} is not held out; choose from: test, valid, test,valid"
        )
    rows = [row for row in pack.rows if pack.headers[row]["meta"]["split"] in wanted]
    return Pack(pack.arrays, pack.headers, np.array(rows, np.int64))


def choose(songs: Pack, kind: str, count: int, bars: int, per_song: int, rng_seed: int) -> list[Excerpt]:
    """Up to `count` songs of a kind, drawn by the seed, with up to `per_song` excerpts of `bars` bars each.

    Songs of one work count as one; its first draw is taken.
    """
    found: list[Excerpt] = []
    works: set[str] = set()
    for index in np.random.default_rng(rng_seed).permutation(len(songs)):
        song = songs[int(index)]
        work = song.meta.get("work") or song.meta.get("id", "")
        if work in works or kind_of(song) != kind:
            continue
        stretches = windows(song, bars, per_song)
        if stretches:
            works.add(work)
            found += stretches
        if len(works) == count:
            break
    return found


def windows(song: GridSong, bars: int, count: int) -> list[Excerpt]:
    """Up to `count` stretches of `bars` bars that do not meet, the fullest of melody first, then in order.

    The song is cut to where its melody plays; a shorter one gives one shorter stretch, none under eight bars.
    """
    with_melody = np.unique(song.notes["bar"][song.notes["part"] == MELODY_PART])
    if not len(with_melody):
        return []
    low, high = int(with_melody[0]), int(with_melody[-1]) + 1
    if high - low < LEAST_BARS:
        return []
    length = min(bars, high - low)
    plays = np.zeros(high - low, bool)
    plays[with_melody - low] = True
    starts = np.arange(high - low - length + 1)
    full = np.array([plays[at : at + length].mean() for at in starts])
    middle = np.abs(starts - starts.mean())
    taken: list[int] = []
    for at in np.lexsort((middle, -full)).tolist():
        if full[at] < 0.5 and taken:
            break
        if all(abs(at - other) >= length for other in taken):
            taken.append(at)
        if len(taken) == count:
            break
    return [_with_margins(song, low, high, low + at, low + at + length) for at in sorted(taken)]


def _with_margins(song: GridSong, low: int, high: int, first: int, last: int) -> Excerpt:
    """The stretch and what surrounds it, from a bar with melody to a bar with melody."""
    with_melody = np.unique(song.notes["bar"][song.notes["part"] == MELODY_PART])
    start = int(with_melody[with_melody <= max(low, first - MARGIN_BARS)][-1])
    stop = int(with_melody[with_melody >= min(high, last + MARGIN_BARS) - 1][0]) + 1
    return Excerpt(excerpt(song, start, stop), first - start, last - start)
