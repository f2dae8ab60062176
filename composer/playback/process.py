"""The process that makes the sound: everything is built, then it keeps the ring full, and nothing else happens here."""

from __future__ import annotations

import gc
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from composer import priority
from composer.audio.wav import write_wav
from composer.errors import ComposerError
from composer.playback import board as states
from composer.playback.board import Board
from composer.playback.engine import Engine, Piece
from composer.playback.outlet import Output, gone, leave_ending_to_others, quiet, say
from composer.playback.ring import Ring

CHUNK = 256
"""Frames made at a time."""


def run(pipe: Connection, piece: Piece, output: Output, memory: Any, frames: int, ring_memory: Any) -> None:
    """The process's main: answers None once the ring is full, or says why not; ends when the music does, or the pipe."""
    leave_ending_to_others()
    quiet()
    board = Board(len(piece.parts), memory)
    ring = Ring(rows(piece), frames, ring_memory)
    try:
        with Engine(piece, board) as engine:
            gc.collect()
            gc.freeze()
            gc.disable()
            if output.driver == "file":
                _to_file(pipe, engine, piece, output)
            else:
                priority.ask_for(priority.SOUND)
                priority.stay_in_memory()
                _to_ring(pipe, engine, ring)
                priority.give_up()
            board.tell("state", states.DONE)
            if output.path is not None and piece.record:
                write_wav(output.path, engine.recording[:, : engine.recorded].T, piece.sample_rate, 32, output.force)
            say(pipe, engine.notices)
    except ComposerError as error:
        board.tell("state", states.FAILED)
        say(pipe, str(error))
    finally:
        ring.end()


def rows(piece: Piece) -> int:
    """Of the sound that is handed on: left and right of the mix, then of every part where they are wanted."""
    return 2 + (2 * len(piece.parts) if piece.separate else 0)


def ring_frames(piece: Piece, output: Output) -> int:
    """How long the ring is: what is asked for, and never less than the driver needs."""
    return max(round(output.ahead_s * piece.sample_rate), 2 * output.period, 2 * CHUNK)


def _to_ring(pipe: Connection, engine: Engine, ring: Ring) -> None:
    sound = np.zeros((ring.rows, CHUNK), np.float32)
    told = False
    while not engine.finished and not ring.closed and not gone(pipe):
        if ring.frames - ring.waiting >= CHUNK:
            engine.fill(CHUNK, sound)
            ring.write(sound)
        elif told:
            time.sleep(CHUNK / (2 * engine.sample_rate))
        else:
            told = True
            say(pipe, None)
    if not told:
        say(pipe, None)  # shorter than the ring
    ring.end()
    while not ring.over and not ring.closed and not gone(pipe):
        time.sleep(0.005)


def _to_file(pipe: Connection, engine: Engine, piece: Piece, output: Output) -> None:
    """As a sound card would ask, in real time; what is written is the recording."""
    say(pipe, None)
    sound = np.zeros((2, output.period), np.float32)
    began, asked = time.perf_counter(), 0
    while not engine.finished and not gone(pipe):
        engine.fill(output.period, sound)
        asked += output.period
        time.sleep(max(0.0, began + asked / piece.sample_rate - time.perf_counter()))
