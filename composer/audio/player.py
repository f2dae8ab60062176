"""A synth that plays some parts by itself: what the renderer and the live desk have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from composer import gm
from composer.audio import schedule
from composer.audio.fluid import Synth
from composer.score import Part

SYNTHS = 2
"""How many play side by side. Fixed, so that a score sounds the same on any machine, and the same live and offline: voices
that have died leave traces in those that follow on their synth (-36 dB at drum hits)."""
PARTS_PER_SYNTH = 32
ONE_VOICE = (65, 68, 126, 127)
"""Controllers by which one note bends into the next: portamento, legato, mono and poly."""


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
        self._players = [Player(font, tuple(part for _, part in share), clock) for share in dealt]
        self._into = [addresses(self._dry, [index for index, _ in share]) for share in dealt]
        for player in self._players:
            player.get_ready()

    def __enter__(self) -> Ensemble:
        return self

    def __exit__(self, *_: object) -> None:
        for player in self._players:
            player.__exit__()

    @property
    def notices(self) -> list[str]:
        return list(dict.fromkeys(notice for player in self._players for notice in player.notices))

    def play(self, frames: int) -> np.ndarray:
        """The next frames, a multiple of fluid.BLOCK: float32, shape (parts, 2, frames), good until the next call."""
        self._dry[:, :, :frames] = 0
        for player, into in zip(self._players, self._into, strict=True):
            player.play(frames, into)
        return self._dry[:, :, :frames]

    def seek(self, frame: int) -> None:
        for player in self._players:
            player.seek(frame)


Share = list[tuple[int, Part]]
"""What one synth plays: a part's place in the score, and the part, or some of its pitches."""


def shares(parts: tuple[Part, ...]) -> list[Share]:
    """Parts that play, dealt to synths so that each has about as much to do.

    A part is dealt pitch by pitch, because one guitar with long strings can be as much work as all others together. Drums
    stay whole (a closed hi-hat ends an open one), and so do parts in which notes bend into each other.
    """
    playing = [(index, part) for index, part in enumerate(parts) if len(part)]
    if len(playing) > PARTS_PER_SYNTH:
        count = -(-len(playing) // PARTS_PER_SYNTH)
        return [playing[at::count] for at in range(count)]
    dealt: list[Share] = [[] for _ in range(SYNTHS)]
    loads = [0] * SYNTHS
    for index, part in sorted(playing, key=lambda item: (not _whole(item[1]), -len(item[1]), item[0])):
        lightest = loads.index(min(loads))
        pieces = [part] if _whole(part) else _by_pitch(part)
        for number, piece in enumerate(pieces):
            at = (lightest + number) % SYNTHS
            dealt[at].append((index, piece))
            loads[at] += len(piece)
    return [sorted(share, key=lambda item: item[0]) for share in dealt if share]


def _whole(part: Part) -> bool:
    one_voice = any(event.kind == "control_change" and event.data[0] in ONE_VOICE for event in part.events)
    return part.is_drum or one_voice or len(np.unique(part.notes["pitch"])) < SYNTHS


def _by_pitch(part: Part) -> list[Part]:
    """A part as SYNTHS parts, each with some of its pitches, the one with most to do first; events are everybody's."""
    pitches, counts = np.unique(part.notes["pitch"], return_counts=True)
    dealt: list[list[int]] = [[] for _ in range(SYNTHS)]
    loads = [0] * SYNTHS
    for at in np.argsort(-counts, kind="stable").tolist():
        lightest = loads.index(min(loads))
        dealt[lightest].append(int(pitches[at]))
        loads[lightest] += int(counts[at])
    order = sorted(range(SYNTHS), key=lambda at: -loads[at])
    return [replace(part, notes=part.notes[np.isin(part.notes["pitch"], dealt[at])]) for at in order]


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
