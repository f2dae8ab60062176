"""The desk, block after block: strips, bus, room and limiter, as they stand behind a live synth.

`mixer.mix` does the same with whole stems at a time; both are made of the same runs, and the tests hold them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from composer.audio.chorus import Chorus, ChorusRun
from composer.audio.limiter import Limiter, LimiterRun
from composer.audio.reverb import ReverbRun, Room
from composer.audio.strip import BackRun, FrontRun, Strip, amplitude


@dataclass(frozen=True)
class MixPlan:
    """Everything that is set on a desk: what a mix came to, and what a desk starts from."""

    names: tuple[str, ...]
    strips: tuple[Strip, ...]
    master_db: float = 0.0
    limiter: Limiter = field(default_factory=Limiter)
    room: Room = field(default_factory=Room)
    chorus: Chorus = field(default_factory=Chorus)


class Desk:
    """`desk.process(dry)` → what goes to the loudspeakers, `desk.latency` frames later."""

    def __init__(self, plan: MixPlan, sample_rate: int) -> None:
        self._rate = sample_rate
        self._fronts = [FrontRun(strip, sample_rate) for strip in plan.strips]
        self._backs = [BackRun(strip, sample_rate) for strip in plan.strips]
        self._strips = list(plan.strips)
        self._late = max((front.latency for front in self._fronts), default=0)
        """Every part waits for the one whose inserts take longest."""
        self._waiting = [np.zeros((2, self._late - front.latency), np.float32) for front in self._fronts]
        self._reverb = ReverbRun(plan.room, sample_rate)
        self._chorus = ChorusRun(plan.chorus, sample_rate)
        self._chorused = any(strip.chorus_db > -np.inf for strip in plan.strips)
        self._limiter = LimiterRun(plan.limiter, amplitude(plan.master_db), sample_rate)
        self.peaks = np.zeros(len(plan.strips), np.float32)
        """The highest sample of each part in the last block, behind its fader."""

    @property
    def latency(self) -> int:
        """Frames by which the output is late."""
        return self._limiter.latency + self._late

    @property
    def strips(self) -> Sequence[Strip]:
        return self._strips

    @property
    def master_db(self) -> float:
        return 20 * float(np.log10(max(self._limiter.gain, 1e-9)))

    @master_db.setter
    def master_db(self, value: float) -> None:
        self._limiter.gain = amplitude(value)

    @property
    def limited_db(self) -> float:
        """The most that the limiter took away in the last block."""
        return self._limiter.reduction_db

    @property
    def compressed_db(self) -> list[float]:
        return [front.reduction_db for front in self._fronts]

    def set(self, at: int, strip: Strip) -> None:
        """Move one part's equaliser, fader, pan, sends or mute; what stands before them stays as it was."""
        self._strips[at] = strip
        self._backs[at].set(strip)
        self._chorused = self._chorused or strip.chorus_db > -np.inf

    def change(self, at: int, strip: Strip) -> None:
        """Another instrument sits down: everything on its strip, from the trim on. Only for strips without inserts."""
        if strip.inserts or self._strips[at].inserts:
            raise AssertionError("what has inserts may be late, and the others would have to wait for it anew")
        self._fronts[at] = FrontRun(strip, self._rate)
        self.set(at, strip)

    def process(self, dry: np.ndarray, outs: np.ndarray | None = None) -> np.ndarray:
        """dry, float32, shape (parts, 2, frames), is worked on in place; returns (2, frames). frames: whole cells of 64.

        outs: where each part is put by itself, equalised and faded, shape as `dry` (not limited, without the room).
        """
        frames = dry.shape[2]
        bus, reverb, chorus, alone = (np.zeros((2, frames), np.float32) for _ in range(4))
        for at, (front, back) in enumerate(zip(self._fronts, self._backs, strict=True)):
            front.process(dry[at], dry[at])
            if self._waiting[at].shape[1]:
                sound = np.concatenate([self._waiting[at], dry[at]], axis=1)
                dry[at], self._waiting[at] = sound[:, :frames], sound[:, frames:]
            alone[:] = 0
            if self._chorused:
                back.process(dry[at], alone, reverb, chorus)
            else:
                back.process(dry[at], alone, reverb)
            self.peaks[at] = np.abs(alone).max()
            bus += alone
            if outs is not None:
                outs[at] = alone
        self._reverb.process(reverb, bus)
        if self._chorused:
            self._chorus.process(chorus, bus)
        return self._limiter.process(bus)
