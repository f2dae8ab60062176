"""The plan buffer: plans by bar, outstanding requests, and what to play where no plan came in time."""

from __future__ import annotations

from composer.live.plan import Plan

KEPT_BARS = 12


class BarBook:
    """Plans by bar, the asks under way, and how long answers take."""

    def __init__(self) -> None:
        self.plans: dict[int, Plan] = {}
        self.played: dict[int, Plan] = {}
        """What was really committed, repeats included."""
        self.pending: dict[int, tuple[int, float]] = {}
        """Ask number → (bar, when asked)."""
        self.usual_s = 0.15
        """A safe guess at how long an answer takes: above most of the last twenty."""
        self.told_bar = 0
        """The newest bar the generator has answered for: it knows what was played before."""
        self.missed = 0
        self.planned = 0
        self._took: list[float] = []
        self._number = 0

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def asked(self, number: int, bar: int, now_s: float) -> None:
        self.pending[number] = (bar, now_s)

    def answered(self, plan: Plan, now_s: float) -> bool:
        """Enter a plan; returns whether it is news: not older than the one there is."""
        _, asked_s = self.pending.pop(plan.number, (0, now_s))
        self._took = [*self._took[-19:], now_s - asked_s]
        self.usual_s = sorted(self._took)[int(0.9 * len(self._took))]
        self.told_bar = max(self.told_bar, plan.bar)
        known = self.plans.get(plan.bar)
        if known is not None and known.number > plan.number:
            return False
        self.planned += 1
        self.plans[plan.bar] = plan
        for old in [bar for bar in self.plans if bar < plan.bar - KEPT_BARS]:
            del self.plans[old]
        return True

    def waits_for(self, bar: int) -> bool:
        return any(each == bar for each, _ in self.pending.values())

    def forget_asks(self) -> None:
        """The generator has gone, and what it knew with it."""
        self.pending.clear()
        self.told_bar = 0

    def commit(self, bar: int) -> tuple[Plan | None, bool]:
        """What to play in a bar, and whether it was missed: then the last bar's groove comes again."""
        plan = self.plans.get(bar)
        if plan is not None:
            self.played[bar] = plan
        else:
            self.missed += 1
            source = self._groove(bar)
            if source is not None:
                notes = source.notes.copy()
                notes["bar"] = bar
                plan = Plan(
                    -bar - 1, bar, 0, notes, source.next_chords or source.chords, source.next_chords, 0.0, source.key
                )
                self.played[bar] = plan
        for old in [each for each in self.played if each < bar - KEPT_BARS]:
            del self.played[old]
        return plan, bar not in self.plans

    def _groove(self, bar: int) -> Plan | None:
        """The bar to repeat: two back where that is not further from a bar of many notes, else the last one played."""
        for back in (1, 2, 4, 3):
            if bar - back in self.played and len(self.played[bar - back].notes):
                return self.played[bar - back]
        return None
