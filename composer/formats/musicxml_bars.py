"""Bars as notation writes them → metre. Repeats that begin with a pick-up cut a bar in two; here it is one bar again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from composer.timing import Meter

Metre = tuple[int, int]
"""Beats, and the note value that is one."""
WrittenBar = tuple[Fraction, Metre | None]
"""Where it begins, in quarter notes, and the time signature it shows."""


def meter_of(written: Iterable[WrittenBar], ticks_per_beat: int) -> Meter:
    """Metres by bars as written; a bar that is shorter or longer than its metre says (a pick-up) gets its own.

    Where a strain ends in a bar cut short and the pick-up after it makes that bar whole, both are one bar: so players count.
    """
    changes: dict[int, Metre] = {}
    now = None
    bars = list(_whole_again(list(_measured(written))))
    for begin, length, metre in bars:
        shown = metre if length == _quarters(metre) or length <= 0 else _metre_of(length, metre)
        if shown != now:
            changes[max(0, round(begin * ticks_per_beat))] = now = shown
    steps = tuple((tick, *value) for tick, value in sorted({0: (4, 4), **changes}.items()))
    return Meter(ticks_per_beat, steps, _starts_whole(bars))


def _starts_whole(bars: Sequence[tuple[Fraction, Fraction, Metre]]) -> bool:
    """Whether the first bar is as long as its metre says, although the second is longer: no pick-up."""
    if len(bars) < 2:
        return False
    (_, first, metre), (_, second, _) = bars[:2]
    return _quarters(metre) <= first < second


def _quarters(metre: Metre) -> Fraction:
    return Fraction(4 * metre[0], metre[1])


def _measured(written: Iterable[WrittenBar]) -> Iterator[tuple[Fraction, Fraction, Metre]]:
    """(begin, length, metre in force) of every bar; the last one is taken for whole."""
    metre = (4, 4)
    bars = []
    for begin, shown in written:
        metre = shown or metre
        bars.append((begin, metre))
    for index, (begin, metre) in enumerate(bars):
        length = _quarters(metre)
        if index + 1 < len(bars):
            length = (bars[index + 1][0] - begin).limit_denominator(64)
        yield begin, length, metre


def _whole_again(bars: Sequence[tuple[Fraction, Fraction, Metre]]) -> Iterator[tuple[Fraction, Fraction, Metre]]:
    """The same with neighbours joined that are short each and one whole bar together."""
    index = 0
    while index < len(bars):
        begin, length, metre = bars[index]
        following = bars[index + 1] if index + 1 < len(bars) else None
        if following and following[2] == metre and min(length, following[1]) > 0:
            together = length + following[1]
            if together == _quarters(metre):
                length, index = together, index + 1
        yield begin, length, metre
        index += 1


def _metre_of(length: Fraction, metre: Metre) -> Metre:
    """The metre of a bar of `length` quarters, in the unit of `metre` where that fits."""
    for denominator in (metre[1], 4, 8, 16, 32, 64):
        beats = length * denominator / 4
        if beats.denominator == 1 and 1 <= beats <= 255:
            return int(beats), denominator
    return metre
