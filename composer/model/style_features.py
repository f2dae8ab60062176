"""How a band plays, bar by bar, with the key taken out: what the style encoder hears of a reference.

Where each part strikes, on which degrees of the chord, how long, how loud, how thickly and how high within its range —
but no pitch by name, so the reference's key cannot be heard, and its chords only as far as degrees tell of them.
"""

from __future__ import annotations

import numpy as np

from composer.gm import BAND, ROLES
from composer.vocab import DRUM_PART, DURATIONS, PARTS, VELOCITY_CLASSES, GridSong

POSITIONS = 48
"""Positions of a bar that are heard: four quarters; longer bars are heard to there."""
DRUM_CLASSES = ((35, 36), (38, 40), (37, 39), (42, 44), (46,), (51, 53, 59), (49, 52, 55, 57), (41, 43, 45, 47, 48, 50))
"""Kick, snare, rim and clap, closed hat, open hat, ride, crash, toms; all else is hand percussion."""
_KIT = len(DRUM_CLASSES) + 1
_PITCHED = tuple(ROLES.index(role) for role in BAND if role != "drums")
_MEASURES = 5 + 12
"""Of a pitched part: notes, length, loudness, thickness, height; degrees of the chord."""
_BAR = 4
WIDTH = (_KIT + len(_PITCHED)) * POSITIONS + _KIT + len(_PITCHED) * _MEASURES + _BAR
"""Features a bar."""


def _drum_class() -> np.ndarray:
    table = np.full(128, _KIT - 1)
    for number, pitches in enumerate(DRUM_CLASSES):
        table[list(pitches)] = number
    return table


def style_features(song: GridSong) -> np.ndarray:
    """Features of every bar in which any part but the melody plays: float32, shape (n, WIDTH)."""
    notes = song.notes[song.notes["part"] > 0]
    bars = song.bar_count
    voice = np.zeros(PARTS, np.int64)
    voice[list(_PITCHED)] = _KIT + np.arange(len(_PITCHED))
    row = np.where(notes["part"] == DRUM_PART, _drum_class()[notes["pitch"]], voice[notes["part"]])
    bar, position = notes["bar"].astype(np.int64), notes["position"].astype(np.int64)
    loud = (notes["velocity"] + 0.5) / VELOCITY_CLASSES
    rolls = np.zeros((bars, _KIT + len(_PITCHED), POSITIONS), np.float32)
    heard = position < POSITIONS
    rolls[bar[heard], row[heard], position[heard]] = 1
    count = np.zeros((bars, _KIT + len(_PITCHED)), np.float32)
    np.add.at(count, (bar, row), 1)

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.zeros(count.shape, np.float32)
        np.add.at(total, (bar, row), values)
        return np.asarray(total / np.maximum(count, 1))

    onsets = np.zeros(count.shape, np.float32)
    fresh = np.ones(len(notes), bool)
    fresh[1:] = (bar[1:] != bar[:-1]) | (row[1:] != row[:-1]) | (position[1:] != position[:-1])
    np.add.at(onsets, (bar, row), fresh)
    beat = song.beat_at(bar, position)
    root = song.roots[beat]
    degrees = np.zeros((*count.shape, 12), np.float32)
    known = root >= 0
    np.add.at(degrees, (bar[known], row[known], ((notes["pitch"] - root) % 12)[known]), 1)
    low = np.array([BAND[ROLES[part]].low if part > 1 else 0 for part in range(PARTS)])
    high = np.array([BAND[ROLES[part]].high if part > 1 else 127 for part in range(PARTS)])
    height = (notes["pitch"].astype(np.float32) - low[notes["part"]]) / (high - low)[notes["part"]]
    measures = np.stack(
        [count / 8, mean(np.log2(DURATIONS[notes["duration"]]) / 5), mean(loud), count / np.maximum(onsets, 1) / 4, mean(height)],
        axis=2,
    )[:, _KIT:]  # fmt: skip
    shares = (degrees / np.maximum(count, 1)[..., None])[:, _KIT:]
    frame = np.stack(
        [song.bar_length / 48, song.beat_length / 12, song.bar_length % 36 == 0, np.full(bars, song.tempo_bpm / 120)], 1
    )
    features = [
        rolls.reshape(bars, -1),
        mean(loud)[:, :_KIT],
        measures.reshape(bars, -1),
        shares.reshape(bars, -1),
        frame,
    ]
    table: np.ndarray = np.concatenate(features, axis=1).astype(np.float32)
    return np.asarray(table[count.sum(axis=1) > 0])
