"""Workers as processes: they are given units, and given again what a lost one had in hand."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from composer.batch.piece_maker import PieceMaker, Setting
from composer.batch.shards import Unit
from composer.errors import ComposerError, OutputError

PATIENCE_S = 300.0
"""A worker that has not been heard of for so long hangs, and is replaced."""
BEAT_S = 2.0
DEATHS = 3
"""Workers that must die over the same piece until it is thought to be the cause."""
FAILED_STARTS = 3

OnEvent = Callable[[str, Any], None]
"""("piece", its record's main fields), ("unit", unit), ("lost", a sentence)."""


@dataclass
class Worker:
    """One process, what it has in hand, and when it was last heard of."""

    process: SpawnProcess
    line: Connection
    ready: bool = False
    units: list[Unit] = field(default_factory=list)
    left: int = 0
    """Pieces of these that it has not told of."""
    careful: bool = False
    making: int | None = None
    """The piece it said it would begin, where it is careful."""
    heard_s: float = field(default_factory=time.monotonic)


class WorkerPool:
    """Some workers at one corpus."""

    def __init__(self, setting: Setting, workers: int, patience_s: float = PATIENCE_S) -> None:
        self.setting, self.size, self.patience_s = setting, workers, patience_s
        self.poisoned: dict[int, str] = {}
        self._deaths: Counter[int] = Counter()
        self._unwritten: Counter[str] = Counter()
        self._suspect: set[str] = set()
        self._workers: list[Worker] = []
        self._failed_starts = 0

    def run(self, units: Sequence[Unit], tell: OnEvent) -> None:
        """Have all units made. Raises OutputError where they cannot be written, ComposerError where no worker can start."""
        queue = deque(units)
        size = min(self.size, len(queue))
        try:
            self._workers = [self._start_worker() for _ in range(size)]
            while queue or any(worker.units for worker in self._workers):
                self._hand_out(queue)
                by_line: dict[Any, Worker] = {}
                for worker in self._workers:
                    by_line[worker.line] = worker
                    by_line[worker.process.sentinel] = worker
                for ready in wait(list(by_line), timeout=1.0):
                    worker = by_line[ready]
                    if worker in self._workers:
                        self._listen(worker, tell)
                for worker in list(self._workers):
                    hangs = worker.units and time.monotonic() - worker.heard_s > self.patience_s
                    if hangs:
                        worker.process.kill()
                        worker.process.join()
                    if not worker.process.is_alive():
                        self._listen(worker, tell)
                        self._replace_worker(worker, queue, tell, hangs=bool(hangs))
        finally:
            self._dismiss()

    def _start_worker(self) -> Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self.setting, os.getpid()), daemon=True)
        with _one_blas_thread():
            process.start()
        theirs.close()
        return Worker(process, ours)

    def _hand_out(self, queue: deque[Unit]) -> None:
        """A full batch to each and a little more, so that no lane is ever empty, but never so much that others stand idle.

        Suspects are given alone.
        """
        for worker in self._workers:
            if not worker.ready or not queue or (worker.units and worker.careful):
                continue
            fair = -(
                -(sum(len(unit.indexes) for unit in queue) + sum(each.left for each in self._workers)) // self.size
            )
            units: list[Unit] = []
            careful = queue[0].name in self._suspect
            if careful and not worker.units:
                worker.left = len(queue[0].indexes)
                units.append(queue.popleft())
            while not careful and queue and queue[0].name not in self._suspect:
                size = len(queue[0].indexes)
                if worker.left and worker.left + size > min(self.setting.lanes + size, fair):
                    break
                worker.left += size
                units.append(queue.popleft())
            if not units:
                continue
            worker.units += units
            worker.careful, worker.heard_s, worker.making = careful, time.monotonic(), None
            try:
                worker.line.send((units, careful, self.poisoned))
            except (BrokenPipeError, ConnectionResetError):
                return  # it has died; its units are given out again when that is noticed

    def _listen(self, worker: Worker, tell: OnEvent) -> None:
        try:
            while worker.line.poll():
                what, value = worker.line.recv()
                worker.heard_s = time.monotonic()
                if what == "ready":
                    worker.ready, self._failed_starts = True, 0
                elif what == "starting":
                    worker.making = value
                elif what == "unit":
                    worker.units = [unit for unit in worker.units if unit.name != value]
                    tell("unit", value)
                elif what == "piece":
                    worker.left -= 1
                    worker.making = None
                    tell("piece", value)
                elif what == "refused":
                    raise OutputError(value)
                elif what == "wrong":
                    raise ComposerError(value)
        except (EOFError, ConnectionResetError):
            worker.process.join(timeout=5)

    def _replace_worker(self, worker: Worker, queue: deque[Unit], tell: OnEvent, hangs: bool) -> None:
        """Replace a lost worker: requeue its units, to be made one piece at a time, and start a new one."""
        self._workers.remove(worker)
        worker.line.close()
        how = f"made no progress for {self.patience_s:.0f} s" if hangs else _cause(worker.process.exitcode)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise ComposerError(
                    f"workers cannot start ({how}); see the messages above, or try --workers 1 or fewer --lanes"
                )
        for unit in worker.units:
            queue.appendleft(unit)
            self._suspect.add(unit.name)
            if worker.careful and worker.making is None:
                self._unwritten[unit.name] += 1
                if self._unwritten[unit.name] >= DEATHS:
                    raise ComposerError(
                        f"shard {unit.name}: the worker {how}, {DEATHS} times, but not during any of its pieces; see the messages above"
                    )
        if worker.making is not None:
            self._deaths[worker.making] += 1
            if self._deaths[worker.making] >= DEATHS:
                self.poisoned[worker.making] = f"the worker {how}, {DEATHS} times"
        tell("lost", f"a worker {how}; its {len(worker.units)} unfinished shards will be redone")
        if queue:
            self._workers.append(self._start_worker())

    def _dismiss(self) -> None:
        for worker in self._workers:
            worker.line.close()
        for worker in self._workers:
            if worker.units:
                worker.process.terminate()
            worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers = []


def work(line: Connection, setting: Setting, parent: int) -> None:
    """A worker's whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which then dismisses us
    last_s = 0.0

    def tell(what: str, value: Any) -> None:
        nonlocal last_s
        if what == "beat":
            if time.monotonic() - last_s < BEAT_S:
                return
            last_s = time.monotonic()
            if os.getppid() != parent:
                os._exit(1)  # the driver was killed: whatever is in hand will be made by the next
        line.send((what, value))

    try:
        piece_maker = PieceMaker(setting)
        line.send(("ready", None))
        later: list[Any] = []

        def more() -> list[Unit]:
            """Units that came meanwhile, to be made beside those in hand."""
            units: list[Unit] = []
            while not later and line.poll():
                given = line.recv()
                if given[1]:
                    later.append(given)
                else:
                    units += given[0]
            return units

        while True:
            units, careful, poisoned = later.pop() if later else line.recv()
            for unit in piece_maker.do(units, tell, careful, poisoned, more):
                line.send(("unit", unit.name))
    except OutputError as error:
        line.send(("refused", str(error)))
    except ComposerError as error:
        line.send(("wrong", str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was killed (signal {-code})"
    return f"died (exit code {code})"


class _one_blas_thread:
    """Processes started in the block have one BLAS thread: they are as many as there are cores already."""

    NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

    def __enter__(self) -> None:
        self.before = {name: os.environ.get(name) for name in self.NAMES}
        os.environ.update(dict.fromkeys(self.NAMES, "1"))

    def __exit__(self, *_: object) -> None:
        for name, value in self.before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
