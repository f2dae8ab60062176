"""What is due when: a heap by beat. Within one beat endings come first, then what decides, then what begins."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ENDS, PLAYER, DECIDES, PULSES, BEGINS = range(5)


@dataclass(frozen=True)
class NoteOn:
    """A band's note to be struck."""

    part: str
    pitch: int
    velocity: int
    beats: float
    """How long it sounds."""
    bar: int
    plan: int
    """Number of the plan it belongs to."""
    chord: str
    """Symbol it was meant for."""


@dataclass(frozen=True)
class NoteOff:
    """The end of a note on the ledger."""

    port: str
    channel: int
    pitch: int
    note: int


@dataclass(frozen=True)
class Click:
    """The metronome."""

    accent: bool


@dataclass(frozen=True)
class PlayerNote:
    """A file's message, played as if a player played it."""

    port: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """Something to do at a beat."""

    do: Callable[[], None]
    what: str = ""


class Schedule:
    """Items at beats. Not for several threads: the engine's own."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, Any]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, beat: float, order: int, item: Any) -> None:
        heapq.heappush(self._heap, (beat, order, next(self._order), item))

    def next_beat(self) -> float:
        """Beat of the first item; infinity if there is none."""
        return self._heap[0][0] if self._heap else float("inf")

    def pop(self) -> tuple[float, Any]:
        beat, _, _, item = heapq.heappop(self._heap)
        return beat, item

    def drop(self, unwanted: Callable[[float, Any], bool]) -> list[Any]:
        """Take out every item that `unwanted(beat, item)` names; returns them."""
        gone = [entry for entry in self._heap if unwanted(entry[0], entry[3])]
        if gone:
            numbers = {entry[2] for entry in gone}
            self._heap = [entry for entry in self._heap if entry[2] not in numbers]
            heapq.heapify(self._heap)
        return [entry[3] for entry in gone]
