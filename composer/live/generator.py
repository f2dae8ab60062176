"""The generator in a process of its own: asks go down a pipe, plans come up. Its crash is an item in the inbox like any other."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from composer import priority
from composer.errors import ComposerError
from composer.live.inbox import FakeInbox
from composer.live.items import GeneratorLost
from composer.live.plan import Ask, Plan


class Leader(Protocol):
    """What plans bars: `Bandleader`, or a stand-in in the tests."""

    def plan(self, ask: Ask) -> Plan: ...


MakeLeader = Callable[[], Leader]
"""Builds a leader inside the generator's process; must be picklable."""


class ModelLeader:
    """Makes the band's own leader: `ModelLeader(checkpoint, metre, seed)()`."""

    def __init__(self, checkpoint: Path | None, bar_beats: float, beat_beats: float, seed: int) -> None:
        self.checkpoint, self.bar_beats, self.beat_beats, self.seed = checkpoint, bar_beats, beat_beats, seed

    def __call__(self) -> Leader:
        from composer.harmony.melody_model import MelodyModel
        from composer.live.bandleader import Bandleader, Metre
        from composer.live.progressions import Progressions
        from composer.model.checkpoint import load_checkpoint

        metre = Metre(self.bar_beats, self.beat_beats)
        return Bandleader(load_checkpoint(self.checkpoint), metre, self.seed, Progressions.load(), MelodyModel.load())


class GeneratorProcess:
    """A planner (`plan.Planner`) whose work is done elsewhere. Answers arrive in the inbox through `post`."""

    def __init__(self, make: MakeLeader, post: Callable[[Any], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._post = post
        self._closing = False
        self.process = context.Process(target=_work, args=(theirs, make), name="generator", daemon=True)
        self.process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, name="plans", daemon=True)
        self._reader.start()

    def ask(self, ask: Ask) -> None:
        with contextlib.suppress(OSError):  # it has gone: the reader says so
            self._pipe.send(ask)

    def close(self) -> None:
        """End the process; safe to call twice."""
        self._closing = True
        with contextlib.suppress(OSError):
            self._pipe.send(None)
        self.process.join(timeout=0.5)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(timeout=1)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(timeout=1)
        self._reader.join(timeout=2)
        if not self._reader.is_alive():  # who still reads must not have the pipe taken away
            self._pipe.close()

    def _read(self) -> None:
        why = ""
        priority.ask_for(priority.HELPERS)
        try:
            while True:
                answer = self._pipe.recv()
                if isinstance(answer, str):
                    why = answer
                else:
                    self._post(answer)
        except (EOFError, OSError):
            pass
        if not self._closing:
            self.process.join(timeout=1)
            code = self.process.exitcode
            self._post(GeneratorLost(why or f"its process ended with code {code}", bool(why)))


def _work(pipe: Connection, make: MakeLeader) -> None:
    """The process: answer asks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who plays; it tells us when to go
    priority.give_up()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        try:
            leader = make()
            while (ask := pipe.recv()) is not None:
                pipe.send(leader.plan(ask))
        except (EOFError, OSError):
            return
        except ComposerError as error:
            with contextlib.suppress(OSError):
                pipe.send(str(error))


class InlinePlanner:
    """A planner without a process, for fake time: answers come after `delay_s`, whatever they really took."""

    def __init__(self, leader: Leader, inbox: FakeInbox, delay_s: float = 0.05) -> None:
        self._leader, self._inbox, self._delay_s = leader, inbox, delay_s

    def ask(self, ask: Ask) -> None:
        self._inbox.put_at(self._inbox.now() + self._delay_s, self._leader.plan(ask))

    def close(self) -> None:
        """Nothing to end."""
