"""Generation without a seed: a band over a random chord progression, and seed melodies written by the model.

The model was taught to write bands around a melody, not melodies. Its own tunes are what its string player writes when
asked for a single high line over a chord progression: the line then becomes the melody of a piece like any other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.arrange import Arrangement, Arranger, feel_of, instrument, played, sounds
from composer.batch.stage import Stage, draw_stage
from composer.corpora.lines import top_line
from composer.errors import InputError
from composer.gm import MELODY, ROLES
from composer.model.sequence import Brief, cells, tempo_class
from composer.options import ArrangeOptions
from composer.planning import LOOKAHEAD_BARS, Plan, find_styles, style_codes, wanted_controls
from composer.references import on_grid
from composer.score import NO_NOTES, Part, Score
from composer.timing import meter_name

LEAD = "strings"
"""Whose line becomes a melody."""
FLUTE = 73
TRIES = 8


def band_alone(arranger: Arranger, stage: Stage, options: ArrangeOptions) -> Arrangement:
    """A band over a stage's chords, with no melody to accompany."""
    rng = np.random.default_rng(options.seed)
    plan = _plan_alone(arranger, stage, options, rng)
    written = arranger.write(plan, options, rng)
    programs, feel = sounds(plan, options), feel_of(plan, options, stage.score.tempo)
    parts = [played(ROLES[part], notes, plan, feel, programs[ROLES[part]], rng) for part, notes in written.grid.items()]
    score = replace(stage.score, parts=tuple(parts), chords=stage.lane.to_symbols(stage.bars))
    report = arranger.report(plan, options, written, feel) | {
        "parts": {
            part.role: {"notes": len(part), "program": part.program, "instrument": instrument(part)} for part in parts
        },
        "chords": {"source": "a stock progression", "chart": stage.lane.chart(stage.bars)},
        "bars": len(stage.bars),
        "timings": written.timings(),
    }
    return Arrangement(score, stage.lane, None, report)


def _plan_alone(arranger: Arranger, stage: Stage, options: ArrangeOptions, rng: np.random.Generator) -> Plan:
    count = len(stage.bars)
    song = on_grid(stage.score, stage.bars, stage.lane, stage.phrases, stage.score.tempo.bpm_at(0))
    styles = find_styles(arranger.checkpoint, options.style, meter_name(stage.bars), options.parts, rng)
    brief = Brief(
        asked=cells(count, (ROLES.index(name) for name in options.parts)),
        given=cells(count, ()),
        lookahead=LOOKAHEAD_BARS,
        styles=style_codes(arranger.checkpoint, styles),
        tempo=tempo_class(song.tempo_bpm),
        controls=wanted_controls(options, count),
    )
    return Plan(song, brief, stage.bars, styles, stage.phrases)


def write_tune(arranger: Arranger, bars: int, dice: int) -> Score:
    """A melody of the model's own with the chords it was written over. Raises InputError where it falls silent again and again."""
    rng = np.random.default_rng(dice)
    for _ in range(TRIES):
        style = ("pop", "folk")[int(rng.random() < 0.4)]
        stage = draw_stage(bars, rng, style)
        options = ArrangeOptions(
            style=style, parts=(LEAD,), seed=int(rng.integers(2**31)),
            roles={LEAD: "line"}, polyphony={LEAD: 1}, register={LEAD: 4}, density={LEAD: 4}, feel=0,
        )  # fmt: skip
        line = band_alone(arranger, stage, options).score.parts
        top = top_line(line[0].notes) if line else NO_NOTES
        if len(top) >= 2 * bars:
            tune = Part("Melody", top, FLUTE, False, MELODY)
            return replace(
                stage.score, parts=(tune,), chords=stage.lane.to_symbols(stage.bars), title="A tune of the model's own"
            )
    raise InputError(f"the model wrote no melody of {bars} bars in {TRIES} attempts")
