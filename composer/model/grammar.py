"""What may come next: a player's reach while a part writes a bar, and the last word on lengths.

Notes of a bar come in order, chords from the bottom up. What may follow is then always a range of classes, but for a drummer,
whose limbs are counted: sets of drums that are out of reach have a row each in LIMBS.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.gm import BAND, KICKS, ROLES
from composer.vocab import DURATIONS, GRID_NOTE_DTYPE, PITCHES, bar_starts

FORBIDDEN = -1e9
HAND_SPAN = 14
"""Widest reach of one hand on the keys, in semitones (a ninth, and a little for the brave)."""
FINGERS = 5
HAT_PEDAL = 44
SECOND_PLAYER = frozenset((39, 54, 56, 58, *range(60, 88)))
"""Hand percussion, which a second player has in hand."""
HANDS = frozenset(range(PITCHES)) - {*KICKS} - SECOND_PLAYER - {HAT_PEDAL}
"""What a drummer strikes with the hands."""


def _out_of_reach() -> np.ndarray:
    """Drums that are out of reach while limbs are busy: bit 0 the foot, bit 1 both hands, bit 2 both of the second player's. (8, Q)"""
    table = np.zeros((8, PITCHES), bool)
    for limbs in range(8):
        for bit, drums in enumerate((KICKS, HANDS, SECOND_PLAYER)):
            table[limbs, list(drums)] |= bool(limbs >> bit & 1)
    return table


LIMBS = _out_of_reach()
_HIGHEST_DRUM = [int(np.flatnonzero(~row[: BAND["drums"].high + 1]).max()) for row in LIMBS]
"""The highest drum still in reach, by row of LIMBS."""


class Turn:
    """One part writing one bar: the chord it is at, and what its player can still reach."""

    def __init__(self, part: int) -> None:
        self.player = BAND[ROLES[part]]
        self.is_drums = self.player.role == "drums"
        self.most = self.player.polyphony + 2 * self.is_drums
        self.position = -1
        """Where the last note was struck, -1 before the first."""
        self.chord: list[int] = []
        """Pitches struck there, rising."""
        self.earliest = 0
        """Nothing more before this position."""

    def strike(self, position: int, pitch: int) -> None:
        """A note is written."""
        if position != self.position:
            self.position, self.chord = position, []
        self.chord.append(pitch)

    def leave(self, position: int) -> None:
        """Nothing more is written at a position."""
        self.earliest = position + 1

    def positions(self, bar_length: int, must_play: bool) -> tuple[int, int, bool]:
        """The first and the last position that may be next, and whether the turn may end.

        Nothing comes before the last note, on top of a full chord, or past the bar; who must play cannot end before a note.
        """
        if self.position < 0:
            return self.earliest, bar_length - 1, not must_play
        return max(self.position + self._full(), self.earliest), bar_length - 1, True

    def _full(self) -> bool:
        low, high, limbs = self.pitches(self.position)
        return low > (_HIGHEST_DRUM[limbs] if self.is_drums else high) or low > high

    def pitches(self, position: int) -> tuple[int, int, int]:
        """The lowest and the highest pitch that may be struck at a position, and a row of LIMBS for what between them may not.

        Nothing out of range; chords are told from the bottom up, within the player's reach.
        """
        player, chord = self.player, self.chord
        if position != self.position:
            return player.low, player.high, 0
        low = max(player.low, chord[-1] + player.closest)
        if len(chord) >= self.most:
            return low, low - 1, 0
        if self.is_drums:
            return low, player.high, busy_limbs(chord)
        if player.role == "piano":
            return low, min(player.high, reach_of_hands(chord)), 0
        return low, min(player.high, chord[0] + player.span), 0


def busy_limbs(chord: Sequence[int]) -> int:
    """A drummer has one foot on the kick, one on the hi-hat and two hands; hand percussion is a second player's two hands."""
    foot = any(pitch in KICKS for pitch in chord)
    hands = sum(pitch in HANDS for pitch in chord) >= 2
    second = sum(pitch in SECOND_PLAYER for pitch in chord) >= 2
    return foot | hands << 1 | second << 2


def reach_of_hands(chord: Sequence[int]) -> int:
    """The highest pitch two hands can add to a rising chord: the left takes what it can from the bottom, the right the rest."""
    left = [pitch for pitch in chord if pitch <= chord[0] + HAND_SPAN][:FINGERS]
    right = chord[len(left) :]
    if right:
        return right[0] + HAND_SPAN if len(right) < FINGERS else right[-1]
    return 127


def is_playable(chord: Sequence[int], part: int) -> bool:
    """Whether the part's player can strike these pitches at once."""
    turn = Turn(part)
    for pitch in sorted(chord):
        low, high, limbs = turn.pitches(0)
        if not low <= pitch <= high or LIMBS[limbs, pitch]:
            return False
        turn.strike(0, pitch)
    return True


def let_go(notes: np.ndarray, bar_length: np.ndarray, part: int) -> np.ndarray:
    """One part's grid notes with lengths cut so that it never holds more notes than its player can; shape stays.

    The oldest note is let go first; on a bass every new note ends the one before.
    """
    player = BAND[ROLES[part]]
    if player.role == "drums" or not len(notes):
        return notes
    most = 1 if player.role == "bass" else player.polyphony
    notes = np.sort(notes, order=["bar", "position", "pitch"])
    start = bar_starts(bar_length)[notes["bar"]] + notes["position"]
    stop = start + DURATIONS[notes["duration"]]
    held: list[int] = []
    for i, at in enumerate(start.tolist()):
        for again in (j for j in held if notes["pitch"][j] == notes["pitch"][i]):
            stop[again] = min(stop[again], at)
        held = [j for j in held if stop[j] > at]
        while len(held) >= most:
            oldest = min(held, key=lambda j: start[j])
            if start[oldest] == at:
                break
            stop[oldest] = at
            held.remove(oldest)
        held.append(i)
    length = np.maximum(stop - start, 1)
    exact = np.searchsorted(DURATIONS, length, side="right") - 1
    out = notes.copy()
    out["duration"] = np.where(length < DURATIONS[notes["duration"]], exact, notes["duration"])
    return np.asarray(out, GRID_NOTE_DTYPE)
