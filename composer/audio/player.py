"""A synth that plays some parts by itself: what the renderer and the live desk have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from composer import gm
from composer.audio import schedule
from composer.audio.fluid import Synth
from composer.score import Part

SYNTHS = 2
"""How many play side by side, each a few of the parts. Fixed, so that a score sounds the same on any machine, and the same
live and offline: voices that have died leave traces in those that follow on their synth (-36 dB at drum hits)."""
PARTS_PER_SYNTH = 32


class Player:
    """Some of a score's parts on one fresh synth, each on a channel of its own. Use as a context.

    Make it in the thread that makes all others: FluidSynth's first start is not safe in two threads at once.
    """

    def __init__(self, font: Path, parts: tuple[Part, ...], clock: schedule.Clock) -> None:
        self._parts = parts
        rows = [schedule.part_rows(part, clock, channel) for channel, part in enumerate(parts)]
        self._rows: list[tuple[int, ...]] = schedule.in_order(rows).tolist()
        self._next = self.frame = 0
        """The next row, and the frame that is played next."""
        self.notices: list[str] = []
        """What had to be changed, one sentence each."""
        self._synth = Synth(font, len(parts), clock.sample_rate)
        self._actions: dict[int, Callable[[int, int, int], None]] = {
            schedule.OFF: self._synth.note_off, schedule.ON: self._synth.note_on, schedule.CONTROL: self._synth.control,
            schedule.BEND: self._synth.bend, schedule.PRESSURE: self._synth.pressure,
            schedule.KEY_PRESSURE: self._synth.key_pressure, schedule.PROGRAM: self._program,
        }  # fmt: skip
        for channel, part in enumerate(parts):
            if part.is_drum:
                self._synth.drums(channel)

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self._synth.close()

    def play(self, frames: int, into: np.ndarray) -> None:
        """The next `frames` frames, a multiple of fluid.BLOCK, added to float32 buffers; `into` holds the addresses of
        the left and right of each part, uint64, shape (2 * parts,)."""
        end, at = self.frame + frames, self.frame
        while self._next < len(self._rows) and self._rows[self._next][0] < end:
            frame, _, channel, kind, a, b = self._rows[self._next]
            if frame > at:
                self._synth.process(frame - at, into + np.uint64(4 * (at - self.frame)))
                at = frame
            self._actions[kind](channel, a, b)
            self._next += 1
        if end > at:
            self._synth.process(end - at, into + np.uint64(4 * (at - self.frame)))
        self.frame = end

    def get_ready(self) -> None:
        """Load every preset that will be asked for, before anybody waits for a sound."""
        for bank, program in dict.fromkeys((row[4], row[5]) for row in self._rows if row[3] == schedule.PROGRAM):
            self._synth.keep(bank, program)

    def seek(self, frame: int) -> None:
        """Go on from another place: silence, then programs and controllers as they stand there."""
        for channel in range(len(self._parts)):
            for pitch in range(128):
                self._synth.note_off(channel, pitch)
            self._synth.control(channel, schedule.SUSTAIN, 0)
        self._next = 0
        while self._next < len(self._rows) and self._rows[self._next][0] < frame:
            _, _, channel, kind, a, b = self._rows[self._next]
            if kind not in (schedule.ON, schedule.OFF):
                self._actions[kind](channel, a, b)
            self._next += 1
        self.frame = frame

    def _program(self, channel: int, bank: int, program: int) -> None:
        chosen = self._synth.program(channel, bank, program)
        # A bank's plain sound in place of its variation needs no word.
        if chosen not in ((bank, program), (0, program)):
            notice = fallback(self._parts[channel], program, chosen)
            if notice not in self.notices:
                self.notices.append(notice)


class Ensemble:
    """All parts of a score on as many synths as the renderer takes, for playing live. Use as a context."""

    def __init__(self, font: Path, parts: tuple[Part, ...], clock: schedule.Clock, size: int) -> None:
        """size: the most frames that are played at once."""
        self._dry = np.zeros((len(parts), 2, size), np.float32)
        dealt = shares(parts)
        self._players = [Player(font, tuple(parts[index] for index in share), clock) for share in dealt]
        self._into = [addresses(self._dry, share) for share in dealt]
        for player in self._players:
            player.get_ready()

    def __enter__(self) -> Ensemble:
        return self

    def __exit__(self, *_: object) -> None:
        for player in self._players:
            player.__exit__()

    @property
    def notices(self) -> list[str]:
        return [notice for player in self._players for notice in player.notices]

    def play(self, frames: int) -> np.ndarray:
        """The next frames, a multiple of fluid.BLOCK: float32, shape (parts, 2, frames), good until the next call."""
        self._dry[:, :, :frames] = 0
        for player, into in zip(self._players, self._into, strict=True):
            player.play(frames, into)
        return self._dry[:, :, :frames]

    def seek(self, frame: int) -> None:
        for player in self._players:
            player.seek(frame)


def shares(parts: tuple[Part, ...]) -> list[list[int]]:
    """Parts that play, dealt to synths so that each has about as many notes: biggest first, always to the lightest."""
    playing = [index for index, part in enumerate(parts) if len(part)]
    count = max(min(SYNTHS, len(playing)), -(-len(playing) // PARTS_PER_SYNTH))
    dealt: list[list[int]] = [[] for _ in range(count)]
    loads = [0] * count
    for index in sorted(playing, key=lambda index: -len(parts[index])):
        lightest = min((load, at) for at, load in enumerate(loads) if len(dealt[at]) < PARTS_PER_SYNTH)[1]
        dealt[lightest].append(index)
        loads[lightest] += len(parts[index])
    return [sorted(share) for share in dealt]


def addresses(buffers: np.ndarray, parts: list[int] | range) -> np.ndarray:
    """Where left and right of some parts begin in float32 buffers of shape (parts, 2, frames)."""
    return np.array([buffers[part, side].ctypes.data for part in parts for side in (0, 1)], np.uint64)


def fallback(part: Part, program: int, chosen: tuple[int, int] | None) -> str:
    """The word about a preset that the font lacks."""
    who = part.role or part.name or "a part"
    wanted = "drum kit" if part.is_drum else gm.PROGRAM_NAMES[program]
    if chosen is None:
        return f"{who}: the soundfont has no {wanted}, so this part is silent; another soundfont may have it"
    instead = f"drum kit {chosen[1]}" if part.is_drum else gm.PROGRAM_NAMES[chosen[1]]
    return f"{who}: the soundfont has no {wanted}{f' {program}' if part.is_drum else ''}, {instead} plays instead"
