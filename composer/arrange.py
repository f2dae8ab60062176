"""The facade: a seed melody in, a band around it out. Load → plan → generate → score; the seed's own notes pass untouched."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from composer.errors import InputError
from composer.gm import BAND, MELODY, PROGRAM_NAMES, ROLES
from composer.harmony.lane import ChordLane
from composer.melody import MelodyChoice, find_melody
from composer.model.checkpoint import Checkpoint, load_checkpoint
from composer.model.decoder import Decoder
from composer.model.sampling import Sampling, finish, stream
from composer.model.sequence import DENSITY_LEVELS, PLAYS, RESTS, UNKNOWN, Brief, tempo_class
from composer.score import Part, Score
from composer.styles import Style, resolve
from composer.timing import Bar, TempoMap
from composer.vocab import PARTS, GridSong, bar_lengths, from_grid, grid_notes

LONGEST_BARS = 1000
LOOKAHEAD_BARS = 2
PHRASE_BARS = 8
"""Phrase length assumed where nobody says otherwise."""

OnBar = Callable[[int, int], None]


@dataclass(frozen=True)
class ArrangeOptions:
    """What to ask of the band."""

    style: str = "pop"
    """A style's name (`composer styles`), or a groove's for one way of playing it."""
    parts: tuple[str, ...] = ("drums", "bass", "guitar", "piano")
    chords: str | ChordLane | None = None
    """A chart such as "C | Am7 D7 | G"; None: the file's own chords, else found from the melody."""
    tempo_bpm: float | None = None
    """Quarter notes a minute; None keeps the seed's own tempo map."""
    seed: int = 0
    temperature: float = 1.0
    density: Mapping[str, int] = field(default_factory=dict)
    """Part → 1 (sparse) … 5 (busy)."""
    programs: Mapping[str, int] = field(default_factory=dict)
    """Part → General MIDI program, counted from 0."""
    melody: str | None = None
    """Which part is the melody: its name or number; None finds it."""

    def __post_init__(self) -> None:
        if not self.parts:
            raise InputError(f"no parts asked for; choose from: {', '.join(BAND)}")
        for name in (*self.parts, *self.density, *self.programs):
            if name not in BAND:
                raise InputError(f"no part called {name!r}; choose from: {', '.join(BAND)}")
        for name, level in self.density.items():
            if not 1 <= level <= DENSITY_LEVELS:
                raise InputError(f"density of {name} must be in range 1..{DENSITY_LEVELS}, got {level}")
        for name, program in self.programs.items():
            if not 0 <= program <= 127:
                raise InputError(f"program of {name} must be in range 0..127, got {program}")


@dataclass(frozen=True)
class Arrangement:
    """What came of it: the melody (unchanged) and the band as one score, the chords played, and how it was made."""

    score: Score
    lane: ChordLane
    melody: MelodyChoice
    report: dict[str, Any]
    """JSON-ready: model, seed, style, groove, chords, licence, timings, what was left out."""


@dataclass(frozen=True)
class _Plan:
    """Everything decided before the first note is written."""

    song: GridSong
    brief: Brief
    bars: tuple[Bar, ...]
    """The bars the band plays, from the melody's first to its last."""
    style: Style
    groove: str


class Arranger:
    """A loaded model. `arrange` may be called any number of times; the same options and seed give the same notes."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.decoder = Decoder(checkpoint)

    @classmethod
    def load(cls, checkpoint: str | Path | None = None) -> Arranger:
        """The shipped model, or the one in a checkpoint folder. Raises CheckpointError."""
        return cls(load_checkpoint(checkpoint))

    def arrange(
        self, score: Score, options: ArrangeOptions = ArrangeOptions(), on_bar: OnBar | None = None
    ) -> Arrangement:
        """Write the asked parts around the score's melody. `on_bar(done, total)` is called after every bar.

        Raises InputError where there is no melody, ChordError for a chart, ScoreError for a metre the grid cannot hold.
        """
        begun = time.perf_counter()
        choice = find_melody(score, options.melody)
        if options.tempo_bpm is not None:
            score = replace(score, tempo=TempoMap.constant(options.tempo_bpm, score.ticks_per_beat))
        melody = replace(choice.part, role=MELODY)
        _played_bars(score, melody)  # refuses what is too long before time goes into its chords
        lane, lane_source = find_lane(score, melody, options.chords)
        rng = np.random.default_rng(options.seed)
        plan = self._plan(score, melody, lane, options, rng)
        ready = time.perf_counter()
        written, first_bar_s = [], 0.0
        sampling = Sampling(options.temperature)
        # Products this small are slower on two threads than on one, and far slower where a core is busy.
        with threadpool_limits(1, "blas"):
            for done, notes in enumerate(stream(self.decoder, plan.song, plan.brief, sampling, rng), 1):
                first_bar_s = first_bar_s or time.perf_counter() - ready
                written.append(notes)
                if on_bar is not None:
                    on_bar(done, len(plan.bars))
        generated_s = time.perf_counter() - ready
        grid = finish(np.concatenate(written), plan.song, plan.brief)
        programs = {**plan.style.programs, **options.programs}
        band = [
            self._part(ROLES[part], notes, plan, score.ticks_per_beat, programs[ROLES[part]], rng)
            for part, notes in grid.items()
        ]
        whole = replace(score, parts=(melody, *band), chords=lane.to_symbols(_bars(score, melody)))
        count = sum(len(part) for part in band)
        report = {
            "model": self._model(),
            "seed": options.seed,
            "style": plan.style.name,
            "groove": plan.groove,
            "temperature": options.temperature,
            "density": dict(options.density),
            "parts": {
                part.role: {"notes": len(part), "program": part.program, "instrument": _instrument(part)}
                for part in whole.parts
            },
            "melody": {"part": choice.part.name, "why": choice.why},
            "left_out": [part.name for i, part in enumerate(score.parts) if i != choice.index and len(part)],
            "chords": {"source": lane_source, "chart": lane.chart(_bars(score, melody))},
            "bars": len(plan.bars),
            "timings": {
                "plan_s": round(ready - begun, 4),
                "first_bar_s": round(first_bar_s, 4),
                "generate_s": round(generated_s, 4),
                "notes": count,
                "notes_per_s": round(count / max(generated_s, 1e-9), 1),
            },
            "licence": {
                "weights": self.checkpoint.card.get("licence", "see the checkpoint's card"),
                "trained_on": {
                    name: entry["licence"] for name, entry in self.checkpoint.card.get("corpora", {}).items()
                },
            },
        }
        return Arrangement(whole, lane, choice, report)

    def _model(self) -> dict[str, Any]:
        card = self.checkpoint.card
        return {name: card.get(name) for name in ("model", "step", "training_minutes")} | {
            "sha256": self.checkpoint.sha256
        }

    def style(self, name: str) -> tuple[Style, str]:
        """A style by its name, or by the name of one of its grooves; the groove is "" where none was named.

        Raises InputError with the nearest names.
        """
        for groove, facts in self.checkpoint.card.get("grooves", {}).items():
            if groove.lower() == name.lower() and facts["style"]:
                return resolve(facts["style"]), groove
        return resolve(name), ""

    def _draw_groove(self, style: Style, meter: str, rng: np.random.Generator) -> str:
        """One of the style's grooves in this metre at random; "" where the model knows none."""
        known: dict[str, Any] = self.checkpoint.card.get("grooves", {})
        fitting = [
            name for name in sorted(known) if known[name]["style"] == style.name and meter in known[name]["meters"]
        ]
        return fitting[int(rng.integers(len(fitting)))] if fitting else ""

    def _plan(
        self,
        score: Score,
        melody: Part,
        lane: ChordLane,
        options: ArrangeOptions,
        rng: np.random.Generator,
    ) -> _Plan:
        style, groove = self.style(options.style)
        every, bars = _bars(score, melody), _played_bars(score, melody)
        first = bars[0].index
        lengths, beats = bar_lengths(bars, score.ticks_per_beat)
        skipped = sum(bar.beat_count for bar in every[:first])
        roots, basses, tones = (array[skipped:] for array in lane.arrays())
        count = int((-(-lengths // beats)).sum())
        notes = grid_notes(score.with_parts([melody]), every)
        notes = notes[notes["bar"] >= first]
        notes["bar"] -= first
        head = 1 if _is_pickup(bars) else 0
        phrase = np.maximum(np.arange(len(bars)) - head, 0) % PHRASE_BARS
        song = GridSong(
            notes, lengths, beats, roots[:count].astype(np.int64), basses[:count].astype(np.int64), tones[:count],
            phrase, PHRASE_BARS - 1 - phrase, score.tempo.bpm_at(melody.start), style.name,
        )  # fmt: skip
        activity = np.full((len(bars), PARTS), UNKNOWN)
        activity[:head] = RESTS  # a pick-up belongs to the melody
        activity[[head, -1]] = PLAYS
        config = self.checkpoint.config
        middle = bars[len(bars) // 2]
        groove = groove or self._draw_groove(style, f"{middle.numerator}/{middle.denominator}", rng)
        brief = Brief(
            asked=tuple(sorted(ROLES.index(name) for name in set(options.parts))),
            lookahead=LOOKAHEAD_BARS,
            style=config.styles.index(style.name) + 1 if style.name in config.styles else 0,
            groove=config.grooves.index(groove) + 1 if groove in config.grooves else 0,
            tempo=tempo_class(song.tempo_bpm),
            density=tuple(options.density.get(role, 0) for role in ROLES),
            activity=activity,
        )
        return _Plan(song, brief, bars, style, groove)

    @staticmethod
    def _part(
        role: str, notes: np.ndarray, plan: _Plan, ticks_per_beat: int, program: int, rng: np.random.Generator
    ) -> Part:
        ticks = from_grid(notes, plan.bars, ticks_per_beat, plan.bars[-1].end, rng)
        return Part(role.capitalize(), ticks, program, role == "drums", role)


def find_lane(score: Score, melody: Part, chords: str | ChordLane | None) -> tuple[ChordLane, str]:
    """The chord lane over the melody's bars, and where it comes from: the user, the file, its other parts, or the melody."""
    bars = _bars(score, melody)
    if isinstance(chords, ChordLane):
        return chords, "given"
    if chords is not None:
        return ChordLane.from_chart(chords, bars), "given"
    if score.chords:
        return ChordLane.from_symbols(score.chords, bars), "chord symbols in the file"
    from composer.harmony.infer import chords_from_melody, chords_from_notes

    others = [
        part for part in score.parts if not part.is_drum and len(part) and not np.array_equal(part.notes, melody.notes)
    ]
    if sum(len(part) for part in others) >= len(melody):
        return chords_from_notes(score, bars[-1].end), "heard in the file's other parts"
    return chords_from_melody(melody, score.with_parts([melody])), "found from the melody"


def _bars(score: Score, melody: Part) -> tuple[Bar, ...]:
    """The bars from tick 0 to the melody's end."""
    return score.meter.bars(melody.end)


def _played_bars(score: Score, melody: Part) -> tuple[Bar, ...]:
    """The bars the band plays, from the melody's first note on. Raises InputError where they are too many."""
    every = _bars(score, melody)
    bars = tuple(bar for bar in every if bar.end > melody.start)
    if len(bars) > LONGEST_BARS:
        raise InputError(
            f"the melody is {len(bars)} bars long; the longest arrangement is {LONGEST_BARS}: cut it into movements"
        )
    return bars


def _is_pickup(bars: tuple[Bar, ...]) -> bool:
    """Whether the first bar is shorter than the second, and so no place for the band to come in."""
    return len(bars) > 1 and bars[0].length < bars[1].length


def _instrument(part: Part) -> str:
    return "Drum kit" if part.is_drum else PROGRAM_NAMES[part.program]
