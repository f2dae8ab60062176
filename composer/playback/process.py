"""The audio process: everything is built, then the driver starts, then nothing happens here but sound."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from composer.audio.fluid import Driver
from composer.audio.wav import write_wav
from composer.errors import AudioError, ComposerError
from composer.playback import board as states
from composer.playback.board import Board
from composer.playback.engine import Engine, Piece

USUAL_DRIVERS = {"darwin": ("coreaudio",), "win32": ("wasapi", "dsound")}
LINUX_DRIVERS = ("pipewire", "jack", "pulseaudio", "alsa")
LOOK_S = 0.02


@dataclass(frozen=True)
class Output:
    """Where the sound goes."""

    driver: str = ""
    """jack, alsa, pulseaudio, pipewire, coreaudio …; "" is the system's usual one; "file" writes `path` in real time."""
    path: Path | None = None
    """Of the WAV that the file driver writes, or that keeps a recording of what went to any other."""
    period: int = 256
    periods: int = 3
    separate: bool = False
    """Per-instrument outputs beside the mix, on JACK."""
    client: str = "composer"
    force: bool = False


def run(pipe: Connection, piece: Piece, output: Output, memory: Any) -> None:
    """The process's main: answers None once it sounds, or says why not; ends when the music does, or the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _quiet()
    board = Board(len(piece.parts), memory)
    try:
        with Engine(piece, board) as engine:
            gc.collect()
            gc.freeze()
            gc.disable()
            sys.setswitchinterval(2e-4)
            if output.driver == "file":
                _to_file(pipe, engine, piece, output, board)
            else:
                _to_driver(pipe, engine, piece, output, board)
            if output.path is not None and piece.record:
                write_wav(output.path, engine.recording[:, : engine.recorded].T, piece.sample_rate, 32, output.force)
            _say(pipe, engine.notices)
    except ComposerError as error:
        board.tell("state", states.FAILED)
        _say(pipe, str(error))


def _quiet() -> None:
    """JACK, ALSA and PulseAudio print what we say ourselves; here nobody listens to them. Python's own stderr stays."""
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _to_driver(pipe: Connection, engine: Engine, piece: Piece, output: Output, board: Board) -> None:
    pairs = 1 + len(piece.parts) if piece.separate else 1
    driver = Driver(engine.fill, pairs)
    names = (output.driver,) if output.driver else USUAL_DRIVERS.get(sys.platform, LINUX_DRIVERS)
    try:
        driver.open(names, piece.sample_rate, output.period, output.periods, output.client)
        _say(pipe, None)
        while not engine.finished and not driver.error and not _gone(pipe):
            time.sleep(LOOK_S)
        if not driver.error:
            time.sleep(output.period * output.periods / piece.sample_rate)  # what is under way is still heard
    finally:
        driver.close()
    if driver.error:
        raise AudioError(f"the sound stopped: {driver.error}")
    board.tell("state", states.DONE)


def _to_file(pipe: Connection, engine: Engine, piece: Piece, output: Output, board: Board) -> None:
    """As a sound card would ask, in real time; what is written is the recording."""
    _say(pipe, None)
    sound = np.zeros((2, output.period), np.float32)
    began, asked = time.perf_counter(), 0
    while not engine.finished and not _gone(pipe):
        engine.fill(output.period, sound)
        asked += output.period
        time.sleep(max(0.0, began + asked / piece.sample_rate - time.perf_counter()))
    board.tell("state", states.DONE)


def _gone(pipe: Connection) -> bool:
    """Whether whoever started us is no more."""
    try:
        return pipe.poll(0) and not pipe.recv_bytes()
    except (EOFError, OSError):
        return True


def _say(pipe: Connection, answer: object) -> None:
    with contextlib.suppress(OSError):
        pipe.send(answer)
