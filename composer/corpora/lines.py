"""A melody as one voice: what a singer could sing of it."""

from __future__ import annotations

import numpy as np


def top_line(notes: np.ndarray) -> np.ndarray:
    """NOTE_DTYPE rows in order → the highest of those struck together, each cut where the next begins."""
    if not len(notes):
        return notes
    order = np.lexsort((-notes["pitch"], notes["onset"]))
    ordered = notes[order]
    line: np.ndarray = ordered[np.concatenate([[True], np.diff(ordered["onset"]) > 0])].copy()
    room = np.diff(line["onset"], append=line["onset"][-1] + line["duration"][-1])
    line["duration"] = np.minimum(line["duration"], room)
    return line
