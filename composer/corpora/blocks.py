"""Names for block chords: what a chord track plays, struck all at once, as a lead sheet would write it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from composer.errors import ScoreError
from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.lane import ChordLane
from composer.score import Part
from composer.timing import Bar

_OVER_C = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_COMMON = "m 7 m7 maj7 6 m6 sus4 dim m7b5 dim7 aug sus2 7sus4 9 m9 maj9 add9 madd9 m(maj7) 69 7b9 7#9 7#5 7b5"
_RARE = "maj7#5 m11 11 13 m13 maj13 maj7#11 7#11 7b13 9sus4 5"
_SUFFIXES = ("", *f"{_COMMON} {_RARE}".split())
"""Commonest first: of two names for the same notes the earlier one wins."""


@lru_cache(maxsize=1)
def _templates() -> tuple[tuple[Chord, int], ...]:
    return tuple(
        (Chord.parse(f"C{suffix}").transpose(root), rank) for rank, suffix in enumerate(_SUFFIXES) for root in range(12)
    )


@lru_cache(maxsize=65536)
def _name(tones: frozenset[int], bass: int) -> Chord:
    def fit(item: tuple[Chord, int]) -> tuple[float, int]:
        chord, rank = item
        held = set(chord.tones)
        fifth = (chord.root + 7) % 12
        missing = held - tones
        foreign = tones - held
        slash = foreign == {bass} and len(tones) > 3
        cost = 1.5 if slash else 2.0 * len(foreign)
        cost += sum(0.4 if tone == fifth and len(held) > 3 else 2.0 for tone in missing)
        # between equals the root is in the bass: C–E–G–A over C is C6, not Am7/C
        return cost + 0.1 * (chord.root != bass), rank

    best = min(_templates(), key=fit)[0]
    if bass == best.root:
        return best
    return Chord.parse(f"C{best.suffix}/{_OVER_C[(bass - best.root) % 12]}").transpose(best.root)


def name_block(pitches: Iterable[int]) -> Chord:
    """Pitches struck together → their chord, with a slash where the lowest note is not the root. No pitches: no chord.

    >>> name_block([48, 52, 55]).symbol, name_block([52, 57, 60]).symbol, name_block([55, 59, 62, 65]).symbol
    ('C', 'Am/E', 'G7')
    """
    heard = sorted(pitches)
    if not heard:
        return NO_CHORD
    return _name(frozenset(pitch % 12 for pitch in heard), heard[0] % 12)


def block_symbols(part: Part, together: int) -> list[tuple[int, int, Chord]]:
    """A chord track → (onset, end, chord) in order; notes struck within `together` ticks of the last are one chord."""
    if not len(part.notes):
        raise ScoreError(f"{part.name or 'the chord track'}: no chords in it")
    onsets = part.notes["onset"].astype(int)
    first = np.concatenate([[0], np.flatnonzero(np.diff(onsets) > together) + 1, [len(onsets)]])
    blocks = []
    for low, high in itertools.pairwise(first):
        notes = part.notes[low:high]
        end = int((notes["onset"].astype(int) + notes["duration"]).max())
        blocks.append((int(notes["onset"][0]), end, name_block(int(pitch) for pitch in notes["pitch"])))
    return blocks


def block_lane(blocks: list[tuple[int, int, Chord]], bars: tuple[Bar, ...]) -> ChordLane:
    """One chord per beat: the one that covers most of it. A gap shorter than a bar holds the chord before it."""
    lane: list[Chord] = []
    if not blocks:
        return ChordLane((NO_CHORD,) * sum(bar.beat_count for bar in bars))
    onsets = np.array([block[0] for block in blocks])
    ends = np.array([block[1] for block in blocks])
    following = np.append(onsets[1:], ends[-1])
    held = np.where(following - ends < bars[-1].length, np.maximum(following, onsets), ends)
    held[-1] = ends[-1]
    for bar in bars:
        for start in bar.beat_starts():
            stop = min(start + bar.beat_length, bar.end)
            shares = np.minimum(held, stop) - np.maximum(onsets, start)
            most = int(np.argmax(shares))
            lane.append(blocks[most][2] if shares[most] > (stop - start) / 4 else NO_CHORD)
    return ChordLane(tuple(lane))
