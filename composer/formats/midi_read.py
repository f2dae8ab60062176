"""MIDI bytes → Score: types 0, 1 and 2, any division. What cannot be understood is kept as an event or named in `problems`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from composer.errors import MusicFileError
from composer.formats import chord_marks, midi_meta
from composer.formats.midi_track import RawTrack, read_track
from composer.gm import DRUM_CHANNEL
from composer.score import LAST_TICK, Event, Part, Score, as_notes
from composer.timing import DEFAULT_TEMPO_US, Meter, TempoMap

MOST_BYTES = 32 * 2**20
LONGEST_BEATS = 200_000
"""Where a piece is cut, in quarter notes: a day of music at 140 BPM."""
MOST_BARS = 100_000
MOST_PROBLEMS = 30
ROLE_TAG = b"\x7dcomposer role "
"""How a part's role is kept: a sequencer-specific event of the educational maker's number."""

_PIECE_WIDE = frozenset(("marker", "cue_marker", "copyright", "sequence_number"))
_ODD_TEMPO_BPM = (10.0, 1000.0)


def parse_midi(data: bytes, name: str) -> Score:
    """A whole file's bytes as a score. Raises MusicFileError, calling the file `name`."""
    problems: list[str] = []
    kind, division, chunks = _chunks(data, name, problems)
    frames, ticks_per_frame = 0, 0
    if division & 0x8000:
        frames, ticks_per_frame = 256 - (division >> 8), division & 0xFF
        if frames not in (24, 25, 29, 30) or not ticks_per_frame:
            raise MusicFileError(
                f"{name}: counts {ticks_per_frame} ticks in each of {frames} frames a second, which is no time code;"
                " export it again with ticks per quarter note"
            )
    elif division == 0:
        raise MusicFileError(f"{name}: says 0 ticks per quarter note, so no note has a time; export it again")
    tracks = [read_track(chunk, division or 500) for chunk in chunks]
    for number, track in enumerate(tracks, 1):
        problems += [f"track {number} {problem}" for problem in track.problems]
    if frames:
        ticks_per_beat, tempo_us = _metric(frames, ticks_per_frame, tracks, problems)
    else:
        ticks_per_beat, tempo_us = division, 0
    gathered = _Gathered(ticks_per_beat, problems)
    if kind == 2 and len(tracks) > 1:
        problems.append(f"type 2 file: its {len(tracks)} patterns are laid one after another")
    offset = 0
    for number, track in enumerate(tracks):
        if kind == 2 and number:
            offset = gathered.begin_pattern(offset)
        gathered.add(track, offset, conductor=number == 0 or kind == 2, single=kind == 0 or len(tracks) == 1)
    return gathered.score(tempo_us, name)


def _chunks(data: bytes, name: str, problems: list[str]) -> tuple[int, int, list[bytes]]:
    """Type, division and the track chunks' bytes."""
    start = data.find(b"MThd", 0, 1024)
    if start < 0:
        begins = data[:12].decode("latin-1").encode("ascii", "backslashreplace").decode()
        raise MusicFileError(
            f"{name}: is not a MIDI file (it begins with {begins!r}); give a file exported as MIDI, MusicXML or ABC"
        )
    if len(data) < start + 14:
        raise MusicFileError(f"{name}: breaks off inside its header ({len(data)} bytes); download or export it again")
    if start and data[:4] != b"RIFF":
        problems.append(f"{start} bytes before the MIDI header are skipped")
    length, kind, count, division = struct.unpack_from(">IHHH", data, start + 4)
    if kind > 2:
        problems.append(f"MIDI type {kind} is unknown; read as type 1")
        kind = 1
    at = start + 8 + max(length, 6)
    if data[at : at + 4] != b"MTrk":
        at = max(data.find(b"MTrk", start + 14), 0) or len(data)
    found: list[bytes] = []
    while at + 8 <= len(data):
        label, length = struct.unpack_from(">4sI", data, at)
        body = at + 8
        if label == b"MTrk":
            end = body + length
            if end > len(data):
                problems.append(f"track {len(found) + 1} should be {length} bytes long, but the file ends after {len(data) - body}")
            found.append(data[body:end])
        elif not label.isalnum():
            following = data.find(b"MTrk", at)
            if following < 0:
                problems.append(f"{len(data) - at} bytes after the last track are left out")
                break
            problems.append(f"{following - at} bytes between tracks make no sense and are skipped")
            at = following
            continue
        else:
            problems.append(f"a chunk of kind {label.decode('latin-1')!r} ({length} bytes) is left out")
        at = body + length
    if not found:
        raise MusicFileError(f"{name}: has a MIDI header but no track; download or export it again")
    if len(found) < count:
        problems.append(f"the header promises {count} tracks, the file holds {len(found)}")
    return kind, division, found


def _metric(frames: int, ticks_per_frame: int, tracks: Sequence[RawTrack], problems: list[str]) -> tuple[int, int]:
    """Ticks a beat and tempo under which SMPTE ticks keep their exact time in seconds.

    Such files count frames, not beats; their tempo marks, if any, only say how long a beat is meant to be.
    """
    rate = (Fraction(30_000, 1001) if frames == 29 else Fraction(frames)) * ticks_per_frame
    marks = [int(values[0]) for track in tracks for _, _, kind, values in track.events if kind == "set_tempo"]  # type: ignore[arg-type]
    for tempo_us in (*marks[:1], DEFAULT_TEMPO_US, 500_500, 1_000_000):
        ticks_per_beat = rate * tempo_us / 1_000_000
        if ticks_per_beat.denominator == 1 and 1 <= ticks_per_beat <= 0x7FFF:
            break
    problems.append(
        f"time code of {'29.97' if frames == 29 else frames} frames × {ticks_per_frame} ticks is read as"
        f" {ticks_per_beat} ticks a beat at {60e6 / tempo_us:.4g} BPM; every note keeps its time in seconds"
    )
    if any(mark != tempo_us for mark in marks):
        problems.append("its tempo marks have no meaning beside a time code and are left out")
    return int(ticks_per_beat), tempo_us


@dataclass
class _Gathered:
    """What the tracks add up to, before it is a Score."""

    ticks_per_beat: int
    problems: list[str]
    title: str | None = None
    parts: list[Part] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tempos: dict[int, int] = field(default_factory=dict)
    meters: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: dict[tuple[int, str], None] = field(default_factory=dict)
    marked: list[tuple[int, str]] = field(default_factory=list)
    late: int = 0

    @property
    def last_tick(self) -> int:
        return min(LAST_TICK, LONGEST_BEATS * self.ticks_per_beat)

    def begin_pattern(self, start: int) -> int:
        """Where the next pattern of a type-2 file begins: at the bar line after all that came before."""
        end = max((part.end for part in self.parts), default=start)
        meters = Meter(self.ticks_per_beat, tuple((tick, *value) for tick, value in sorted({0: (4, 4), **self.meters}.items())))
        offset = next(bar.start for bar in meters.iter_bars() if bar.start >= end)
        self.tempos[offset], self.meters[offset] = DEFAULT_TEMPO_US, (4, 4)
        return offset

    def add(self, track: RawTrack, offset: int, conductor: bool, single: bool) -> None:
        """One track's contents. A conductor's texts are the piece's; a `single` track's too, since its parts share them."""
        name: str | None = None
        role = ""
        own: dict[int, list[Event]] = {channel: [] for channel in track.channels}
        shared: list[Event] = []
        port_or_piece = own[track.channels[0]] if track.channels and not single else shared
        seen_meters: dict[int, tuple[int, int]] = {}
        for tick, channel, kind, values in track.events:
            tick += offset
            if tick > self.last_tick:
                self.late += 1
            elif kind == "set_tempo":
                if values[0]:
                    self.tempos[tick] = int(values[0])
                else:
                    self.problems.append(f"a tempo of 0 at tick {tick} would never end; left out")
            elif kind == "time_signature":
                self._meter(tick, values, seen_meters)
            elif kind == "key_signature":
                self.keys[tick, str(values[0])] = None
            elif kind == "track_name" and name is None:
                name = str(values[0])
            elif kind == "midi_port":
                continue
            elif kind == "sequencer_specific" and bytes(values[0]).startswith(ROLE_TAG):  # type: ignore[arg-type]
                role = midi_meta.text(bytes(values[0])[len(ROLE_TAG) :])  # type: ignore[arg-type]
            elif kind in _PIECE_WIDE:
                shared.append(Event(tick, kind, values))
            elif channel >= 0 and channel in own:
                own[channel].append(Event(tick, kind, values))
            else:
                port_or_piece.append(Event(tick, kind, values))
        for channel in track.channels:
            part_name = "" if single and len(track.channels) > 1 else name or ""
            events = own[channel]
            if not single and channel == track.channels[0]:
                marked, kept = chord_marks.take_texts(events, part_name)
                self.marked += marked
                events = list(kept)
            self.parts.append(self._part(track.notes.get(channel, []), channel, part_name, role, events, offset))
        if not track.channels:
            marked, kept = chord_marks.take_texts(shared, name or "")
            if name and chord_marks.TRACK_NAMES.match(name) and marked and not kept:
                name = None
            if all(event.kind == "text" for event in shared) or not conductor:
                self.marked += marked
                shared = list(kept)
        if name is not None:
            if single or (conductor and not track.channels and self.title is None):
                self.title = name
            elif not track.channels:
                shared.insert(0, Event(offset, "track_name", (name,)))
        self.events += shared

    def _meter(self, tick: int, values: midi_meta.Values, seen: dict[int, tuple[int, int]]) -> None:
        numerator, denominator, _, thirty_seconds = (int(value) for value in values)
        if thirty_seconds != 8:
            self.problems.append(f"the metre at tick {tick} counts {thirty_seconds} thirty-seconds a beat; read as 8")
        before = self.meters.get(tick)
        if before and before != (numerator, denominator):
            self.problems.append(
                f"two metres at tick {tick}, {before[0]}/{before[1]} and {numerator}/{denominator}; the later one counts"
            )
        self.meters[tick] = numerator, denominator

    def _part(
        self, rows: list[tuple[int, int, int, int]], channel: int, name: str, role: str, events: list[Event], offset: int
    ) -> Part:
        notes = as_notes(rows).copy()
        if offset:
            notes["onset"] += offset
        in_time = notes["onset"].astype("i8") + notes["duration"] <= self.last_tick
        if not in_time.all():
            self.late += int((~in_time).sum())
            notes = notes[in_time]
        first = int(notes["onset"][0]) if len(notes) else LAST_TICK
        program = next((event for event in events if event.kind == "program_change"), None)
        if program is not None and program.tick <= first:
            events.remove(program)
            number = int(program.data[0])
        else:
            number = 0
        return Part(name, notes, number, channel == DRUM_CHANNEL, role, tuple(events))

    def score(self, tempo_us: int, name: str) -> Score:
        """Everything as one value. `tempo_us`, where not 0, replaces the file's own tempo marks (see `_metric`)."""
        if self.late:
            self.problems.append(f"{self.late} notes and events lie after {LONGEST_BEATS} beats and are left out")
        tempos = {0: tempo_us} if tempo_us else {0: DEFAULT_TEMPO_US, **self.tempos}
        tempo = TempoMap(self.ticks_per_beat, tuple(sorted(tempos.items())))
        meter = Meter(self.ticks_per_beat, tuple((tick, *value) for tick, value in sorted({0: (4, 4), **self.meters}.items())))
        for tick, pace_us in tempo.changes:
            if not _ODD_TEMPO_BPM[0] <= 60e6 / pace_us <= _ODD_TEMPO_BPM[1]:
                self.problems.append(f"the tempo at tick {tick} is {60e6 / pace_us:.4g} BPM; kept as it is")
        _check_bars(meter, max((part.end for part in self.parts), default=0), name)
        self.events.sort(key=lambda event: event.tick)
        chords, events = tuple(sorted(self.marked)), tuple(self.events)
        if not chords:
            chords, events = chord_marks.take_markers(events)
        keys = sorted(self.keys, key=lambda mark: mark[0])
        key = keys[0][1] if keys else ""
        marks = tuple(Event(tick, "key_signature", (mark,)) for tick, mark in keys[keys[:1] != [] and keys[0][0] == 0 :])
        events = tuple(sorted((*events, *marks), key=lambda event: event.tick))
        problems = self.problems
        if len(problems) > MOST_PROBLEMS:
            problems = [*problems[:MOST_PROBLEMS], f"and {len(problems) - MOST_PROBLEMS} more of the kind"]
        return Score(tuple(self.parts), tempo, meter, self.title or "", key, chords, events, tuple(problems))


def _check_bars(meter: Meter, end: int, name: str) -> None:
    """Raises MusicFileError where a metre cuts the piece into more bars than anything here should walk through."""
    bars = 0.0
    for (tick, numerator, denominator), following in zip(meter.changes, (*meter.changes[1:], (end, 0, 0)), strict=True):
        bars += max(0, min(following[0], end) - tick) / max(1.0, numerator * 4 * meter.ticks_per_beat / denominator)
    if bars > MOST_BARS:
        raise MusicFileError(f"{name}: would have {bars:.0f} bars; check its metre and its last notes, or cut it")
