"""How a band sounds together: chords struck, register, lengths, loudness. NaN where there is nothing to judge."""

from __future__ import annotations

import numpy as np

from composer.evaluation.ungrid import of_roles
from composer.vocab import DURATIONS, POSITIONS_PER_QUARTER, VELOCITY_STEP, GridSong, bar_starts

NAN = float("nan")


def polyphony(notes: np.ndarray, role: str) -> float:
    """Notes a part strikes together, on average over its onsets."""
    mine = of_roles(notes, [role])
    if not len(mine):
        return NAN
    return float(len(mine) / len(np.unique(mine[["bar", "position"]])))


def register(notes: np.ndarray, role: str) -> float:
    """A part's mean pitch, MIDI."""
    mine = of_roles(notes, [role])
    return float(mine["pitch"].mean()) if len(mine) else NAN


def register_spread(notes: np.ndarray, role: str) -> float:
    """Standard deviation of a part's pitches, semitones."""
    mine = of_roles(notes, [role])
    return float(mine["pitch"].std()) if len(mine) else NAN


def leaps(notes: np.ndarray, role: str) -> float:
    """Mean step between a part's top notes, from onset to onset, in semitones."""
    tops = _tops(of_roles(notes, [role]))
    return float(np.abs(np.diff(tops)).mean()) if len(tops) > 1 else NAN


def length(notes: np.ndarray, role: str) -> float:
    """Mean length of a part's notes, quarter notes."""
    mine = of_roles(notes, [role])
    return float(DURATIONS[mine["duration"]].mean() / POSITIONS_PER_QUARTER) if len(mine) else NAN


def legato(song: GridSong, notes: np.ndarray, role: str) -> float:
    """Mean share of the time to a part's next onset that its notes fill, at most 1: 0.3 is short, 1 is held."""
    mine = of_roles(notes, [role])
    if len(mine) < 2:
        return NAN
    start = bar_starts(song.bar_length)
    at = start[mine["bar"]] + mine["position"]
    times = np.unique(at)
    following = np.append(times[1:], start[-1])[np.searchsorted(times, at)]
    return float(np.minimum(1.0, DURATIONS[mine["duration"]] / np.maximum(following - at, 1)).mean())


def velocity_spread(notes: np.ndarray, role: str) -> float:
    """Standard deviation of a part's velocities, in MIDI steps (known to eight)."""
    mine = of_roles(notes, [role])
    return float(mine["velocity"].std() * VELOCITY_STEP) if len(mine) else NAN


def velocity_moves(notes: np.ndarray, role: str) -> float:
    """Share of a part's onsets that are louder or softer, by a class of eight, than the one before."""
    mine = of_roles(notes, [role])
    order = np.lexsort((mine["position"], mine["bar"]))
    loud = mine["velocity"][order].astype(int)
    keys = mine["bar"][order].astype(int) * 256 + mine["position"][order]
    first = np.unique(keys, return_index=True)[1]
    return float((np.diff(loud[first]) != 0).mean()) if len(first) > 1 else NAN


def accent(song: GridSong, notes: np.ndarray, role: str) -> float:
    """How much louder a part's notes are on beats than off them, MIDI steps."""
    mine = of_roles(notes, [role])
    on_beat = mine["position"] % song.beat_length[mine["bar"]] == 0
    if not on_beat.any() or on_beat.all():
        return NAN
    loud = mine["velocity"].astype(float) * VELOCITY_STEP
    return float(loud[on_beat].mean() - loud[~on_beat].mean())


def _tops(notes: np.ndarray) -> np.ndarray:
    """The highest pitch at each onset, in order."""
    order = np.lexsort((notes["pitch"], notes["position"], notes["bar"]))
    notes = notes[order]
    keys = notes["bar"].astype(int) * 256 + notes["position"]
    last = np.append(np.diff(keys) != 0, True) if len(keys) else np.zeros(0, bool)
    return np.asarray(notes["pitch"][last].astype(int))
