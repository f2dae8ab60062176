"""Which chord is sounding: the player's notes of this moment against templates, with what was expected as the prior.

The same scores serve twice: in the engine, the moment a note of the band is struck; and in the generator, over whole bars.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from composer.harmony.chord import Chord

SUFFIXES = ("", "m", "7", "m7", "maj7", "dim", "m7b5", "sus4")
"""Qualities told apart, from the commonest; all twelve roots of one, then of the next: state = 12 * quality + root."""
STATES = 12 * len(SUFFIXES)
_STEPS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim": (0, 3, 6),
    "m7b5": (0, 3, 6, 10),
    "sus4": (0, 5, 7),
}
_WEIGHTS = {0: 1.0, 3: 1.0, 4: 1.0, 5: 0.8, 6: 0.9, 7: 0.75, 10: 0.7, 11: 0.7}
"""How much each step over the root says."""
_RARITY = {"": 0.0, "m": 0.0, "7": -0.06, "m7": -0.06, "maj7": -0.08, "dim": -0.15, "m7b5": -0.2, "sus4": -0.2}
_BASS_IS_ROOT, _BASS_IS_TONE = 0.3, 0.08
_LOW = 60
"""Only a lowest note under this pitch is a bass and speaks for a root; a lone tune's lowest note is not."""


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Templates (STATES, 12) of length 1, rarity (STATES,), tones (STATES, 12) bool, bass scores (12, STATES)."""
    shapes, tones = np.zeros((STATES, 12)), np.zeros((STATES, 12), bool)
    for quality, suffix in enumerate(SUFFIXES):
        for root in range(12):
            for step in _STEPS[suffix]:
                shapes[12 * quality + root, (root + step) % 12] = _WEIGHTS[step]
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    tones = shapes > 0
    rarity = np.repeat([_RARITY[suffix] for suffix in SUFFIXES], 12)
    bass = np.where(tones.T, _BASS_IS_TONE, 0.0)
    for state in range(STATES):
        bass[state % 12, state] = _BASS_IS_ROOT
    return shapes, rarity, tones, bass


def state_tones() -> np.ndarray:
    """Tones of every state, bool (STATES, 12)."""
    return _tables()[2]


def score_chroma(chroma: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """How well each chord explains what sounds: chroma (n, 12) ≥ 0, bass pitch (n,) or -1 → scores (n, STATES).

    Rows in silence are zeros. A score is a cosine with small changes for rarity and for the bass: 1.3 at best.
    """
    shapes, rarity, _, bass_table = _tables()
    heard = np.sqrt(chroma)
    length = np.linalg.norm(heard, axis=1, keepdims=True)
    scores = (heard / np.maximum(length, 1e-9)) @ shapes.T + rarity
    low = (bass >= 0) & (bass < _LOW)
    scores += np.where(low[:, None], bass_table[bass % 12], 0.0)
    scores[length[:, 0] == 0] = 0.0
    return np.asarray(scores)


@lru_cache(maxsize=4 * STATES)
def chord_of(state: int, flats: bool = True) -> Chord:
    """A state as a chord, spelled with flats or sharps."""
    names = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
    sharp = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    return Chord.parse((names if flats else sharp)[state % 12] + SUFFIXES[state // 12])


def state_of(chord: Chord) -> int:
    """The state nearest to any chord, -1 for no chord: same root, the most tones in common, the plainest."""
    if chord.root < 0:
        return -1
    wanted = {(tone - chord.root) % 12 for tone in chord.tones}
    likeness = [len(wanted & set(steps)) - 0.5 * len(set(steps) - wanted) for steps in (_STEPS[s] for s in SUFFIXES)]
    return 12 * int(np.argmax(likeness)) + chord.root


def chroma_of(notes: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What sounds between edges (n + 1,) in beats: chroma (n, 12) in beats, a struck note counting a little more than its
    length, and the lowest pitch (n,), -1 in silence. `notes` are HEARD_DTYPE."""
    count = len(edges) - 1
    table, low = np.zeros((count, 12)), np.full(count, 128)
    for onset, duration, pitch, velocity in notes.tolist():
        first = max(0, int(np.searchsorted(edges, onset + 0.06, side="right")) - 1)
        last = int(np.searchsorted(edges, onset + duration - 0.06, side="left"))
        for at in range(first, min(max(last, first + 1), count)):
            shared = min(onset + duration, edges[at + 1]) - max(onset, edges[at])
            if shared <= 0 and at != first:
                continue
            struck = at == first and onset >= edges[at] - 0.13
            span = edges[at + 1] - edges[at]
            table[at, pitch % 12] += (max(shared, 0.05) / span + 0.25 * struck) * (0.5 + velocity / 127)
            if shared > 0.15 * span or struck:
                low[at] = min(low[at], pitch)
    return table, np.where(low == 128, -1, low)
