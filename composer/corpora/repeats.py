"""The order in which written bars are played: repeats and first, second … endings; D.C. and D.S. are not followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MOST_PLAYED_BARS = 2000


@dataclass(frozen=True)
class Barlines:
    """What stands at the edges of one written bar."""

    forward: bool = False
    """A repeat begins here."""
    backward: int = 0
    """A repeat ends here; how often it is played in all, 0 for none."""
    endings: tuple[int, ...] = ()
    """The passes that play this bar, () for all."""


def played_order(bars: Sequence[Barlines]) -> list[int]:
    """Indices of the written bars in playing order.

    >>> played_order([Barlines(), Barlines(backward=2, endings=(1,)), Barlines(endings=(2,))])
    [0, 1, 0, 2]
    """
    bars = _stretched(bars)
    order: list[int] = []
    section, turn, at = 0, 1, 0
    while at < len(bars) and len(order) < MOST_PLAYED_BARS:
        bar = bars[at]
        if bar.forward and at != section:
            section, turn = at, 1
        if bar.endings and turn not in bar.endings:
            at += 1
            continue
        order.append(at)
        passes = max(bar.backward, _last_ending(bars, at)) if bar.backward else 0
        if turn < passes:
            turn, at = turn + 1, section
            continue
        at += 1
        last_ending = turn > 1 and bool(bar.endings) and at < len(bars) and not bars[at].endings
        if bar.backward or last_ending:
            section, turn = at, 1
    return order


def _last_ending(bars: Sequence[Barlines], at: int) -> int:
    """The highest pass named by the run of endings that `at` belongs to; a repeat under ending 1 needs a 2 to go to."""
    if not bars[at].endings:
        return 0
    highest, after = max(bars[at].endings), at
    while after < len(bars) and bars[after].endings:
        highest = max(highest, *bars[after].endings)
        after += 1
    return highest


def _stretched(bars: Sequence[Barlines]) -> list[Barlines]:
    """Endings drawn over their first bar only, carried on to the repeat they lead to."""
    stretched = list(bars)
    for at, bar in enumerate(bars):
        if not bar.endings or bar.backward or (at + 1 < len(bars) and bars[at + 1].endings):
            continue
        to = next((i for i in range(at + 1, len(bars)) if bars[i].backward or bars[i].endings or bars[i].forward), at)
        if bars[to].backward and not bars[to].endings and to + 1 < len(bars) and bars[to + 1].endings:
            for i in range(at + 1, to + 1):
                stretched[i] = replace(bars[i], endings=bar.endings)
    return stretched
