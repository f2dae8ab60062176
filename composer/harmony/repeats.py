"""Where a melody returns, its chords return: probabilities of bars that sing the same are averaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.timing import Bar

_ALIKE = 0.9
"""Cosine similarity of two bars, with half of their neighbours, from which they count as the same music."""


def share_repeats(scores: np.ndarray, melody: np.ndarray, bars: Sequence[Bar]) -> np.ndarray:
    """Log probabilities (beats, states) → the same, averaged over bars whose `melody` (beats, features) is alike."""
    counts = np.array([bar.beat_count for bar in bars])
    starts = np.cumsum(counts) - counts
    usual = int(np.bincount(counts).argmax())
    full = np.flatnonzero(counts == usual)
    if len(full) < 4:
        return scores
    beats = starts[full][:, None] + np.arange(usual)
    sung = melody[beats].reshape(len(full), -1)
    around = np.concatenate([sung, np.roll(sung, 1, axis=0) / 2, np.roll(sung, -1, axis=0) / 2], axis=1)
    length = np.linalg.norm(around, axis=1)
    alike = around @ around.T / np.maximum(np.outer(length, length), 1e-6)
    weights = np.where(alike > _ALIKE, alike, 0.0)
    np.fill_diagonal(weights, 1.0)
    weights /= weights.sum(1, keepdims=True)
    shared: np.ndarray = scores.copy()
    shared[beats] = np.einsum("ij,jbs->ibs", weights, scores[beats])
    return shared
