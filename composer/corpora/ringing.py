"""Strings that ring too long: mma's plectrum tracks let a string sound until it is plucked again, through any change of chord.

A player damps: a string is stopped at the part's first stroke after the chord has changed, at the next strum, and after two bars at
the latest. An arpeggio over one chord rings on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from composer.corpora.song import Song
from composer.harmony.lane import ChordLane
from composer.score import Part, as_notes
from composer.timing import Bar

STRUM_NOTES = 3
"""Strings struck in one go from which it is a strum."""
STRUM_BEATS = 1 / 6
"""Within which time they are one stroke."""
LONGEST_BARS = 2


def damped(song: Song) -> Song:
    """The song with its guitar's strings damped; the same song where nothing rings over."""
    if song.lane is None:
        return song
    bars = song.score.bars()
    changes = chord_changes(song.lane, bars)
    longest = LONGEST_BARS * max(bar.length for bar in bars)
    parts = [
        _damped(part, changes, longest, song.score.ticks_per_beat) if part.role == "guitar" else part
        for part in song.score.parts
    ]
    if all(before is after for before, after in zip(song.score.parts, parts, strict=True)):
        return song
    return replace(song, score=song.score.with_parts(parts))


def _damped(part: Part, changes: np.ndarray, longest: int, ticks_per_beat: int) -> Part:
    if not len(part):
        return part
    notes = part.notes
    onset, end = notes["onset"].astype(np.int64), notes["onset"].astype(np.int64) + notes["duration"]
    # Strokes: onsets no further from their neighbour than a hand takes across the strings.
    begins = np.concatenate([[True], np.diff(onset) > STRUM_BEATS * ticks_per_beat])
    stroke = np.cumsum(begins) - 1
    strokes = onset[begins]
    strums = strokes[np.bincount(stroke) >= STRUM_NOTES]
    limit = first_after(strums, strokes[stroke])
    change = first_after(changes, onset + STRUM_BEATS * ticks_per_beat)
    # The stroke that brings the new chord may come a little before it is written.
    stop = first_after(strokes, np.maximum(change - STRUM_BEATS * ticks_per_beat, onset) - 1)
    stop = np.where(stop > strokes[stroke], stop, first_after(strokes, strokes[stroke]))
    ends = np.minimum.reduce([end, limit, stop, onset + longest])
    ends = np.maximum(ends, np.minimum(end, onset + 1))
    if np.array_equal(ends, end):
        return part
    shorter = notes.copy()
    shorter["duration"] = ends - onset
    return replace(part, notes=as_notes(shorter))


def chord_changes(lane: ChordLane, bars: Sequence[Bar]) -> np.ndarray:
    """Ticks at which another chord begins, shape (changes,)."""
    starts = [tick for bar in bars for tick in bar.beat_starts()]
    chords = zip(lane.chords, lane.chords[1:], starts[1:], strict=False)
    return np.array([tick for before, now, tick in chords if before != now], np.int64)


def first_after(times: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """For each moment the first of the (sorted) times after it, the end of time where there is none."""
    padded = np.append(times, np.iinfo(np.int64).max // 2)
    found: np.ndarray = padded[np.searchsorted(times, moments, side="right")]
    return found
