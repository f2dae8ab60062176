"""A part as what a synth is told and when: rows of (frame, order, kind, a, b), ready to sort among other parts'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.audio.fluid import BLOCK, DRUM_BANK
from composer.score import Part
from composer.timing import TempoMap

OFF, PROGRAM, CONTROL, BEND, PRESSURE, KEY_PRESSURE, ON = range(7)
"""What the synth is asked for. Note-offs of a moment come first and note-ons last, as players mean it."""

ROW = np.dtype([("frame", "<i8"), ("order", "<i4"), ("channel", "<i4"), ("kind", "<i4"), ("a", "<i4"), ("b", "<i4")])

BANK_MSB, BANK_LSB, VOLUME, EXPRESSION, SUSTAIN, REVERB_SEND, CHORUS_SEND = 0, 32, 7, 11, 64, 91, 93
DEFAULT_REVERB = 40
"""General MIDI 2's reverb send; a file's own controller 91 takes its place."""


@dataclass(frozen=True)
class Clock:
    """Ticks → frames on FluidSynth's grid, never later than `last`."""

    tempo: TempoMap
    sample_rate: int
    last: int

    def frames(self, ticks: np.ndarray) -> np.ndarray:
        """Frame of each tick, int64, rounded to the nearest block."""
        blocks = np.rint(self.tempo.seconds(ticks) * (self.sample_rate / BLOCK))
        return np.asarray(np.minimum(blocks, self.last // BLOCK).astype(np.int64) * BLOCK)


def note_rows(part: Part, clock: Clock) -> np.ndarray:
    """Note-ons and note-offs. A pitch struck again while it sounds ends first; doubles in one block are one note, the
    loudest and longest; a note without length sounds for a block."""
    notes = part.notes
    start = clock.frames(notes["onset"])
    end = np.maximum(clock.frames(notes["onset"].astype(np.int64) + notes["duration"]), start + BLOCK)
    order = np.lexsort((start, notes["pitch"]))
    start, end, pitch, velocity = start[order], end[order], notes["pitch"][order], notes["velocity"][order]
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(start) != 0) | (np.diff(pitch) != 0)
    groups = np.flatnonzero(first)
    if len(groups) == 0:
        return np.zeros(0, ROW)
    start, pitch = start[groups], pitch[groups]
    end, velocity = np.maximum.reduceat(end, groups), np.maximum.reduceat(velocity, groups)
    struck_again = pitch[1:] == pitch[:-1]
    end[:-1][struck_again] = np.minimum(end[:-1], start[1:])[struck_again]
    rows = np.zeros(2 * len(groups), ROW)
    on, off = rows[: len(groups)], rows[len(groups) :]
    on["frame"], on["kind"], on["a"], on["b"] = start, ON, pitch, velocity
    off["frame"], off["kind"], off["a"] = end, OFF, pitch
    return rows


def event_rows(part: Part, clock: Clock) -> np.ndarray:
    """Programs, controllers, pitch bend and pressure, in the part's order; what a synth has no use for is left out."""
    found: list[tuple[int, int, int, int]] = []
    bank = DRUM_BANK if part.is_drum else 0
    program = part.program
    for event in sorted(part.events, key=lambda event: event.tick):
        data = [value for value in event.data if isinstance(value, int)]
        if event.kind == "control_change" and len(data) == 2:
            if data[0] == BANK_MSB:
                bank = DRUM_BANK if part.is_drum else data[1]
                if event.tick <= part.start:
                    found.append((event.tick, PROGRAM, bank, program))
            elif data[0] != BANK_LSB:
                found.append((event.tick, CONTROL, data[0], data[1]))
        elif event.kind == "program_change" and len(data) == 1:
            program = data[0]
            found.append((event.tick, PROGRAM, bank, program))
        elif event.kind == "pitchwheel" and len(data) == 1:
            found.append((event.tick, BEND, data[0], 0))
        elif event.kind == "aftertouch" and len(data) == 1:
            found.append((event.tick, PRESSURE, data[0], 0))
        elif event.kind == "polytouch" and len(data) == 2:
            found.append((event.tick, KEY_PRESSURE, data[0], data[1]))
    rows = np.zeros(len(found), ROW)
    if found:
        table = np.array(found, np.int64)
        rows["frame"] = clock.frames(table[:, 0])
        rows["kind"], rows["a"], rows["b"] = table[:, 1], table[:, 2], table[:, 3]
    return rows


def is_shut(part: Part) -> bool:
    """Whether the file keeps a part's volume or expression at 0 for as long as it plays: somebody muted it.

    A synth still sounds then, 96 dB down, and a mixer would lift that up to the others.
    """
    for controller in (VOLUME, EXPRESSION):
        moves = [
            (event.tick, event.data[1])
            for event in sorted(part.events, key=lambda event: event.tick)
            if event.kind == "control_change" and event.data[0] == controller and event.tick < part.end
        ]
        opening = [value for tick, value in moves if tick <= part.start][-1:]
        if opening == [0] and not any(value for tick, value in moves if tick > part.start):
            return True
    return False


def part_rows(part: Part, clock: Clock, channel: int) -> np.ndarray:
    """Everything one part asks of its channel, array of ROW, opening state and closing pedal included."""
    opening = np.zeros(1, ROW)
    opening["kind"], opening["a"], opening["b"] = PROGRAM, DRUM_BANK if part.is_drum else 0, part.program
    closing = np.zeros(1, ROW)
    closing["frame"] = clock.frames(np.array([part.end]))
    closing["kind"], closing["a"] = CONTROL, SUSTAIN
    notes = np.zeros(0, ROW) if is_shut(part) else note_rows(part, clock)
    rows = np.concatenate([opening, event_rows(part, clock), closing, notes])
    rows["channel"] = channel
    rows["order"] = np.where(rows["kind"] == OFF, 0, np.where(rows["kind"] == ON, 2, 1))
    return rows


def in_order(rows: list[np.ndarray]) -> np.ndarray:
    """All parts' rows, sorted by frame, note-offs first, note-ons last, otherwise as they were."""
    together = np.concatenate(rows)
    return together[np.lexsort((together["order"], together["frame"]))]


def sends_db(part: Part) -> tuple[float, float]:
    """How wet the file itself wants a part, reverb and chorus, in dB: its controllers 91 and 93 as they stand at its first
    note, 0 dB being `DEFAULT_REVERB` and a full chorus; -inf for a controller at 0."""
    reverb, chorus = DEFAULT_REVERB, 0
    for event in sorted(part.events, key=lambda event: event.tick):
        if event.kind == "control_change" and len(event.data) == 2 and event.tick <= max(part.start, 0):
            if event.data[0] == REVERB_SEND:
                reverb = int(event.data[1])
            elif event.data[0] == CHORUS_SEND:
                chorus = int(event.data[1])
    decibels = [
        20 * float(np.log10(value / full)) if value else -np.inf
        for value, full in ((reverb, DEFAULT_REVERB), (chorus, 127))
    ]
    return decibels[0], decibels[1]
