"""The engine that the sound card asks for sound: synths, desk and board joined, any number of frames at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer.audio import schedule
from composer.audio.desk import Desk, MixPlan
from composer.audio.fluid import BLOCK
from composer.audio.player import Ensemble
from composer.audio.strip import Strip
from composer.playback import board as states
from composer.playback.board import FADERS, Board, audible
from composer.score import Part
from composer.timing import TempoMap

MAX_EQ_DB = 24.0
FADE_FRAMES = 1024


@dataclass(frozen=True)
class Piece:
    """What is played: everything that the audio process needs to know."""

    parts: tuple[Part, ...]
    tempo: TempoMap
    plan: MixPlan
    font: Path
    sample_rate: int
    duration_s: float
    tail_s: float = 2.0
    record: bool = False
    separate: bool = False
    """Each part by itself as well, for outputs of its own."""
    start_s: float = 0.0

    @property
    def last(self) -> int:
        """The frame of the last note's end."""
        return int(np.ceil(self.duration_s * self.sample_rate / BLOCK)) * BLOCK

    @property
    def frames(self) -> int:
        """With the tail."""
        return self.last + int(np.ceil(self.tail_s * self.sample_rate / BLOCK)) * BLOCK


class Engine:
    """`engine.fill(frames, out)` is the driver's callback. Use as a context; build it before the driver starts."""

    def __init__(self, piece: Piece, board: Board, largest: int = 4096) -> None:
        self._piece, self._board = piece, board
        self._desk = Desk(piece.plan, piece.sample_rate)
        size = -(-largest // BLOCK) * BLOCK
        clock = schedule.Clock(piece.tempo, piece.sample_rate, piece.last)
        self._ensemble = Ensemble(piece.font, piece.parts, clock, size)
        self._alone = np.zeros((len(piece.parts), 2, size), np.float32)
        self._left = np.zeros((2 + 2 * len(piece.parts), 0), np.float32)
        """What was made of the last block and not asked for yet; blocks are whole, periods need not be."""
        self._faders = np.full_like(board.faders, np.inf)
        self._seeks = board.wished("seeks")
        self._frame = 0
        if piece.start_s:
            self._seek(piece.start_s * piece.sample_rate)
        self._fading = 0
        self.finished = False
        total = piece.frames + self._desk.latency
        self.recording = np.zeros((2, total if piece.record else 0), np.float32)
        self.recorded = 0
        self._warm_up()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._ensemble.__exit__()

    @property
    def notices(self) -> list[str]:
        return self._ensemble.notices

    @property
    def sample_rate(self) -> int:
        return self._piece.sample_rate

    @property
    def latency(self) -> int:
        """Frames between the synths and the output."""
        return self._desk.latency

    def _warm_up(self) -> None:
        """Libraries, caches and compiled loops once, on a desk of its own, so that the first block is not the slowest."""
        desk = Desk(self._piece.plan, self._piece.sample_rate)
        for frames in (BLOCK, 4 * BLOCK):
            for _ in range(20):
                desk.process(
                    np.full((len(self._piece.parts), 2, frames), 1e-3, np.float32), self._alone[:, :, :frames].copy()
                )

    def fill(self, frames: int, out: np.ndarray) -> None:
        """The next frames into `out`, shape (2 or 2 + 2 * parts, frames)."""
        began = time.perf_counter()
        done = 0
        rows = len(out)
        while done < frames:
            if self._left.shape[1] == 0:
                wanted = min(-(-(frames - done) // BLOCK) * BLOCK, self._alone.shape[2])
                self._left = self._next(wanted)
            take = min(self._left.shape[1], frames - done)
            out[:, done : done + take] = self._left[:rows, :take]
            self._left = self._left[:, take:]
            done += take
        self._tell(frames, 1e3 * (time.perf_counter() - began), float(np.abs(out[:2]).max()))

    def _next(self, frames: int) -> np.ndarray:
        """A whole number of blocks, shape (2 + 2 * parts, frames); silence while paused and after the end."""
        board, parts = self._board, len(self._piece.parts)
        sound = np.zeros((2 + 2 * parts, frames), np.float32)
        if self.finished or (board.wished("pause") and not self._fading):
            board.tell("state", states.DONE if self.finished else states.PAUSED)
            return sound
        self._obey()
        dry = self._ensemble.play(frames)
        separate = self._alone[:, :, :frames] if self._piece.separate else None
        sound[:2] = self._desk.process(dry, separate)
        if separate is not None:
            sound[2:] = separate.reshape(2 * parts, frames)
        self._fade(sound)
        if self._piece.record:
            room = self.recording.shape[1] - self.recorded
            self.recording[:, self.recorded : self.recorded + min(room, frames)] = sound[:2, :room]
            self.recorded += min(room, frames)
        self._frame += frames
        if self._frame >= self._piece.frames + self._desk.latency:
            self.finished = True
        return sound

    def _fade(self, sound: np.ndarray) -> None:
        """Out where a stop was wished: then it is over."""
        if not self._board.wished("stop"):
            return
        frames = sound.shape[1]
        ramp = np.clip(1 - (self._fading + np.arange(frames)) / FADE_FRAMES, 0, 1).astype(np.float32)
        sound *= ramp
        self._fading += frames
        if self._fading >= FADE_FRAMES:
            self.finished = True

    def _obey(self) -> None:
        """Faders that moved, and a jump if one was wished."""
        board = self._board
        if not np.array_equal(board.faders, self._faders, equal_nan=True):
            self._faders = board.faders.copy()
            heard = audible(self._faders)
            for at, strip in enumerate(self._piece.plan.strips):
                self._desk.set(at, moved(strip, dict(zip(FADERS, self._faders[at].tolist(), strict=True)), heard[at]))
        master_db = self._piece.plan.master_db + board.wished("master_db")
        if abs(master_db - self._desk.master_db) > 1e-6:
            self._desk.master_db = master_db
        if board.wished("seeks") != self._seeks:
            self._seeks = board.wished("seeks")
            self._seek(board.wished("seek"))
            board.tell("seeks_done", self._seeks)

    def _seek(self, frame: float) -> None:
        self._frame = int(np.clip(frame, 0, self._piece.last)) // BLOCK * BLOCK
        self._ensemble.seek(self._frame)

    def _tell(self, frames: int, took_ms: float, peak: float) -> None:
        board = self._board
        budget_ms = 1e3 * frames / self._piece.sample_rate
        board.peaks[:] = self._desk.peaks
        board.tell("peak", peak)
        board.tell("limited_db", self._desk.limited_db)
        board.tell("frame", min(self._frame, self._piece.frames))
        board.tell("blocks", board.told("blocks") + 1)
        board.tell("busy_ms", board.told("busy_ms") + took_ms)
        board.tell("worst_ms", max(board.told("worst_ms"), took_ms))
        if took_ms > budget_ms:
            board.tell("late", board.told("late") + 1)
        if not self.finished and not board.wished("pause"):
            board.tell("state", states.PLAYING)


def moved(strip: Strip, faders: dict[str, float], heard: bool) -> Strip:
    """A strip of the mix with its faders where the user has them."""
    eq = strip.eq
    bands = {
        name: float(np.clip(getattr(eq, name) + faders[name], -MAX_EQ_DB, MAX_EQ_DB))
        for name in ("low_db", "mid_db", "high_db")
        if faders[name]
    }
    return replace(
        strip,
        gain_db=strip.gain_db + faders["gain_db"] if faders["gain_db"] > -90 else -np.inf,
        pan=strip.pan if np.isnan(faders["pan"]) else faders["pan"],
        reverb_db=strip.reverb_db + faders["reverb_db"] if faders["reverb_db"] > -90 else -np.inf,
        eq=replace(eq, **bands) if bands else eq,
        mute=strip.mute or not heard,
    )
