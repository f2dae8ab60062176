"""The facade: a seed melody in, a band around it out. Load → plan → generate → score; the seed's own notes pass untouched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from composer import tacet
from composer.feel import Feel, choose_drummer, is_straight
from composer.feel.drummers import LICENCE as FEEL_LICENCE
from composer.given import given
from composer.gm import MELODY, PROGRAM_NAMES, ROLES
from composer.harmony.lane import ChordLane, chart_fit
from composer.harmony.metre import not_learned
from composer.heeded import heeded, missed
from composer.melody import MelodyChoice, find_melody
from composer.model.checkpoint import Checkpoint, load_checkpoint
from composer.model.decoder import Decoder
from composer.model.guidance import without_style
from composer.model.ngram_filter import longest_run
from composer.model.sampling import finish, stream
from composer.model.sampling_settings import SamplingSettings
from composer.options import WISHES, ArrangeOptions, unheeded
from composer.planning import Plan, all_bars, form_fit, plan_band, played_bars
from composer.references import reference_programs
from composer.resting import rest_spans, silences
from composer.score import Part, Score
from composer.styles import STYLES, parse_mixture
from composer.timing import Bar, TempoMap, bars_said, meter_name
from composer.vocab import GRID_NOTE_DTYPE, from_grid

__all__ = ["ArrangeOptions", "Arrangement", "Arranger", "find_lane"]

OnBar = Callable[[int, int], None]


@dataclass(frozen=True)
class Arrangement:
    """What came of it: the melody (unchanged) and the band as one score, the chords played, and how it was made."""

    score: Score
    lane: ChordLane
    melody: MelodyChoice | None
    """None where a piece without one was worked on."""
    report: dict[str, Any]
    """JSON-ready: model, seed, style, groove, chords, licence, timings, what was left out."""
    told: tuple[str, ...] = ()
    """Lines for people about what is special to how it was made."""


@dataclass(frozen=True)
class Written:
    """What the model wrote for a plan."""

    grid: dict[int, np.ndarray]
    """Grid notes of every asked part, playable."""
    first_bar_s: float
    generate_s: float

    def timings(self) -> dict[str, float | int]:
        """For the report."""
        count = sum(len(notes) for notes in self.grid.values())
        return {
            "first_bar_s": round(self.first_bar_s, 4),
            "generate_s": round(self.generate_s, 4),
            "notes": count,
            "notes_per_s": round(count / max(self.generate_s, 1e-9), 1),
        }


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
        given(options, ArrangeOptions, "options", 'ArrangeOptions, such as ArrangeOptions(style="bossa")')
        begun = time.perf_counter()
        choice = find_melody(score, options.melody)
        tempos = tempos_lost(score, options.tempo_bpm)
        if options.tempo_bpm is not None:
            score = replace(score, tempo=TempoMap.constant(options.tempo_bpm, score.ticks_per_beat))
        melody = replace(choice.part, role=MELODY)
        played_bars(score, melody)  # refuses what is too long before time goes into its chords
        lane, lane_source = find_lane(score, melody, options.chords)
        rng = np.random.default_rng(options.seed)
        plan = plan_band(self.checkpoint, score, melody, lane, options, rng)
        ready = time.perf_counter()
        written = self.write(plan, options, rng, on_bar)
        programs, feel = sounds(plan, options), feel_of(plan, options, score.tempo)
        bars = all_bars(score, melody)
        silent = tacet.silent_bars(score, bars, lane, options.chords)
        band = [
            tacet.cut(played(ROLES[part], notes, plan, feel, programs[ROLES[part]], rng), silent)
            for part, notes in written.grid.items()
        ]
        whole = replace(score, parts=(melody, *band), chords=lane.to_symbols(bars))
        pickup = plan.bars[0].number == 0
        report = self.report(plan, options, written, feel)
        report |= {
            "parts": {
                part.role: {"notes": len(part), "program": part.program, "instrument": instrument(part)}
                for part in whole.parts
            },
            "melody": {"part": choice.part.name, "why": choice.why},
            "left_out": [part.name for i, part in enumerate(score.parts) if i != choice.index and len(part)],
            "chords": {"source": lane_source, "chart": lane.chart(bars)},
            "bars": len(plan.bars) - pickup,
            "pickup": pickup,
            "timings": {"plan_s": round(ready - begun, 4)} | written.timings(),
            "remarks": tempos + tacet.told(silent) + remarks(whole, options, bars, report),
        }
        told = tuple(f"  {part} rests in {bars_said(spans)}" for part, spans in report["rests"].items())
        return Arrangement(whole, lane, choice, report, told)

    def write(
        self, plan: Plan, options: ArrangeOptions, rng: np.random.Generator, on_bar: OnBar | None = None
    ) -> Written:
        """Let the model write what a plan asks for."""
        begun, notes, first_bar_s = time.perf_counter(), [], 0.0
        # Products this small are slower on two threads than on one, and far slower where a core is busy.
        with threadpool_limits(1, "blas"):
            for done, bar in enumerate(self.bars(plan, options, rng), 1):
                first_bar_s = first_bar_s or time.perf_counter() - begun
                notes.append(bar)
                if on_bar is not None:
                    on_bar(done, len(plan.bars))
        grid = finish(np.concatenate(notes), plan.song, plan.brief)
        return Written(grid, first_bar_s, time.perf_counter() - begun)

    def bars(self, plan: Plan, options: ArrangeOptions, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """The new notes of bar after bar, GRID_NOTE_DTYPE, as the model writes them: whoever wants to watch overrides this."""
        brief, strength = plan.brief, options.style_strength
        if strength == 0:
            brief, strength = without_style(brief), 1.0
        elif not brief.styles and brief.reference is None:
            strength = 1.0
        playing = np.union1d(np.flatnonzero(brief.asked.any(axis=0)), plan.song.notes["part"])
        sampling = SamplingSettings.of([ROLES[part] for part in playing], options.temperature)
        yield from stream(self.decoder, plan.song, brief, sampling, rng, strength)

    def report(self, plan: Plan, options: ArrangeOptions, written: Written, feel: Feel) -> dict[str, Any]:
        """What every report says: model, dice, what was asked, how well the style was met, licences."""
        card = self.checkpoint.card
        style = plan.style
        notes = np.concatenate([np.zeros(0, GRID_NOTE_DTYPE), *written.grid.values()])
        idle = unheeded(options, [ROLES[part] for part in plan.brief.asked_parts])
        asked = {
            name: {part: wish for part, wish in getattr(options, name).items() if part not in idle.get(name, {})}
            for name in ("density", "register", "polyphony", "roles")
        }
        return {
            "model": {name: card.get(name) for name in ("model", "step", "training_minutes")}
            | {"sha256": self.checkpoint.sha256, "signature": self.checkpoint.signature.sentence},
            "seed": options.seed,
            "style": style.name if style else "",
            "groove": max(plan.styles, key=lambda entry: entry[2])[1] if plan.styles else "",
            "styles": [
                {"style": s.name, "groove": groove, "share": round(share, 4)} for s, groove, share in plan.styles
            ],
            "style_strength": options.style_strength,
            "style_fit": self.style_fit(plan, written),
            "form": plan.form,
            "rests": rest_spans(silences(replace(plan.song, notes=notes), plan.brief.asked), plan.bars[0].number),
            "temperature": options.temperature,
            "feel": {"strength": feel.strength, "drummer": feel.drummer.take} if feel.strength else {"strength": 0},
            "originality": {"shared_run_at_most": self.shared_run_at_most(plan)},
            **asked,
            "directions": heeded(plan, written.grid, options),
            "unheeded": idle,
            "licence": {
                "weights": card.get("licence", "see the checkpoint's card"),
                "trained_on": {name: entry["licence"] for name, entry in card.get("corpora", {}).items()},
                **({"feel": FEEL_LICENCE} if feel.strength else {}),
            },
        }

    def shared_run_at_most(self, plan: Plan) -> dict[str, int] | None:
        """Part → the most notes on end that the filter lets it share with a training song; how many it does is not measured.

        None where the checkpoint does not know its songs.
        """
        if self.checkpoint.ngram_filter is None:
            return None
        return {ROLES[part]: longest_run(part) for part in plan.brief.asked_parts}

    def style_fit(self, plan: Plan, written: Written) -> dict[str, Any]:
        """What an independent listener says of what was written; {} where the checkpoint brings none or nothing was written."""
        notes = np.concatenate([*written.grid.values()])
        if self.checkpoint.listener is None or not len(notes):
            return {}
        wanted = {style.name: share for style, _, share in plan.styles}
        return self.checkpoint.listener.fit(replace(plan.song, notes=notes), wanted, plan.brief.reference)


def remarks(score: Score, options: ArrangeOptions, bars: Sequence[Bar], report: Mapping[str, Any]) -> list[str]:
    """What a listener should know, a sentence each: a metre that the band or the style never had, options without effect."""
    said = not_learned(score) or unusual_metre(options.style, meter_name(bars))
    said += [chart_fit(options.chords, bars)] if isinstance(options.chords, str) else []
    said += [form_fit(options.form, report["form"])] if options.form and report["form"] else []
    wishes = [f"{WISHES[name]} of {part}" for name, of in report["unheeded"].items() for part in of]
    if wishes:
        said.append(f"ignored, because these parts are not being written: {', '.join(wishes)}")
    said += missed(report["directions"])
    return [sentence for sentence in said if sentence]


def tempos_lost(score: Score, tempo_bpm: float | None) -> list[str]:
    """A sentence where one tempo is asked for and a seed has several."""
    found = [60e6 / tempo_us for tick, tempo_us in score.tempo.changes if tick < score.end]
    if tempo_bpm is None or len(found) < 2:
        return []
    first = ", ".join(f"{bpm:.3g}" for bpm in found[:5]) + (" …" if len(found) > 5 else "")
    return [f"the seed's {len(found)} tempos ({first} BPM) are replaced by {tempo_bpm:g} BPM throughout"]


def unusual_metre(style: str, meter: str) -> list[str]:
    """A sentence for each style of a mixture that was learned in other metres only, and who is at home in this one.

    >>> unusual_metre("bossa", "3/4")[0].partition(";")[0]
    'bossa was learned in 4/4, not in 3/4, and may come out as something else'
    """
    named = [STYLES[name] for name, _ in parse_mixture(style) if name in STYLES] if style else []
    at_home = ", ".join(one.name for one in STYLES.values() if meter in one.meters)
    return [
        f"{one.name} was learned in {' and '.join(one.meters)}, not in {meter}, and may come out as something else;"
        f" at home in {meter}: {at_home}"
        for one in named
        if meter not in one.meters and at_home
    ]


def sounds(plan: Plan, options: ArrangeOptions) -> dict[str, int]:
    """Every part's General MIDI program: as asked, else the style's, else the reference's."""
    style = (plan.style or STYLES["pop"]).programs
    return {**style, **({} if plan.style else reference_programs(options.style_from)), **options.programs}


def feel_of(plan: Plan, options: ArrangeOptions, tempo: TempoMap) -> Feel:
    """How the band is timed: as a drummer of the style, drawn by the seed."""
    style = plan.style.name if plan.style else ""
    drummer = choose_drummer(style, plan.song.tempo_bpm, np.random.default_rng(options.seed))
    return Feel(drummer, plan.bars, tempo, options.seed, 1.0 if options.feel is None else float(options.feel))


def timed_like(piece: Score, options: ArrangeOptions) -> ArrangeOptions:
    """The options for work on a finished piece: where no feel is asked for, none if the piece is on the grid."""
    return options if options.feel is not None else replace(options, feel=float(not is_straight(piece)))


def played(
    role: str, notes: np.ndarray, plan: Plan, feel: Feel, program: int, rng: np.random.Generator, end: int | None = None
) -> Part:
    """One part's grid notes as a Part in ticks, with the band's feel; none rings past `end`, if that is not the plan's."""
    end = plan.bars[-1].end if end is None else end
    ticks = from_grid(notes, plan.bars, feel.ticks_per_beat, end, rng)
    return Part(role.capitalize(), feel.play(ticks, role, end), program, role == "drums", role)


def find_lane(score: Score, melody: Part, chords: str | ChordLane | None) -> tuple[ChordLane, str]:
    """The chord lane over the melody's bars, and where it comes from: the user, the file, its other parts, or the melody."""
    bars = all_bars(score, melody)
    if (written := written_lane(score, bars, chords)) is not None:
        return written
    from composer.harmony.infer import chords_from_melody, chords_from_notes

    others = [
        part for part in score.parts if not part.is_drum and len(part) and not np.array_equal(part.notes, melody.notes)
    ]
    if sum(len(part) for part in others) >= len(melody):
        return chords_from_notes(score, bars[-1].end), "inferred from the file's other parts"
    return chords_from_melody(melody, score.with_parts([melody])), "inferred from the melody"


def written_lane(score: Score, bars: Sequence[Bar], chords: str | ChordLane | None) -> tuple[ChordLane, str] | None:
    """The chords that somebody wrote down over `bars`, and who: the user, else the file; None where nobody did."""
    if isinstance(chords, ChordLane):
        return chords, "given"
    if chords is not None:
        return ChordLane.from_chart(chords, bars), "given"
    if score.chords:
        return ChordLane.from_symbols(score.chords, bars), "chord symbols in the file"
    return None


def instrument(part: Part) -> str:
    """A part's sound by its General MIDI name."""
    return "Drum kit" if part.is_drum else PROGRAM_NAMES[part.program]
