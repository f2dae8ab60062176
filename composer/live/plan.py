"""What engine and generator say to each other: asks for bars, and plans of them. Small values that cross a process border."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

HEARD_DTYPE = np.dtype([("onset", "<f8"), ("duration", "<f8"), ("pitch", "u1"), ("velocity", "u1")])
"""A note the player played: onset and duration in beats since the first downbeat."""


@dataclass(frozen=True)
class Wishes:
    """What the band is asked for, as it stands when a bar is planned."""

    style: str = "pop"
    """A style's name, or a groove's."""
    strength: float = 1.0
    """How much the style is insisted on: 0 not at all, 1 as trained."""
    parts: tuple[str, ...] = ("drums", "bass", "guitar", "piano")
    resting: tuple[str, ...] = ()
    """Parts that are silent in this bar."""
    density: tuple[tuple[str, int], ...] = ()
    """Part → 1 sparse … 5 busy, where it is said."""
    soloist: str = ""
    """The part that takes up what the player played, "" for none."""
    temperature: float = 1.0
    chords: tuple[str, ...] = ()
    """A chart's chords, one a beat, repeated for ever; () follows the player."""


@dataclass(frozen=True)
class Ask:
    """Plan one bar, or plan its rest again."""

    number: int
    bar: int
    cut: int
    """Grid position from which notes may be (re)written; what the last plan has before it stands."""
    heard: np.ndarray
    """HEARD_DTYPE: what the player played from bar `since` on, as far as it is known; also notes struck earlier that
    sound into it."""
    now_beat: float
    """What is not in `heard` before this beat was not played."""
    wishes: Wishes
    bpm: float = 120.0
    since: int | None = None
    """First bar that `heard` tells about; None is two before this one."""


@dataclass(frozen=True)
class Plan:
    """A bar as the band means to play it."""

    number: int
    """Of the ask it answers."""
    bar: int
    cut: int
    notes: np.ndarray
    """GRID_NOTE_DTYPE, the whole bar, sorted by position."""
    chords: tuple[str, ...]
    """Symbol of each beat."""
    next_chords: tuple[str, ...] = ()
    """The bar after, as it is expected."""
    took_s: float = 0.0
    key: str = ""
    known: bool = True
    """Whether any harmony is known yet; without, only drums play."""
    meta: dict[str, float] = field(default_factory=dict)


class Planner(Protocol):
    """Takes asks; its answers (Plan) arrive in the inbox."""

    def ask(self, ask: Ask) -> None: ...

    def close(self) -> None: ...
