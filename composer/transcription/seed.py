"""Notes and rhythm → a Score of one melody: its ticks are the beat's, its notes begin when they were sung."""

from __future__ import annotations

import itertools

import numpy as np

from composer.gm import MELODY
from composer.score import NOTE_DTYPE, Part, Score
from composer.timing import DEFAULT_TICKS_PER_BEAT, Meter, TempoMap
from composer.transcription.notes import Notes
from composer.transcription.rhythm import Rhythm

PROGRAM = 73
"""Flute: nearer to a hum or a whistle than a piano is."""


def seed_score(notes: Notes, rhythm: Rhythm, title: str, problems: tuple[str, ...] = ()) -> Score:
    """The melody as a score whose tick 0 is the first beat of the bar of the first note."""
    tempo = _tempo_map(rhythm)
    begin_s = float(rhythm.beats_s[0])
    onsets = np.rint(tempo.ticks(np.maximum(notes.onsets_s - begin_s, 0))).astype(np.int64)
    ends = np.rint(tempo.ticks(np.maximum(notes.ends_s - begin_s, 0))).astype(np.int64)
    rows = np.zeros(len(notes), NOTE_DTYPE)
    rows["onset"], rows["duration"] = onsets, np.maximum(ends - onsets, 1)
    rows["pitch"], rows["velocity"] = notes.pitches, notes.velocities
    part = Part("Melody", rows, PROGRAM, role=MELODY)
    meter = Meter(DEFAULT_TICKS_PER_BEAT, ((0, *rhythm.meter),))
    return Score((part,), tempo, meter, title, problems=problems)


def _tempo_map(rhythm: Rhythm) -> TempoMap:
    """One tempo for an even beat, else one a beat."""
    if rhythm.steady:
        return TempoMap.constant(rhythm.bpm)
    beat = round(rhythm.beat_quarters * DEFAULT_TICKS_PER_BEAT)
    changes: list[tuple[int, int]] = []
    for number, (start_s, stop_s) in enumerate(itertools.pairwise(rhythm.beats_s.tolist())):
        pace_us = round((stop_s - start_s) * 1e6 / rhythm.beat_quarters)
        pace_us = min(max(pace_us, 60_000), 0xFF_FFFF)
        if not changes or changes[-1][1] != pace_us:
            changes.append((number * beat, pace_us))
    return TempoMap(DEFAULT_TICKS_PER_BEAT, tuple(changes))
