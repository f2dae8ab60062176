"""Hypothesis strategies: scores as files hold them, and the edges of what they may hold.

Places are drawn in fractions of a beat and scaled to the division, so that every strategy is built once.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from composer.score import Event, Part, Score, as_notes
from composer.timing import Meter, TempoMap

DIVISIONS = st.sampled_from([24, 96, 120, 192, 220, 384, 480, 960, 1024, 9600, 32767]) | st.integers(1, 32767)
METRES = st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (2, 4), (7, 8), (12, 8), (2, 2), (1, 4), (255, 64)])
TEXT = st.text("aZ 9é♭中\n\0", max_size=6)
BYTE = st.integers(0, 127)

# Sixteenths, triplets and dotted beats, and human places between them.
STEPS = st.sampled_from([0, 1 / 4, 1 / 3, 1 / 2, 1, 3 / 2]) | st.floats(0, 2)
# (step before it, length, ticks off, pitch, velocity)
NOTES = st.lists(
    st.tuples(STEPS, STEPS, st.integers(-1, 1), st.integers(50, 60) | BYTE, st.integers(1, 127)), max_size=20
)

CHANNEL_EVENTS = [
    st.tuples(st.sampled_from(["control_change", "polytouch"]), st.tuples(BYTE, BYTE)),
    st.tuples(st.just("pitchwheel"), st.tuples(st.integers(-8192, 8191))),
    st.tuples(st.sampled_from(["aftertouch", "program_change"]), st.tuples(BYTE)),
]
OTHER_EVENTS = [
    st.tuples(st.just("sysex"), st.tuples(st.lists(BYTE, max_size=4).map(bytes))),
    st.tuples(st.just("unknown_meta"), st.tuples(st.just(0x60), st.binary(max_size=4) | st.just(bytes(200)))),
    st.tuples(st.just("sequencer_specific"), st.tuples(st.binary(max_size=4))),
    st.tuples(st.just("lyrics"), st.tuples(TEXT)),
]
PART_TEXTS = st.tuples(st.sampled_from(["instrument_name", "device_name"]), st.tuples(TEXT))
PIECE_TEXTS = st.tuples(st.sampled_from(["copyright", "cue_marker"]), st.tuples(TEXT))
PART_EVENTS = st.lists(st.tuples(st.floats(0, 9), st.one_of(*CHANNEL_EVENTS, *OTHER_EVENTS, PART_TEXTS)), max_size=4)
PIECE_EVENTS = st.lists(st.tuples(st.floats(0, 9), st.one_of(*OTHER_EVENTS, PIECE_TEXTS)), max_size=4)

PARTS = st.tuples(TEXT, NOTES, BYTE, st.booleans(), st.sampled_from(["", "melody", "bass"]), PART_EVENTS)
TEMPOS = st.lists(st.tuples(st.floats(0, 16), st.integers(60_061, 5_999_999)), max_size=4)
CHANGES = st.lists(st.tuples(st.floats(0, 16), METRES), max_size=4)
CHORDS = st.lists(st.tuples(st.floats(0, 9), st.sampled_from(["C", "Am7", "A", "B", "N.C.", "F#m7b5/E"])), max_size=5)
KEYS = st.sampled_from(["", "C", "F#m", "Bb"])


def _notes(drawn: list[tuple[float, float, int, int, int]], division: int) -> np.ndarray:
    """MIDI cannot tell which of two notes of one pitch ends first, so none lies inside another of its pitch here."""
    rows, ends, at = [], dict[int, int](), 0.0
    for step, length, off, pitch, velocity in drawn:
        at += step
        onset = max(0, round(at * division) + off)
        duration = max(0, round(length * division) + off)
        if onset >= ends.get(pitch, 0):
            rows.append((onset, duration, pitch, velocity))
            ends[pitch] = onset + max(duration, 1)
    return as_notes(rows)


def _events(drawn: list[tuple[float, tuple[str, tuple[int | str | bytes, ...]]]], division: int) -> tuple[Event, ...]:
    events = [Event(round(place * division), kind, data) for place, (kind, data) in drawn]
    return tuple(sorted(events, key=lambda event: event.tick))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    division = draw(DIVISIONS)
    tempo = {0: 500_000, **{round(place * division): pace for place, pace in draw(TEMPOS)}}
    meter = {0: draw(METRES), **{round(place * division): metre for place, metre in draw(CHANGES)}}
    parts = [
        Part(name, _notes(notes, division), program, is_drum, role, _events(events, division))
        for name, notes, program, is_drum, role, events in draw(st.lists(PARTS, min_size=1, max_size=3))
    ]
    return Score(
        tuple(parts),
        TempoMap(division, tuple(sorted(tempo.items()))),
        Meter(division, tuple((tick, *metre) for tick, metre in sorted(meter.items())), draw(st.booleans())),
        draw(TEXT),
        draw(KEYS),
        tuple(sorted({round(place * division): symbol for place, symbol in draw(CHORDS)}.items())),
        _events(draw(PIECE_EVENTS), division),
    )
