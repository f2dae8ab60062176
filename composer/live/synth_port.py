"""Our own renderer as an output: FluidSynth in a process of its own, so that nothing here can make the sound stutter.

`synth` takes the system's usual audio driver, `synth:jack` (alsa, pulseaudio, pipewire, coreaudio, …) a named one, and
`synth:file:PATH.wav` writes what would be heard into a file, in real time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from composer import priority
from composer.errors import AudioError, ComposerError, InputError
from composer.live import midi
from composer.live.items import PortDown, PortUp
from composer.live.ports import PortName, Post

if TYPE_CHECKING:
    from composer.audio.fluid import LiveSynth

SAMPLE_RATE = 48_000
PERIOD, PERIODS = 256, 2
START_S = 30.0
USUAL_DRIVERS = {"darwin": ("coreaudio",), "win32": ("wasapi", "dsound")}
LINUX_DRIVERS = ("pipewire", "jack", "pulseaudio", "alsa")


class SynthPort:
    """A port whose other end is a synth. Messages go down a pipe; the process ends when the pipe does, with silence."""

    def __init__(self, name: PortName, post: Post, soundfont: str | None = None) -> None:
        from composer.audio import soundfonts

        self.name, self._post = name.text, post
        driver, _, path = name.value.partition(":")
        if driver == "file" and not path:
            raise InputError(f"{self.name}: name the file, as in synth:file:jam.wav")
        font = soundfonts.find(soundfont)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_sound, args=(theirs, font, driver, path), name="synth", daemon=True)
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


def _sound(pipe: Connection, font: Path, driver: str, path: str) -> None:
    """The synth's process: first an answer (None, or why not), then messages until an empty one or the pipe's end."""
    from composer.audio.fluid import LiveSynth

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    priority.ask_for(priority.SOUND)
    drivers = (driver,) if driver else USUAL_DRIVERS.get(sys.platform, LINUX_DRIVERS)
    try:
        with LiveSynth(font, 1, SAMPLE_RATE, effects=True) as synth:  # one stereo group for all 16 channels
            synth.drums(9)
            synth.start(drivers, path, PERIOD, PERIODS)
            pipe.send(None)
            with contextlib.suppress(EOFError, OSError):
                while data := pipe.recv_bytes():
                    play(synth, data)
    except ComposerError as error:
        with contextlib.suppress(OSError):
            pipe.send(str(error))


def play(synth: LiveSynth, data: bytes) -> None:
    """One MIDI message."""
    kind, channel = data[0] & 0xF0, data[0] & 0x0F
    if data[0] >= 0xF0:
        return
    if midi.is_note_on(data):
        synth.note_on(channel, data[1], data[2])
    elif midi.is_note_off(data):
        synth.note_off(channel, data[1])
    elif kind == midi.PROGRAM:
        synth.program(channel, 128 if channel == 9 else 0, data[1])
    elif kind == midi.CONTROL:
        synth.control(channel, data[1], data[2])
    elif kind == midi.BEND:
        synth.bend(channel, data[1] + (data[2] << 7) - 8192)
