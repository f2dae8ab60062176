"""What sounds in each beat, as pitch classes: the view of a piece that chord inference looks at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from composer.timing import Bar


def beat_edges(bars: Sequence[Bar]) -> np.ndarray:
    """Ticks where beats begin, and the end of the last: shape (beats + 1,), int64."""
    return np.array([start for bar in bars for start in bar.beat_starts()] + [bars[-1].end], np.int64)


def beat_weights(bars: Sequence[Bar]) -> np.ndarray:
    """How strong each beat is, shape (beats,): 2 for a bar's first, 1 for the middle of an even bar, 0 elsewhere."""
    weights: list[int] = []
    for bar in bars:
        count = bar.beat_count
        weights += [2 if beat == 0 else 1 if count % 2 == 0 and beat * 2 == count else 0 for beat in range(count)]
    return np.array(weights, np.int64)


def overlaps(notes: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every (note, beat) that meet: note indices, beat indices and the ticks they share, each of shape (pairs,)."""
    onset = notes["onset"].astype(np.int64)
    end = np.maximum(onset + notes["duration"], onset + 1)
    first = np.searchsorted(edges, onset, side="right") - 1
    last = np.minimum(np.searchsorted(edges, end, side="left"), len(edges) - 1)
    inside = (first >= 0) & (first < len(edges) - 1)
    count = np.where(inside, last - first, 0)
    note = np.repeat(np.arange(len(notes)), count)
    beat = first[note] + np.arange(len(note)) - np.repeat(np.cumsum(count) - count, count)
    shared = np.minimum(end[note], edges[beat + 1]) - np.maximum(onset[note], edges[beat])
    return note, beat, shared


def chroma(notes: np.ndarray, edges: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Sounding time of every pitch class in every beat, in beats, shape (beats, 12); `weights` (notes,) scale notes."""
    note, beat, shared = overlaps(notes, edges)
    amount = shared / np.diff(edges)[beat]
    if weights is not None:
        amount = amount * weights[note]
    table = np.zeros((len(edges) - 1, 12))
    np.add.at(table, (beat, notes["pitch"][note] % 12), amount)
    return table


def lowest(notes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The lowest pitch sounding for at least a fifth of each beat, -1 in silence, shape (beats,)."""
    note, beat, shared = overlaps(notes, edges)
    enough = shared * 5 >= np.diff(edges)[beat]
    low = np.full(len(edges) - 1, 128)
    np.minimum.at(low, beat[enough], notes["pitch"][note[enough]])
    return np.where(low == 128, -1, low)
