"""Control bias: log-weights added to a part's logits, so that it plays as densely, thickly and high as asked, and in the role asked.

The network was trained on what is asked of a part, and hardly heeds it: what the part did in the bars before says nearly as much, and
says it again in every bar. So a bar that is not as asked is played again (`sampling.take_turn`), each time tilted by as much more as it
was off; the next bar begins with most of the tilt that this one needed. By itself the network also drifts: who plays a thick bar
plays a thicker one, until a pianist who began with ten notes a bar plays forty. So where nothing is asked, a part's last bars are compared
with what it heard in the example. Weights that grow with a figure (notes in a bar, notes struck together, pitch …) are those that
change its mean with the least change to all else: exponential tilting. Measured in docs/decisions/directions.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from composer.gm import KICKS
from composer.model.control_feedback import SHARE, Feedback, feedback_of, is_share
from composer.model.control_targets import NUMBERS_OF_NOTES, Range, targets
from composer.model.controls import SNARES, TOMS
from composer.model.pace import Pace
from composer.model.played_bar import WHOLE, PlayedBar
from composer.vocab import DRUM_PART, DURATIONS, MAX_POSITIONS, PARTS, PITCHES, GridSong

KEPT = {"together": 1.05, "onsets": 1.2}
"""Figures in which a pitched part keeps to the example where nothing is asked of them: by which factor it may be above it."""
_BARS = 12
"""Bars of a part that are compared with the example."""
_DECAY = 0.8
"""What a bar counts for beside the one after it."""
_KEEPING = 0.25
"""How much of its feedback a figure has for every bar that keeps to the example."""
_CARRIED = 0.8
"""How much of the tilt that a bar needed the next one begins with."""
_WITHIN = 24.0
"""Log-weight for each unit by which the notes of a bar, so far, are off a share: a line returns to the chord before the bar is over."""
_ROOM = 4
"""Semitones by which notes may be outside a register that their mean is to lie in."""
_SILENT = 1e3
"""How far a bar without a note is from anything that was asked of it."""
_POSITION, _PITCH = np.arange(MAX_POSITIONS), np.arange(PITCHES)
_LOG_LENGTH = np.log(DURATIONS / 12).astype(np.float32)

Weigh = Callable[[PlayedBar, int], np.ndarray]
"""(the bar so far, beat of the song) → what a figure gains by each pitch, shape (Q,)."""


def _struck(drums: tuple[int, ...]) -> Weigh:
    which = np.isin(_PITCH, drums)
    return lambda bar, beat: which


def _degrees(*wanted: int) -> Weigh:
    def weigh(bar: PlayedBar, beat: int) -> np.ndarray:
        root = int(bar.song.roots[beat])
        return np.asarray(np.isin((_PITCH - root) % 12, wanted) & (root >= 0))

    return weigh


def _new(bar: PlayedBar, beat: int) -> np.ndarray:
    return ~np.isin(_PITCH, bar.pitches)


_BY_PITCH: Mapping[str, Weigh] = {
    "in chord": lambda bar, beat: bar.song.tones[beat][_PITCH % 12],
    "roots": _degrees(0),
    "roots and fifths": _degrees(0, 7),
    "octave leaps": lambda bar, beat: np.abs(_PITCH - bar.last_pitch) == 12,
    "moves": lambda bar, beat: np.not_equal(_PITCH, bar.last_pitch),
    "instruments": _new,
    "kicks": _struck(KICKS),
    "snares": _struck(SNARES),
    "toms": _struck(TOMS),
}


class ControlBias:
    """How each part played in its last bars, and what follows from that for the bar it is about to play."""

    def __init__(
        self, song: GridSong, controls: np.ndarray, example_bars: int = 0, written: np.ndarray | None = None
    ) -> None:
        """controls: what is asked of every part in every bar, as `Brief.controls`; the first `example_bars` bars are an example.

        written: the bars that a part is to write, bool (B, R); others say nothing about how it follows. None for all.
        """
        self._song, self._controls, self._example_bars, self._written = song, controls, example_bars, written
        self._last: list[PlayedBar | None] = [None] * PARTS
        self._heard: list[deque[PlayedBar]] = [deque(maxlen=_BARS) for _ in range(PARTS)]
        self._kept: list[dict[str, Range] | None] = [None] * PARTS
        self.carried: list[dict[str, float]] = [{} for _ in range(PARTS)]
        """Part → figure → the tilt that its last bar needed."""
        self._wanted: dict[str, Range] = {}
        self._too: dict[str, dict[bool, float]] = {}
        """Figure → whether it was too small after it → the last such tilt."""
        self._tilt: dict[str, float] = {}
        self._within: dict[str, Range] = {}
        self._paced: list[Pace] = []
        self._rhythm: tuple[np.ndarray, np.ndarray, float] | None = None
        """How many of the places to be struck again come before each position, these places, and what each that is left out costs."""
        self._missed: deque[PlayedBar] = deque()

    @property
    def active(self) -> bool:
        """Whether anything may be tilted in this turn."""
        return bool(self._tilt or self._within)

    @property
    def asked(self) -> bool:
        """Whether anything was asked of the part in this turn."""
        return bool(self._wanted)

    def turn(self, part: int, bar: int) -> None:
        """A part is about to play a bar: what follows is of that from now on."""
        self._part, self._bar = part, bar
        self._wanted = targets(part, self._controls[bar, part].tolist())
        carried, self._too = self.carried[part], {}
        self.carried[part] = {name: _CARRIED * carried.get(name, 0.0) for name in self._wanted}
        self._begin(self._heard[part])

    def again(self) -> None:
        """The part is to play its bar once more: tilted by as much more as it was off."""
        missed, heard = self._played(), self._heard[self._part].copy()
        if missed is not None:
            for name, where in self._wanted.items():
                self._lean(name, feedback_of(name), missed.figure(name), where)
            heard.append(missed)
        self._missed = heard

    def _lean(self, name: str, feedback: Feedback, value: float, where: Range) -> None:
        """The next attempt's tilt of a figure: further, until it was too far; then halfway between too little and too much."""
        carried, off = self.carried[self._part], feedback.off(value, where)
        tilt = carried[name]
        if not off:
            return
        if feedback.draws:
            off = abs(off)
        too = self._too.setdefault(name, {})
        too[off > 0] = tilt
        further = tilt + feedback.gain * off
        carried[name] = feedback.bounded(further if len(too) < 2 else (too[True] + too[False]) / 2)

    def retry(self) -> None:
        """After `again`, and after all that was heard of the bar has been forgotten."""
        self._begin(self._missed)

    def off(self) -> float:
        """How far the bar that the part has played is from what was asked: 0 where it is as asked."""
        if not self._wanted:
            return 0.0
        played = self._played()
        if played is None:
            return _SILENT
        return sum(abs(feedback_of(name).off(played.figure(name), where)) for name, where in self._wanted.items())

    def _played(self) -> PlayedBar | None:
        last = self._last[self._part]
        return last if last is not None and last.bar == self._bar else None

    def _begin(self, heard: deque[PlayedBar]) -> None:
        part, bar = self._part, self._bar
        self._tilt = {name: tilt for name, tilt in self.carried[part].items() if tilt}
        if part != DRUM_PART:
            counted = not NUMBERS_OF_NOTES.isdisjoint(self._wanted)
            for name, where in self._kept_by(part).items():
                if name in self._wanted or (name == "onsets" and counted):
                    continue
                if tilt := _kept(name, where, heard):
                    self._tilt[name] = tilt
        self._within = {name: where for name, where in self._wanted.items() if name in _BY_PITCH and is_share(name)}
        if not self.active:
            return
        self._now = self._after(part, bar)
        self._by_position, self._by_gap = self._places(heard)
        self.durations = self._tilt.get("length", 0.0) * _LOG_LENGTH
        """What each duration of the bar's notes weighs: log-weights, float32, shape (D,)."""

    def _kept_by(self, part: int) -> dict[str, Range]:
        """Below what the part keeps, by its example: when it is first asked it has heard nothing but that."""
        kept = self._kept[part]
        if kept is None:
            bars = [bar for bar in self._heard[part] if bar.bar < self._example_bars]
            usual = {name: sum(bar.figure(name) for bar in bars) / len(bars) for name in KEPT} if bars else {}
            kept = self._kept[part] = {name: (0.0, value * KEPT[name]) for name, value in usual.items()}
        return kept

    def _places(self, heard: deque[PlayedBar]) -> tuple[np.ndarray, np.ndarray]:
        """What each position of a bar weighs, and what it weighs besides after the bar's first note; (P + 1,) each."""
        weights, gaps = np.zeros((2, MAX_POSITIONS + 1), np.float32)
        length, beat = int(self._song.bar_length[self._bar]), int(self._song.beat_length[self._bar])
        self._paced, self._rhythm = [], None
        for name, tilt in self._tilt.items():
            if name in self._wanted and name in NUMBERS_OF_NOTES:
                self._paced.append(Pace(name, tilt, self._wanted[name], length, beat))
            elif name in NUMBERS_OF_NOTES:
                # A note leaves room for others after it: as many as the part plays in a bar, times what is left of this one.
                usual = _mean(name, heard) * length / WHOLE
                gaps[:-1] += tilt + usual * math.expm1(tilt) * np.maximum(length - _POSITION, 0) / length
            elif name == "on the beat":
                weights[:-1] += tilt * (_POSITION % beat == 0)
            elif name == "as before":
                places = np.sort([*self._now.places_before])
                weights[:-1] -= abs(tilt) * (np.isin(_POSITION, places) != (tilt > 0))
                self._rhythm = np.searchsorted(places, np.append(_POSITION, MAX_POSITIONS)), places, max(tilt, 0.0)
        return weights, gaps

    def positions(self) -> np.ndarray:
        """What each position of the next note weighs: log-weights, float32, shape (P + 1,), the last of END."""
        weights, last = self._by_position.copy(), self._now.last_position
        if last >= 0:
            weights += self._by_gap
            weights[last] += self._tilt.get("together", 0.0)
            if "onsets" not in self._wanted:
                weights[last] -= self._tilt.get("onsets", 0.0)
        if self._rhythm is not None:
            upto, places, cost = self._rhythm
            weights -= cost * np.maximum(upto - np.searchsorted(places, last, side="right"), 0)
        for pace in self._paced:
            weights -= pace.costs(self._now)
        return np.asarray(weights)

    def pitches(self, beat: int) -> np.ndarray:
        """What each pitch of the next note weighs on a beat of the song: log-weights, float32, shape (Q,)."""
        weights, now = np.zeros(PITCHES, np.float32), self._now
        tilts = {name: tilt for name, tilt in self._tilt.items() if name in _BY_PITCH}
        if now.pitches:
            for name, where in self._within.items():
                tilts[name] = tilts.get(name, 0.0) + _WITHIN * SHARE.off(now.figure(name), where)
        for name, tilt in tilts.items():
            if tilt:
                weights += tilt * _BY_PITCH[name](now, beat)
        if tilt := self._tilt.get("pitch", 0.0):
            low, high = self._wanted["pitch"]
            weights -= tilt / 12 * np.maximum(0, np.maximum(low - _ROOM - _PITCH, _PITCH - high - _ROOM))
        return weights

    def hear(self, part: int, bar: int, position: int, pitch: int, duration: int) -> None:
        """A note has been played, whoever wrote it."""
        last = self._last[part]
        if last is None or last.bar != bar:
            last = self._last[part] = self._after(part, bar)
            if bar < self._example_bars or self._written is None or self._written[bar, part]:
                self._heard[part].append(last)
        last.hear(position, pitch, duration)
        if self.active and (self._part, self._bar) == (part, bar):
            self._now = last

    def save(self, part: int) -> tuple[PlayedBar | None, list[PlayedBar]]:
        """What it remembers of a part's bars; not the tilt."""
        return self._last[part], list(self._heard[part])

    def restore(self, part: int, saved: tuple[PlayedBar | None, list[PlayedBar]]) -> None:
        """Back to what was saved of a part."""
        self._last[part], heard = saved
        self._heard[part] = deque(heard, _BARS)

    def _after(self, part: int, bar: int) -> PlayedBar:
        last = self._last[part]
        return PlayedBar(self._song, bar) if last is None else last.next(bar)


def _kept(name: str, where: Range, heard: deque[PlayedBar]) -> float:
    """The tilt of a figure that keeps to the example, by the part's last bars."""
    if not heard:
        return 0.0
    feedback, bars = feedback_of(name), (1 - _DECAY ** len(heard)) / (1 - _DECAY)
    return feedback.bounded(_KEEPING * feedback.gain * bars * feedback.off(_mean(name, heard), where))


def _mean(name: str, heard: deque[PlayedBar]) -> float:
    """A figure's mean over the last bars, late ones counting for more."""
    weight = total = 0.0
    for bar in heard:
        total = _DECAY * total + bar.figure(name)
        weight = _DECAY * weight + 1
    return total / weight if weight else 0.0
