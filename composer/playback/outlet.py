"""The output process: feeds the audio driver from the ring buffer, and does nothing else that could make it late."""

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

from composer import priority
from composer.audio.fluid import Driver
from composer.errors import ComposerError
from composer.playback.ring import Ring

USUAL_DRIVERS = {"darwin": ("coreaudio",), "win32": ("wasapi", "dsound")}
LINUX_DRIVERS = ("pipewire", "jack", "pulseaudio", "alsa")
LOOK_S = 0.05


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
    ahead_s: float = 0.045
    """How much sound lies ready: faders answer so much later, and stalls of up to that are not heard."""


def run(pipe: Connection, rows: int, frames: int, memory: Any, sample_rate: int, output: Output) -> None:
    """The process's main: waits for a word, opens the driver, answers None or why not; ends when the ring does, or the pipe."""
    leave_ending_to_others()
    quiet()
    ring = Ring(rows, frames, memory)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        pipe.recv_bytes()
        driver = Driver(ring.fill, rows // 2)
        # Whoever holds the interpreter's lock must not be put aside: the driver's thread needs it.
        priority.ask_for(priority.SOUND)
        try:
            priority.stay_in_memory()
            driver.open(drivers(output), sample_rate, output.period, output.periods, output.client, HINT)
            say(pipe, None)
            while not ring.over and not driver.error and not gone(pipe, LOOK_S):
                pass
            if not driver.error:
                time.sleep(output.period * output.periods / sample_rate)  # what is under way is still heard
        finally:
            ring.close()
            driver.close()
        if driver.error:
            say(pipe, f"the sound stopped: {driver.error}")
    except EOFError:
        ring.close()
    except ComposerError as error:
        say(pipe, str(error))


HINT = "name another with --driver, or write a file with --driver file"


def drivers(output: Output) -> tuple[str, ...]:
    """Those to try, in order."""
    return (output.driver,) if output.driver else USUAL_DRIVERS.get(sys.platform, LINUX_DRIVERS)


def leave_ending_to_others() -> None:
    """Whoever started us is asked to end as we are, fades the sound out and tells us; the recording is written before that is over."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def quiet() -> None:
    """JACK, ALSA and PulseAudio print what we say ourselves; here nobody listens to them. Python's own stderr stays."""
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def gone(pipe: Connection, wait_s: float = 0.0) -> bool:
    """Whether whoever started us is no more, after at most so long."""
    try:
        return pipe.poll(wait_s) and not pipe.recv_bytes()
    except (EOFError, OSError):
        return True


def say(pipe: Connection, answer: object) -> None:
    with contextlib.suppress(OSError):
        pipe.send(answer)
