"""What one part did in one bar, in the figures that directions are about: how many notes, how long, how high, which of the chord."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from composer.gm import KICKS
from composer.model.controls import SNARES, TOMS
from composer.vocab import DURATIONS, POSITIONS_PER_QUARTER, GridSong

WHOLE = 4 * POSITIONS_PER_QUARTER
"""Positions of a 4/4 bar, for which numbers of notes are said."""


@dataclass
class PlayedBar:
    """One part's notes in one bar, in the order of playing."""

    song: GridSong
    bar: int
    pitch_before: int = -1
    """Of the part's last note before, -1 for none."""
    places_before: frozenset[int] = frozenset()
    """Where it struck in the bar it played before."""
    positions: list[int] = field(default_factory=list)
    pitches: list[int] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    """Classes of vocab.DURATIONS."""
    _figures: dict[str, float] = field(default_factory=dict)

    def hear(self, position: int, pitch: int, duration: int) -> None:
        """It plays another note."""
        self._figures.clear()
        self.positions.append(position)
        self.pitches.append(pitch)
        self.durations.append(duration)

    def next(self, bar: int) -> PlayedBar:
        """Its next bar, still empty."""
        return PlayedBar(self.song, bar, self.last_pitch, frozenset(self.positions) or self.places_before)

    def figure(self, name: str) -> float:
        """One of FIGURES. The bar has a note in it."""
        if name not in self._figures:
            self._figures[name] = FIGURES[name](self)
        return self._figures[name]

    @property
    def last_pitch(self) -> int:
        """Of its last note so far, -1 for none."""
        return self.pitches[-1] if self.pitches else self.pitch_before

    @property
    def last_position(self) -> int:
        """Of its last note in this bar, -1 for none."""
        return self.positions[-1] if self.positions else -1

    @property
    def whole_bars(self) -> float:
        """How long the bar is, in bars of 4/4."""
        return float(self.song.bar_length[self.bar]) / WHOLE

    @property
    def onsets(self) -> int:
        """Places at which it struck."""
        return len(set(self.positions))

    def degrees(self) -> np.ndarray:
        """Each note's semitones above its chord's root, -1 where there is no chord."""
        root = self.song.roots[self._beats()]
        return np.asarray(np.where(root < 0, -1, (np.array(self.pitches) - root) % 12))

    def in_chord(self) -> np.ndarray:
        """Whether each note is a tone of its chord: bool."""
        return np.asarray(self.song.tones[self._beats(), np.array(self.pitches) % 12], bool)

    def _beats(self) -> np.ndarray:
        """The beat of the song that each note is on."""
        return self.song.beat_at(np.full(len(self.positions), self.bar), np.array(self.positions))

    def steps(self) -> np.ndarray:
        """Semitones from each note's predecessor."""
        before = [self.pitch_before] if self.pitch_before >= 0 else self.pitches[:1]
        return np.asarray(np.abs(np.diff([*before, *self.pitches])))

    def on_beat(self) -> float:
        """Share of its notes on a beat."""
        return float(np.mean(np.array(self.positions) % self.song.beat_length[self.bar] == 0))

    def again(self) -> float:
        """Share of its places that are those of the bar before, of all in either."""
        here = set(self.positions)
        return len(here & self.places_before) / len(here | self.places_before)

    def count(self, drums: tuple[int, ...]) -> float:
        """Strokes on some of the drums, in a bar of 4/4."""
        return sum(pitch in drums for pitch in self.pitches) / self.whole_bars


FIGURES: dict[str, Callable[[PlayedBar], float]] = {
    "notes": lambda bar: len(bar.pitches) / bar.whole_bars,
    "onsets": lambda bar: bar.onsets / bar.whole_bars,
    "onsets a beat": lambda bar: bar.onsets / (float(bar.song.bar_length[bar.bar]) / bar.song.beat_length[bar.bar]),
    "together": lambda bar: len(bar.pitches) / bar.onsets,
    "pitch": lambda bar: float(np.mean(bar.pitches)),
    "length": lambda bar: float(np.mean(DURATIONS[bar.durations])),
    "in chord": lambda bar: float(bar.in_chord().mean()),
    "roots": lambda bar: float(np.mean(bar.degrees() == 0)),
    "roots and fifths": lambda bar: float(np.mean(np.isin(bar.degrees(), (0, 7)))),
    "octave leaps": lambda bar: float(np.mean(bar.steps() == 12)),
    "moves": lambda bar: float(np.mean(bar.steps() > 0)),
    "on the beat": PlayedBar.on_beat,
    "as before": PlayedBar.again,
    "instruments": lambda bar: float(len(set(bar.pitches))),
    "kicks": lambda bar: bar.count(KICKS),
    "snares": lambda bar: bar.count(SNARES),
    "toms": lambda bar: bar.count(TOMS),
}
"""Figure → what it is of a bar with at least one note."""
