"""What may come next: rules that forbid logits, each named for what it forbids, and the last word on lengths.

A rule sees the notes of this turn (one part, one bar) so far, as (position, pitch) in order, and rules candidates out in place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.gm import BAND, ROLES
from composer.vocab import DURATIONS, GRID_NOTE_DTYPE, MAX_POSITIONS

FORBIDDEN = -1e9
HAND_SPAN = 14
"""Widest reach of one hand on the keys, in semitones (a ninth, and a little for the brave)."""
FINGERS = 5
KICKS, HAT_PEDAL = frozenset((35, 36)), 44
SECOND_PLAYER = frozenset((39, 54, 56, 58, *range(60, 88)))
"""Hand percussion, which a second player has in hand."""

Turn = list[tuple[int, int]]


def struck_at(turn: Turn, position: int) -> list[int]:
    """Pitches this turn struck at a position, rising."""
    return [pitch for at, pitch in turn if at == position]


def forbid_positions(logits: np.ndarray, turn: Turn, part: int, bar_length: int, must_play: bool) -> None:
    """(P + 1,): nothing before the last note, nothing on top of a full chord, nothing past the bar; no END where one must play."""
    logits[bar_length:MAX_POSITIONS] = FORBIDDEN
    if turn:
        last = turn[-1][0]
        logits[:last] = FORBIDDEN
        pitch_logits = np.zeros(128)
        forbid_pitches(pitch_logits, turn, part, last)
        if (pitch_logits <= FORBIDDEN).all():
            logits[last] = FORBIDDEN
    if must_play and not turn:
        logits[MAX_POSITIONS] = FORBIDDEN
    if (logits <= FORBIDDEN).all():
        logits[MAX_POSITIONS] = 0


def forbid_pitches(logits: np.ndarray, turn: Turn, part: int, position: int) -> None:
    """(128,): nothing out of range, chords are told from the bottom up, within the player's reach."""
    player = BAND[ROLES[part]]
    logits[: player.low] = FORBIDDEN
    logits[player.high + 1 :] = FORBIDDEN
    chord = struck_at(turn, position)
    if not chord:
        return
    logits[: chord[-1] + 1] = FORBIDDEN
    if len(chord) >= player.polyphony + 2 * (player.role == "drums"):
        logits[:] = FORBIDDEN
    elif player.role == "drums":
        forbid_limbs(logits, chord)
    elif player.role == "piano":
        logits[reach_of_hands(chord) + 1 :] = FORBIDDEN
    else:
        logits[chord[0] + player.span + 1 :] = FORBIDDEN


def forbid_limbs(logits: np.ndarray, chord: Sequence[int]) -> None:
    """A drummer has one foot on the kick, one on the hi-hat and two hands; hand percussion is a second player's two hands."""
    if KICKS & set(chord):
        logits[list(KICKS)] = FORBIDDEN
    hands = [p for p in range(128) if p not in KICKS and p != HAT_PEDAL and p not in SECOND_PLAYER]
    if sum(pitch in hands for pitch in chord) >= 2:
        logits[hands] = FORBIDDEN
    if sum(pitch in SECOND_PLAYER for pitch in chord) >= 2:
        logits[list(SECOND_PLAYER)] = FORBIDDEN


def reach_of_hands(chord: Sequence[int]) -> int:
    """The highest pitch two hands can add to a rising chord: the left takes what it can from the bottom, the right the rest."""
    left = [pitch for pitch in chord if pitch <= chord[0] + HAND_SPAN][:FINGERS]
    right = chord[len(left) :]
    if right:
        return right[0] + HAND_SPAN if len(right) < FINGERS else right[-1]
    return 127


def is_playable(chord: Sequence[int], part: int) -> bool:
    """Whether the part's player can strike these pitches at once."""
    turn: Turn = []
    for pitch in sorted(chord):
        logits = np.zeros(128)
        forbid_pitches(logits, turn, part, 0)
        if logits[pitch] <= FORBIDDEN:
            return False
        turn.append((0, pitch))
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
    start = np.concatenate([[0], np.cumsum(bar_length)])[notes["bar"]] + notes["position"]
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
