"""Plans bars with the model: requests (`Ask`) in, plans out. The only module of the jam that uses the model.

A song that grows: for every ask a window of the last bars is laid out as a `GridSong` and painted on a fresh canvas (a few
milliseconds), while the network's memory goes on from where the bar before left it. Memories are kept for the last bars, so that a
bar can be written again, whole or from a position on, when the player goes elsewhere than was expected.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from composer.gm import BAND, ROLES
from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.melody_model import MelodyModel
from composer.live.harmonist import Harmonist
from composer.live.hearing import chord_of
from composer.live.plan import Ask, Plan
from composer.live.progressions import Progressions
from composer.model.checkpoint import Checkpoint
from composer.model.controls import ACTIVITY, CONTROLS, DENSITY, PLAYS, RESTS
from composer.model.decoder import Decoder
from composer.model.example import lead_in
from composer.model.grammar import let_go
from composer.model.sampling import take_turn
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import (
    BAR,
    GIVEN,
    NO_PART,
    Brief,
    cells,
    given_events,
    new_canvas,
    tempo_class,
)
from composer.planning import draw_groove, named_style, style_codes
from composer.references import find_example
from composer.vocab import (
    GRID_NOTE_DTYPE,
    PARTS,
    POSITIONS_PER_QUARTER,
    VELOCITY_STEP,
    GridSong,
    duration_class,
)

WINDOW_BARS = 24
"""Bars the canvas shows; habits older than that are forgotten."""
EXAMPLE_REACH = 8
"""Bars for which the canvas shows the style's example before the band's own; then these are example enough."""
PHRASE_BARS = 8
KEPT_STATES = 4


@dataclass(frozen=True)
class Metre:
    """A bar, and one of the metre's beats, in quarter notes."""

    bar_beats: float
    beat_beats: float = 1.0

    @property
    def beats(self) -> int:
        """In a bar: two in 6/8, seven in 7/8."""
        return round(self.bar_beats / self.beat_beats)

    @property
    def positions(self) -> int:
        return round(self.bar_beats * POSITIONS_PER_QUARTER)

    @property
    def beat_positions(self) -> int:
        return round(self.beat_beats * POSITIONS_PER_QUARTER)


@dataclass(frozen=True)
class _Manner:
    """A style as the model numbers it, its groove, and a few bars of it."""

    style: int
    groove: int
    example: GridSong | None


class Bandleader:
    """Plans bars. Everything it decides follows from the asks and the seed."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        metre: Metre,
        seed: int = 0,
        progressions: Progressions | None = None,
        melody_model: MelodyModel | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._checkpoint, self._metre, self._seed, self._clock = checkpoint, metre, seed, clock
        self._decoder = _Resuming(checkpoint)
        self._harmonist = Harmonist(metre.beats, progressions, melody_model, metre.beat_beats)
        self._band: dict[int, np.ndarray] = {}
        self._player: dict[int, np.ndarray] = {}
        self._states: dict[int, Any] = {}
        self._styles: dict[str, _Manner] = {}
        self._playing, self._since = "", 0

    def plan(self, ask: Ask) -> Plan:
        """Write a bar, or write it again from `ask.cut` on."""
        begun = self._clock()
        self._listen(ask)
        chords, following, key, known = self._lane(ask)
        bar = ask.bar
        manner = self._manner(ask.wishes.style)
        if ask.wishes.style != self._playing:
            # Who takes up a style is played a few bars of it, and forgets what was played in another.
            self._playing, self._since = ask.wishes.style, bar if manner.example is not None else 0
        first = max(0, bar - WINDOW_BARS + 1, self._since)
        song = self._song(first, ask, chords[-(bar + 1 - first) * self._metre.beats :])
        brief = self._brief(first, ask, known, manner)
        rng = np.random.default_rng([self._seed, bar, ask.number if ask.cut else 0])
        kept = self._band.get(bar, np.zeros(0, GRID_NOTE_DTYPE))
        kept = kept[kept["position"] < ask.cut]
        written = self._write(song, brief, bar - first, kept, ask, rng)
        written["bar"] = bar
        self._band[bar] = written
        for old in [each for each in self._band if each < bar - WINDOW_BARS]:
            del self._band[old]
            self._player.pop(old, None)
        notes = self._playable(written)
        return Plan(
            ask.number, bar, ask.cut, notes, tuple(chord.symbol for chord in chords[-self._metre.beats :]),
            tuple(chord.symbol for chord in following), self._clock() - begun, key, known,
        )  # fmt: skip

    def _listen(self, ask: Ask) -> None:
        """Enter what the player played: for the harmony as it was, for the model as a tune on the grid."""
        start_bar = max(0, ask.bar - 2 if ask.since is None else ask.since)
        self._harmonist.hear(ask.heard, start_bar * self._metre.beats, ask.now_beat)
        tune = _skyline(ask.heard)
        position = np.rint(tune["onset"] * POSITIONS_PER_QUARTER).astype(np.int64)
        bar = position // self._metre.positions
        for number in range(start_bar, ask.bar + 1):
            mine = tune[bar == number]
            grid = np.zeros(len(mine), GRID_NOTE_DTYPE)
            grid["bar"], grid["position"] = number, (position - number * self._metre.positions)[bar == number]
            grid["pitch"], grid["velocity"] = mine["pitch"], mine["velocity"] // VELOCITY_STEP
            grid["duration"] = duration_class(mine["duration"] * POSITIONS_PER_QUARTER)
            self._player[number] = grid

    def _lane(self, ask: Ask) -> tuple[list[Chord], list[Chord], str, bool]:
        """Chords of the window's beats, those of the bar after, the key's name, and whether any harmony is known."""
        beats, bar = self._metre.beats, ask.bar
        first = max(0, bar - WINDOW_BARS + 1)
        count = (bar + 2) * beats
        if ask.wishes.chords:
            chart = [Chord.parse(symbol) for symbol in ask.wishes.chords]
            lane = [chart[beat % len(chart)] for beat in range(count)]
            return lane[first * beats : -beats], lane[-beats:], "", True
        outlook = self._harmonist.outlook(ask.now_beat, count)
        flats = outlook.key in (-1, 0, 5, 10, 3, 8, 1)
        lane = [NO_CHORD if state < 0 else chord_of(state, flats) for state in outlook.states.tolist()]
        key = "" if outlook.key < 0 else chord_of(outlook.key, True).symbol
        return lane[first * beats : -beats], lane[-beats:], key, bool((outlook.states >= 0).any())

    def _song(self, first: int, ask: Ask, chords: list[Chord]) -> GridSong:
        """The window as the model sees it: bars `first` … ask.bar, numbered from 0."""
        bars = np.arange(first, ask.bar + 1)
        notes = [table[bar] for table in (self._band, self._player) for bar in bars[:-1].tolist() if bar in table]
        together = np.concatenate([np.zeros(0, GRID_NOTE_DTYPE), *notes])
        together["bar"] -= first
        together = np.sort(together, order=["bar", "part", "position", "pitch"])
        tones = np.zeros((len(chords), 12), bool)
        for row, chord in zip(tones, chords, strict=True):
            row[list(chord.tones)] = True
        phrase = bars % PHRASE_BARS
        return GridSong(
            together,
            np.full(len(bars), self._metre.positions),
            np.full(len(bars), self._metre.beat_positions),
            np.array([chord.root for chord in chords], np.int64),
            np.array([chord.bass for chord in chords], np.int64),
            tones,
            phrase,
            PHRASE_BARS - 1 - phrase,
            np.zeros(len(bars), np.int64),
            ask.bpm,
        )

    def _brief(self, first: int, ask: Ask, known: bool, manner: _Manner) -> Brief:
        wishes, bars = ask.wishes, ask.bar + 1 - first
        asked = tuple(sorted(ROLES.index(part) for part in wishes.parts))
        controls = np.zeros((bars, PARTS, len(CONTROLS)), np.int64)
        density = dict(wishes.density)
        for part in asked:
            role = ROLES[part]
            silent = role in wishes.resting or (not known and role != "drums")
            controls[-1, part, ACTIVITY] = RESTS if silent else PLAYS
            controls[-1, part, DENSITY] = density.get(role, 0)
        share = float(np.clip(wishes.strength, 0.0, 1.5))
        return Brief(
            asked=cells(bars, asked),
            given=cells(bars, (0,)),
            lookahead=-1,
            styles=((manner.style, manner.groove, share), (0, 0, 1 - share))
            if share != 1
            else ((manner.style, manner.groove, 1.0),),
            tempo=tempo_class(ask.bpm),
            controls=controls,
            know_end=False,
            example=manner.example if share > 0 and bars <= EXAMPLE_REACH else None,
        )

    def _manner(self, name: str) -> _Manner:
        """What a style's name means to the model; a style's groove and example are drawn once and then kept."""
        if name not in self._styles:
            beats = self._metre.bar_beats
            meter = f"{round(beats * 2)}/8" if self._metre.beat_beats == 1.5 else f"{round(beats)}/4"
            rng = np.random.default_rng([self._seed, len(name)])
            style, groove = named_style(self._checkpoint, name)
            groove = groove or draw_groove(self._checkpoint, style, meter, tuple(BAND), rng)
            ((row, groove_row, _),) = style_codes(self._checkpoint, ((style, groove, 1.0),))
            silence = self._silence()
            example = find_example(self._checkpoint, silence, ((style, groove, 1.0),), None, tuple(BAND), rng)
            self._styles[name] = _Manner(row, groove_row, example)
        return self._styles[name]

    def _silence(self) -> GridSong:
        """An empty bar in the jam's metre."""
        unknown = np.full(self._metre.beats, -1)
        return GridSong(
            np.zeros(0, GRID_NOTE_DTYPE), np.array([self._metre.positions]), np.array([self._metre.beat_positions]), unknown,
            unknown, np.zeros((self._metre.beats, 12), bool), unknown[:1], unknown[:1], np.zeros(1, np.int64),
        )  # fmt: skip

    def _write(
        self, song: GridSong, brief: Brief, slot: int, kept: np.ndarray, ask: Ask, rng: np.random.Generator
    ) -> np.ndarray:
        """Let the model write the window's last bar, `kept` being written already."""
        song, brief = lead_in(song, brief)
        slot += brief.example_bars
        canvas = new_canvas(song, brief)
        canvas.paint(song.notes)
        for bar in range(slot + 1):
            canvas.settle(bar)
        decoder = self._decoder
        decoder.begin(canvas, brief)
        for note in song.notes.tolist():
            decoder.hear(*note)
        if ask.bar in self._states:
            decoder.restore(self._states[ask.bar])
        elif self._states:
            decoder.restore(self._states[max(self._states)])
        else:
            self._states[ask.bar] = decoder.save()
        told = self._told(ask.bar - 1, slot)
        if brief.example_bars == slot:
            told = self._play_example(song, brief) + told
        turns = np.flatnonzero(brief.asked[slot]).tolist()
        decoder.tell([(BAR, NO_PART, slot, slot, 0, 0, 0, 0), *told], turns[0])
        written, sampling = [np.zeros(0, GRID_NOTE_DTYPE)], SamplingSettings(ask.wishes.temperature)
        for part, following in itertools.pairwise([*turns, NO_PART]):
            playing = brief.controls[slot, part, ACTIVITY]
            if playing != RESTS or np.any(kept["part"] == part):
                decoder.resume(kept[kept["part"] == part], ask.cut)
                must_play = bool(playing == PLAYS) and not ask.cut
                written.append(take_turn(decoder, slot, part, must_play, sampling, rng))
                canvas.paint(written[-1])
            decoder.end(slot, part, following)
        decoder.resume(kept[:0], 0)
        self._states[ask.bar + 1] = decoder.save()
        for old in [bar for bar in self._states if bar < ask.bar - KEPT_STATES]:
            del self._states[old]
        return np.concatenate(written)

    def _play_example(self, song: GridSong, brief: Brief) -> list[tuple[int, ...]]:
        """Tell the example that stands before the song's first bar, all but its last bar's notes: these are returned."""
        events = given_events(song, brief)
        for bar in range(brief.example_bars):
            given = events[events["slot"] == bar].tolist()
            self._decoder.tell([(BAR, NO_PART, bar, bar, 0, 0, 0, 0), *given], NO_PART)
        last: list[tuple[int, ...]] = events[events["slot"] == brief.example_bars].tolist()
        return last

    def _told(self, bar: int, slot: int) -> list[tuple[int, ...]]:
        """The player's last bar as events told before this one; nothing in the first."""
        rows = self._player.get(bar, np.zeros(0, GRID_NOTE_DTYPE))
        return [
            (
                GIVEN,
                0,
                slot,
                slot - 1,
                int(row["position"]),
                int(row["pitch"]),
                int(row["duration"]),
                int(row["velocity"]),
            )
            for row in rows
        ]

    def _playable(self, notes: np.ndarray) -> np.ndarray:
        """No more held at once than a player can hold; by position."""
        out = [let_go(notes[notes["part"] == part], np.full(int(notes["bar"].max(initial=0)) + 1, self._metre.positions), part)
               for part in np.unique(notes["part"]).tolist()]  # fmt: skip
        together = np.concatenate([np.zeros(0, GRID_NOTE_DTYPE), *out])
        return np.asarray(np.sort(together, order=["position", "part", "pitch"]))


class _Resuming(Decoder):
    """A Decoder that can be made to say again what was played already.

    While forced notes remain they decide every choice; after them nothing is placed before `cut`. Random numbers are drawn either way.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self._forced: list[tuple[int, int, int, int]] = []
        self._cut = 0
        self._resumed = False

    def resume(self, played: np.ndarray, cut: int) -> None:
        """In the turns to come, say `played` (one part's grid notes, in order) first and then nothing before `cut`."""
        rows = np.sort(played, order=["position", "pitch"])
        self._forced = [(int(n["position"]), int(n["pitch"]), int(n["duration"]), int(n["velocity"])) for n in rows][
            ::-1
        ]
        self._cut = cut
        self._resumed = bool(self._forced or cut)

    def off(self) -> float:
        """What is sounding already is not played again."""
        return 0.0 if self._resumed else super().off()

    def position(self, low: int, high: int, may_end: bool) -> int:
        if not self._forced:
            return super().position(max(low, self._cut), high, may_end)
        super().position(low, high, may_end)
        return self._forced[-1][0]

    def pitch(self, position: int, low: int, high: int, limbs: int) -> int:
        chosen = super().pitch(position, low, high, limbs)
        return self._forced[-1][1] if self._forced else chosen

    def duration(self, pitch: int) -> int:
        chosen = super().duration(pitch)
        return self._forced[-1][2] if self._forced else chosen

    def velocity(self, duration: int) -> int:
        chosen = super().velocity(duration)
        return self._forced.pop()[3] if self._forced else chosen


def _skyline(heard: np.ndarray) -> np.ndarray:
    """The highest of the notes struck together (within a twelfth of a beat): the tune, as the model knows tunes."""
    rows = np.sort(heard, order=["onset", "pitch"])
    keep = [
        i for i in range(len(rows))
        if not np.any((np.abs(rows["onset"] - rows["onset"][i]) < 1 / 12) & (rows["pitch"] > rows["pitch"][i]))
    ]  # fmt: skip
    return rows[keep]
