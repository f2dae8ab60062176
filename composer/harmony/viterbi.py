"""The best path through scores per beat, when staying and moving have their own scores."""

from __future__ import annotations

import numpy as np


def best_path(scores: np.ndarray, moves: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Viterbi: scores (beats, states), moves (kinds, states, states) from row to column, which (beats,) → (beats,).

    `which[t]` names the table of moves used to enter beat t (that of beat 0 is not used). All are log scores.
    """
    count, states = scores.shape
    best = scores[0].astype(np.float64)
    back = np.zeros((count, states), np.int64)
    for beat in range(1, count):
        reached = best[:, None] + moves[which[beat]]
        back[beat] = reached.argmax(0)
        best = reached[back[beat], np.arange(states)] + scores[beat]
    path = np.zeros(count, np.int64)
    path[-1] = best.argmax()
    for beat in range(count - 1, 0, -1):
        path[beat - 1] = back[beat, path[beat]]
    return path
