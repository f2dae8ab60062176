"""A performance's grid: where its notes stand in a score, and the note values that they are written in.

Each quarter note is read in sixteenths or, where those fit worse, triplets or thirty-seconds. In metres of eighths, whose beats are three
already, it is each eighth, and two eighths are a triplet's where clearly three notes are played in their time; two notes in the
time of three are dotted.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from composer.timing import Bar

QUARTER = 48
"""MusicXML divisions: sixteenths are 12, triplet eighths 16, sixty-fourths 3."""
SIXTEENTH = QUARTER // 4
_EIGHTH = QUARTER // 2
_TRIPLETS = (QUARTER // 3, QUARTER // 6)

# How long a group is, and the steps it may be counted in: what share of the sixteenths' error each may leave.
_Ways = Sequence[tuple[int, Mapping[int, float]]]
_OF_QUARTERS: _Ways = ((QUARTER, {QUARTER // 3: 0.6, QUARTER // 8: 0.2, QUARTER // 6: 0.2}),)
_OF_EIGHTHS: _Ways = ((QUARTER, {QUARTER // 3: 0.2}), (_EIGHTH, {QUARTER // 8: 0.2, QUARTER // 6: 0.2}))

_TYPES = {
    192: ("whole", 0),
    144: ("half", 1),
    96: ("half", 0),
    72: ("quarter", 1),
    48: ("quarter", 0),
    36: ("eighth", 1),
    24: ("eighth", 0),
    18: ("16th", 1),
    12: ("16th", 0),
    6: ("32nd", 0),
    3: ("64th", 0),
}
"""Length → note type and dots."""
_TRIPLET_TYPES = {32: "quarter", 16: "eighth", 8: "16th"}
_LONGEST_FIRST = sorted(_TYPES, reverse=True)


@dataclass(frozen=True)
class Group:
    """A stretch of a bar that is not counted in sixteenths. `start` and `end` in divisions from the piece's start."""

    start: int
    end: int
    step: int

    @property
    def is_triplet(self) -> bool:
        return self.step in _TRIPLETS


@dataclass(frozen=True)
class Value:
    """A written note value: its `length` in divisions, its name ("" where it has none), and the triplet that it is in."""

    length: int
    kind: str
    dots: int = 0
    triplet: Group | None = None


class Grid:
    """The grid of one part whose notes begin at `starts`. Places and lengths are in divisions from the piece's start."""

    def __init__(
        self, bars: Sequence[Bar], bar_lines: Sequence[int], ticks_per_beat: int, starts: Iterable[float]
    ) -> None:
        self.bar_lines = bar_lines
        self.beats = [round(bar.beat_length * QUARTER / ticks_per_beat) or QUARTER for bar in bars]
        by_bar: dict[int, list[float]] = {}
        for start in starts:
            by_bar.setdefault(self.bar_at(start + 0.01), []).append(start)
        self.groups = [
            group
            for index, inside in sorted(by_bar.items())
            for group in self._groups(index, inside, _OF_EIGHTHS if bars[index].denominator >= 8 else _OF_QUARTERS)
        ]
        self._starts = [group.start for group in self.groups]
        self._triplets = [group.start for group in self.groups if group.is_triplet]

    def bar_at(self, place: float) -> int:
        """Index of the bar that `place` is in."""
        return min(max(0, bisect.bisect_right(self.bar_lines, place) - 1), len(self.bar_lines) - 2)

    def step_at(self, place: float) -> int:
        """What is counted at `place`: the least that a note lasts."""
        group = self._group_at(place)
        return group.step if group else SIXTEENTH

    def snap(self, place: float) -> int:
        """The nearest place on the grid."""
        index, group, step = self.bar_at(place + 0.01), self._group_at(place + 0.01), self.step_at(place + 0.01)
        base = group.start if group else self.bar_lines[index]
        return min(base + step * round((place - base) / step), self.bar_lines[index + 1])

    def next_value(self, at: int, end: int, index: int) -> Value:
        """The longest single note value from `at` in bar `index` that keeps beats and triplets visible."""
        group = self._group_at(at)
        if group and group.is_triplet:
            length = min(end, group.end) - at
            if length == group.end - group.start:
                return Value(length, *_TYPES[length])
            for fitting, kind in _TRIPLET_TYPES.items():
                if fitting <= length:
                    return Value(fitting, kind, triplet=group)
        here, beat, limit = at - self.bar_lines[index], self.beats[index], end - at
        if here % beat:
            to_beat = beat - here % beat
            # A quarter off the beat, as in ♪ ♩ ♪, is read at a glance; anything longer is tied over the beat.
            syncopated = here % beat == beat // 2 and limit == beat and beat == QUARTER
            limit = limit if syncopated else min(limit, to_beat)
        following = bisect.bisect_right(self._triplets, at)
        if following < len(self._triplets):
            limit = min(limit, self._triplets[following] - at)
        for length in _LONGEST_FIRST:
            if length <= limit:
                return Value(length, *_TYPES[length])
        return Value(limit, "")

    def _group_at(self, place: float) -> Group | None:
        found = bisect.bisect_right(self._starts, place) - 1
        return self.groups[found] if found >= 0 and place < self.groups[found].end else None

    def _groups(self, index: int, starts: Sequence[float], ways: _Ways) -> Iterator[Group]:
        """The groups of one bar, from those of its notes' starts that are not on sixteenths."""
        at, line = self.bar_lines[index], self.bar_lines[index + 1]
        while at < line:
            possible = (_group(at, length, steps, starts, line) for length, steps in ways)
            group = next(filter(None, possible), None)
            if group:
                yield group
            at = group.end if group else at + ways[-1][0]


def _group(at: int, length: int, steps: Mapping[int, float], starts: Sequence[float], line: int) -> Group | None:
    """A group from `at`, counted in the first of `steps` that fits the notes' `starts`. None reaches over the bar `line`."""
    inside = [start - at for start in starts if 0 <= start + 0.01 - at < length]
    allowed = _error(inside, SIXTEENTH)
    for step, share in steps.items():
        whole = step not in _TRIPLETS or at + length <= line
        if whole and _error(inside, step) < allowed * share - 0.5:
            return Group(at, min(at + length, line), step)
    return None


def _error(places: Iterable[float], step: int) -> float:
    """How far these are from multiples of `step`, together."""
    return sum(abs(place - step * round(place / step)) for place in places)
