"""The grid: how the model sees music. Score ↔ GridSong, and the classes its note fields fall into.

A quarter note has 12 positions (sixteenths and triplets both land on it). A note is one event of four fields —
position in its bar, pitch, duration class, velocity class — so that the model decides once a note, not once a token.
The seed itself never passes through here on its way out: `from_grid` makes new parts, the seed's own stay as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from composer.errors import ScoreError
from composer.gm import MELODY, ROLES
from composer.score import NOTE_DTYPE, Score, as_notes, struck_again
from composer.timing import Bar

POSITIONS_PER_QUARTER = 12
MAX_POSITIONS = 96
"""Positions in the longest bar the model writes (eight quarters)."""

DURATIONS = np.array([*range(1, 13), 14, 15, 16, 18, 20, 21, 22, 24, 28, 30, 33, 36, 40, 42, 46, 48, 60, 72, 96, 144])
"""Length in positions of each duration class."""
VELOCITY_STEP = 8
VELOCITY_CLASSES = 128 // VELOCITY_STEP
PITCHES = 128
PARTS = len(ROLES)
MELODY_PART, DRUM_PART = ROLES.index(MELODY), ROLES.index("drums")
"""Where in ROLES the melody and the drums stand: the parts that are told apart from all others."""

GRID_NOTE_DTYPE = np.dtype(
    [("part", "u1"), ("bar", "<u2"), ("position", "u1"), ("pitch", "u1"), ("duration", "u1"), ("velocity", "u1")]
)
"""A note on the grid; `part` indexes gm.ROLES, `duration` and `velocity` are classes."""

_DURATION_CLASS = np.abs(np.arange(DURATIONS[-1] + 1)[:, None] - DURATIONS[None, :]).argmin(axis=1)


def vocabulary_hash() -> str:
    """A short hash of everything a checkpoint and this code must agree on about events."""
    facts = [POSITIONS_PER_QUARTER, MAX_POSITIONS, DURATIONS.tolist(), VELOCITY_STEP, list(ROLES), "canvas-3"]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def duration_class(positions: np.ndarray) -> np.ndarray:
    """Lengths in positions, any shape → nearest duration class."""
    return np.asarray(_DURATION_CLASS[np.clip(np.rint(positions).astype(np.int64), 1, DURATIONS[-1])])


@dataclass(frozen=True)
class GridSong:
    """A piece on the grid, with all the model may be told about it.

    B bars, C beats in all, n notes. -1 says "unknown" wherever a number can be unknown.
    """

    notes: np.ndarray
    """GRID_NOTE_DTYPE, shape (n,), sorted by bar, part, position, pitch."""
    bar_length: np.ndarray
    """Positions in each bar, shape (B,)."""
    beat_length: np.ndarray
    """Positions in each bar's beats, shape (B,)."""
    roots: np.ndarray
    """Chord root per beat, 0..11 or -1, shape (C,)."""
    basses: np.ndarray
    """Chord bass per beat, 0..11 or -1, shape (C,)."""
    tones: np.ndarray
    """Chord tones per beat, bool, shape (C, 12)."""
    phrase_position: np.ndarray
    """Bars since the phrase began, shape (B,)."""
    phrase_left: np.ndarray
    """Bars to the phrase's end, shape (B,)."""
    section: np.ndarray
    """Which section of the form each bar is in, as an index into model.form.SECTIONS, 0 unknown, shape (B,)."""
    tempo_bpm: float = 120.0
    style: str = ""
    groove: str = ""
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def bar_count(self) -> int:
        return len(self.bar_length)

    @cached_property
    def first_beat(self) -> np.ndarray:
        """Index of each bar's first beat, shape (B + 1,)."""
        counts = -(-self.bar_length // self.beat_length)
        return np.concatenate([[0], np.cumsum(counts)])

    def beat_at(self, bar: np.ndarray | int, position: np.ndarray | int) -> np.ndarray:
        """Index of the beat at each (bar, position)."""
        beat = self.first_beat[bar] + position // self.beat_length[bar]
        return np.asarray(np.minimum(beat, self.first_beat[bar + 1] - 1))


def excerpt(song: GridSong, start: int, stop: int) -> GridSong:
    """Bars start … stop of a song as a song of their own."""
    beats = song.first_beat
    notes = song.notes[(song.notes["bar"] >= start) & (song.notes["bar"] < stop)].copy()
    notes["bar"] -= start
    lane, bars = slice(beats[start], beats[stop]), slice(start, stop)
    return replace(
        song,
        notes=notes,
        bar_length=song.bar_length[bars],
        beat_length=song.beat_length[bars],
        roots=song.roots[lane],
        basses=song.basses[lane],
        tones=song.tones[lane],
        phrase_position=song.phrase_position[bars],
        phrase_left=song.phrase_left[bars],
        section=song.section[bars],
    )


def transpose(song: GridSong, semitones: int) -> GridSong:
    """The song in another key: notes but not drums, and the chords."""
    notes = song.notes.copy()
    pitched = notes["part"] != DRUM_PART
    pitch = notes["pitch"].astype(int) + semitones * pitched
    notes["pitch"] = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
    return replace(
        song,
        notes=np.sort(notes, order=["bar", "part", "position", "pitch"]),
        roots=np.where(song.roots >= 0, (song.roots + semitones) % 12, -1),
        basses=np.where(song.basses >= 0, (song.basses + semitones) % 12, -1),
        tones=np.roll(song.tones, semitones, axis=1),
    )


def bar_starts(bar_length: np.ndarray) -> np.ndarray:
    """Positions from a song's start at which its bars begin, and last the one at which it ends: (B,) → (B + 1,)."""
    return np.concatenate([[0], np.cumsum(bar_length)])


def bar_lengths(bars: Sequence[Bar], ticks_per_beat: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in each bar and in each bar's beat. Raises ScoreError for a bar longer than the grid."""
    scale = POSITIONS_PER_QUARTER / ticks_per_beat
    lengths = np.array([max(1, round(bar.length * scale)) for bar in bars], np.int64)
    beats = np.array([max(1, round(bar.beat_length * scale)) for bar in bars], np.int64)
    if len(lengths) and lengths.max() > MAX_POSITIONS:
        bar = bars[int(lengths.argmax())]
        raise ScoreError(
            f"bar {bar.number} is in {bar.numerator}/{bar.denominator}: bars longer than eight quarter notes cannot"
            " be arranged; write it in a shorter metre"
        )
    return lengths, beats


def grid_notes(score: Score, bars: Sequence[Bar]) -> np.ndarray:
    """The notes of every part that has a role, on the grid: GRID_NOTE_DTYPE, sorted by bar, part, position, pitch."""
    starts = np.array([bar.start for bar in bars], np.int64)
    lengths, _ = bar_lengths(bars, score.ticks_per_beat)
    scale = POSITIONS_PER_QUARTER / score.ticks_per_beat
    found = []
    for part in score.parts:
        if part.role not in ROLES:
            continue
        notes = part.notes[part.notes["onset"] < bars[-1].end]
        onset = notes["onset"].astype(np.int64)
        bar = np.searchsorted(starts, onset, side="right") - 1
        position = np.rint((onset - starts[bar]) * scale).astype(np.int64)
        over = position >= lengths[bar]
        bar, position = bar + over, np.where(over, 0, position)
        keep = bar < len(bars)
        grid = np.zeros(int(keep.sum()), GRID_NOTE_DTYPE)
        grid["part"] = ROLES.index(part.role)
        grid["bar"], grid["position"], grid["pitch"] = bar[keep], position[keep], notes["pitch"][keep]
        # A drum rings as long as it rings: its length says nothing, so it says always the same.
        grid["duration"] = 0 if part.is_drum else duration_class(notes["duration"][keep] * scale)
        grid["velocity"] = notes["velocity"][keep] // VELOCITY_STEP
        found.append(grid)
    grid = np.concatenate(found) if found else np.zeros(0, GRID_NOTE_DTYPE)
    grid = np.sort(grid, order=["bar", "part", "position", "pitch"], kind="stable")
    if len(grid) > 1:
        same = np.ones(len(grid), bool)
        same[1:] = np.any([grid[name][1:] != grid[name][:-1] for name in ("bar", "part", "position", "pitch")], axis=0)
        grid = grid[same]
    return grid


def from_grid(
    grid: np.ndarray, bars: Sequence[Bar], ticks_per_beat: int, end: int, rng: np.random.Generator
) -> np.ndarray:
    """Grid notes of one part → NOTE_DTYPE in ticks; none past `end`; the same pitch never sounds twice at once.

    A class spans eight velocities. A part sits at its own place in all of them, give or take one or two, as hands do:
    what is meant to be equally loud stays very nearly so.
    """
    scale = ticks_per_beat / POSITIONS_PER_QUARTER
    starts = np.array([bar.start for bar in bars], np.int64)
    notes = np.zeros(len(grid), NOTE_DTYPE)
    onset = starts[grid["bar"]] + np.rint(grid["position"] * scale).astype(np.int64)
    stop = starts[grid["bar"]] + np.rint((grid["position"] + DURATIONS[grid["duration"]]) * scale).astype(np.int64)
    place = rng.uniform(2, VELOCITY_STEP - 2) + rng.normal(0, 0.7, len(grid))
    jitter = np.clip(np.rint(place), 0, VELOCITY_STEP - 1).astype(np.int64)
    notes["onset"], notes["pitch"] = onset, grid["pitch"]
    notes["velocity"] = np.clip(grid["velocity"].astype(np.int64) * VELOCITY_STEP + jitter, 1, 127)
    following = struck_again(onset, grid["pitch"])
    notes["duration"] = np.maximum(1, np.minimum(np.minimum(stop, following), end) - onset)
    return as_notes(notes[(onset < end) & (following > onset)])
