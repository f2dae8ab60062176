"""From the melody model's probabilities to a chord per beat: a path that changes where harmony changes, and comes home."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.chroma import beat_weights
from composer.harmony.key import Key, key_scores
from composer.harmony.lane import ChordLane
from composer.harmony.melody_features import SUNG, melody_features, signature_tonic
from composer.harmony.melody_model import QUALITIES, MelodyModel
from composer.harmony.repeats import share_repeats
from composer.harmony.viterbi import best_path
from composer.timing import HAIR_BEATS, Bar, beat_quarters

CHANGE = (2.0, 1.0, 0.3)
"""What a change of chord costs, in nats, on a weak beat, in the middle of a bar, at its beginning; set on songs kept
for validation."""
_HOME = 2.0
"""What the last beat gains, in nats, for the tonic chord when the melody ends on one of its notes."""
_QUALITY = 0.3
"""How much a chord's quality counts beside its root: people agree on roots more, and a root is many qualities' sum."""
_TRUSTED = 0.35
_DEFAULT_TRUSTED = 0.1
"""How much worse than the best key, in correlation, the file's own may fit: "C" is what many programs write unasked."""


def reference_tonic(notes: np.ndarray, signature: str) -> int:
    """Tonic of the major scale that pitch classes count from: the key signature's where it fits, else the notes' own."""
    found = signature_tonic(notes)
    given = Key.from_signature(signature)
    if given is None:
        return found
    scores = key_scores(notes)
    fits = np.maximum(scores[:12], np.roll(scores[12:], 3))
    tonic = (given.tonic + (3 if given.mode == "minor" else 0)) % 12
    limit = _DEFAULT_TRUSTED if signature == "C" else _TRUSTED
    return tonic if fits[tonic] >= fits[found] - limit else found


def harmonise(model: MelodyModel, notes: np.ndarray, bars: Sequence[Bar], signature: str = "") -> ChordLane:
    """A chord for every beat of `bars`; beats in bars before the melody's first and after its last have none."""
    if not len(notes):
        return ChordLane((NO_CHORD,) * sum(bar.beat_count for bar in bars))
    end = int((notes["onset"].astype(np.int64) + notes["duration"]).max())
    first = max((at for at, bar in enumerate(bars) if bar.start <= notes["onset"].min() + _hair(bar)), default=0)
    notes = notes.copy()
    notes["onset"] = np.maximum(notes["onset"], bars[first].start)
    last = max(first + 1, sum(bar.start < end for bar in bars))
    sung = bars[first:last]
    reference = reference_tonic(notes, signature)
    states = best_states(model, melody_features(notes, sung, reference), sung, home(notes, reference))
    key = spelling_key(notes, reference)
    names = [[Chord.parse(key.spell(reference + root) + suffix) for root in range(12)] for suffix in QUALITIES]
    chords = [names[state // 12][state % 12] for state in states]
    before = [NO_CHORD] * sum(bar.beat_count for bar in bars[:first])
    after = [NO_CHORD] * sum(bar.beat_count for bar in bars[last:])
    return ChordLane((*before, *chords, *after))


def _hair(bar: Bar) -> float:
    """How many ticks before the bar line a note still begins on it."""
    return HAIR_BEATS * bar.beat_length / beat_quarters(bar.numerator, bar.denominator)


def best_states(model: MelodyModel, features: np.ndarray, bars: Sequence[Bar], ending: int | None) -> np.ndarray:
    """Features (beats, WIDTH) → the best state per beat, shape (beats,); `ending` is a root to come home to, if any."""
    scores = roots_first(share_repeats(model.log_probabilities(features), features[:, : 12 * SUNG], bars))
    if ending is not None:
        scores[-1].reshape(len(QUALITIES), 12)[:, ending] += _HOME
    states = scores.shape[1]
    moves = np.stack([-cost * (1.0 - np.eye(states)) for cost in CHANGE])
    return best_path(scores, moves, beat_weights(bars))


def roots_first(scores: np.ndarray) -> np.ndarray:
    """Log scores (beats, STATES) → each root's whole log score, plus a part of the quality's, given the root."""
    qualities = scores.reshape(len(scores), len(QUALITIES), 12)
    roots = np.logaddexp.reduce(qualities, axis=1, keepdims=True)
    return np.asarray(roots + _QUALITY * (qualities - roots)).reshape(scores.shape)


def home(notes: np.ndarray, reference: int) -> int | None:
    """The tonic's root above the reference, where the last note belongs to the tonic chord; else None."""
    tonic = spelling_key(notes, reference)
    triad = (0, 4, 7) if tonic.mode == "major" else (0, 3, 7)
    last = int(notes["pitch"][notes["onset"].argmax()])
    return (tonic.tonic - reference) % 12 if (last - tonic.tonic) % 12 in triad else None


def spelling_key(notes: np.ndarray, reference: int) -> Key:
    """The key of that signature, major or its relative minor, whichever the notes fit better."""
    scores = key_scores(notes)
    minor = (reference + 9) % 12
    return Key(reference, "major") if scores[reference] >= scores[12 + minor] else Key(minor, "minor")
