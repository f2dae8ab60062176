"""FluidSynth's one owner: a thin, checked wrapper around pyfluidsynth and the calls of libfluidsynth it leaves out.

pyfluidsynth answers a failure with -1 and no exception, so every return code that can fail is checked here.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, TypeVar

import numpy as np

from composer.errors import AudioError

BLOCK = 64
"""Frames FluidSynth computes at a time: events take effect on this grid (1.45 ms at 44.1 kHz)."""
DRUM_BANK = 128
INSTALL_HINT = "install it with: apt-get install libfluidsynth3 (macOS: brew install fluid-synth)"

GAIN = 0.3
"""Synth gain. FluidSynth's own 0.6 clips; levels are the mixer's business."""
VOICES_PER_PART = 64
NO_FONT = "not a soundfont that FluidSynth can read; choose another .sf2 or .sf3 file"

_Synth = TypeVar("_Synth", bound="Synth")
Preset = tuple[int, int]
"""(bank, program); drum kits live in bank 128."""


def _prototypes(lib: Any) -> None:
    """Declare what pyfluidsynth does not wrap: pointers would be cut to 32 bits without this."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
        ("fluid_synth_process", integer, [pointer, integer, integer, pointer, integer, pointer]),
        ("fluid_synth_set_channel_type", integer, [pointer, integer, integer]),
        ("fluid_synth_get_sfont_by_id", pointer, [pointer, integer]),
        ("fluid_synth_channel_pressure", integer, [pointer, integer, integer]),
        ("fluid_synth_key_pressure", integer, [pointer, integer, integer, integer]),
        ("fluid_sfont_iteration_start", None, [pointer]),
        ("fluid_sfont_iteration_next", pointer, [pointer]),
        ("fluid_preset_get_banknum", integer, [pointer]),
        ("fluid_preset_get_num", integer, [pointer]),
        ("fluid_set_log_function", pointer, [integer, pointer, pointer]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments


def library() -> ModuleType:
    """pyfluidsynth with libfluidsynth loaded and its log silent. Raises AudioError with the command to install them."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where CI is set, pyfluidsynth prints what it found
            import fluidsynth
    except ModuleNotFoundError:
        raise AudioError("pyfluidsynth is missing; install it with: pip install pyfluidsynth") from None
    except (ImportError, OSError) as error:
        raise AudioError(f"the FluidSynth library cannot be loaded ({error}); {INSTALL_HINT}") from None
    module: ModuleType = fluidsynth
    try:
        _prototypes(module._fl)
    except AttributeError as error:
        raise AudioError(f"this FluidSynth library is too old ({error}); 2.1 is needed; {INSTALL_HINT}") from None
    for level in range(5):  # our messages say it; FluidSynth's own would land on stderr
        module._fl.fluid_set_log_function(level, None, None)
    return module


def version() -> str:
    """libfluidsynth's version, "2.3.1". Raises AudioError where it cannot be loaded."""
    numbers = [ctypes.c_int() for _ in range(3)]
    library()._fl.fluid_version(*(ctypes.byref(number) for number in numbers))
    return ".".join(str(number.value) for number in numbers)


def whole(soundfont: Path) -> bool:
    """Whether a file begins as a soundfont and is as long as it says."""
    try:
        with soundfont.open("rb") as file:
            head = file.read(12)
        size = soundfont.stat().st_size
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk" and int.from_bytes(head[4:8], "little") + 8 <= size


def nearest_preset(wanted: Preset, have: frozenset[Preset]) -> Preset | None:
    """The preset to play: the wanted one, else its plain bank, its General MIDI family, a piano; None for no kit.

    >>> nearest_preset((0, 33), frozenset({(0, 0), (0, 32)}))
    (0, 32)
    """
    bank, program = wanted
    if wanted in have:
        return wanted
    if bank == DRUM_BANK:
        return min((preset for preset in have if preset[0] == DRUM_BANK), default=None)
    relatives = [(0, relative) for relative in range(program // 8 * 8, program // 8 * 8 + 8)]
    for preset in [(0, program), *relatives, (0, 0)]:
        if preset in have:
            return preset
    return min((preset for preset in have if preset[0] != DRUM_BANK), default=None)


class Synth:
    """One FluidSynth with a font and one dry stereo group a channel. Use as a context; never share or reuse one, because
    dead voices leave traces in later notes."""

    def __init__(self, soundfont: Path, channels: int, sample_rate: int) -> None:
        if not 1 <= channels <= 128:
            raise AssertionError(f"FluidSynth has 1..128 audio groups, asked for {channels}")
        self.channels = channels
        self._fs = library()
        if not whole(soundfont):  # FluidSynth's other readers would complain in their own words
            raise AudioError(f"{soundfont}: {NO_FONT}")
        self._settings = self._fs.new_fluid_settings()
        self._synth = None
        for name, value in (
            ("synth.midi-channels", -(-channels // 16) * 16),
            ("synth.audio-channels", channels),
            ("synth.audio-groups", channels),
            ("synth.polyphony", max(256, VOICES_PER_PART * channels)),
            ("synth.dynamic-sample-loading", 1),
            ("synth.reverb.active", 0),
            ("synth.chorus.active", 0),
            ("synth.cpu-cores", 1),  # more would add voices in an order that changes from run to run
        ):
            self._check(self._fs.fluid_settings_setint(self._settings, name.encode(), value), f"setting {name}={value}")
        for name, number in (("synth.sample-rate", float(sample_rate)), ("synth.gain", GAIN)):
            self._check(
                self._fs.fluid_settings_setnum(self._settings, name.encode(), number), f"setting {name}={number:g}"
            )
        self._synth = self._fs.new_fluid_synth(self._settings)
        if not self._synth:
            self.close()
            raise AudioError(f"FluidSynth cannot start at {sample_rate} Hz; try 44100 or 48000 Hz")
        self._font = self._fs.fluid_synth_sfload(self._synth, os.fsencode(soundfont), 1)
        if self._font < 0:
            self.close()
            raise AudioError(f"{soundfont}: {NO_FONT}")
        self.presets = self._presets()

    def _check(self, code: int, what: str) -> None:
        if code != 0:
            self.close()
            raise AudioError(f"FluidSynth refused {what}; {INSTALL_HINT.replace('install', 'update', 1)}")

    def _presets(self) -> frozenset[Preset]:
        lib = self._fs._fl
        font = lib.fluid_synth_get_sfont_by_id(self._synth, self._font)
        lib.fluid_sfont_iteration_start(font)
        found = set()
        while preset := lib.fluid_sfont_iteration_next(font):
            found.add((lib.fluid_preset_get_banknum(preset), lib.fluid_preset_get_num(preset)))
        return frozenset(found)

    def __enter__(self: _Synth) -> _Synth:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the synth and its font; safe to call twice."""
        if self._synth:
            self._fs.delete_fluid_synth(self._synth)
        if self._settings:
            self._fs.delete_fluid_settings(self._settings)
        self._synth = self._settings = None

    def drums(self, channel: int) -> None:
        """Make a channel a drum channel."""
        self._fs._fl.fluid_synth_set_channel_type(self._synth, channel, 1)

    def program(self, channel: int, bank: int, program: int) -> Preset | None:
        """Choose the preset, or the nearest there is; returns what will play, None for silence."""
        chosen = nearest_preset((bank, program), self.presets)
        if chosen is None:
            self._fs.fluid_synth_unset_program(self._synth, channel)
        else:
            self._fs.fluid_synth_program_select(self._synth, channel, self._font, *chosen)
        return chosen

    def keep(self, bank: int, program: int) -> None:
        """Have a preset's samples in memory from now on: a change of program then reads nothing from disk."""
        chosen = nearest_preset((bank, program), self.presets)
        pin = getattr(self._fs._fl, "fluid_synth_pin_preset", None)  # FluidSynth 2.2
        if chosen is not None and pin is not None:
            pin(ctypes.c_void_p(self._synth), self._font, *chosen)

    def note_on(self, channel: int, pitch: int, velocity: int) -> None:
        self._fs.fluid_synth_noteon(self._synth, channel, pitch, velocity)

    def note_off(self, channel: int, pitch: int, _: int = 0) -> None:
        self._fs.fluid_synth_noteoff(self._synth, channel, pitch)

    def control(self, channel: int, controller: int, value: int) -> None:
        self._fs.fluid_synth_cc(self._synth, channel, controller, value)

    def bend(self, channel: int, pitch: int, _: int = 0) -> None:
        """Pitch wheel, -8192..8191."""
        self._fs.fluid_synth_pitch_bend(self._synth, channel, pitch + 8192)

    def pressure(self, channel: int, value: int, _: int = 0) -> None:
        self._fs._fl.fluid_synth_channel_pressure(self._synth, channel, value)

    def key_pressure(self, channel: int, pitch: int, value: int) -> None:
        self._fs._fl.fluid_synth_key_pressure(self._synth, channel, pitch, value)

    def process(self, frames: int, into: np.ndarray) -> None:
        """Add the next `frames` frames to float32 buffers given by address: left and right of each channel, uint64,
        shape (2 * channels,)."""
        code = self._fs._fl.fluid_synth_process(self._synth, frames, 0, None, len(into), into.ctypes.data)
        if code != 0:
            raise AudioError("FluidSynth failed while it rendered; try another soundfont")


Callback = Callable[[int, np.ndarray], None]
"""(frames, out): fill `out`, float32, shape (2 * pairs, frames), zeros where nothing sounds. Called from the driver's thread."""


class OtherRate(AudioError):
    """A sound server has a sample rate of its own."""

    def __init__(self, driver: str, rate: int, wanted: int) -> None:
        super().__init__(f"{driver} runs at {rate} Hz and not at {wanted}: use --sample-rate {rate}")
        self.rate = rate


class Driver:
    """FluidSynth's way to the sound card, for sound that we make ourselves: JACK, ALSA, PulseAudio, PipeWire, CoreAudio.

    It runs from `open` to `close`; the callback must return within the period that was asked for.
    """

    def __init__(self, callback: Callback, pairs: int = 1) -> None:
        self._fs = library()
        self._lib = self._fs._fl
        pointer, integer = ctypes.c_void_p, ctypes.c_int
        buffers = ctypes.POINTER(ctypes.POINTER(ctypes.c_float))
        kind = ctypes.CFUNCTYPE(integer, pointer, integer, integer, buffers, integer, buffers)
        self._lib.new_fluid_audio_driver2.restype = pointer
        self._lib.new_fluid_audio_driver2.argtypes = [pointer, kind, pointer]
        self._lib.delete_fluid_audio_driver.argtypes = [pointer]
        self._pairs, self._callback = pairs, callback
        self._function = kind(self._fill)  # kept, or Python would free what the driver calls
        self._settings = self._fs.new_fluid_settings()
        self._driver: int | None = None
        self.error = ""
        """What went wrong in the callback, which can raise nothing."""

    def _fill(self, _data: object, frames: int, _fx_count: int, _fx: object, count: int, out: Any) -> int:
        try:
            sound = np.zeros((2 * self._pairs, frames), np.float32)
            if not self.error:
                self._callback(frames, sound)
            for at in range(min(count, len(sound))):
                ctypes.memmove(out[at], sound[at].ctypes.data, 4 * frames)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
        return 0

    def open(
        self, drivers: tuple[str, ...], sample_rate: int, period: int, periods: int, client: str, hint: str = ""
    ) -> str:
        """Take the first of `drivers` that works; returns which. Raises OtherRate, and AudioError with the hint where none does."""
        fs, settings = self._fs, self._settings
        fs.fluid_settings_setnum(settings, b"synth.sample-rate", float(sample_rate))
        for name, value in (
            ("synth.audio-channels", self._pairs), ("synth.audio-groups", self._pairs), ("audio.period-size", period),
            ("audio.periods", periods), ("audio.realtime-prio", 60), ("audio.jack.autoconnect", 1),
            ("audio.jack.multi", int(self._pairs > 1)),
        ):  # fmt: skip
            fs.fluid_settings_setint(settings, name.encode(), value)
        fs.fluid_settings_setstr(settings, b"audio.jack.id", client.encode())
        fs.fluid_settings_setstr(settings, b"audio.sample-format", b"float")
        for driver in drivers:
            if fs.fluid_settings_setstr(settings, b"audio.driver", driver.encode()) != 0:
                continue
            said: list[str] = []
            with self._listening(said):
                self._driver = self._lib.new_fluid_audio_driver2(settings, self._function, None)
            if self._driver:
                self._check_rate(driver, sample_rate, said)
                return driver
        raise AudioError(
            f"no sound: the audio driver {' or '.join(drivers)} does not start; is its server running? {hint}"
        )

    @contextlib.contextmanager
    def _listening(self, said: list[str]) -> Iterator[None]:
        """Hear what FluidSynth logs: of a rate that its server does not have it speaks nowhere else."""
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        hear = kind(lambda _level, message, _data: said.append(message.decode(errors="replace")))
        for level in range(5):
            self._lib.fluid_set_log_function(level, ctypes.cast(hear, ctypes.c_void_p), None)
        try:
            yield
        finally:
            for level in range(5):
                self._lib.fluid_set_log_function(level, None, None)

    def _check_rate(self, driver: str, sample_rate: int, said: list[str]) -> None:
        """Raises AudioError where the server's rate is another."""
        found = re.search(r"mismatch.*jackd=(\d+)|got (\d+) instead", "\n".join(said))
        rate = int(found[1] or found[2]) if found else sample_rate
        if rate != sample_rate:
            self.close()
            raise OtherRate(driver, rate, sample_rate)

    def close(self) -> None:
        """Silence; safe to call twice."""
        if self._driver:
            self._lib.delete_fluid_audio_driver(self._driver)
            self._driver = None
        if self._settings:
            self._fs.delete_fluid_settings(self._settings)
            self._settings = None
