"""Chords of a full arrangement, by comparing what sounds in each beat with templates (after Fujishima, ICMC 1999)."""

from __future__ import annotations

import numpy as np

from composer.harmony.bare import settle_thirds
from composer.harmony.chroma import beat_edges, beat_weights, chroma, lowest
from composer.harmony.viterbi import best_path
from composer.score import Score
from composer.timing import Bar

QUALITIES: dict[str, tuple[tuple[int, ...], float]] = {
    "": ((0, 4, 7), 0.0),
    "m": ((0, 3, 7), 0.0),
    "7": ((0, 4, 7, 10), -0.12),
    "maj7": ((0, 4, 7, 11), -0.16),
    "m7": ((0, 3, 7, 10), -0.12),
    "dim": ((0, 3, 6), -0.15),
    "m7b5": ((0, 3, 6, 10), -0.2),
    "sus4": ((0, 5, 7), -0.2),
}
"""Suffix → tones over the root, and what the quality loses for being rarer than a triad."""
_TONE_WEIGHTS = {0: 1.0, 3: 1.0, 4: 1.0, 5: 0.8, 6: 0.9, 7: 0.75, 10: 0.6, 11: 0.6}
_BASS_IS_ROOT = 0.30
_BASS_IS_TONE = 0.08
_NO_CHORD_SCORE = 0.35
_CHANGE = (1.4, 0.9, 0.45)
"""What a change of chord costs on a weak beat, in the middle of a bar, at its beginning."""


def template_states(score: Score, bars: tuple[Bar, ...]) -> np.ndarray:
    """One state per beat, shape (beats,): 12 * quality + root in the order of QUALITIES, one more for no chord."""
    notes = [part.notes for part in score.parts if not part.is_drum and part.role != "drums"]
    edges = beat_edges(bars)
    silent = 12 * len(QUALITIES)
    if not notes or not any(map(len, notes)):
        return np.full(len(edges) - 1, silent)
    together = np.concatenate(notes)
    loud = np.sqrt(chroma(together, edges))
    sounding = loud.any(1)
    heard = loud / np.maximum(np.linalg.norm(loud, axis=1, keepdims=True), 1e-9)
    bass = lowest(together, edges)
    scores = np.zeros((len(heard), silent + 1))
    for quality, (tones, prior) in enumerate(QUALITIES.values()):
        shape = np.array([_TONE_WEIGHTS.get(step, 0.0) if step in tones else 0.0 for step in range(12)])
        shape /= np.linalg.norm(shape)
        for root in range(12):
            low = np.where(bass < 0, 0.0, _BASS_IS_TONE * np.isin((bass - root) % 12, tones))
            low += np.where((bass >= 0) & (bass % 12 == root), _BASS_IS_ROOT - _BASS_IS_TONE, 0.0)
            scores[:, 12 * quality + root] = heard @ np.roll(shape, root) + prior + low
    scores[:, silent] = np.where(sounding, _NO_CHORD_SCORE, 0.6)
    scores[~sounding, :silent] = 0.3
    # A rest of a beat or two inside the music belongs to the chord around it; a longer one is silence.
    stay = 1.0 - np.eye(silent + 1)
    moves = np.stack([-cost * stay for cost in _CHANGE])
    path = best_path(scores, moves, beat_weights(bars))
    return settle_thirds(path, [tones for tones, _ in QUALITIES.values()], loud)
