"""What the melody model sees of each beat: pitch classes from a reference, rhythm, metre, place in the form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.harmony.chroma import beat_edges, beat_weights, chroma
from composer.harmony.key import key_scores
from composer.timing import Bar, has_pickup

PITCHED = 10
"""How many 12-wide blocks of pitch classes come first, each rolled with the reference."""
SUNG = 3
"""How many of them, the first, say what is sung in the beat itself: its halves, and its onset."""
SUNG_BLOCKS = (0, 1, 2, 3, 4, 8, 9)
"""The blocks that say what is sung in the beat and its bar; the others say it of the whole melody."""
_LEAP = 3
"""Semitones from which an interval is a leap."""
BACK = (1, 2, 4, 8, 16)
AHEAD = (4, 8, 16)
"""How many bars before and after a bar it is compared with."""
_PLAIN = 35 + 4 + len(BACK) + len(AHEAD) + 4
WIDTH = 12 * PITCHED + _PLAIN
"""Features a beat."""


def signature_tonic(notes: np.ndarray) -> int:
    """Tonic of the major scale that the notes fit best, whether the piece is in that key or in its relative minor."""
    scores = key_scores(notes)
    return int(np.maximum(scores[:12], np.roll(scores[12:], 3)).argmax())


def melody_features(notes: np.ndarray, bars: Sequence[Bar], reference: int) -> np.ndarray:
    """Melody notes over bars → (beats, WIDTH) float32, pitch classes counted from `reference`."""
    edges = beat_edges(bars)
    beats = len(edges) - 1
    middles = edges[:-1] + np.diff(edges) // 2
    halves = chroma(notes, np.sort(np.concatenate([edges, middles])))
    onset = _sounding(notes, edges[:-1])
    in_beat = (halves[0::2] + halves[1::2]) / 2
    bar_of_beat = np.repeat(np.arange(len(bars)), [bar.beat_count for bar in bars])
    in_bar = np.zeros((len(bars), 12))
    np.add.at(in_bar, bar_of_beat, in_beat)
    in_bar /= np.array([bar.beat_count for bar in bars])[:, None]
    keys = key_scores(notes)
    blocks = [halves[0::2], halves[1::2], onset, _longest(notes, edges), in_bar[bar_of_beat]]
    blocks += [np.broadcast_to(keys[:12], (beats, 12)), np.broadcast_to(keys[12:], (beats, 12))]
    blocks.append(np.broadcast_to(np.eye(12)[notes["pitch"][notes["onset"].argmax()] % 12], (beats, 12)))
    motion, length = _motion(notes, edges)
    blocks += motion
    rolled = [np.roll(block, -reference, axis=1) for block in blocks]
    returns = _returns(np.concatenate(blocks[:SUNG], axis=1), bars)[bar_of_beat]
    plain = [_plain(notes, bars, edges, bar_of_beat), _height(notes, edges), returns, _pace(notes, edges), length]
    return np.concatenate([*rolled, *plain], axis=1).astype(np.float32)


def _sounding(notes: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Pitch classes at each tick, 1 where struck there and 0.5 where held over, shape (ticks, 12)."""
    found = np.zeros((len(ticks), 12))
    near = max(1, int(np.median(np.diff(ticks))) // 8) if len(ticks) > 1 else 1
    start = notes["onset"].astype(np.int64)
    end = start + np.maximum(notes["duration"], 1)
    first = np.searchsorted(ticks, start - near, side="left")
    last = np.searchsorted(ticks, end - near, side="left")
    for note in range(len(notes)):
        held = found[first[note] : last[note], notes["pitch"][note] % 12]
        held[:] = 0.5
        if len(held) and abs(ticks[first[note]] - start[note]) <= near:
            held[0] = 1.0
    return found


def _longest(notes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The pitch class of the longest note that begins in each beat, one-hot and 0 without one, shape (beats, 12)."""
    found = np.zeros((len(edges) - 1, 12))
    beat = np.searchsorted(edges, notes["onset"], side="right") - 1
    order = np.argsort(notes["duration"], kind="stable")
    longest = np.full(len(edges), -1)
    longest[beat[order]] = notes["pitch"][order] % 12
    rows = np.flatnonzero(longest[:-1] >= 0)
    found[rows, longest[rows]] = 1.0
    return found


def _motion(notes: np.ndarray, edges: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """How notes move, which tells a chord's tones from those that pass: what is leapt to or from, and what steps on.

    Two blocks of sounding time by pitch class, (beats, 12) each, and (beats, 4): how long the longest note that begins in
    the beat is, as log2(1 + beats), how much of the beat is sung, and whether that note lasts two beats, or one.
    """
    beats = len(edges) - 1
    notes = notes[np.argsort(notes["onset"], kind="stable")]
    onset, duration = notes["onset"].astype(np.int64), np.maximum(notes["duration"].astype(np.int64), 1)
    usual = float(np.median(np.diff(edges)))
    # Over a rest of more than a beat nothing moves: what stands before and after it counts as leapt.
    interval = np.where(onset[1:] - (onset + duration)[:-1] > usual, 12, np.abs(np.diff(notes["pitch"].astype(int))))
    to, away = np.concatenate([[12], interval]), np.concatenate([interval, [12]])
    leapt = chroma(notes, edges, ((to >= _LEAP) + (away >= _LEAP).astype(float)) / 2)
    stepping = chroma(notes, edges, ((away > 0) & (away < _LEAP)).astype(float))
    longest = np.zeros(beats)
    np.maximum.at(longest, np.clip(np.searchsorted(edges, onset, side="right") - 1, 0, beats - 1), duration / usual)
    longest = np.minimum(longest, 8.0)
    sung = np.clip(chroma(notes, edges).sum(1), 0, 1)
    return [leapt, stepping], np.stack([np.log2(1 + longest), sung, longest >= 2, longest >= 1], axis=1)


def _plain(notes: np.ndarray, bars: Sequence[Bar], edges: np.ndarray, bar_of_beat: np.ndarray) -> np.ndarray:
    """Rhythm, metre and form, which no transposition moves, shape (beats, _PLAIN)."""
    beats = len(edges) - 1
    counts = np.array([bar.beat_count for bar in bars])
    beat_in_bar = np.arange(beats) - np.repeat(np.cumsum(counts) - counts, counts)
    pickup = int(has_pickup(bars))
    bar = bar_of_beat - pickup
    from_end = bar_of_beat[-1] - bar_of_beat
    start_beat = np.searchsorted(edges, notes["onset"], side="right") - 1
    density = np.bincount(np.clip(start_beat, 0, beats - 1), minlength=beats)[:beats]
    compound = np.array([one.denominator >= 8 and one.numerator % 3 == 0 and one.numerator > 3 for one in bars])
    return np.concatenate(
        [
            np.eye(6)[np.minimum(beat_in_bar, 5)],
            np.eye(3)[beat_weights(bars)],
            np.eye(5)[np.clip(counts[bar_of_beat], 1, 5) - 1],
            np.eye(8)[bar % 8],
            np.eye(5)[np.minimum(from_end, 4)],
            np.eye(4)[np.minimum(bar_of_beat, 3)],
            np.stack([compound[bar_of_beat], np.minimum(density, 4) / 2, density == 0, bar < 0], axis=1),
        ],
        axis=1,
    )


def _height(notes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many octaves the notes that begin in each beat lie above the middle of the melody, 0 without, (beats, 1)."""
    beats = len(edges) - 1
    above = (notes["pitch"] - np.median(notes["pitch"])) / 12
    beat = np.clip(np.searchsorted(edges, notes["onset"], side="right") - 1, 0, beats - 1)
    total, count = np.bincount(beat, above, beats), np.bincount(beat, minlength=beats)
    return np.asarray((total / np.maximum(count, 1))[:, None])


def _returns(sung: np.ndarray, bars: Sequence[Bar]) -> np.ndarray:
    """How alike every bar sings to those BACK bars before it and AHEAD bars after it: cosines, 0 beyond the ends.

    `sung` is (beats, features); the answer is (bars, len(BACK) + len(AHEAD)).
    """
    counts = np.array([bar.beat_count for bar in bars])
    usual = int(np.bincount(counts).argmax())
    places = np.zeros((len(bars), usual, sung.shape[1]))
    beat_in_bar = np.arange(len(sung)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = beat_in_bar < usual
    places[np.repeat(np.arange(len(bars)), counts)[kept], beat_in_bar[kept]] = sung[kept]
    rows = places.reshape(len(bars), -1)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    found = np.zeros((len(bars), len(BACK) + len(AHEAD)))
    for column, away in enumerate(BACK + AHEAD):
        alike = (rows[away:] * rows[:-away]).sum(1)
        at = slice(away, None) if column < len(BACK) else slice(None, -away)
        found[at, column] = alike
    return found


def _pace(notes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Notes a beat (halved) and their mean length in beats over the whole melody, and how far into it, (beats, 3)."""
    beats = len(edges) - 1
    length = min(3.0, float(np.mean(notes["duration"]) / np.median(np.diff(edges))))
    return np.stack([np.full(beats, len(notes) / beats / 2), np.full(beats, length), np.arange(beats) / beats], axis=1)
