"""Back from the grid: a GridSong as a Score and a chord lane, so that whatever takes scores can be measured on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from composer.gm import MELODY, ROLES
from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.lane import ChordLane
from composer.score import Part, Score
from composer.styles import STYLES
from composer.timing import Meter, TempoMap
from composer.vocab import POSITIONS_PER_QUARTER, GridSong, from_grid

TICKS_PER_BEAT = 480
_ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_SUFFIXES = {
    (0, 4, 7): "", (0, 3, 7): "m", (0, 4, 7, 10): "7", (0, 4, 7, 11): "maj7", (0, 3, 7, 10): "m7", (0, 3, 6): "dim",
    (0, 3, 6, 10): "m7b5", (0, 3, 6, 9): "dim7", (0, 5, 7): "sus4", (0, 2, 7): "sus2", (0, 4, 8): "aug", (0, 7): "5",
    (0, 4, 7, 9): "6", (0, 3, 7, 9): "m6", (0, 2, 4, 7): "add9", (0, 2, 4, 7, 10): "9", (0, 5, 7, 10): "7sus4",
}  # fmt: skip


def meter_of(song: GridSong) -> Meter:
    """The metre that has the song's bars and beats: quarters, dotted quarters or eighths by the length of their beats.

    A bar of an odd length is a longer one cut short by the next, except at the very end, where nothing cuts it.
    """
    scale = TICKS_PER_BEAT // POSITIONS_PER_QUARTER
    changes: list[tuple[int, int, int]] = []
    at, cut = 0, False
    for length, beat in zip(song.bar_length.tolist(), song.beat_length.tolist(), strict=True):
        numerator, denominator = _signature(length, beat)
        if cut or not changes or changes[-1][1:] != (numerator, denominator):
            changes.append((at * scale, numerator, denominator))
        cut = numerator * 48 // denominator != length
        at += length
    return Meter(TICKS_PER_BEAT, tuple(changes))


def _signature(length: int, beat: int) -> tuple[int, int]:
    """The shortest metre with beats of `beat` positions whose bars are at least `length` positions long."""
    denominator = {12: 4, 18: 8, 6: 8, 9: 16, 3: 16}.get(beat, 4)
    counted = -(-length * denominator // 48)
    if beat in (9, 18):  # compound: threes, two beats at least
        return max(6, -(-counted // 3) * 3), denominator
    return counted + (denominator > 4 and counted % 3 == 0 and counted >= 6), denominator


def lane_of(song: GridSong) -> ChordLane:
    """The song's chords, one a beat."""
    return ChordLane(
        tuple(
            _chord(int(root), int(bass), tuple(np.flatnonzero(tones).tolist()))
            for root, bass, tones in zip(song.roots, song.basses, song.tones, strict=True)
        )
    )


def score_of(song: GridSong, notes: np.ndarray | None = None, rng_seed: int = 0) -> Score:
    """The song, or other `notes` over its bars (GRID_NOTE_DTYPE), as a Score: one part a role, one tempo.

    Programs are the style's; velocities are drawn inside their classes from `rng_seed`.
    """
    notes = song.notes if notes is None else notes
    meter = meter_of(song)
    end = int(song.bar_length.sum()) * TICKS_PER_BEAT // POSITIONS_PER_QUARTER
    bars = meter.bars(end)
    programs = STYLES[song.style if song.style in STYLES else "pop"].programs
    parts = []
    for index in np.unique(notes["part"]).tolist():
        role = ROLES[index]
        mine = from_grid(
            notes[notes["part"] == index], bars, TICKS_PER_BEAT, end, np.random.default_rng([rng_seed, index])
        )
        program = 73 if role == MELODY else programs[role]
        parts.append(Part(role.capitalize(), mine, program, role == "drums", role))
    tempo = TempoMap.constant(min(400.0, max(20.0, song.tempo_bpm)), TICKS_PER_BEAT)
    return Score(tuple(parts), tempo, meter, title=song.meta.get("id", ""))


def beats_of(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """Index into the song's beats of the one each note begins on, shape (n,)."""
    return song.beat_at(notes["bar"], notes["position"])


def of_roles(notes: np.ndarray, roles: Iterable[str]) -> np.ndarray:
    """The notes of those parts."""
    return np.asarray(notes[np.isin(notes["part"], [ROLES.index(role) for role in roles])])


def _chord(root: int, bass: int, tones: tuple[int, ...]) -> Chord:
    if root < 0:
        return NO_CHORD
    intervals = tuple(sorted({0} | {(tone - root) % 12 for tone in tones}))
    suffix = _SUFFIXES.get(intervals)
    if suffix is None:  # the nearest that people write; the tones themselves stay exact
        suffix = _SUFFIXES[min(_SUFFIXES, key=lambda known: (len(set(known) ^ set(intervals)), known))]
    slash = f"/{_ROOTS[bass]}" if bass not in (root, -1) else ""
    return Chord(root, tones, bass if bass >= 0 else root, _ROOTS[root] + suffix + slash)
