"""How a band repeats itself: where the melody comes back, and how often a bar is one already heard."""

from __future__ import annotations

import numpy as np

from composer.evaluation.ungrid import beats_of, of_roles
from composer.gm import MELODY
from composer.vocab import GridSong

NAN = float("nan")


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """What two bars' notes share, as (position, pitch), of what either has; 1 for two empty bars."""
    first = set(zip(one["position"].tolist(), one["pitch"].tolist(), strict=True))
    second = set(zip(other["position"].tolist(), other["pitch"].tolist(), strict=True))
    return len(first & second) / len(first | second) if first | second else 1.0


def repeats(song: GridSong) -> list[tuple[int, int]]:
    """(bar, the latest earlier bar with the same melody) wherever a bar of two melody notes or more comes back."""
    melody = of_roles(song.notes, [MELODY])
    last: dict[bytes, int] = {}
    found = []
    for bar in range(song.bar_count):
        mine = melody[melody["bar"] == bar]
        if len(mine) < 2:
            continue
        name = np.stack([mine["position"], mine["pitch"]]).tobytes()
        if name in last:
            found.append((bar, last[name]))
        last[name] = bar
    return found


def repeats_with_melody(song: GridSong, notes: np.ndarray) -> float:
    """How alike the band plays where the melody repeats a bar: mean likeness over parts and repeats."""
    pairs = repeats(song)
    return _alike(notes, pairs)


def repeats_anyway(song: GridSong, notes: np.ndarray) -> float:
    """The same between bars as far apart where the melody does not repeat: what repeating costs no attention."""
    pairs = repeats(song)
    known = set(pairs)
    others = [
        (bar, bar - back)
        for back in sorted({bar - earlier for bar, earlier in pairs})
        for bar in range(back, song.bar_count)
        if (bar, bar - back) not in known
    ]
    return _alike(notes, others)


def old_bars(song: GridSong, notes: np.ndarray, role: str, pitched: bool = True) -> float:
    """Share of a part's played bars whose notes were all heard in one earlier bar: onsets and degrees over the chord's root.

    Drums compare instruments. With `pitched` false only onsets count.
    """
    mine = of_roles(notes, [role])
    degree = mine["pitch"].astype(int)
    if role != "drums":
        root = song.roots[beats_of(song, mine)]
        degree = np.where(root >= 0, (degree - root) % 12, degree % 12)
    seen: set[bytes] = set()
    old = []
    for bar in np.unique(mine["bar"]):
        here = mine["bar"] == bar
        rows = np.stack([mine["position"][here].astype(int), degree[here] if pitched else 0 * degree[here]], axis=1)
        name = np.unique(rows, axis=0).tobytes()
        old.append(name in seen)
        seen.add(name)
    return float(np.mean(old[1:])) if len(old) > 1 else NAN


def _alike(notes: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    values = []
    for part in np.unique(notes["part"]):
        mine = notes[notes["part"] == part]
        bars = {bar: mine[mine["bar"] == bar] for pair in pairs for bar in pair}
        values += [likeness(bars[a], bars[b]) for a, b in pairs if len(bars[a]) or len(bars[b])]
    return float(np.mean(values)) if values else NAN
