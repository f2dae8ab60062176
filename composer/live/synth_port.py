"""Our own renderer as an output: synth and desk in a process of their own, so that nothing here can make the sound stutter.

`synth` takes the system's usual audio driver, `synth:jack` (alsa, pulseaudio, pipewire, coreaudio, …) a named one, and
`synth:file:PATH.wav` writes what would be heard into a file, in real time.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from composer import priority
from composer.errors import AudioError, ComposerError, InputError
from composer.live.items import PortDown, PortUp
from composer.live.port_names import PortName, Post
from composer.live.synth_sound import JamSound, Seat

SAMPLE_RATE = 48_000
PERIOD, PERIODS = 256, 2
START_S = 30.0
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
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, font, dict(seats or DRUM_SEAT), style, driver, path)
        self.process = context.Process(target=_sound, args=arguments, name="synth", daemon=True)
        with priority.one_thread():
            self.process.start()
        theirs.close()
        self._lock = threading.Lock()
        self._away = self._closing = False
        answer: str | None = "its process ended before it sounded"
        with contextlib.suppress(EOFError, OSError):
            answer = self._pipe.recv() if self._pipe.poll(START_S) else "it did not start in time"
        if answer is not None:
            self.close()
            raise AudioError(f"{self.name}: {answer}")
        post(PortUp(self.name))
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
        self._watcher.start()

    def send(self, data: bytes) -> None:
        with self._lock:
            if not self._away:
                try:
                    self._pipe.send_bytes(data)
                except OSError:
                    self._away = True

    def close(self) -> None:
        """Silence, and the end of the process; safe to call twice."""
        self._closing = True
        with self._lock:
            self._away = True
            with contextlib.suppress(OSError):
                self._pipe.send_bytes(b"")
        self.process.join(timeout=3)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(timeout=1)
        self._pipe.close()

    def _watch(self) -> None:
        self.process.join()
        if not self._closing:
            self._away = True
            self._post(PortDown(self.name, f"the synth's process ended with code {self.process.exitcode}"))


def _sound(pipe: Connection, font: Path, seats: Mapping[int, Seat], style: str | None, driver: str, path: str) -> None:
    """The synth's process: first an answer (None, or why not), then messages until an empty one or the pipe's end."""
    from composer.audio.fluid import Driver
    from composer.playback.outlet import Output, drivers, quiet

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quiet()
    priority.ask_for(priority.SOUND)
    try:
        with JamSound(font, seats, SAMPLE_RATE, style) as sound, contextlib.ExitStack() as stack:
            gc.collect()
            gc.freeze()
            gc.disable()
            sys.setswitchinterval(SWITCH_S)
            if driver == "file":
                stack.enter_context(_File(sound, Path(path)))
            else:
                card = Driver(sound.fill)
                stack.callback(card.close)
                priority.stay_in_memory()  # takes its time, so before anybody asks for sound
                card.open(drivers(Output(driver)), SAMPLE_RATE, PERIOD, PERIODS, "composer-jam")
            pipe.send(None)
            with contextlib.suppress(EOFError, OSError):
                while data := pipe.recv_bytes():
                    sound.hear(data)
    except ComposerError as error:
        with contextlib.suppress(OSError):
            pipe.send(str(error))


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
