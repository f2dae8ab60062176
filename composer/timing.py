"""Musical time: ticks ↔ seconds (TempoMap) and ticks ↔ bar and beat (Meter).

A tick is 1/`ticks_per_beat` of a quarter note, whatever the metre; a score keeps the division of the file it came from.
Bars are numbered as musicians number them: the first full bar is 1, a pick-up before it 0 (`Bar.number`).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from composer.errors import ScoreError
from composer.wording import counted

DEFAULT_TICKS_PER_BEAT = 480
DEFAULT_TEMPO_US = 500_000
"""Microseconds per quarter note where a file names no tempo (120 BPM, as MIDI has it)."""
HAIR_BEATS = 1 / 24
"""How far before a bar line, in quarter notes, a note still begins on it: half a position of the grid (`vocab`)."""
TAIL_BEATS = 1 / 4
"""How far past a bar line, in quarter notes, a note may ring and not reach into that bar: less than a sixteenth is legato."""


def _checked_changes(what: str, changes: tuple[tuple[int, ...], ...]) -> None:
    if not changes or changes[0][0] != 0:
        raise ScoreError(f"{what} must start at tick 0, got {changes[:1]}")
    for before, after in itertools.pairwise(changes):
        if after[0] <= before[0]:
            raise ScoreError(f"{what} changes must come in order: tick {after[0]} follows tick {before[0]}")


@dataclass(frozen=True)
class TempoMap:
    """Tempo as steps: `changes` are (tick, microseconds per quarter note), the first at tick 0."""

    ticks_per_beat: int = DEFAULT_TICKS_PER_BEAT
    changes: tuple[tuple[int, int], ...] = ((0, DEFAULT_TEMPO_US),)

    def __post_init__(self) -> None:
        if not 1 <= self.ticks_per_beat <= 0x7FFF_FFFF:
            raise ScoreError(f"ticks per beat must be at least 1, got {self.ticks_per_beat}")
        _checked_changes("tempo", self.changes)
        for tick, tempo_us in self.changes:
            if not 1 <= tempo_us <= 0xFF_FFFF:
                raise ScoreError(f"tempo at tick {tick} must be 1..16777215 µs a beat, got {tempo_us}")

    @classmethod
    def constant(cls, bpm: float, ticks_per_beat: int = DEFAULT_TICKS_PER_BEAT) -> TempoMap:
        """One tempo throughout, in quarter notes a minute."""
        if not 4 <= bpm <= 1000:
            raise ScoreError(f"tempo must be 4..1000 BPM, got {bpm:g}")
        return cls(ticks_per_beat, ((0, round(60e6 / bpm)),))

    @cached_property
    def _steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ticks = np.array([tick for tick, _ in self.changes], np.float64)
        pace_s = np.array([tempo_us for _, tempo_us in self.changes], np.float64) / (1e6 * self.ticks_per_beat)
        starts_s = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * pace_s[:-1])])
        return ticks, pace_s, starts_s

    def seconds(self, ticks: np.ndarray | float) -> np.ndarray:
        """Seconds from the start, for ticks of any shape."""
        starts, pace_s, starts_s = self._steps
        ticks = np.asarray(ticks, np.float64)
        step = np.clip(np.searchsorted(starts, ticks, side="right") - 1, 0, None)
        return np.asarray(starts_s[step] + (ticks - starts[step]) * pace_s[step])

    def ticks(self, seconds: np.ndarray | float) -> np.ndarray:
        """Ticks (fractional) at seconds of any shape: the inverse of `seconds`."""
        starts, pace_s, starts_s = self._steps
        seconds = np.asarray(seconds, np.float64)
        step = np.clip(np.searchsorted(starts_s, seconds, side="right") - 1, 0, None)
        return np.asarray(starts[step] + (seconds - starts_s[step]) / pace_s[step])

    def bpm_at(self, tick: int) -> float:
        """Quarter notes a minute at `tick`."""
        at = bisect.bisect_right(self.changes, tick, key=lambda change: change[0]) - 1
        return 60e6 / self.changes[max(at, 0)][1]


@dataclass(frozen=True)
class Bar:
    """One bar: `start` and `length` in ticks. A pick-up bar is a bar of a shorter metre."""

    index: int
    """Its place among the bars from tick 0 on, the pick-up included."""
    number: int
    """What people call it: the first full bar is 1, a pick-up 0."""
    start: int
    length: int
    numerator: int
    denominator: int
    beat_length: float
    """Ticks a beat: a quarter note, but a dotted quarter in 6/8, 9/8, 12/8 and an eighth in other /8."""

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def beat_count(self) -> int:
        """Beats in this bar, at least 1; the last one may be short."""
        return max(1, int(np.ceil(self.length / self.beat_length - 1e-6)))

    def beat_starts(self) -> list[int]:
        """Tick of every beat in the bar."""
        return [self.start + round(beat * self.beat_length) for beat in range(self.beat_count)]


def has_pickup(bars: Sequence[Bar]) -> bool:
    """Whether the first of these bars is a pick-up (see `Meter.starts_whole`)."""
    return len(bars) > 1 and bars[0].number == 0


def span(first: int, last: int) -> str:
    """Bars by their numbers.

    >>> span(9, 16), span(9, 9)
    ('9-16', '9')
    """
    return f"{first}-{last}" if last > first else f"{first}"


def spans(numbers: Iterable[int]) -> list[str]:
    """Numbers of bars in order, those in a row as one span.

    >>> spans([2, 4, 5, 6])
    ['2', '4-6']
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [span(first, last) for first, last in found]


def bars_said(spans: Sequence[str]) -> str:
    """Spans of bars in a sentence.

    >>> bars_said(["9-16"]), bars_said(["9"]), bars_said(["5", "9-12"])
    ('bars 9-16', 'bar 9', 'bars 5, 9-12')
    """
    return ("bar " if len(spans) == 1 and spans[0].isdigit() else "bars ") + ", ".join(spans)


def length_said(bars: Sequence[Bar]) -> str:
    """How many bars these are, as people count them.

    >>> length_said(Meter(480, ((0, 1, 4), (480, 3, 4))).bars(480 * 7))
    '2 bars and a pick-up'
    """
    full = len(bars) - has_pickup(bars)
    return counted(full, "bar") + " and a pick-up" * has_pickup(bars)


def beat_quarters(numerator: int, denominator: int) -> float:
    """Length of a beat in quarter notes: 1 in simple metres, 1.5 in compound ones, 0.5 in 5/8 or 7/8.

    >>> beat_quarters(4, 4), beat_quarters(6, 8), beat_quarters(7, 8), beat_quarters(2, 2)
    (1.0, 1.5, 0.5, 1.0)
    """
    if denominator >= 8:
        unit = 4 / denominator
        return unit * 3 if numerator % 3 == 0 and numerator >= 6 else min(1.0, unit)
    return 1.0


def usual_meter(bars: Iterable[Bar]) -> tuple[int, int]:
    """(numerator, denominator) of the metre that most of the time is spent in: neither pick-ups nor odd bars change it.

    >>> usual_meter(Meter(480, ((0, 1, 4), (480, 3, 4))).bars(480 * 7))
    (3, 4)
    """
    ticks: dict[tuple[int, int], int] = {}
    for bar in bars:
        signature = bar.numerator, bar.denominator
        ticks[signature] = ticks.get(signature, 0) + bar.length
    if not ticks:
        raise ScoreError("no bars, so no metre")
    return max(ticks, key=lambda signature: (ticks[signature], signature))


def meter_name(bars: Iterable[Bar]) -> str:
    """The usual metre in writing, such as "6/8", as styles and groove cards have it. Raises as `usual_meter`."""
    return "{}/{}".format(*usual_meter(bars))


@dataclass(frozen=True)
class Meter:
    """Metre as steps: `changes` are (tick, numerator, denominator), the first at tick 0.

    A change begins a new bar; the bar it interrupts is cut short. A pick-up is a short metre before the first full bar.
    """

    ticks_per_beat: int = DEFAULT_TICKS_PER_BEAT
    changes: tuple[tuple[int, int, int], ...] = ((0, 4, 4),)
    starts_whole: bool = False
    """Whether the first bar is a full one even where it is shorter than the second, as when 3/4 changes to 4/4 there."""

    def __post_init__(self) -> None:
        if self.ticks_per_beat < 1:
            raise ScoreError(f"ticks per beat must be at least 1, got {self.ticks_per_beat}")
        _checked_changes("metre", self.changes)
        for tick, numerator, denominator in self.changes:
            if not 1 <= numerator <= 255 or denominator < 1 or denominator & (denominator - 1):
                raise ScoreError(f"metre at tick {tick} cannot be {numerator}/{denominator}")

    def iter_bars(self) -> Iterator[Bar]:
        """Every bar from tick 0 on, without end."""
        first, second = itertools.islice(self._bars_from(1), 2)
        return self._bars_from(0 if first.length < second.length and not self.starts_whole else 1)

    def _bars_from(self, number: int) -> Iterator[Bar]:
        """Every bar, the first called `number`."""
        index = 0
        for change, following in zip(self.changes, (*self.changes[1:], None), strict=True):
            start, numerator, denominator = change
            whole = max(1, round(numerator * 4 * self.ticks_per_beat / denominator))
            beat = beat_quarters(numerator, denominator) * self.ticks_per_beat
            while following is None or start < following[0]:
                length = whole if following is None else min(whole, following[0] - start)
                yield Bar(index, number + index, start, length, numerator, denominator, beat)
                start, index = start + length, index + 1

    def bars(self, end: int) -> tuple[Bar, ...]:
        """The bars that begin before tick `end`: at least one."""
        found: list[Bar] = []
        for bar in self.iter_bars():
            if found and bar.start >= end:
                break
            found.append(bar)
        return tuple(found)

    def position(self, tick: int) -> str:
        """`tick` as people say it, both counted from 1; a pick-up is bar 0.

        >>> Meter(480).position(480 * 5)
        'bar 2, beat 2'
        """
        for bar in self.iter_bars():
            if tick < bar.end:
                beat = (tick - bar.start) / bar.beat_length + 1
                return f"bar {bar.number}, beat {beat:.3g}"
        raise AssertionError("bars go on without end")
