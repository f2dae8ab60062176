"""The generation loop: yields one bar after another. Arranging collects the bars; the jam pulls them against a deadline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from composer.model.controls import ACTIVITY, PLAYS, RESTS
from composer.model.decoder import Decoder
from composer.model.example import lead_in
from composer.model.grammar import Turn, let_go
from composer.model.ngram_filter import NgramGuard
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import (
    BAR,
    END_POSITION,
    NO_PART,
    Brief,
    given_events,
    given_melody,
    in_cells,
    new_canvas,
)
from composer.vocab import DURATIONS, GRID_NOTE_DTYPE, PARTS, GridSong

LONGEST_SILENCE = 2
"""Bars in which nothing of a part sounds; then it is told to play."""
ATTEMPTS = 6
"""Times that a part may write a bar until it does what was asked of it."""
MOST_NOTES = 96
"""Notes a part may write in one bar: beyond this the turn ends, whatever the model wants."""


def stream(
    decoder: Decoder,
    song: GridSong,
    brief: Brief,
    sampling: SamplingSettings,
    rng: np.random.Generator,
    strength: float = 1.0,
) -> Iterator[np.ndarray]:
    """Write the asked parts over a song that holds the given ones: yields each bar's new notes (GRID_NOTE_DTYPE), in order.

    song: its notes are the given parts'; the asked parts start empty. The notes yielded are playable and final.
    The brief's example, if it has one, is told first and never yielded. strength: of the style, see model/guidance.py.
    """
    song, brief = lead_in(song, brief)
    brief = replace(brief, controls=brief.controls.copy())
    plays = brief.controls[..., ACTIVITY]
    canvas = new_canvas(song, brief)
    given = in_cells(song.notes, brief.given)
    if brief.lookahead >= 0:
        canvas.paint(given)
        canvas.foresee()
        canvas.paint_melody(given_melody(song, brief))
    decoder.begin(canvas, brief, strength)
    watch = NgramGuard(decoder.ngram_filter, song.bar_length) if decoder.ngram_filter else None
    events = given_events(song, brief)
    edges = np.searchsorted(events["slot"], np.arange(song.bar_count + 1))
    silent = dict.fromkeys(range(PARTS), 0)
    for bar in range(song.bar_count):
        canvas.settle(bar)
        told = events[edges[bar] : edges[bar + 1]].tolist()
        turns = np.flatnonzero(brief.asked[bar]).tolist()
        first = turns[0] if turns else NO_PART
        decoder.tell([(BAR, NO_PART, bar, bar, 0, 0, 0, 0), *told], first)
        known = given[given["bar"] == bar]
        if brief.lookahead < 0:
            canvas.paint(known)
        written = [np.zeros(0, GRID_NOTE_DTYPE)]
        for part, following in itertools.pairwise([*turns, NO_PART]):
            if silent[part] >= LONGEST_SILENCE and plays[bar, part] != RESTS:
                plays[bar, part] = PLAYS
            notes = written[0]
            if plays[bar, part] != RESTS:
                must_play = bool(plays[bar, part] == PLAYS)
                notes = take_turn(decoder, bar, part, must_play, sampling, rng, watch)
            silent[part] = -_bars_held(notes, int(song.bar_length[bar])) if len(notes) else silent[part] + 1
            canvas.paint(notes)
            written.append(notes)
            decoder.end(bar, part, following)
        for note in known.tolist():
            decoder.hear(*note)
            silent[note[0]] = 0
        if bar >= brief.example_bars:
            bar_of_notes = np.concatenate(written)
            bar_of_notes["bar"] -= brief.example_bars
            yield bar_of_notes


def _bars_held(notes: np.ndarray, bar_length: int) -> int:
    """Bars after their own in which some of the notes still sound."""
    return int((notes["position"] + DURATIONS[notes["duration"]]).max() - 1) // bar_length


def take_turn(
    decoder: Decoder,
    bar: int,
    part: int,
    must_play: bool,
    sampling: SamplingSettings,
    rng: np.random.Generator,
    watch: NgramGuard | None = None,
) -> np.ndarray:
    """One part writes one bar; up to ATTEMPTS times where it does not do what was asked of it, and then the nearest stands."""
    decoder.turn(bar, part, sampling, rng)
    known: Any = watch.save(part) if watch else None
    attempts: list[tuple[float, int, np.ndarray, Any]] = []
    while True:
        notes = _write_bar(decoder, bar, part, must_play, watch)
        off = decoder.off()
        if not off:
            return notes
        attempts.append((off, len(attempts), notes, (decoder.mark(), watch.save(part) if watch else None)))
        if len(attempts) == ATTEMPTS:
            break
        decoder.again()
        if watch:
            watch.restore(part, known)
        must_play = True
    _, _, notes, (mark, known) = min(attempts)
    decoder.rewind(mark)
    if watch:
        watch.restore(part, known)
    return notes


def _write_bar(decoder: Decoder, bar: int, part: int, must_play: bool, watch: NgramGuard | None) -> np.ndarray:
    """Note by note. One that would complete too long a copy of a training song is left out."""
    turn = Turn(part)
    rows: list[tuple[int, ...]] = []
    bar_length = int(decoder.canvas.song.bar_length[bar])
    while len(rows) < MOST_NOTES:
        position = decoder.position(*turn.positions(bar_length, must_play))
        if position == END_POSITION:
            break
        pitch = decoder.pitch(position, *turn.pitches(position))
        if watch and watch.knows(part, bar, position, pitch):
            turn.leave(position)
            continue
        duration = decoder.duration(pitch)
        velocity = decoder.velocity(duration)
        turn.strike(position, pitch)
        rows.append((part, bar, position, pitch, duration, velocity))
        decoder.play(duration, velocity)
        if watch:
            watch.hear(part, bar, position, pitch)
    return np.array(rows, GRID_NOTE_DTYPE)


def finish(notes: np.ndarray, song: GridSong, brief: Brief) -> dict[int, np.ndarray]:
    """All bars' notes → each asked part's, with no more held at once than its player can hold."""
    return {part: let_go(notes[notes["part"] == part], song.bar_length, part) for part in brief.asked_parts}
