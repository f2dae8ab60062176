"""Score → MIDI bytes: type 1, a conductor's track first, then a track a part. Read back, they give the same score."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from composer.errors import ScoreError
from composer.formats import chord_marks, midi_meta
from composer.formats.midi_read import ROLE_TAG, WHOLE_TAG
from composer.gm import DRUM_CHANNEL
from composer.score import Event, Part, Score

_CHANNEL_STATUS = {
    "polytouch": 0xA0,
    "control_change": 0xB0,
    "program_change": 0xC0,
    "aftertouch": 0xD0,
    "pitchwheel": 0xE0,
}
_SYSEX_STATUS = {"sysex": 0xF0, "sysex_begin": 0xF0, "escape": 0xF7}
_NOT_EVENTS = ("set_tempo", "time_signature", "note_on", "note_off", "end_of_track", "midi_port", "channel_prefix")
_BANK_SELECT = (0, 32)
_PITCHED_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
_LONGEST_DELTA = 0x0FFF_0000 - 1

# Order within one tick: endings, then everything else, then beginnings.
_ENDS, _EVENTS, _BEGINS = 0, 1, 2
_Timed = tuple[int, int, bytes]
"""Tick, order within the tick, message."""


def channel_plan(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """(port, channel) for each part: drums on channel 10, the others each on their own; every fifteen fill a port.

    Channels are counted from 0. Players without ports will let such parts share channels.
    """
    plan, pitched = [], 0
    for part in parts:
        if part.is_drum:
            plan.append((0, DRUM_CHANNEL))
        else:
            plan.append((pitched // len(_PITCHED_CHANNELS), _PITCHED_CHANNELS[pitched % len(_PITCHED_CHANNELS)]))
            pitched += 1
    return plan


def midi_bytes(score: Score) -> bytes:
    """The whole file. Raises ScoreError for what a MIDI file cannot hold.

    Two notes of one part that share a pitch, one inside the other, come back with their ends exchanged: MIDI cannot
    tell which of them a note-off means.
    """
    if score.ticks_per_beat > 0x7FFF:
        raise ScoreError(
            f"{score.ticks_per_beat} ticks a beat are more than a MIDI file holds (32767); quantise the score first"
        )
    tracks = [_conductor(score), *_chord_track(score)]
    for part, (port, channel) in zip(score.parts, channel_plan(score.parts), strict=True):
        tracks.append(_part(part, port, channel))
    header = struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), score.ticks_per_beat)
    return header + b"".join(_chunk(track) for track in tracks)


def _conductor(score: Score) -> list[_Timed]:
    track: list[_Timed] = []
    if score.title:
        track.append((0, _EVENTS, _meta("track_name", (score.title,))))
    track += [(tick, _EVENTS, _meta("set_tempo", (tempo_us,))) for tick, tempo_us in score.tempo.changes]
    track += [
        (tick, _EVENTS, _meta("time_signature", (numerator, denominator, _click(numerator, denominator), 8)))
        for tick, numerator, denominator in score.meter.changes
    ]
    if score.meter.starts_whole:
        track.append((0, _EVENTS, _meta("sequencer_specific", (WHOLE_TAG,))))
    marks = [event for event in score.events if event.kind == "key_signature"]
    if score.key and score.key not in midi_meta.KEYS:
        raise ScoreError(f"no key signature {score.key!r}; MIDI has {', '.join(midi_meta.KEYS)}")
    if score.key and not (marks and marks[0].data == (score.key,)):
        track.append((0, _EVENTS, _meta("key_signature", (score.key,))))
    if _chords_as_markers(score):
        track += [(tick, _EVENTS, _meta("marker", (symbol,))) for tick, symbol in score.chords]
    for event in score.events:
        if event.kind in _CHANNEL_STATUS:
            raise ScoreError(f"a {event.kind} at tick {event.tick} needs a channel; keep it in a part's events")
        track.append((event.tick, _EVENTS, _message(event, 0)))
    return track


def _click(numerator: int, denominator: int) -> int:
    """MIDI clocks (24 a quarter note) between metronome clicks: a beat, dotted in compound metres."""
    unit = 96 // denominator
    return max(1, unit * 3 if denominator >= 8 and numerator % 3 == 0 and numerator >= 6 else unit)


def _chords_as_markers(score: Score) -> bool:
    """Whether the reader, given chords and the score's own markers together, would find these chords again."""
    markers = [Event(tick, "marker", (symbol,)) for tick, symbol in score.chords]
    chords, rest = chord_marks.take_markers([*markers, *score.events])
    return bool(score.chords) and chords == score.chords and rest == score.events


def _chord_track(score: Score) -> list[list[_Timed]]:
    """Chords that would look like rehearsal letters among the markers go to a track of their own."""
    if not score.chords or _chords_as_markers(score):
        return []
    track = [(0, _EVENTS, _meta("track_name", ("Chords",)))]
    return [track + [(tick, _EVENTS, _meta("text", (symbol,))) for tick, symbol in score.chords]]


def _part(part: Part, port: int, channel: int) -> list[_Timed]:
    track: list[_Timed] = []
    if part.name:
        track.append((0, _EVENTS, _meta("track_name", (part.name,))))
    if part.role or not len(part):
        # Tagged, so that the reader keeps a part that plays nothing.
        track.append((0, _EVENTS, _meta("sequencer_specific", (ROLE_TAG + part.role.encode(),))))
    if port:
        track.append((0, _EVENTS, _meta("midi_port", (port,))))
    for event in _with_program(part):
        track.append((event.tick, _EVENTS, _message(event, channel)))
    begin, end = 0x90 | channel, 0x80 | channel
    for onset, duration, pitch, velocity in part.notes.tolist():
        on, off = bytes((begin, pitch, velocity)), bytes((end, pitch, 64))
        if duration:
            track.append((onset, _BEGINS, on))
            track.append((onset + duration, _ENDS, off))
        else:
            # On and off in one go, so that nothing of this tick comes between.
            track.append((onset, _BEGINS, on + b"\x00" + off))
    return track


def _with_program(part: Part) -> Iterable[Event]:
    """The part's events with its program among them: at the start, but after a bank select that it needs."""
    events = sorted(part.events, key=lambda event: event.tick)
    at = 0
    for index, event in enumerate(events):
        if event.kind == "program_change" or (len(part) and event.tick > part.start):
            break
        if event.kind == "control_change" and event.data[0] in _BANK_SELECT:
            at = index + 1
    tick = events[at - 1].tick if at else 0
    return [*events[:at], Event(tick, "program_change", (part.program,)), *events[at:]]


def _message(event: Event, channel: int) -> bytes:
    if event.kind in _NOT_EVENTS:
        raise ScoreError(f"a {event.kind} at tick {event.tick} is no event; it belongs in notes, tempo or metre")
    try:
        if event.kind in _CHANNEL_STATUS:
            values = [int(value) for value in event.data]
            if event.kind == "pitchwheel":
                values = [(values[0] + 8192) & 0x7F, (values[0] + 8192) >> 7]
            if any(not 0 <= value <= 127 for value in values):
                raise ValueError("values must be in range 0..127")
            return bytes((_CHANNEL_STATUS[event.kind] | channel, *values))
        if event.kind in _SYSEX_STATUS:
            body = bytes(event.data[0]) + (b"\xf7" if event.kind == "sysex" else b"")  # type: ignore[arg-type]
            return bytes((_SYSEX_STATUS[event.kind],)) + _varlen(len(body)) + body
        return _meta(event.kind, event.data)
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise ScoreError(f"the {event.kind} at tick {event.tick} cannot be written: {error}") from None


def _meta(kind: str, data: midi_meta.Values) -> bytes:
    code, body = midi_meta.encode(kind, data)
    return bytes((0xFF, code)) + _varlen(len(body)) + body


def _chunk(track: list[_Timed]) -> bytes:
    """Delta times in front, the length before all: stable within a tick, so that order survives."""
    track.sort(key=lambda timed: (timed[0], timed[1]))
    pieces, now = [], 0
    for tick, _, message in track:
        delta = tick - now
        pieces.append(bytes((delta,)) if 0 <= delta < 128 else _varlen(delta))
        pieces.append(message)
        now = tick
    body = b"".join(pieces) + b"\x00\xff\x2f\x00"
    return struct.pack(">4sI", b"MTrk", len(body)) + body


def _varlen(value: int) -> bytes:
    if not 0 <= value <= _LONGEST_DELTA:
        raise ScoreError(f"{value} ticks between two events are more than a MIDI file holds")
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
