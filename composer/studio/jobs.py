"""Jobs: work that takes a while, done one after the other by a worker thread, told about as it goes, and given up on demand."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from composer.errors import ComposerError
from composer.studio.names import new_id
from composer.studio.problems import Busy, NotHere, problem_of
from composer.studio.shapes import Problem

REMEMBERED = 200
"""Finished jobs that can still be asked about."""
Event = dict[str, Any]
Work = Callable[["Job"], None]
"""Does the work; calls `job.tell` and `job.check` on the way."""


class Cancelled(Exception):
    """The work was called off."""


@dataclass(eq=False)
class Job:
    """One piece of work and everything that has been told about it. Safe to look at from any thread."""

    kind: str
    work: Work
    uses: frozenset[str] = frozenset()
    """Ids of the seeds and takes that it needs: none of them may be deleted under it."""
    id: str = field(default_factory=new_id)
    state: str = "queued"
    what: str = ""
    done: float = 0.0
    arrangements: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    problem: Problem | None = None

    def __post_init__(self) -> None:
        self._events: list[Event] = []
        self._called_off = threading.Event()
        self._lock = threading.Lock()
        self._ears: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def cancel(self) -> None:
        """Ask it to stop; it does at the next bar, or the next moment of sound."""
        self._called_off.set()
        with self._lock:
            waiting = self.state == "queued"
        if waiting:
            self.enter("cancelled")

    def check(self) -> None:
        """Raises Cancelled where the work has been called off."""
        if self._called_off.is_set():
            raise Cancelled

    def step(self, what: str) -> Callable[[float], None]:
        """Begin a step; returns what hears how much of it is done, 0..1."""
        told = -1.0

        def tell(done: float) -> None:
            nonlocal told
            self.check()
            if done - told >= 0.02 or done >= 1:  # a few dozen messages, not thousands
                told = self.done = done
                self.tell({"type": "progress", "what": what, "done": round(done, 3)})

        self.what = what
        tell(0.0)
        return tell

    def enter(self, state: str, problem: Problem | None = None) -> None:
        """Go over to another state, and say so."""
        told = {"problem": problem.model_dump()} if problem else {}
        made = {"arrangements": list(self.arrangements), "files": list(self.files)}
        with self._lock:
            if self.over:
                return
            self.state, self.problem = state, problem
            self._events.append({"type": "state", "state": state} | made | told)
        self._wake()

    def tell(self, event: Event) -> None:
        """Let everybody who follows know."""
        with self._lock:
            self._events.append(event)
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            for loop, news in self._ears:
                loop.call_soon_threadsafe(news.set)

    async def follow(self) -> AsyncIterator[Event]:
        """Everything told from the beginning on, until the job is over."""
        ear = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._ears.add(ear)
        at = 0
        try:
            while True:
                ear[1].clear()
                with self._lock:
                    over, news = self.over, self._events[at:]
                for event in news:
                    yield event
                at += len(news)
                if over:
                    return
                await ear[1].wait()
        finally:
            with self._lock:
                self._ears.discard(ear)


class Worker:
    """A thread that does jobs in their order. A full queue refuses."""

    def __init__(self, name: str, waiting: int) -> None:
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._most = waiting
        self._at_work: Job | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take_on(self, job: Job) -> None:
        """Put a job into the queue. Raises Busy where that is full."""
        waiting = [one for one in list(self._queue.queue) if one is not None and not one.over]
        if len(waiting) >= self._most:
            raise Busy(f"{len(waiting)} jobs are waiting already; wait for one to finish, or cancel one")
        self._queue.put(job)

    def close(self, within_s: float = 10.0) -> None:
        """Give up what is waiting and what is at work."""
        for job in [*list(self._queue.queue), self._at_work]:
            if job is not None:
                job.cancel()
        self._queue.put(None)
        self._thread.join(within_s)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            self._at_work = job
            if not job.over:
                self._do(job)
            self._at_work = None

    def _do(self, job: Job) -> None:
        job.enter("running")
        try:
            job.check()
            job.work(job)
        except Cancelled:
            job.enter("cancelled")
        except ComposerError as error:
            job.enter("failed", problem_of(error))
        except Exception:  # a mistake of ours: the worker goes on with the next job, the log has the traceback
            logging.getLogger("composer.studio").exception("job %s (%s) failed", job.id, job.kind)
            what, remedy = "something went wrong inside the studio", "see its log"
            job.enter("failed", Problem(what=what, what_to_do=remedy, message=f"{what}; {remedy}"))
        else:
            job.enter("done")


class Jobs:
    """All jobs by id: those that write music and those that make sound, a worker each."""

    def __init__(self, waiting: int) -> None:
        self._workers = {"music": Worker("music", waiting), "sound": Worker("sound", waiting)}
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, worker: str, job: Job) -> Job:
        """Queue a job. Raises Busy."""
        self._workers[worker].take_on(job)
        with self._lock:
            self._known[job.id] = job
            for old in [one for one in self._known.values() if one.over][: max(0, len(self._known) - REMEMBERED)]:
                del self._known[old.id]
        return job

    def find(self, job_id: str) -> Job:
        """Raises NotHere."""
        with self._lock:
            if job_id not in self._known:
                raise NotHere(f"no job {job_id}; it may belong to an earlier session of the studio")
            return self._known[job_id]

    def using(self, thing_id: str) -> Job | None:
        """A job that works on this seed or take, or is going to."""
        return next((job for job in self.all() if not job.over and thing_id in job.uses), None)

    def all(self) -> list[Job]:
        with self._lock:
            return list(self._known.values())

    def close(self) -> None:
        for worker in self._workers.values():
            worker.close()
