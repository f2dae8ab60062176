"""One evaluation, start to end: excerpts are played by every system, measured, compared with people's, and summed up for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from composer.evaluation import originality, two_sample
from composer.evaluation.bootstrap import Interval, mean_interval
from composer.evaluation.distances import distances
from composer.evaluation.excerpts import Excerpt
from composer.evaluation.harmony import PITCHED
from composer.evaluation.measures import all_measures, measure
from composer.evaluation.systems import Band, play
from composer.evaluation.ungrid import of_roles

Tell = Callable[[float], None]
JUDGED = ("harmony", "coordination")
"""Families whose figures ought to lie inside people's interval."""


@dataclass(frozen=True)
class Performance:
    """Every system's band over every excerpt of one kind of music."""

    kind: str
    excerpts: tuple[Excerpt, ...]
    bands: dict[str, list[np.ndarray | None]]
    """System → its notes per excerpt, None where it could not play."""
    left_out: dict[str, int] = field(default_factory=dict)
    """"mma: why" → how many excerpts."""

    @property
    def works(self) -> list[str]:
        return [one.work for one in self.excerpts]


def perform(kind: str, excerpts: Sequence[Excerpt], bands: dict[str, Band], seed: int, tell: Tell) -> Performance:
    """Let every system play every excerpt, each with dice of its own; what could not be played is counted."""
    played: dict[str, list[np.ndarray | None]] = {name: [] for name in bands}
    why: Counter[str] = Counter()
    for done, one in enumerate(excerpts):
        # With the same dice for all, every excerpt in a style would be played after the same example.
        dice = int(np.random.default_rng([seed, done]).integers(2**31))
        for name, band in bands.items():
            notes = play(band, one, dice)
            if isinstance(notes, str):
                why[f"{name}: {notes}"] += 1
            played[name].append(None if isinstance(notes, str) else notes)
        tell((done + 1) / len(excerpts))
    return Performance(kind, tuple(excerpts), played, dict(why))


def figures(show: Performance, seed: int, tell: Tell) -> dict[str, Any]:
    """Measure → family and, per system, mean and interval over songs; figures of parts count where the song has the part."""
    measures = all_measures()
    heard = [one.heard for one in show.excerpts]
    values: dict[str, dict[str, list[float]]] = {name: {} for name in show.bands}
    for done, (name, band) in enumerate(show.bands.items()):
        for song, notes, one in zip(heard, band, show.excerpts, strict=True):
            found = measure(song, notes, measures) if notes is not None else {}
            for figure in measures:
                part = figure.name.partition(":")[0]
                counts = part not in (*PITCHED, "drums") or part in one.parts
                values[name].setdefault(figure.name, []).append(found.get(figure.name, np.nan) if counts else np.nan)
        tell((done + 1) / len(show.bands))
    table: dict[str, Any] = {}
    for figure in measures:
        row = {name: mean_interval(np.array(values[name][figure.name]), show.works, seed) for name in show.bands}
        if row.get("own", next(iter(row.values()))).songs >= 2:
            table[figure.name] = {"family": figure.family, "systems": {k: as_json(v) for k, v in row.items()}}
    return table


def inside(table: dict[str, Any], system: str) -> dict[str, tuple[int, int]]:
    """Family → (figures of the system that lie inside the own bands' interval, figures there are)."""
    found: dict[str, tuple[int, int]] = {}
    for row in table.values():
        mine, own = row["systems"].get(system), row["systems"].get("own")
        if not mine or not own or mine["value"] is None or own["low"] is None:
            continue
        right, count = found.get(row["family"], (0, 0))
        found[row["family"]] = (right + (own["low"] <= mine["value"] <= own["high"]), count + 1)
    return found


def told_apart(show: Performance, seed: int, tell: Tell) -> dict[str, Any]:
    """System → how surely it is told from the songs' own bands, as a whole and by family, and what gives it away."""
    found: dict[str, Any] = {}
    others = [name for name in show.bands if name != "own"]
    for done, name in enumerate(others):
        both = [
            (one.work, one.heard, mine, theirs, one.parts)
            for one, mine, theirs in zip(show.excerpts, show.bands.get("own", []), show.bands[name], strict=False)
            if mine is not None and theirs is not None
        ]
        if len({work for work, *_ in both}) < 2:
            continue
        own = two_sample.gather([(work, song, mine, parts) for work, song, mine, _, parts in both])
        other = two_sample.gather([(work, song, theirs, parts) for work, song, _, theirs, parts in both])
        verdict = two_sample.compare(own, other, seed)
        found[name] = {
            "windows": len(own.features),
            "auc": as_json(verdict.whole),
            "by_family": {family: as_json(one) for family, one in verdict.by_family.items()},
            "telling": [
                {"figure": figure, "auc": round(apart, 3), "own": round(mine, 3), name: round(theirs, 3)}
                for figure, apart, mine, theirs in verdict.telling[:12]
            ],
        }
        tell((done + 1) / len(others))
    return found


def nearness(show: Performance, seed: int, tell: Tell) -> dict[str, Any]:
    """Habit → per system its overlap with and distance from the songs' own, and how alike halves of the real songs are."""
    found: dict[str, Any] = {}
    others = [name for name in show.bands if name != "own"]
    for done, name in enumerate(others):
        rows = [
            (one.heard, mine, theirs, one.work)
            for one, mine, theirs in zip(show.excerpts, show.bands.get("own", []), show.bands[name], strict=False)
            if mine is not None and theirs is not None
        ]
        if not rows:
            continue
        songs = [song for song, *_ in rows]
        near = distances(
            [(song, row[1]) for song, row in zip(songs, rows, strict=True)],
            [(song, row[2]) for song, row in zip(songs, rows, strict=True)],
            [row[3] for row in rows],
            seed,
        )
        for habit, one in near.items():
            entry = found.setdefault(habit, {"halves_of_own": as_number(one.ceiling), "systems": {}})
            entry["systems"][name] = {
                "overlap": as_json(one.overlap),
                "wasserstein": as_json(one.wasserstein) if one.wasserstein else None,
            }
        tell((done + 1) / len(others))
    return found


def copying(shows: Sequence[Performance], train: originality.Lines, tell: Tell) -> dict[str, Any]:
    """Kind → system → the longest run shared with the training set, drums and pitched parts apart."""
    bands, names = [], []
    for show in shows:
        for system, played in show.bands.items():
            for one, notes in zip(show.excerpts, played, strict=True):
                if notes is None:
                    continue
                for what, roles in (("drums", ("drums",)), ("pitched parts", PITCHED)):
                    bands.append((one.heard, of_roles(notes, roles)))
                    names.append((show.kind, system, what))
    if not bands:
        return {}
    tell(0.1)
    found = originality.copied(train, bands)
    table: dict[str, Any] = {}
    for key in dict.fromkeys(names):
        mine = np.array([name == key for name in names]) & (found.longest > 0)
        longest, share = found.longest[mine], found.share[mine]
        kind, system, what = key
        table.setdefault(kind, {}).setdefault(what, {})[system] = {
            "median_longest_run": as_number(float(np.median(longest))) if len(longest) else None,
            "longest_run": int(longest.max()) if len(longest) else None,
            "share_of_16_step_runs": as_number(float(np.nanmean(share))) if np.isfinite(share).any() else None,
            "bands": int(mine.sum()),
        }
    tell(1.0)
    return table


def as_json(interval: Interval) -> dict[str, Any]:
    return {
        "value": as_number(interval.value),
        "low": as_number(interval.low),
        "high": as_number(interval.high),
        "songs": interval.songs,
    }


def as_number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
