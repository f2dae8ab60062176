"""Who rests for a phrase: parts leave and come back about as often as people's do, so that not everybody plays all the time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from composer.gm import ROLES
from composer.timing import span
from composer.vocab import PARTS

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


def rest_spans(rests: np.ndarray, first: int) -> dict[str, list[str]]:
    """Part → the bars in which it rests, such as ["9-16", "20"]; parts that never rest are left out. The first row is bar `first`."""
    edges = np.diff(np.pad(rests.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    found = {}
    for part, name in enumerate(ROLES):
        starts, stops = np.flatnonzero(edges[:, part] > 0) + first, np.flatnonzero(edges[:, part] < 0) + first - 1
        if len(starts):
            found[name] = [span(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
    return found
