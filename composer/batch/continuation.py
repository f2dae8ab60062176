"""A piece continued: its band plays on after its end, over the chords of its last bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from composer.arrange import Arrangement, Arranger, feel_of, played, timed_like
from composer.errors import InputError
from composer.gm import MELODY, ROLES
from composer.harmony.lane import ChordLane
from composer.melody import find_melody
from composer.model.sequence import Brief, tempo_class
from composer.options import ArrangeOptions
from composer.planning import (
    LOOKAHEAD_BARS,
    Plan,
    check_length,
    find_form,
    find_styles,
    style_codes,
    wanted_controls,
)
from composer.players import main_player, with_roles
from composer.references import on_grid
from composer.score import Score
from composer.timing import Bar, Meter, meter_name
from composer.vocab import PARTS, excerpt

CONTEXT_BARS = 32
"""Bars before the end that the band listens to."""


def continue_piece(
    arranger: Arranger, score: Score, more: int, options: ArrangeOptions, chords: ChordLane | None = None
) -> Arrangement:
    """`more` bars after a piece's end, played by whoever of `options.parts` plays in it; what was there stays as it is.

    The chords of its last bars come again. A melody rests there: the model writes none. Raises InputError where no band plays.
    """
    rng = np.random.default_rng(options.seed)
    try:
        melody = find_melody(score, options.melody)
    except InputError:
        melody = None
    cast = with_roles(score, melody)
    options = timed_like(cast, options)
    players = {role: main_player(cast, role) for role in options.parts}
    playing = {role: index for role, index in players.items() if index is not None}
    if not playing:
        raise InputError(f"none of {', '.join(options.parts)} plays in this seed; arrange it first (task = arrange)")
    old = score.bars()
    bars = longer(score.meter, old, more)
    check_length(bars, "piece")
    lane = again(chords or heard(cast, old), old, bars)
    opening = max(0, len(old) - CONTEXT_BARS)
    phrases = find_form(cast, old, None)
    whole = on_grid(cast, bars, lane, phrases, cast.tempo.bpm_at(old[-1].start))
    song = excerpt(whole, opening, len(bars))
    asked = np.zeros((len(bars) - opening, PARTS), bool)
    for role in playing:
        asked[len(old) - opening :, ROLES.index(role)] = True
    plays = np.zeros(PARTS, bool)
    plays[song.notes["part"]] = True
    styles = find_styles(arranger.checkpoint, options.style, meter_name(bars), tuple(playing), rng)
    brief = Brief(
        asked=asked,
        given=~asked & plays,
        lookahead=LOOKAHEAD_BARS,
        styles=style_codes(arranger.checkpoint, styles),
        tempo=tempo_class(song.tempo_bpm),
        controls=wanted_controls(options, len(asked)),
    )
    plan = Plan(song, brief, bars[opening:], styles, ())
    written = arranger.write(plan, options, rng)
    parts, feel = list(score.parts), feel_of(plan, options, score.tempo)
    for role, index in playing.items():
        fresh = played(role, written.grid[ROLES.index(role)], plan, feel, parts[index].program, rng)
        parts[index] = replace(parts[index], role=role, notes=np.concatenate([parts[index].notes, fresh.notes]))
    if melody is not None:
        parts[melody.index] = replace(parts[melody.index], role=MELODY)
    report = arranger.report(plan, options, written, feel) | {
        "continued": {"from_bar": bars[len(old)].number, "bars": more, "parts": list(playing)},
        "chords": {"source": "those of the last bars again", "chart": lane.chart(bars)},
        "bars": len(bars),
        "timings": written.timings(),
    }
    return Arrangement(replace(score, parts=tuple(parts)), lane, melody, report)


def longer(meter: Meter, bars: Sequence[Bar], more: int) -> tuple[Bar, ...]:
    """A piece's bars and `more` after them."""
    end = bars[-1].end
    while len(found := meter.bars(end)) < len(bars) + more:
        end += found[-1].length
    return found[: len(bars) + more]


def heard(cast: Score, bars: Sequence[Bar]) -> ChordLane:
    """The chords written in a piece, else those heard in it."""
    from composer.harmony.infer import chords_from_notes

    return ChordLane.from_symbols(cast.chords, bars) if cast.chords else chords_from_notes(cast, bars[-1].end)


def again(lane: ChordLane, old: Sequence[Bar], bars: Sequence[Bar]) -> ChordLane:
    """The lane made as long as `bars` by playing its last eight bars, or as many as there are, again and again."""
    beats = [bar.beat_count for bar in old]
    back = sum(beats[-8:])
    known = list(lane.chords[: sum(beats)])
    wanted = sum(bar.beat_count for bar in bars)
    while len(known) < wanted:
        known.append(known[-back])
    return ChordLane(tuple(known))
