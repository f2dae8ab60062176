"""A performance from outside: start it, move its faders, read its meters, stop it.

>>> with Playback(piece, Output()) as playing:            # doctest: +SKIP
...     playing.fade("drums", gain_db=-3)
...     playing.wait()
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from typing import Any

from composer import priority
from composer.errors import AudioError, InputError
from composer.playback import outlet, process
from composer.playback.board import FADERS, LIMITS, Board
from composer.playback.engine import Piece
from composer.playback.outlet import Output
from composer.playback.ring import Ring

START_S = 60.0
WRITE_S = 120.0
"""How long a recording may take to be written, once the sound is over."""


@dataclass(frozen=True)
class Health:
    """How the sound fares."""

    blocks: int
    late: int
    """Blocks that took longer to make than they last; heard only where that makes a gap."""
    worst_ms: float
    mean_ms: float
    gaps: int
    """How often the sound card asked for what was not there."""


class Playback:
    """Two processes and a board: one makes the sound a little ahead, the other hands it to the sound card when that asks.
    Raises AudioError where it does not start."""

    def __init__(self, piece: Piece, output: Output) -> None:
        context = multiprocessing.get_context("spawn")
        self.piece = piece
        self.notices: list[str] = []
        self.board = Board(len(piece.parts), context=context)
        rows, frames = process.rows(piece), process.ring_frames(piece, output)
        self._ring = Ring(rows, frames, context=context)
        memory = self._ring.memory
        self._crew = [_Hand(context, process.run, "audio", (piece, output, self.board.memory, frames, memory))]
        if output.driver != "file":
            self._crew.append(_Hand(context, outlet.run, "outlet", (rows, frames, memory, piece.sample_rate, output)))
        for hand in self._crew:
            hand.go()
            answer = hand.answer()
            if answer is not None:
                self.stop()
                raise AudioError(str(answer))

    def __enter__(self) -> Playback:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def names(self) -> tuple[str, ...]:
        return self.piece.plan.names

    @property
    def position_s(self) -> float:
        """Of what is heard, not of what lies ready."""
        return max(0.0, self.board.told("frame") - self._ring.waiting) / self.piece.sample_rate

    @property
    def running(self) -> bool:
        return any(hand.process.is_alive() for hand in self._crew)

    @property
    def health(self) -> Health:
        told = self.board.told
        blocks = int(told("blocks"))
        mean_ms = told("busy_ms") / max(1, blocks)
        return Health(blocks, int(told("late")), told("worst_ms"), mean_ms, self._ring.told("gaps"))

    def part(self, name: str | int) -> int:
        """A part's place on the desk, by name or number from 1. Raises InputError."""
        names = [one.lower() for one in self.names]
        text = str(name).lower()
        if text in names:
            return names.index(text)
        if text.isdecimal() and 1 <= int(text) <= len(names):
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

    def master(self, db: float) -> float:
        """The master's fader, within the limits of a part's; returns where it stands. Raises InputError."""
        if not db == db:
            raise InputError(f"the master fader cannot be set to {db}; give a number of decibels")
        low, high = LIMITS["gain_db"]
        stands_db = min(max(db, low), high)
        self.board.wish("master_db", stands_db)
        return stands_db

    def pause(self, paused: bool = True) -> None:
        self.board.wish("pause", float(paused))

    def seek(self, seconds: float) -> None:
        """To a place in the music; one before its beginning or after its end is those."""
        seconds = min(max(seconds, 0.0), self.piece.duration_s)
        self.board.wish("seek", seconds * self.piece.sample_rate)
        self.board.wish("seeks", self.board.wished("seeks") + 1)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until the music is over; returns whether it is. Raises AudioError where it broke off."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self.running:
            if until is not None and time.monotonic() >= until:
                return False
            self._hear()
            self._look_after()
            last = self._crew[-1].process if self._crew[-1].process.is_alive() else self._crew[0].process
            last.join(0.05 if until is None else min(0.05, max(0.0, until - time.monotonic())))
        self._hear()
        if self.board.state == "failed":
            raise AudioError("playback stopped unexpectedly")
        return True

    def stop(self, timeout_s: float = 10.0) -> None:
        """Fade out and end; safe to call twice."""
        self.board.wish("pause", 0.0)
        self.board.wish("stop", 1.0)
        began = time.monotonic()
        while self.running:
            writing = self.piece.record and self.board.state == "done"
            if time.monotonic() > began + timeout_s + (WRITE_S if writing else 0.0):
                break
            self._look_after()
            next(hand.process for hand in self._crew if hand.process.is_alive()).join(0.02)
        with contextlib.suppress(AudioError):
            self._hear()
        for hand in self._crew:
            hand.end()

    def _look_after(self) -> None:
        """Whoever is left alone ends."""
        if len(self._crew) > 1:
            maker, card = (hand.process.is_alive() for hand in self._crew)
            if not maker:
                self._ring.end()
            if not card:
                self._ring.close()

    def _hear(self) -> None:
        """What the processes say at their end: notices, or why they broke off."""
        for hand in self._crew:
            for said in hand.said():
                if isinstance(said, str):
                    raise AudioError(said)
                if isinstance(said, list):
                    self.notices = said


class _Hand:
    """A process and the pipe to it."""

    def __init__(self, context: SpawnContext, main: Callable[..., None], name: str, arguments: tuple[Any, ...]) -> None:
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=main, args=(theirs, *arguments), name=name, daemon=True)
        with priority.one_thread():
            self.process.start()
        theirs.close()

    def go(self) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send_bytes(b"go")

    def answer(self) -> object:
        """None, or why it does not start."""
        with contextlib.suppress(EOFError, OSError):
            return self._pipe.recv() if self._pipe.poll(START_S) else "it did not start in time"
        return "its process ended during start-up"

    def said(self) -> Iterator[object]:
        with contextlib.suppress(EOFError, OSError):
            while not self._pipe.closed and self._pipe.poll(0):
                yield self._pipe.recv()

    def end(self) -> None:
        if self.process.is_alive():
            self.process.kill()
            self.process.join(1)
        self._pipe.close()
