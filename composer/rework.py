"""Writing some bars of some parts anew: the band hears everything around the hole, and nothing but the hole changes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from composer import tacet
from composer.arrange import (
    Arrangement,
    Arranger,
    OnBar,
    Written,
    feel_of,
    instrument,
    played,
    remarks,
    timed_like,
    written_lane,
)
from composer.errors import InputError
from composer.feel import Feel, early
from composer.gm import BAND, MELODY, ROLES
from composer.harmony.lane import ChordLane
from composer.melody import MelodyChoice, find_melody
from composer.model.controls import ACTIVITY, RESTS
from composer.model.sequence import Brief, in_cells, tempo_class
from composer.options import ArrangeOptions, ReworkOptions
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
from composer.references import Reference, find_example, hear_reference, on_grid
from composer.score import Part, Score, as_notes
from composer.timing import Bar, bars_said, length_said, meter_name, span
from composer.vocab import GRID_NOTE_DTYPE, PARTS, excerpt

MOST_TRIES = 4
"""How often the band is asked for something else before it may play the same again."""
_WHAT = ("part", "bar", "position", "pitch")
"""Fields in which two bars must differ to be something else."""
CONTEXT_BARS = 32
"""Bars before the hole that the band listens to."""
AFTER_BARS = 8
"""Bars after the hole that it knows are coming."""


def rework(arranger: Arranger, score: Score, options: ReworkOptions, on_bar: OnBar | None = None) -> Arrangement:
    """Write the named bars of the named parts anew. `on_bar(done, total)` is called after every bar.

    A part that the piece has not yet is added for those bars. The report's `proof` counts, part by part, the notes outside
    the hole and those of them that changed. Raises InputError where bars or parts are not there.
    """
    begun = time.perf_counter()
    wishes = options.wishes
    bars = score.bars()
    first, last = places(bars, options.bars)
    check_length(bars, "piece")
    melody = _melody_of(score, wishes.melody)
    cast = with_roles(score, melody)
    wishes = timed_like(cast, wishes)
    targets = _targets(cast, options.parts)
    lane, lane_source = _lane_of(cast, melody, wishes.chords, bars)
    rng = np.random.default_rng(wishes.seed)
    plan, opening = _plan(arranger, cast, bars, lane, options, (first, last), targets, rng)
    ready = time.perf_counter()
    written, tries = _written_anew(arranger, plan, wishes, rng, on_bar)
    start, end = bars[first].start, bars[last].end
    feel = feel_of(plan, wishes, score.tempo)
    silent = _silent(cast, bars, lane, wishes, (first, last))
    fresh = {
        role: tacet.cut(part, silent) for role, part in _fresh(plan, wishes, written, targets, feel, end, rng).items()
    }
    ahead = early(score.ticks_per_beat)
    hole = start - ahead, end - ahead
    whole = last - first + 1 == len(bars)
    parts = _parts_with(score, fresh, targets, hole, wishes.programs if whole else {})
    done = score.with_parts(parts.values())
    proof = prove(score, done, *hole, {index for index in targets.values() if index is not None})
    if not score.chords or wishes.chords is not None:
        done = replace(done, chords=lane.to_symbols(bars) if any(chord.root >= 0 for chord in lane.chords) else ())
    report = arranger.report(plan, wishes, written, feel)
    report |= {
        "rework": {
            "bars": list(options.bars),
            "ticks": [start, end],
            "opening_bar": bars[opening].number,
            "tries": tries,
        },
        "parts": {
            role: {
                "part": parts[role if index is None else index].name,
                "instrument": instrument(parts[role if index is None else index]),
                "notes_before": _count(score.parts[index], start, end) if index is not None else 0,
                "notes_after": len(written.grid.get(ROLES.index(role), ())),
            }
            for role, index in targets.items()
        },
        "proof": proof,
        "chords": {"source": lane_source, "chart": lane.chart(bars)},
        "bars": last - first + 1,
        "timings": {"plan_s": round(ready - begun, 4)} | written.timings(),
        "remarks": tacet.told(silent)
        + remarks(score, wishes, bars, report)
        + ([] if whole else _sounds_kept(targets, wishes)),
    }
    outside = sum(part["notes_outside"] for part in proof["parts"])
    told = (
        f"  rewritten: {bars_said([span(*options.bars)])} of {', '.join(targets)}",
        f"  untouched: {outside} notes outside, compared one by one",
    )
    return Arrangement(done, lane, melody, report, told)


def _written_anew(
    arranger: Arranger, plan: Plan, wishes: ArrangeOptions, rng: np.random.Generator, on_bar: OnBar | None
) -> tuple[Written, int]:
    """What the model writes into the hole, and how often it was asked: the very same notes again are no answer."""
    hole = in_cells(plan.song.notes, plan.brief.asked)
    for tries in range(1, MOST_TRIES + 1):
        written = arranger.write(plan, wishes, rng, on_bar)
        same = np.array_equal(np.concatenate([*written.grid.values()])[list(_WHAT)], hole[list(_WHAT)])
        if not same or tries == MOST_TRIES:
            return written, tries
    raise AssertionError("it is asked at least once")


def _fresh(
    plan: Plan,
    wishes: ArrangeOptions,
    written: Written,
    targets: Iterable[str],
    feel: Feel,
    end: int,
    rng: np.random.Generator,
) -> dict[str, Part]:
    """Role → what was written for it, played on the sound that a new part would have; nothing rings past `end`."""
    nothing = np.zeros(0, GRID_NOTE_DTYPE)
    fresh = {}
    for role in targets:
        programs = plan.style.programs if plan.style else {role: BAND[role].program}
        program = wishes.programs.get(role, programs[role])
        fresh[role] = played(role, written.grid.get(ROLES.index(role), nothing), plan, feel, program, rng, end)
    return fresh


def _parts_with(
    score: Score,
    fresh: Mapping[str, Part],
    targets: Mapping[str, int | None],
    hole: tuple[int, int],
    programs: Mapping[str, int],
) -> dict[int | str, Part]:
    """The piece's parts by index with the hole (start and end in ticks) filled, and new ones by role behind them.

    programs: by role, those of parts that are there and change their sound.
    """
    parts: dict[int | str, Part] = dict(enumerate(score.parts))
    for role, index in targets.items():
        if index is None:
            parts[role] = fresh[role]
        else:
            sound = programs.get(role, parts[index].program)
            parts[index] = replace(filled(parts[index], fresh[role].notes, *hole), program=sound)
    return parts


def filled(part: Part, fresh: np.ndarray, start: int, end: int) -> Part:
    """The part with the notes that begin in [start, end) replaced; notes from before that ring on keep ringing.

    A new note on a pitch that still rings from before begins when that ends, if half of it is left then, else not at all.
    One that would ring into the next of its pitch ends there.
    """
    onset = part.notes["onset"]
    outside = part.notes[(onset < start) | (onset >= end)]
    rings_until, struck_again = dict[int, int](), dict[int, int]()
    for begins, duration, pitch, _ in outside.tolist():
        if begins < start:
            rings_until[pitch] = max(rings_until.get(pitch, 0), begins + duration)
        else:
            struck_again[pitch] = min(struck_again.get(pitch, begins), begins)
    kept = []
    for begins, duration, pitch, velocity in fresh.tolist():
        at = max(begins, rings_until.get(pitch, begins))
        until = min(begins + duration, struck_again.get(pitch, begins + duration))
        if until - at >= duration / 2:
            kept.append((at, until - at, pitch, velocity))
    return replace(part, notes=np.concatenate([outside, as_notes(kept)]))


def prove(before: Score, after: Score, start: int, end: int, targets: set[int]) -> dict[str, Any]:
    """Note by note: what of the piece is outside the hole, and whether it is all still there, tick for tick.

    Raises AssertionError if anything outside changed: that would be a bug, and must not be written.
    """
    parts = []
    for index, (old, new) in enumerate(zip(before.parts, after.parts, strict=False)):
        hole = (old.notes["onset"] >= start) & (old.notes["onset"] < end) & (index in targets)
        new_hole = (new.notes["onset"] >= start) & (new.notes["onset"] < end) & (index in targets)
        same = old.notes[~hole].tobytes() == new.notes[~new_hole].tobytes() and old.events == new.events
        assert same, f"part {index + 1} ({old.name}) changed outside the bars that were to be written anew"
        parts.append(
            {"part": old.name, "notes_outside": int((~hole).sum()), "changed_outside": 0, "rewritten": index in targets}
        )
    assert (before.tempo, before.meter, before.events) == (after.tempo, after.meter, after.events)
    return {"untouched": True, "parts": parts}


def places(bars: Sequence[Bar], wanted: tuple[int, int]) -> tuple[int, int]:
    """Where among `bars` those are that people call so. Raises InputError with what there is."""
    first, last = wanted
    said = bars_said([span(first, last)])
    if first < bars[0].number:
        raise InputError(f"{said}: the piece has no pick-up; its first bar is {bars[0].number}")
    if last > bars[-1].number:
        raise InputError(f"{said}: the piece has {length_said(bars)}")
    return first - bars[0].number, last - bars[0].number


def _melody_of(score: Score, wanted: str | None) -> MelodyChoice | None:
    """The melody, where the piece has one: a rhythm section alone can be worked on too."""
    try:
        return find_melody(score, wanted)
    except InputError:
        if wanted is not None:
            raise
        return None


def _targets(score: Score, names: Sequence[str]) -> dict[str, int | None]:
    """Role → index of the part to write anew, None for one to be added. Raises InputError for a name that is neither."""
    found: dict[str, int | None] = {}
    for name in names:
        by_name = [i for i, part in enumerate(score.parts) if part.name.lower() == name.lower() and part.role in BAND]
        if by_name:
            found[score.parts[by_name[0]].role] = by_name[0]
        elif name.lower() in BAND:
            found[name.lower()] = main_player(score, name.lower())
        elif name.lower() == MELODY or any(
            part.name.lower() == name.lower() and part.role == MELODY for part in score.parts
        ):
            raise InputError(f"{name!r} is the melody, which is never rewritten; choose from: {', '.join(BAND)}")
        else:
            have = ", ".join(part.name for part in score.parts if part.role in BAND)
            raise InputError(
                f"no part called {name!r}; this piece has {have or 'no band'}, and any of {', '.join(BAND)} can be added"
            )
    return found


def _lane_of(
    cast: Score, melody: MelodyChoice | None, chords: str | ChordLane | None, bars: Sequence[Bar]
) -> tuple[ChordLane, str]:
    """Chords over the whole piece: given, written in the file, heard in all that plays, or found from a lone melody."""
    if (written := written_lane(cast, bars, chords)) is not None:
        return written
    from composer.harmony.infer import chords_from_melody, chords_from_notes

    others = [part for part in cast.parts if not part.is_drum and part.role != MELODY and len(part)]
    if melody is not None and not others:
        return chords_from_melody(melody.part, cast.with_parts([melody.part])), "inferred from the melody"
    return chords_from_notes(cast, bars[-1].end), "inferred from the piece"


def _plan(
    arranger: Arranger,
    cast: Score,
    bars: tuple[Bar, ...],
    lane: ChordLane,
    options: ReworkOptions,
    hole: tuple[int, int],
    targets: dict[str, int | None],
    rng: np.random.Generator,
) -> tuple[Plan, int]:
    """The hole (first and last place in `bars`) and what is around it, as far as the band listens; and where that begins."""
    first, last = hole
    opening = max(0, first - CONTEXT_BARS)
    around = bars[opening : last + 1 + AFTER_BARS]
    phrases = find_form(cast, bars, None)
    whole = on_grid(cast, bars, lane, phrases, cast.tempo.bpm_at(bars[first].start))
    song = excerpt(whole, opening, opening + len(around))
    asked = np.zeros((len(around), PARTS), bool)
    for role in targets:
        asked[first - opening : last + 1 - opening, ROLES.index(role)] = True
    plays = np.zeros_like(asked)
    plays[song.notes["bar"], song.notes["part"]] = True
    present = np.asarray(plays.any(axis=0))
    wishes = options.wishes
    band = [role for role in BAND if present[ROLES.index(role)] or role in targets]
    styles = find_styles(arranger.checkpoint, wishes.style, meter_name(around), band, rng) if wishes.style else ()
    reference = _reference(cast, options)
    # Where nothing new is named, the bars around are example enough.
    told = reference if wishes.style_from is not None else None
    controls = wanted_controls(wishes, len(around))
    if bars[first].number == 0 and last > first:
        controls[first - opening, :, ACTIVITY] = RESTS  # a pick-up belongs to the melody, unless it alone is asked for
    tacet.rest_in(controls, around, _silent(cast, bars, lane, wishes, hole))
    brief = Brief(
        asked=asked,
        given=np.logical_not(asked) & present,
        lookahead=LOOKAHEAD_BARS,
        styles=style_codes(arranger.checkpoint, styles),
        reference=None if reference is None else reference.bars,
        tempo=tempo_class(song.tempo_bpm),
        controls=controls,
        fresh_from=first - opening,
        example=find_example(
            arranger.checkpoint, song, styles, told, tuple(targets), rng, wanted_controls(wishes, 1)[0]
        ),
    )
    return Plan(song, brief, around, styles, ()), opening


def _silent(
    cast: Score, bars: Sequence[Bar], lane: ChordLane, wishes: ArrangeOptions, hole: tuple[int, int]
) -> tuple[Bar, ...]:
    """The bars of the hole in which pitched parts rest: those without a chord, unless it has no others and is to sound all the same."""
    inside = bars[hole[0] : hole[1] + 1]
    silent = tuple(bar for bar in tacet.silent_bars(cast, bars, lane, wishes.chords) if bar in inside)
    return () if len(silent) == len(inside) else silent


def _reference(cast: Score, options: ReworkOptions) -> Reference | None:
    """What to play in the manner of: the reference given, else the piece itself where no style is named and a band plays in it."""
    wishes = options.wishes
    if wishes.style_from is not None:
        return hear_reference(wishes.style_from)
    try:
        return None if wishes.style else hear_reference(cast)
    except InputError:
        return None


def _sounds_kept(targets: dict[str, int | None], wishes: ArrangeOptions) -> list[str]:
    """Said where a part that is there was wished another sound for some bars: it has one sound, outside them too."""
    kept = [role for role, index in targets.items() if index is not None and role in wishes.programs]
    return [f"existing parts keep their sound: the program given for {', '.join(kept)} is ignored"] if kept else []


def _count(part: Part, start: int, end: int) -> int:
    return int(((part.notes["onset"] >= start) & (part.notes["onset"] < end)).sum())
