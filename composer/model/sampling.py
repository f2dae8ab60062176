"""The sampler: a stream of bars. Offline collects it; live pulls it against a deadline. There is only this one loop."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from composer.errors import InputError
from composer.gm import ROLES
from composer.model.controls import ACTIVITY, PLAYS, RESTS
from composer.model.decoder import Decoder
from composer.model.example import lead_in
from composer.model.grammar import Turn, forbid_pitches, forbid_positions, let_go
from composer.model.sequence import (
    BAR,
    END,
    END_POSITION,
    NO_PART,
    NOTE,
    Brief,
    given_events,
    given_melody,
    in_cells,
    new_canvas,
    visible_parts,
)
from composer.vocab import GRID_NOTE_DTYPE, PARTS, GridSong

LONGEST_SILENCE = 4
"""Bars a part may rest; then it is told to play."""
MOST_NOTES = 96
"""Notes a part may write in one bar: beyond this the turn ends, whatever the model wants."""


@dataclass(frozen=True)
class Sampling:
    """How daring the choices are."""

    temperature: float = 1.0
    """0 always takes the likeliest; 1 draws as the model believes; above 1 is wilder."""
    min_p: float = 0.1
    """Candidates under this share of the likeliest are never drawn (Nguyen et al. 2024)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 4:
            raise InputError(f"temperature must be in range 0..4, got {self.temperature:g}")
        if not 0 <= self.min_p <= 1:
            raise InputError(f"min_p must be in range 0..1, got {self.min_p:g}")


def draw(logits: np.ndarray, sampling: Sampling, rng: np.random.Generator) -> int:
    """One class from logits (n,)."""
    top = float(logits.max())
    if sampling.temperature < 1e-3:
        return int(logits.argmax())
    weight = np.exp((logits - top) / sampling.temperature)
    weight[weight < sampling.min_p] = 0
    total = np.cumsum(weight)
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def stream(
    decoder: Decoder, song: GridSong, brief: Brief, sampling: Sampling, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Write the asked parts over a song that holds the given ones: yields each bar's new notes (GRID_NOTE_DTYPE), in order.

    song: its notes are the given parts'; the asked parts start empty. The notes yielded are playable and final.
    The brief's example, if it has one, is told first and never yielded.
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
    decoder.begin(canvas, brief)
    events = given_events(song, brief)
    edges = np.searchsorted(events["slot"], np.arange(song.bar_count + 1))
    silent = dict.fromkeys(range(PARTS), 0)
    for bar in range(song.bar_count):
        canvas.settle(bar)
        told = events[edges[bar] : edges[bar + 1]].tolist()
        turns = np.flatnonzero(brief.asked[bar]).tolist()
        first = turns[0] if turns else NO_PART
        decoder.tell((BAR, NO_PART, bar, bar, 0, 0, 0, 0), NO_PART if told else first)
        for i, event in enumerate(told):
            decoder.tell(event, first if i == len(told) - 1 else NO_PART)
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
                notes = take_turn(decoder, bar, part, must_play, sampling, rng)
            silent[part] = 0 if len(notes) else silent[part] + 1
            canvas.paint(notes)
            written.append(notes)
            decoder.tell((END, part, bar, bar, END_POSITION, 0, 0, 0), following)
        for part, _, _, pitch, duration, velocity in known.tolist():
            decoder.hear(part, pitch, duration, velocity)
            silent[part] = 0
        if bar >= brief.example_bars:
            bar_of_notes = np.concatenate(written)
            bar_of_notes["bar"] -= brief.example_bars
            yield bar_of_notes


def take_turn(
    decoder: Decoder,
    bar: int,
    part: int,
    must_play: bool,
    sampling: Sampling,
    rng: np.random.Generator,
) -> np.ndarray:
    """One part writes one bar."""
    turn: Turn = []
    rows: list[tuple[int, ...]] = []
    decoder.turn(bar, part, visible_parts(decoder.brief, np.array([bar]), np.array([part]))[0])
    bar_length = int(decoder.canvas.song.bar_length[bar])
    while len(rows) < MOST_NOTES:
        logits = decoder.positions()
        forbid_positions(logits, turn, part, bar_length, must_play)
        position = draw(logits, sampling, rng)
        if position == END_POSITION:
            break
        logits = decoder.pitches(position)
        forbid_pitches(logits, turn, part, position)
        pitch = draw(logits, sampling, rng)
        long = draw(decoder.durations(pitch), sampling, rng)
        loud = draw(decoder.velocities(long), sampling, rng)
        if ROLES[part] == "drums":
            long = 0
        turn.append((position, pitch))
        rows.append((part, bar, position, pitch, long, loud))
        decoder.hear(part, pitch, long, loud)
        decoder.tell((NOTE, part, bar, bar, position, pitch, long, loud), part)
    return np.array(rows, GRID_NOTE_DTYPE)


def finish(notes: np.ndarray, song: GridSong, brief: Brief) -> dict[int, np.ndarray]:
    """All bars' notes → each asked part's, with no more held at once than its player can hold."""
    return {part: let_go(notes[notes["part"] == part], song.bar_length, part) for part in brief.asked_parts}
