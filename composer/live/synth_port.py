"""Our own renderer as an output: synth and desk in a process of their own, so that nothing here can make the sound stutter.

`synth` takes the system's usual audio driver, `synth:jack` (alsa, pulseaudio, pipewire, coreaudio, …) a named one, and
`synth:file:PATH.wav` writes what would be heard into a file, in real time.
"""

from __future__ import annotations

import contextlib
import gc
import math
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

from composer import priority
from composer.errors import AudioError, ComposerError, InputError
from composer.live.items import PortDown, PortUp
from composer.live.port_names import PortName, Post
from composer.live.synth_sound import JamSound, Seat

SAMPLE_RATE = 48_000
"""Where the sound server has none of its own."""
HINT = "name another, as in --output synth:DRIVER, or write a file with --output synth:file:PATH.wav"
PERIOD, PERIODS = 256, 2
START_S = 30.0
GONE_S = 2.0
"""A sound card that has asked for nothing for so long is not there any more."""
FIRST_S = 2.0
"""It may take so much longer to ask for the first time."""
RETRY_S = 2.0
SWITCH_S = 2e-4
"""The driver's thread waits no longer for the one that takes messages."""
DRUM_SEAT = {9: Seat("drums")}


class SynthPort:
    """A port whose other end is a synth. Messages go down a pipe; the process ends when the pipe does, with silence."""

    def __init__(
        self,
        name: PortName,
        post: Post,
        soundfont: str | None = None,
        seats: Mapping[int, Seat] | None = None,
        style: str | None = None,
    ) -> None:
        """seats: who plays on which channel (counted from 0), and what; the desk has a strip for each."""
        from composer.audio import soundfonts

        self.name, self._post = name.text, post
        driver, _, path = name.value.partition(":")
        if driver == "file" and not path:
            raise InputError(f"{self.name}: name the file, as in synth:file:jam.wav")
        font = soundfonts.find(soundfont)
        self._arguments = (font, dict(seats or DRUM_SEAT), style, driver, path)
        self._lock = threading.Lock()
        self._away, self._closing = True, threading.Event()
        answer = self._start()
        if answer is not None:
            self.close()
            raise AudioError(f"{self.name}: {answer}")
        post(PortUp(self.name))
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
        self._watcher.start()

    def _start(self) -> str | None:
        """A process that sounds; returns None, or why there is none."""
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        process = context.Process(target=_sound, args=(theirs, *self._arguments), name="synth", daemon=True)
        with priority.one_thread():
            process.start()
        theirs.close()
        with self._lock:
            self._pipe, self.process = pipe, process
        answer: str | None = "its process ended during start-up"
        with contextlib.suppress(EOFError, OSError):
            answer = pipe.recv() if pipe.poll(START_S) else "it did not start in time"
        self._away = answer is not None
        return answer

    def send(self, data: bytes) -> None:
        with self._lock:
            if not self._away:
                try:
                    self._pipe.send_bytes(data)
                except OSError:
                    self._away = True

    def close(self) -> None:
        """Silence, and the end of the process; safe to call twice."""
        self._closing.set()
        with self._lock:
            self._away = True
            with contextlib.suppress(OSError):
                self._pipe.send_bytes(b"")
        self.process.join(timeout=3)
        self._end()

    def _end(self) -> None:
        if self.process.is_alive():
            self.process.kill()
            self.process.join(timeout=1)
        self._pipe.close()

    def _watch(self) -> None:
        """Say when the sound has gone, and look for it; a file that broke off is not begun anew."""
        while True:
            wait((self._pipe, self.process.sentinel))
            if self._closing.is_set():
                return
            self._away = True
            why = None
            with contextlib.suppress(EOFError, OSError):
                why = self._pipe.recv() if self._pipe.poll(0) else None
            self.process.join(timeout=1)  # a driver whose server has died may hang while it is closed
            self._post(PortDown(self.name, why or f"the synth's process ended with code {self.process.exitcode}"))
            if self._arguments[3] == "file":
                return
            self._end()
            while not self._closing.wait(RETRY_S) and self._start() is not None:
                self._end()
            if self._closing.is_set():
                self._end()
                return
            self._post(PortUp(self.name, "restarted"))


def _sound(pipe: Connection, font: Path, seats: Mapping[int, Seat], style: str | None, driver: str, path: str) -> None:
    """The synth's process: first an answer (None, or why not), then messages until an empty one or the pipe's end."""
    from composer.audio.fluid import OtherRate
    from composer.playback.outlet import quiet

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet()
    priority.ask_for(priority.SOUND)
    try:
        try:
            _play(pipe, JamSound(font, seats, SAMPLE_RATE, style), SAMPLE_RATE, driver, path)
        except OtherRate as other:  # the server's own, which nobody need look up
            _play(pipe, JamSound(font, seats, other.rate, style), other.rate, driver, path)
    except ComposerError as error:
        with contextlib.suppress(OSError):
            pipe.send(str(error))


def _play(pipe: Connection, band: JamSound, rate: int, driver: str, path: str) -> None:
    """Answer, then play what the messages say. Raises AudioError before the answer, OtherRate where the server's rate is not ours."""
    from composer.audio.fluid import Driver
    from composer.playback.outlet import Output, drivers

    asked_s = math.inf  # when the sound card last asked for sound

    def fill(frames: int, out: np.ndarray) -> None:
        nonlocal asked_s
        asked_s = time.monotonic()
        sound.fill(frames, out)

    with band as sound, contextlib.ExitStack() as stack:
        gc.collect()
        gc.freeze()
        gc.disable()
        sys.setswitchinterval(SWITCH_S)
        if driver == "file":
            stack.enter_context(_File(sound, Path(path)))
        else:
            card = Driver(fill)
            stack.callback(card.close)
            priority.stay_in_memory()  # takes its time, so before anybody asks for sound
            card.open(drivers(Output(driver)), rate, PERIOD, PERIODS, "composer-jam", HINT)
            asked_s = min(asked_s, time.monotonic() + FIRST_S)  # its server may die before it asks at all
        pipe.send(None)
        with contextlib.suppress(EOFError, OSError):
            while time.monotonic() - asked_s < GONE_S:
                if pipe.poll(GONE_S):
                    if not (data := pipe.recv_bytes()):
                        return
                    sound.hear(data)
            pipe.send("the sound card or its server stopped responding")


class _File:
    """What would be heard, written as it comes, in real time. Use as a context."""

    def __init__(self, sound: JamSound, path: Path) -> None:
        from composer.audio.wav import SoundWriter

        self._sound, self._writer = sound, SoundWriter(path, SAMPLE_RATE)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._writer.close()

    def _run(self) -> None:
        piece, began, asked = np.zeros((2, PERIOD), np.float32), time.perf_counter(), 0
        while not self._ending.wait(max(0.0, began + asked / SAMPLE_RATE - time.perf_counter())):
            self._sound.fill(PERIOD, piece)
            self._writer.write(piece.T)
            asked += PERIOD
