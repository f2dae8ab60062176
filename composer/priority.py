"""Who goes first: real-time priorities for the threads that keep time, where the system grants them.

Every thread that shares the interpreter with the engine gets one, the engine's the highest: a thread that holds the
interpreter's lock and is then put aside for some other program would hold up the engine with it. Children start as
ordinary processes, so that the generator never stands in the way.
"""

from __future__ import annotations

import contextlib
import os

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
