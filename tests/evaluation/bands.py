"""Tiny music by hand for the figures' tests: four bars of 4/4 in C, a chord a bar, and bands as rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from composer.gm import ROLES
from composer.vocab import GRID_NOTE_DTYPE, GridSong

QUARTER = 12
C, A_MINOR, F, G = (0, (0, 4, 7)), (9, (9, 0, 4)), (5, (5, 9, 0)), (7, (7, 11, 2))
LENGTH_1 = 11
"""Duration class of a quarter note."""


def notes(rows: Iterable[tuple[object, ...]]) -> np.ndarray:
    """(role, bar, position, pitch[, duration class, velocity class]) → GRID_NOTE_DTYPE."""
    full = [(ROLES.index(str(row[0])), *row[1:], *(LENGTH_1, 9)[len(row) - 4 :]) for row in rows]
    return np.sort(np.array(full, GRID_NOTE_DTYPE), order=["bar", "part", "position", "pitch"])


def song(band: np.ndarray | None = None, bars: int = 4, work: str = "tune", **meta: str) -> GridSong:
    """C, Am, F, G and round again, under a melody of chord roots in quarters that comes back every four bars."""
    chords = [(C, A_MINOR, F, G)[bar % 4] for bar in range(bars)]
    roots = np.repeat([root for root, _ in chords], 4)
    tones = np.zeros((bars * 4, 12), bool)
    for beat in range(bars * 4):
        tones[beat, list(chords[beat // 4][1])] = True
    tune = notes(("melody", bar, 12 * beat, 72 + chords[bar][0]) for bar in range(bars) for beat in range(4))
    every = tune if band is None else np.concatenate([tune, band])
    about = {
        "id": work,
        "work": work,
        "corpus": "toy",
        "split": "test",
        "meter": "4/4",
        "synthetic": "False",
        "licence": "CC0",
    }
    return GridSong(
        notes=np.sort(every, order=["bar", "part", "position", "pitch"]),
        bar_length=np.full(bars, 48),
        beat_length=np.full(bars, 12),
        roots=roots,
        basses=roots,
        tones=tones,
        phrase_position=np.arange(bars) % 4,
        phrase_left=3 - np.arange(bars) % 4,
        section=np.zeros(bars, int),
        tempo_bpm=120.0,
        style="pop",
        groove="g",
        meta=about | meta,
    )


def plain_band(bars: int = 4) -> np.ndarray:
    """Kick and bass root on one and three, snare on two and four, the chord on the piano every half bar."""
    rows: list[tuple[object, ...]] = []
    for bar in range(bars):
        root, tones = (C, A_MINOR, F, G)[bar % 4]
        for at in (0, 24):
            rows += [("drums", bar, at, 36, 0, 9), ("bass", bar, at, 36 + root)]
            rows += [("piano", bar, at, 60 + tone) for tone in tones]
        rows += [("drums", bar, at, 38, 0, 9) for at in (12, 36)]
    return notes(rows)
