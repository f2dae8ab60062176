"""Distances between a band's note distributions and those of the songs' own bands. Nearer is better, never higher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from composer.evaluation.bootstrap import Interval, interval_of
from composer.evaluation.ungrid import beats_of, of_roles
from composer.gm import BAND
from composer.vocab import DURATIONS, MAX_POSITIONS, PITCHES, VELOCITY_CLASSES, VELOCITY_STEP, GridSong, bar_starts

SPLITS = 40
MOST_NOTES = 40
GAPS = 49


@dataclass(frozen=True)
class Habit:
    """Something notes have, counted in bins."""

    name: str
    bins: np.ndarray
    """What each bin stands for, in the habit's unit, shape (bins,)."""
    unit: str
    of: Callable[[GridSong, np.ndarray], np.ndarray]
    """(song, one part's notes) → the bin of each, -1 for those that do not count."""
    ordered: bool = True
    """Whether near bins are alike; else only overlap means anything."""


HABITS = (
    Habit("onset in the bar", np.arange(MAX_POSITIONS) / 12, "quarters", lambda song, notes: notes["position"]),
    Habit("degree over the root", np.arange(12), "semitones", lambda song, notes: _degree(song, notes), ordered=False),
    Habit("pitch", np.arange(PITCHES), "semitones", lambda song, notes: notes["pitch"]),
    Habit("length", DURATIONS / 12, "quarters", lambda song, notes: notes["duration"]),
    Habit("loudness", np.arange(VELOCITY_CLASSES) * VELOCITY_STEP, "MIDI steps", lambda song, notes: notes["velocity"]),
    Habit("time to the next onset", np.arange(GAPS) / 12, "quarters", lambda song, notes: _gaps(song, notes)),
    Habit("notes in a bar", np.arange(MOST_NOTES + 1), "notes", lambda song, notes: _a_bar(song, notes)),
)


@dataclass(frozen=True)
class Distance:
    """One habit of one part, a system against the songs' own."""

    overlap: Interval
    """Area that both distributions share, 1 when they are the same."""
    wasserstein: Interval | None
    """What must be moved how far to make one the other, in the habit's unit; None where bins have no order."""
    ceiling: float
    """Overlap of one half of the real songs with the other half, on average: what a perfect band could hope for."""


def shares(song: GridSong, notes: np.ndarray, role: str, habit: Habit) -> np.ndarray:
    """How one part's notes fall into a habit's bins, summing to 1, shape (bins,); zeros without notes."""
    mine = of_roles(notes, [role])
    if not len(mine):
        return np.zeros(len(habit.bins))
    found = np.asarray(habit.of(song, mine)).astype(int)
    counts = np.bincount(found[(found >= 0) & (found < len(habit.bins))], minlength=len(habit.bins))
    return np.asarray(counts / max(counts.sum(), 1))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Area under both of two distributions over the same bins."""
    return float(np.minimum(one, other).sum())


def wasserstein(one: np.ndarray, other: np.ndarray, bins: np.ndarray) -> float:
    """Earth mover's distance of two distributions over ordered bins, in the bins' unit."""
    return float((np.abs(np.cumsum(one - other))[:-1] * np.diff(bins)).sum())


def distances(
    own: Sequence[tuple[GridSong, np.ndarray]],
    theirs: Sequence[tuple[GridSong, np.ndarray]],
    works: Sequence[str],
    rng_seed: int = 0,
) -> dict[str, Distance]:
    """ "bass: length" → Distance, for every part that enough songs have. The three lists go song by song."""
    found: dict[str, Distance] = {}
    rng = np.random.default_rng(rng_seed)
    for role in BAND:
        if role not in {name for song, notes in own for name in BAND if len(of_roles(notes, [name]))}:
            continue
        for habit in HABITS:
            if role == "drums" and habit.name in ("degree over the root", "length"):
                continue
            truth = np.stack([shares(song, notes, role, habit) for song, notes in own])
            told = np.stack([shares(song, notes, role, habit) for song, notes in theirs])
            there = truth.any(axis=1)
            if there.sum() < 4:
                continue
            truth, told, names = truth[there], told[there], np.asarray(works)[there]
            found[f"{role}: {habit.name}"] = _distance(truth, told, names, habit, rng, rng_seed)
    return found


def _distance(
    truth: np.ndarray, told: np.ndarray, works: np.ndarray, habit: Habit, rng: np.random.Generator, rng_seed: int
) -> Distance:
    def shared(rows: np.ndarray) -> float:
        return overlap(_pooled(truth[rows]), _pooled(told[rows]))

    def moved(rows: np.ndarray) -> float:
        return wasserstein(_pooled(truth[rows]), _pooled(told[rows]), habit.bins)

    names = np.unique(works)
    halves = []
    for _ in range(SPLITS if len(names) > 1 else 0):
        first = np.isin(works, rng.permutation(names)[: len(names) // 2])
        halves.append(overlap(_pooled(truth[first]), _pooled(truth[~first])))
    return Distance(
        interval_of(shared, works.tolist(), rng_seed, 200),
        interval_of(moved, works.tolist(), rng_seed, 200) if habit.ordered else None,
        float(np.mean(halves)) if halves else float("nan"),
    )


def _pooled(rows: np.ndarray) -> np.ndarray:
    """Every song counts the same, however many notes it has."""
    total = rows.sum(axis=0)
    return np.asarray(total / max(total.sum(), 1e-12))


def _degree(song: GridSong, notes: np.ndarray) -> np.ndarray:
    root = song.roots[beats_of(song, notes)]
    return np.where(root >= 0, (notes["pitch"].astype(int) - root) % 12, -1)


def _gaps(song: GridSong, notes: np.ndarray) -> np.ndarray:
    start = bar_starts(song.bar_length)
    return np.minimum(np.diff(np.unique(start[notes["bar"]] + notes["position"])), GAPS - 1)


def _a_bar(song: GridSong, notes: np.ndarray) -> np.ndarray:
    return np.minimum(np.bincount(notes["bar"], minlength=song.bar_count), MOST_NOTES)
