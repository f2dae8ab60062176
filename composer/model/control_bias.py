"""Control bias: log-weights added to a part's logits, so that it plays as densely, thickly and high as asked, and in the role asked.

The network was trained on what is asked of a part, and hardly heeds it: what the part did in the bars before says nearly as much, and
says it again in every bar. By itself it also drifts: who plays a thick bar plays a thicker one, until a pianist who began with ten
notes a bar plays forty. So a part's last bars are compared with what is asked of it now or, where nothing is, with what it heard in the
example; and its next notes are tilted by as much as they were off. Weights that grow with a figure (notes in a bar, notes struck
together, pitch …) are those that change its mean with the least change to all else: exponential tilting. Measured in
docs/decisions/directions.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from composer.gm import KICKS
from composer.model.control_targets import NUMBERS_OF_NOTES, Range, targets
from composer.model.controls import SNARES, TOMS
from composer.model.played_bar import WHOLE, PlayedBar
from composer.vocab import DRUM_PART, DURATIONS, MAX_POSITIONS, PARTS, PITCHES, GridSong

KEPT = {"together": 1.05, "onsets": 1.2}
"""Figures in which a pitched part keeps to the example where nothing is asked of them: by which factor it may be above it."""
_BARS = 12
"""Bars of a part that are compared with what is asked of it."""
_DECAY = 0.8
"""What a bar counts for beside the one after it."""


@dataclass(frozen=True)
class _Feedback:
    """How much a figure that is off tilts what is played."""

    gain: float
    """Log-weight for each bar that was off by one: by a factor of e, by an octave, or by the whole share."""
    most: float
    unit: float = 0.0
    """Of what is off; 0 for figures that are compared by their logarithms."""

    def tilt(self, name: str, where: Range, heard: deque[PlayedBar]) -> float:
        """The log-weight of a figure of which the last bars are to lie somewhere: 0 where they do."""
        if not heard:
            return 0.0
        value = _mean(name, heard)
        wanted = min(max(value, where[0]), where[1])
        off = (wanted - value) / self.unit if self.unit else math.log(wanted / value)
        bars = (1 - _DECAY ** len(heard)) / (1 - _DECAY)
        return min(max(self.gain * bars * off, -self.most), self.most)


def _mean(name: str, heard: deque[PlayedBar]) -> float:
    """A figure's mean over the last bars, late ones counting for more."""
    weight = total = 0.0
    for bar in heard:
        total = _DECAY * total + bar.figure(name)
        weight = _DECAY * weight + 1
    return total / weight


_SHARE, _STROKES = _Feedback(6, 12, 1), _Feedback(1.5, 6, 2)
_FEEDBACK = {
    "notes": _Feedback(0.5, 4),
    "onsets": _Feedback(0.5, 4),
    "onsets a beat": _Feedback(0.8, 4),
    "together": _Feedback(5, 10),
    "instruments": _Feedback(5, 10),
    "pitch": _Feedback(2, 12, 12),
    "length": _Feedback(1.5, 4),
    "kicks": _STROKES,
    "snares": _STROKES,
    "toms": _STROKES,
}
"""Figure → its feedback; all others are shares."""
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
    "pitch": lambda bar, beat: _PITCH / 12,
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

    def __init__(self, song: GridSong, controls: np.ndarray, example_bars: int = 0) -> None:
        """controls: what is asked of every part in every bar, as `Brief.controls`; the first `example_bars` bars are an example."""
        self._song, self._controls, self._example_bars = song, controls, example_bars
        self._heard: list[deque[PlayedBar]] = [deque(maxlen=_BARS) for _ in range(PARTS)]
        self._kept: list[dict[str, Range] | None] = [None] * PARTS
        self._tilt: dict[str, float] = {}

    @property
    def active(self) -> bool:
        """Whether anything is to be tilted in this turn."""
        return bool(self._tilt)

    def turn(self, part: int, bar: int) -> None:
        """A part is about to play a bar: what follows is of that from now on."""
        wanted, heard = targets(part, self._controls[bar, part].tolist()), self._heard[part]
        if part != DRUM_PART:
            counted = not NUMBERS_OF_NOTES.isdisjoint(wanted)
            kept = self._kept_by(part).items()
            wanted |= {name: where for name, where in kept if name not in wanted and not (name == "onsets" and counted)}
        tilts = {name: _FEEDBACK.get(name, _SHARE).tilt(name, where, heard) for name, where in wanted.items()}
        self._tilt = {name: tilt for name, tilt in tilts.items() if tilt}
        if not self._tilt:
            return
        self._part, self._now = part, _after(heard, self._song, bar)
        self._by_position = self._places(int(self._song.bar_length[bar]), int(self._song.beat_length[bar]), heard)
        self._by_pitch = [(_BY_PITCH[name], tilt) for name, tilt in self._tilt.items() if name in _BY_PITCH]
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

    def _places(self, length: int, beat: int, heard: deque[PlayedBar]) -> np.ndarray:
        """What each position of a bar weighs, whatever has been played in it; (P + 1,)."""
        weights = np.zeros(MAX_POSITIONS + 1, np.float32)
        left = np.maximum(length - _POSITION, 0) / length
        for name, tilt in self._tilt.items():
            if name in NUMBERS_OF_NOTES:
                # A note leaves room for others after it: as many as the part plays in a bar, times what is left of this one.
                usual = _mean(name, heard) * length / (beat if name == "onsets a beat" else WHOLE)
                weights[:-1] += tilt * (1 + usual * left)
            elif name == "on the beat":
                weights[:-1] += tilt * (_POSITION % beat == 0)
            elif name == "as before":
                weights[:-1] += tilt * np.isin(_POSITION, list(self._now.places_before))
        return weights

    def positions(self) -> np.ndarray:
        """What each position of the next note weighs: log-weights, float32, shape (P + 1,), the last of END."""
        weights: np.ndarray = self._by_position.copy()
        last = self._now.last_position
        if last < 0:
            weights[-1] = weights[0]  # whether it plays at all is not asked here
        else:
            weights[last] += self._tilt.get("together", 0.0)
            weights[last] -= self._tilt.get("onsets", 0.0) + self._tilt.get("onsets a beat", 0.0)
        return weights

    def pitches(self, beat: int) -> np.ndarray:
        """What each pitch of the next note weighs on a beat of the song: log-weights, float32, shape (Q,)."""
        weights = np.zeros(PITCHES, np.float32)
        for weigh, tilt in self._by_pitch:
            weights += tilt * weigh(self._now, beat)
        return weights

    def hear(self, part: int, bar: int, position: int, pitch: int, duration: int) -> None:
        """A note has been played, whoever wrote it."""
        heard = self._heard[part]
        if not heard or heard[-1].bar != bar:
            heard.append(_after(heard, self._song, bar))
        heard[-1].hear(position, pitch, duration)
        if self._tilt and (self._part, self._now.bar) == (part, bar):
            self._now = heard[-1]


def _after(heard: deque[PlayedBar], song: GridSong, bar: int) -> PlayedBar:
    return heard[-1].next(bar) if heard else PlayedBar(song, bar)
