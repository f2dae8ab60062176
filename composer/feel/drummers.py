"""Drummers: the timing of takes of the Groove MIDI Dataset, as `composer.training.feel` measured it, and which suits a song.

A take's timing is three things: a pocket (how early or late each piece of the kit is at each place in the beat), a drift that
all pieces share and that changes over a few beats, and a scatter of each stroke.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

TABLE = Path(__file__).with_name("drummers.json")
LICENCE = "CC-BY-4.0 (Groove MIDI Dataset, Gillick et al. 2019)"
PIECES = ("kick", "snare", "hat", "open hat", "ride", "toms", "crash")
KICK = PIECES.index("kick")
NEAREST = 6
"""Of how many takes, the nearest in tempo, one is drawn."""

_PITCHES = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "open hat": (46,), "ride": (51, 53, 59),
    "toms": (41, 43, 45, 47, 48, 50, *range(60, 69)), "crash": (49, 52, 55, 57),
}  # fmt: skip
_KIN = {
    "ballad": ("pop", "soul"), "metal": ("rock",), "ska": ("reggae", "rock"), "tango": ("latin",), "waltz": ("swing", "folk"),
    "classical": ("march", "folk"), "jazz-waltz": ("swing",), "rnb": ("soul", "hiphop"), "ragtime": ("swing", "march"),
    "polka": ("march", "folk"), "gospel": ("gospel", "soul"), "dance": ("dance", "disco"), "disco": ("disco", "dance"),
    "pop": ("pop", "rock"), "country": ("country", "rock"), "folk": ("folk", "country"), "bossa": ("bossa", "samba", "latin"),
    "samba": ("samba", "latin"), "march": ("march", "folk"), "blues": ("blues", "swing"), "reggae": ("reggae",),
}  # fmt: skip
"""Whose takes a style borrows: its own where there are enough, and its kin's."""


@dataclass(frozen=True)
class Drummer:
    """How one take is timed, in milliseconds; early is negative."""

    take: str
    style: str
    bpm: float
    drift_ms: float
    """Standard deviation of what all pieces share."""
    scatter_ms: float
    """Standard deviation of each stroke's own."""
    pocket_ms: np.ndarray
    """Mean by piece and place in the quarter note, shape (PIECES, POSITIONS_PER_QUARTER)."""


def piece_of(pitches: np.ndarray) -> np.ndarray:
    """General MIDI drum notes → indices into PIECES; shakers and what else keeps time count as the hat."""
    return np.asarray(_PIECE[pitches])


def _pieces() -> np.ndarray:
    table = np.full(128, PIECES.index("hat"))
    for piece, pitches in _PITCHES.items():
        table[list(pitches)] = PIECES.index(piece)
    return table


_PIECE = _pieces()


@cache
def drummers() -> tuple[Drummer, ...]:
    """All takes that are known."""
    return tuple(
        Drummer(**{**entry, "pocket_ms": np.array(entry["pocket_ms"], float)})
        for entry in json.loads(TABLE.read_text())["takes"]
    )


def choose_drummer(style: str, bpm: float, rng: np.random.Generator) -> Drummer:
    """One of the takes in a style (a name in styles.STYLES, or "") that are nearest in tempo; of any style where there is none."""
    kin = _KIN.get(style, (style,))
    fitting = [drummer for drummer in drummers() if drummer.style in kin] or list(drummers())
    fitting.sort(key=lambda drummer: abs(np.log(drummer.bpm / bpm)))
    return fitting[int(rng.integers(min(NEAREST, len(fitting))))]
