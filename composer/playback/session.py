"""A performance from outside: start it, move its faders, read its meters, stop it.

>>> with Playback(piece, Output()) as playing:            # doctest: +SKIP
...     playing.fade("drums", gain_db=-3)
...     playing.wait()
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from composer.errors import AudioError, InputError
from composer.playback.board import FADERS, LIMITS, Board
from composer.playback.engine import Piece
from composer.playback.process import Output, run

START_S = 60.0


@dataclass(frozen=True)
class Health:
    """How the audio process fares."""

    blocks: int
    late: int
    """Blocks that took longer than they last."""
    worst_ms: float
    mean_ms: float


class Playback:
    """The audio process and its board. Raises AudioError where it does not start."""

    def __init__(self, piece: Piece, output: Output) -> None:
        context = multiprocessing.get_context("spawn")
        self.piece = piece
        self.board = Board(len(piece.parts), context=context)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=run, args=(theirs, piece, output, self.board.memory), name="audio", daemon=True
        )
        with _one_thread():
            self._process.start()
        theirs.close()
        answer: object = "its process ended before it sounded"
        with contextlib.suppress(EOFError, OSError):
            answer = self._pipe.recv() if self._pipe.poll(START_S) else "it did not start in time"
        if answer is not None:
            self.stop()
            raise AudioError(str(answer))
        self.notices: list[str] = []

    def __enter__(self) -> Playback:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        return self.piece.plan.names

    @property
    def position_s(self) -> float:
        return self.board.told("frame") / self.piece.sample_rate

    @property
    def running(self) -> bool:
        return self._process.is_alive()

    @property
    def health(self) -> Health:
        told = self.board.told
        blocks = int(told("blocks"))
        return Health(blocks, int(told("late")), told("worst_ms"), told("busy_ms") / max(1, blocks))

    def part(self, name: str | int) -> int:
        """A part's place on the desk, by name or number from 1. Raises InputError."""
        names = [one.lower() for one in self.names]
        text = str(name).lower()
        if text in names:
            return names.index(text)
        if text.isdigit() and 1 <= int(text) <= len(names):
            return int(text) - 1
        raise InputError(f"no part called {name!r}; there are: {', '.join(self.names)}")

    def fade(self, part: str | int, **faders: float) -> None:
        """Move faders of a part: gain_db, pan, low_db, mid_db, high_db, reverb_db, mute, solo. Raises InputError."""
        at = self.part(part)
        for name, value in faders.items():
            if name not in FADERS or not value == value:
                raise InputError(f"no fader {name!r} at {value}; there are: {', '.join(FADERS)}")
            self.board.set(at, name, float(value))

    def nudge(self, part: str | int, fader: str, by: float) -> float:
        """Move a fader by so much; returns where it stands."""
        at = self.part(part)
        now = self.board.get(at, fader)
        if now != now:  # a pan that stands where the mix put it
            now = self.piece.plan.strips[at].pan
        return self.board.set(at, fader, now + by)

    def master(self, db: float) -> None:
        low, high = LIMITS["gain_db"]
        self.board.wish("master_db", min(max(db, low), high))

    def pause(self, paused: bool = True) -> None:
        self.board.wish("pause", float(paused))

    def seek(self, seconds: float) -> None:
        self.board.wish("seek", seconds * self.piece.sample_rate)
        self.board.wish("seeks", self.board.wished("seeks") + 1)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until the music is over; returns whether it is. Raises AudioError where it broke off."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self._process.is_alive():
            if until is not None and time.monotonic() >= until:
                return False
            self._hear()
            self._process.join(0.05 if until is None else min(0.05, max(0.0, until - time.monotonic())))
        self._hear()
        if self.board.state == "failed":
            raise AudioError("the sound broke off")
        return True

    def stop(self, timeout_s: float = 10.0) -> None:
        """Fade out and end; safe to call twice."""
        self.board.wish("pause", 0.0)
        self.board.wish("stop", 1.0)
        self._process.join(timeout_s)
        with contextlib.suppress(AudioError):
            self._hear()
        if self._process.is_alive():
            self._process.kill()
            self._process.join(1)
        self._pipe.close()

    def _hear(self) -> None:
        """What the process says at its end: notices, or why it broke off."""
        with contextlib.suppress(EOFError, OSError):
            while self._pipe.poll(0):
                said = self._pipe.recv()
                if isinstance(said, str):
                    raise AudioError(said)
                if isinstance(said, list):
                    self.notices = said


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """What is started here has its mathematics in one thread: more would only take turns under the sound."""
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
