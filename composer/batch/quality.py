"""Is it music? What can be counted of a finished piece, and what the plan's gate says to it. Shares are 0..1."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from composer.batch.plan import Gate
from composer.feel import straightened
from composer.gm import BAND, MELODY
from composer.harmony.lane import ChordLane
from composer.score import Part, Score

QUALITIES = ("silent", "stuck", "looping", "clashing", "out_of_chord", "out_of_range", "longest_run")
"""All are shares but `stuck`, which counts onsets, and `longest_run`, which counts notes and is measured by `originality`."""
_LEEWAY = 12
"""A note is at its beat as long as it begins within a twelfth of one before it."""


def qualities(score: Score, lane: ChordLane, parts: Sequence[str]) -> dict[str, Any]:
    """QUALITIES of a piece, without the last, whose band are the parts of these roles; lane: a chord a beat from its first bar on."""
    bars = score.bars()
    score = straightened(score)
    starts = np.array([bar.start for bar in bars], np.int64)
    band = [part for part in score.parts if part.role in parts and part.role in BAND]
    pitched = [part for part in band if not part.is_drum]
    melody = next((part for part in score.parts if part.role == MELODY), None)
    return {
        "silent": _rounded(_silent(band, starts)),
        "stuck": max((_stuck(part) for part in pitched), default=0),
        "looping": _rounded(_looping(band, starts)),
        "clashing": _rounded(_clashing(pitched, melody, score.ticks_per_beat)),
        "out_of_chord": _rounded(_out_of_chord(pitched, lane, score)),
        "out_of_range": _rounded(_out_of_range(band)),
    }


def faults(found: Mapping[str, Any], gate: Gate) -> list[str]:
    """What of it the gate does not let through, in words."""
    wrong = []
    for name in QUALITIES:
        limit = getattr(gate, name)
        if limit and found[name] is not None and found[name] >= limit:
            wrong.append(f"{name.replace('_', ' ')}: {found[name]:g}, limit {limit:g}")
    return wrong


def _silent(band: Sequence[Part], starts: np.ndarray) -> float:
    """Share of bars, pick-up and all, in which nobody of the band begins a note."""
    if not len(starts):
        return 1.0
    heard = np.zeros(len(starts), bool)
    for part in band:
        heard[_bar_of(part, starts)] = True
    return float(1 - heard.mean())


def _stuck(part: Part) -> int:
    """Onsets on end at which the very same pitches are struck."""
    notes = part.notes
    if not len(notes):
        return 0
    onset, which = np.unique(notes["onset"], return_inverse=True)
    # A chord as one number: its pitches' random marks, added up.
    marks = np.random.default_rng(0).integers(1, 2**40, 128)
    chord = np.bincount(which, marks[notes["pitch"]].astype(np.float64), len(onset))
    change = np.flatnonzero(np.diff(chord) != 0)
    edges = np.concatenate([[-1], change, [len(chord) - 1]])
    return int(np.diff(edges).max())


def _looping(band: Sequence[Part], starts: np.ndarray) -> float:
    """Share of bars after the first in which the whole band does to the tick what it did in the bar before."""
    if len(starts) < 2:
        return 0.0
    cells: list[list[tuple[int, int, int]]] = [[] for _ in starts]
    for number, part in enumerate(band):
        bar = _bar_of(part, starts)
        for at, onset, pitch in zip(
            bar.tolist(), part.notes["onset"].tolist(), part.notes["pitch"].tolist(), strict=True
        ):
            cells[at].append((number, onset - int(starts[at]), pitch))
    return float(np.mean([bool(now) and now == before for before, now in itertools.pairwise(cells)]))


def _clashing(pitched: Sequence[Part], melody: Part | None, beat: int) -> float | None:
    """Share of the band's notes under a sounding melody that begin a semitone from it, in any octave."""
    if melody is None or not len(melody):
        return None
    order = np.argsort(melody.notes["onset"], kind="stable")
    onset = melody.notes["onset"][order].astype(np.int64)
    stop, sung = onset + melody.notes["duration"][order], melody.notes["pitch"][order].astype(np.int64)
    apart = []
    for part in pitched:
        at = part.notes["onset"].astype(np.int64)
        last = np.searchsorted(onset, at + beat // _LEEWAY, side="right") - 1
        under = (last >= 0) & (stop[last] > at)
        apart.append((part.notes["pitch"].astype(np.int64) - sung[last])[under] % 12)
    every = np.concatenate([np.zeros(0, np.int64), *apart])
    return float(np.isin(every, (1, 11)).mean()) if len(every) else None


def _out_of_chord(pitched: Sequence[Part], lane: ChordLane, score: Score) -> float | None:
    """Share of the band's notes that are not in the chord they begin over."""
    beats = np.array([tick for bar in score.bars() for tick in bar.beat_starts()], np.int64)[: len(lane)]
    if not len(beats):
        return None
    roots, _, tones = lane.arrays()
    inside = []
    for part in pitched:
        at = part.notes["onset"].astype(np.int64) + score.ticks_per_beat // _LEEWAY
        beat = np.searchsorted(beats, at, side="right") - 1
        known = (beat >= 0) & (roots[beat] >= 0)
        inside.append(tones[beat[known], part.notes["pitch"][known] % 12])
    every = np.concatenate([np.zeros(0, bool), *inside])
    return float(1 - every.mean()) if len(every) else None


def _out_of_range(band: Sequence[Part]) -> float:
    """Share of notes beyond their instrument."""
    total = sum(len(part) for part in band)
    beyond = sum(
        int(((part.notes["pitch"] < BAND[part.role].low) | (part.notes["pitch"] > BAND[part.role].high)).sum())
        for part in band
    )
    return beyond / total if total else 0.0


def _bar_of(part: Part, starts: np.ndarray) -> np.ndarray:
    return np.asarray(np.searchsorted(starts, part.notes["onset"], side="right") - 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
