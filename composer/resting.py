"""Who rests for a phrase: parts leave and come back about as often as people's do, so that not everybody plays all the time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from composer.gm import ROLES
from composer.timing import span
from composer.vocab import DURATIONS, PARTS, GridSong, bar_starts

SHORTEST = 2
"""Bars of a rest that is worth telling."""
CARD_FIELD = "resting"
"""On a checkpoint's card: part → "leaves" and "stays", the chances below, as training.resting counted them."""
CHORDS = ("guitar", "piano")
"""Who holds the harmony: with drums and bass alone a song is bare."""


def draw_rests(
    habits: Mapping[str, Mapping[str, float]],
    starts: Sequence[int],
    bars: int,
    parts: Sequence[str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Bars in which parts rest: bool, shape (bars, R).

    starts: first bars of the phrases. A part that plays one phrase "leaves" for the next with one chance, and "stays" away for
    another with another. Nobody rests in the first or the last phrase; at least half of the band always plays, and one of CHORDS.
    """
    rests = np.zeros((bars, PARTS), bool)
    away: set[str] = set()
    chords = {part for part in parts if part in CHORDS}
    for start, stop in itertools.pairwise(starts[1:]):
        chance = {part: habits.get(part, {}).get("stays" if part in away else "leaves", 0.0) for part in parts}
        thrown = dict(zip(parts, rng.random(len(parts)).tolist(), strict=True))
        resting = sorted((part for part in parts if thrown[part] < chance[part]), key=lambda part: thrown[part])
        away = set(resting[: len(parts) // 2])
        if chords and chords <= away:
            away.remove(max(chords, key=lambda part: thrown[part]))
        rests[start:stop, [ROLES.index(part) for part in away]] = True
    return rests


def silences(song: GridSong, asked: np.ndarray) -> np.ndarray:
    """Bars that parts were asked to play, and in which nothing of theirs sounds: bool, shape (B, R), as `asked`."""
    notes, start = song.notes, bar_starts(song.bar_length)
    onset = start[notes["bar"]] + notes["position"]
    last = np.searchsorted(start, onset + np.maximum(DURATIONS[notes["duration"]], 1), side="left") - 1
    sounds = np.zeros((song.bar_count + 1, PARTS), np.int64)
    np.add.at(sounds, (notes["bar"], notes["part"]), 1)
    np.subtract.at(sounds, (np.minimum(last + 1, song.bar_count), notes["part"]), 1)
    return np.asarray(asked & (sounds.cumsum(axis=0)[:-1] == 0))


def rest_spans(rests: np.ndarray, first: int) -> dict[str, list[str]]:
    """Part → where it rests for SHORTEST bars or more, such as ["9-16"]; parts that never do are left out. The first row is bar `first`."""
    edges = np.diff(np.pad(rests.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    found = {}
    for part, name in enumerate(ROLES):
        starts, stops = np.flatnonzero(edges[:, part] > 0), np.flatnonzero(edges[:, part] < 0)
        long = stops - starts >= SHORTEST
        if long.any():
            ends = zip((starts[long] + first).tolist(), (stops[long] + first - 1).tolist(), strict=True)
            found[name] = [span(start, stop) for start, stop in ends]
    return found
