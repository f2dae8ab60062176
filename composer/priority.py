"""Who goes first: real-time priorities for the threads that keep time, where the system grants them.

Every thread that shares the interpreter with the engine gets one, the engine's the highest: a thread that holds the
interpreter's lock and is then put aside for some other program would hold up the engine with it. Children start as
ordinary processes, so that the generator never stands in the way.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

ENGINE, PORTS, HELPERS = 12, 11, 5
SOUND = 20


def ask_for(priority: int) -> bool:
    """Give the calling thread a real-time priority; returns whether the system did (on Linux it takes root or an rtprio limit)."""
    setter = getattr(os, "sched_setscheduler", None)
    if setter is None:
        return False
    with contextlib.suppress(OSError):
        setter(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
        return True
    return False


def give_up() -> None:
    """Back to an ordinary priority."""
    setter = getattr(os, "sched_setscheduler", None)
    if setter is not None:
        with contextlib.suppress(OSError):
            setter(0, os.SCHED_OTHER, os.sched_param(0))


def stay_in_memory() -> bool:
    """Keep what the process has by now from being paged out, code that runs seldom above all; returns whether the system
    did (on Linux it takes root or a memlock limit)."""
    if not sys.platform.startswith("linux"):
        return False
    current = 1  # MCL_CURRENT. MCL_FUTURE would let a later allocation fail at the limit
    return ctypes.CDLL(None).mlockall(current) == 0  # type: ignore[no-any-return]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Processes started here do their mathematics in one thread: a second, of ordinary priority, would hold up the sound."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
