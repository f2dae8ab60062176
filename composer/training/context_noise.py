"""Context noise: wrong notes injected into the model's input during training, so that it learns to recover from its own.

In training the context is always correct, in generation it is the model's own; a wrong third, once played, was repeated again
and again. Targets stay correct; only inputs are corrupted. (This exposure bias is what scheduled sampling, Bengio et al. 2015, addresses,
at the cost of generating; nothing is generated here.)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.model.sequence import Brief
from composer.vocab import DRUM_PART, GridSong

STRAY = 0.08
"""The most of a song's notes that stray one by one."""
HABITS = 2.0
"""How many habits a song has, in the mean: a pitch class that one part moves to the same wrong one for a few bars."""
HABIT_BARS = 4
"""The longest habit."""
_STRAYS = np.array([-7, -5, -4, -3, -2, -1, -1, 1, 1, 2, 3, 4, 5, 7])
_HABITS = np.array([-2, -1, -1, 1, 1, 2])


def add_wrong_notes(song: GridSong, brief: Brief, rng: np.random.Generator) -> GridSong:
    """The song with wrong pitches among the pitched notes that are asked for; as many notes, in the same order."""
    notes = song.notes
    asked = brief.asked[notes["bar"], notes["part"]] & (notes["part"] != DRUM_PART)
    shift = np.where(rng.random(len(notes)) < rng.uniform(0, STRAY), rng.choice(_STRAYS, len(notes)), 0)
    for _ in range(rng.poisson(HABITS)):
        if not asked.any():
            break
        first = notes[rng.choice(np.flatnonzero(asked))]
        last = first["bar"] + rng.integers(HABIT_BARS)
        stretch = (notes["part"] == first["part"]) & (notes["bar"] >= first["bar"]) & (notes["bar"] <= last)
        shift[stretch & (notes["pitch"] % 12 == first["pitch"] % 12)] = rng.choice(_HABITS)
    pitch = notes["pitch"].astype(int) + shift * asked
    moved = notes.copy()
    moved["pitch"] = np.where(_in_order(notes, pitch), pitch, notes["pitch"])
    return replace(song, notes=moved)


def _in_order(notes: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Which notes are struck in stacks that with these pitches still rise, inside MIDI's range."""
    place = (notes["bar"].astype(np.int64) * 8 + notes["part"]) * 256 + notes["position"]
    stack = np.cumsum(np.diff(place, prepend=-1) != 0) - 1
    wrong = (pitch < 0) | (pitch > 127)
    wrong[1:] |= (np.diff(stack) == 0) & (np.diff(pitch) <= 0)
    return np.asarray(~np.isin(stack, stack[wrong]))
