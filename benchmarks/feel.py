"""How like people a band is timed: held-out drummers of the Groove MIDI Dataset against the same strokes timed by composer.feel.

    COMPOSER_DATA=DIR python benchmarks/feel.py

Every held-out take's strokes are put on the grid and played again: not at all, with a scatter alone (each stroke moved by normal
noise as wide as people's, what "humanise" buttons do), and with the feel of a training take of its style and tempo. People's own
timing passes the same limit of 0.45 of a twelfth. Told apart by a logistic classifier over stretches of 64 strokes, folds by take.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from composer.corpora.groove import Take, takes
from composer.evaluation.two_sample import area, out_of_fold
from composer.feel import Feel, choose_drummer
from composer.feel.drummers import PIECES, piece_of
from composer.feel.playing import ROOM
from composer.score import as_notes
from composer.timing import Meter, TempoMap
from composer.training.feel import products_apart
from composer.vocab import POSITIONS_PER_QUARTER

STRETCH = 64
LEAST_STROKES = 150
Timed = Callable[[Take], np.ndarray]
"""A take → how late each of its strokes is, in ms."""


def people(take: Take) -> np.ndarray:
    return limited(take.late_s * 1000, take.bpm)


def grid(take: Take) -> np.ndarray:
    return np.zeros(len(take.notes))


def scatter(take: Take) -> np.ndarray:
    return limited(np.random.default_rng(0).normal(0, 17, len(take.notes)), take.bpm)


def limited(late_ms: np.ndarray, bpm: float) -> np.ndarray:
    """As far off the grid as `Feel` may go."""
    room = ROOM / POSITIONS_PER_QUARTER * 60_000 / bpm
    return np.asarray(room * np.tanh(late_ms / room))


def feel(take: Take) -> np.ndarray:
    ticks = 9600
    onset = take.places * ticks // POSITIONS_PER_QUARTER
    order = np.lexsort((take.notes["pitch"], onset))
    rows = [(int(onset[i]), 1, int(take.notes["pitch"][i]), 80) for i in order]
    tempo, meter = TempoMap.constant(take.bpm, ticks), Meter(ticks, ((0, *take.meter),))
    end = int(onset.max()) + 8 * ticks
    drummer = choose_drummer(take.style, take.bpm, np.random.default_rng(len(take.notes)))
    played = Feel(drummer, meter.bars(end), tempo, len(take.notes)).play(as_notes(rows), "drums", end)
    late = np.zeros(len(rows))
    # Nothing passes a neighbour of its own drum, so strokes of each drum are in the order they were.
    for pitch in np.unique(played["pitch"]):
        mine = order[take.notes["pitch"][order] == pitch]
        late[mine] = np.sort(played["onset"][played["pitch"] == pitch]) - onset[mine]
    return late / ticks * 60_000 / take.bpm


def figures(take: Take, late: np.ndarray) -> list[list[float]]:
    """Rows of what is heard of timing in stretches of strokes."""
    order = np.argsort(take.places, kind="stable")
    place, piece, late = take.places[order], piece_of(take.notes["pitch"])[order], late[order]
    rows = []
    for first in range(0, len(place) - STRETCH + 1, STRETCH):
        at = slice(first, first + STRETCH)
        where, what, x = place[at], piece[at], late[at]
        spread = float(x.std()) or 1e-9
        when, index = np.unique(where, return_inverse=True)
        count = np.bincount(index)
        mean = np.bincount(index, x) / count
        row = [spread, float(np.abs(x).max()), float(np.abs(np.diff(x)).mean()) / spread]
        together = [x[index == i].std() for i in np.flatnonzero(count > 1)]
        row.append(float(np.mean(together)) / spread if together else np.nan)
        for apart in (3, 6, 12, 24):
            products = products_apart(when, mean, apart)
            row.append(float(products.mean()) / spread**2 if len(products) > 3 else np.nan)
        for of in (where % POSITIONS_PER_QUARTER == 0, where % POSITIONS_PER_QUARTER == 6, where % 6 == 3):
            row.append(float(x[of].mean()) if of.any() else np.nan)
        row += [float(x[what == i].mean()) if (what == i).any() else np.nan for i in range(len(PIECES))]
        rows.append(row)
    return rows


def main() -> int:
    data = os.environ.get("COMPOSER_DATA")
    if not data:
        print("set COMPOSER_DATA to the folder of the corpora", file=sys.stderr)
        return 1
    held = [take for take in takes(Path(data)) if take.split != "train" and len(take.notes) >= LEAST_STROKES]
    print(f"{len(held)} held-out takes")
    own = [figures(take, people(take)) for take in held]
    names = ("spread ms", "together", "a quarter on")
    for name, timed in (("people", people), ("grid", grid), ("scatter alone", scatter), ("feel", feel)):
        theirs = [figures(take, timed(take)) for take in held]
        table = np.concatenate([np.array(rows) for rows in theirs if rows])
        said = ", ".join(
            f"{what} {np.nanmean(table[:, column]):.2f}" for what, column in zip(names, (0, 3, 6), strict=True)
        )
        features = np.concatenate([np.array(rows) for rows in own + theirs if rows])
        labels = np.concatenate([np.full(len(rows), i) for i, side in enumerate((own, theirs)) for rows in side])
        works = np.array(
            [take.id for side in (own, theirs) for take, rows in zip(held, side, strict=True) for _ in rows]
        )
        apart = area(out_of_fold(features, labels, works), labels)
        print(f"{name:14} {said}; told from people: AUC {apart:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
