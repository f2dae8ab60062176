"""The jam's own sound: MIDI messages → FluidSynth, every part by itself → the desk that also mixes what is rendered.

Nothing can be measured before it is played, so faders stand where the soundfont's calibration puts them (`composer.audio.calibration`),
for parts that strike as many notes at once as is usual for their instrument.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.audio import balance, calibration, profiles
from composer.audio.calibration import Loud
from composer.audio.desk import Desk, MixPlan
from composer.audio.fluid import BLOCK, DRUM_BANK, Preset, Synth
from composer.audio.mixer import NOMINAL_DB
from composer.audio.player import addresses
from composer.audio.strip import Strip
from composer.live import midi

TARGET_LUFS = -16.0
"""Of the whole band, by calibration: two below a rendered mix, since what people will play is not known."""
TOGETHER = {"guitar": 3, "piano": 3, "strings": 3}
"""Notes at once; one for all others."""
LARGEST = 2048
"""Frames of a block at most; what is asked for beyond that is made in several."""


@dataclass(frozen=True)
class Seat:
    """Who plays on a channel."""

    role: str
    program: int = 0

    @property
    def preset(self) -> Preset:
        return (DRUM_BANK if self.role == "drums" else 0, self.program)


class JamSound:
    """`hear` takes messages, `fill` gives sound; use as a context. The desk makes it `latency` frames late."""

    def __init__(self, font: Path, seats: Mapping[int, Seat], sample_rate: int, style: str | None = None) -> None:
        self._channels = sorted(seats)
        self._seats = [seats[channel] for channel in self._channels]
        self._style = style
        self._loud = calibration.levels(font, [seat.preset for seat in self._seats])
        self._synth = Synth(font, len(seats), sample_rate)
        for at, seat in enumerate(self._seats):
            if seat.role == "drums":
                self._synth.drums(at)
            self._synth.program(at, *seat.preset)
        strips = tuple(self._strip(seat) for seat in self._seats)
        plan = MixPlan(tuple(seat.role for seat in self._seats), strips, self._master_db())
        self._desk = Desk(plan, sample_rate)
        self._dry = np.zeros((len(seats), 2, LARGEST), np.float32)
        self._into = addresses(self._dry, range(len(seats)))
        self._left = np.zeros((2, 0), np.float32)
        warm = Desk(plan, sample_rate)  # libraries and caches once, so that the first block is not the slowest
        for _ in range(20):
            warm.process(np.full((len(seats), 2, 4 * BLOCK), 1e-3, np.float32))

    def __enter__(self) -> JamSound:
        return self

    def __exit__(self, *_: object) -> None:
        self._synth.close()

    @property
    def latency(self) -> int:
        return self._desk.latency

    def hear(self, data: bytes) -> None:
        """One MIDI message; those for channels without a seat are for nobody."""
        if data[0] >= 0xF0 or data[0] & 0x0F not in self._channels:
            return
        kind, at, synth = data[0] & 0xF0, self._channels.index(data[0] & 0x0F), self._synth
        if midi.is_note_on(data):
            synth.note_on(at, data[1], data[2])
        elif midi.is_note_off(data):
            synth.note_off(at, data[1])
        elif kind == midi.PROGRAM:
            self._seats[at] = seat = Seat(self._seats[at].role, data[1])
            synth.program(at, *seat.preset)
            self._desk.change(at, self._strip(seat))
        elif kind == midi.CONTROL:
            synth.control(at, data[1], data[2])
        elif kind == midi.BEND:
            synth.bend(at, data[1] + (data[2] << 7) - 8192)
        elif kind == midi.PRESSURE:
            synth.pressure(at, data[1])
        elif kind == midi.KEY_PRESSURE:
            synth.key_pressure(at, data[1], data[2])

    def fill(self, frames: int, out: np.ndarray) -> None:
        """The next frames into out (2, frames), as a driver asks for them."""
        done = 0
        while done < frames:
            if not self._left.shape[1]:
                self._left = self._next(min(-(-(frames - done) // BLOCK) * BLOCK, LARGEST))
            take = min(self._left.shape[1], frames - done)
            out[:, done : done + take] = self._left[:, :take]
            self._left = self._left[:, take:]
            done += take

    def _next(self, frames: int) -> np.ndarray:
        dry = self._dry[:, :, :frames]
        dry[:] = 0
        self._synth.process(frames, self._into)
        return self._desk.process(dry)

    def _strip(self, seat: Seat) -> Strip:
        """A part's strip: its sound brought to the level its compressor is made for, its fader to its place in the band."""
        place, loud = profiles.place(seat.role), self._expected(seat)
        trim_db = NOMINAL_DB - loud.rms_db
        gain_db = balance.LEAD_LUFS + profiles.balance_lu(seat.role, self._style) - (loud.lufs + trim_db)
        return Strip(
            trim_db, place.highpass_hz, place.compressor, gain_db=gain_db, pan=place.pan, reverb_db=place.reverb_db
        )

    def _expected(self, seat: Seat) -> Loud:
        """How loud a part will be; of a preset that was never measured, as its family or its kit."""
        bank, program = seat.preset
        near = [(bank, program), *((bank, program // 8 * 8 + other) for other in range(8)), (bank, 0)]
        loud = next((self._loud[preset] for preset in near if preset in self._loud), None)
        if loud is None:
            return Loud(balance.LEAD_LUFS, NOMINAL_DB)
        together_db = 10 * math.log10(TOGETHER.get(seat.role, 1))
        return Loud(loud.lufs + together_db, loud.rms_db + together_db)

    def _master_db(self) -> float:
        """What brings the whole band to its target."""
        powers = [
            10 ** ((balance.LEAD_LUFS + profiles.balance_lu(seat.role, self._style)) / 10) for seat in self._seats
        ]
        return TARGET_LUFS - 10 * math.log10(sum(powers))
