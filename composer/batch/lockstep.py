"""Many pieces made side by side, in step: each runs until it needs the network, then the network runs for all of them at once.

A piece is made by plain calls, deep inside of which its decoder asks for the network. Each piece therefore has a stack of its
own that can be left there and come back to (a greenlet); nothing runs at the same time. Owner of greenlet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from greenlet import greenlet

from composer.arrange import Arranger
from composer.model.checkpoint import Checkpoint
from composer.model.decoder import Decoder
from composer.model.rows import CHOICES, Rows

LANES = 128
MOST_BARS = 12_000
"""Bars of all pieces in the batch together: each takes some 0.06 MB, and each lane 0.6 MB besides."""
Result = TypeVar("Result")
Job = Callable[[Arranger], Result]
"""Makes something with an arranger that is its own for as long."""


Wait = Callable[[int], int]
"""Suspends the piece until the network has made one of CHOICES for it."""


class Lane(Decoder):
    """One piece's decoder among many: where it would have the network choose, it waits until the network does so for all."""

    def __init__(self, checkpoint: Checkpoint, rows: Rows, lane: int, wait: Wait) -> None:
        super().__init__(checkpoint, rows, 2 * lane, 2 * lane + 1)
        self.wait = wait

    def ask(self, choice: int) -> int:
        return self.wait(choice)


class LaneArranger(Arranger):
    """An Arranger that plays through a lane."""

    def __init__(self, checkpoint: Checkpoint, decoder: Decoder) -> None:
        self.checkpoint, self.decoder = checkpoint, decoder


class Lockstep(Generic[Result]):
    """A batch of lanes and whoever works in them."""

    def __init__(self, checkpoint: Checkpoint, lanes: int = LANES) -> None:
        self.checkpoint = checkpoint
        self.rows = Rows(checkpoint, 2 * lanes, company=True)
        self.lanes = lanes
        self.on_cycle: Callable[[], None] = _nothing
        """Called again and again while there is work."""
        self.bars_of: Callable[[int], float] = _none
        """How long the piece of a number is: long ones share the batch with fewer others."""
        self._workers: dict[int, greenlet] = {}
        self._waiting: dict[int, int] = {}
        self._ended: list[tuple[int, Result | Exception]] = []

    def run(self, jobs: Iterable[tuple[int, Job[Result]]]) -> Iterator[tuple[int, Result | Exception]]:
        """Do numbered jobs, taking the next whenever a lane is free; yields (number, result or what went wrong) as they end."""
        more = iter(jobs)
        job = next(more, None)
        free = list(range(self.lanes))
        bars: dict[int, float] = {}
        try:
            while True:
                while free and job is not None:
                    wanted = self.bars_of(job[0])
                    if self._workers and sum(bars[lane] for lane in self._workers) + wanted > MOST_BARS:
                        break
                    lane = free.pop()
                    bars[lane] = wanted
                    self._begin(lane, *job)
                    free += self._gone()
                    job = next(more, None)
                    yield from self._take()
                if not self._workers:
                    return
                self._cycle()
                self.on_cycle()
                free += self._gone()
                yield from self._take()
        finally:
            self._abandon()

    def _begin(self, lane: int, number: int, job: Job[Result]) -> None:
        hub = greenlet.getcurrent()

        def wait(choice: int) -> int:
            self._waiting[lane] = choice
            chosen: int = hub.switch()
            return chosen

        def work() -> None:
            arranger = LaneArranger(self.checkpoint, Lane(self.checkpoint, self.rows, lane, wait))
            made: Result | Exception
            try:
                made = job(arranger)
            except Exception as error:  # it goes to whoever reads the results
                made = error
            self._ended.append((number, made))

        self._workers[lane] = greenlet(work)
        self._workers[lane].switch()

    def _cycle(self) -> None:
        """One network step for all lanes: read an event of each lane with one queued, then make the choices of the lanes with none left."""
        rows, told = self.rows, self.rows.context.told
        if telling := [row for row, events in enumerate(told) if events]:
            rows.context.advance(telling)
        for choice in CHOICES:
            lanes = [
                lane
                for lane, wanted in self._waiting.items()
                if wanted == choice and not told[2 * lane] and not told[2 * lane + 1]
            ]
            if not lanes:
                continue
            for lane, chosen in zip(lanes, rows.choose(choice, [2 * lane for lane in lanes]), strict=True):
                del self._waiting[lane]
                self._workers[lane].switch(chosen)

    def _gone(self) -> list[int]:
        """Lanes whose work has ended."""
        gone = [lane for lane, worker in self._workers.items() if worker.dead]
        for lane in gone:
            del self._workers[lane]
            self.rows.context.told[2 * lane].clear()  # what nobody asks about any more
            self.rows.context.told[2 * lane + 1].clear()
        return gone

    def _take(self) -> list[tuple[int, Result | Exception]]:
        ended, self._ended = self._ended, []
        return ended

    def _abandon(self) -> None:
        """End whoever still waits, when the results are no longer wanted."""
        for worker in self._workers.values():
            worker.throw()
        self._workers.clear()
        self._waiting.clear()


def _nothing() -> None:
    """Nobody listens."""


def _none(_number: int) -> float:
    """Nobody says how long."""
    return 0.0
