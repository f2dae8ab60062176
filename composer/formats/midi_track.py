"""One MIDI track's bytes → notes and events.

Read here rather than by mido because corpora hold thousands of files (this is some ten times faster) and because old
files hold data bytes over 127, broken lengths and missing ends, where mido gives up and we keep what can be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from composer.formats import midi_meta

NoteRow = tuple[int, int, int, int]
"""Onset, duration, pitch, velocity, as in NOTE_DTYPE."""

NEGATIVE_DELTA = 0x0FFF_0000
"""Deltas from here on are small negative numbers, written by a program that forgot they cannot be."""
LONGEST_WAIT_BEATS = 100_000

_CHANNEL_KINDS = {0xA: "polytouch", 0xB: "control_change", 0xC: "program_change", 0xD: "aftertouch", 0xE: "pitchwheel"}
_SYSTEM_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1}


@dataclass
class RawTrack:
    """What one track holds, by channel. Ticks count from the track's start."""

    notes: dict[int, list[NoteRow]] = field(default_factory=dict)
    events: list[tuple[int, int, str, midi_meta.Values]] = field(default_factory=list)
    """(tick, channel or -1, kind, values), in the file's order."""
    channels: list[int] = field(default_factory=list)
    """Channels that hold notes or messages, in order of appearance."""
    end: int = 0
    problems: list[str] = field(default_factory=list)


class _Damage(Exception):
    """The bytes stop making sense; what was read so far stands."""


def read_track(data: bytes, ticks_per_beat: int) -> RawTrack:
    """Notes paired first in, first out; those that hang are closed at the track's end, and last a quarter note where they begin there.

    Problems are named.
    """
    track = RawTrack()
    reader = _Reader(track, ticks_per_beat)
    try:
        reader.read(data)
    except IndexError:
        track.problems.append("it breaks off in the middle; what comes before is kept")
    except _Damage as damage:
        track.problems.append(f"{damage}; what comes before is kept")
    reader.close()
    return track


class _Reader:
    def __init__(self, track: RawTrack, ticks_per_beat: int) -> None:
        self.track = track
        self.ticks_per_beat, self.longest_wait = ticks_per_beat, LONGEST_WAIT_BEATS * ticks_per_beat
        self.sounding: dict[int, list[tuple[int, int]]] = {}
        self.tick = 0
        self.negative = self.stray = self.clipped = self.system = 0
        self.releases: set[int] = set()
        self.prefix = -1

    def read(self, data: bytes) -> None:
        """The main loop: delta, status, data, until the end of the track. Kept in one piece for speed."""
        track, sounding, all_notes = self.track, self.sounding, self.track.notes
        at, status, tick, size = 0, 0, 0, len(data)
        while at < size:
            delta = data[at]
            at += 1
            if delta & 0x80:
                delta, at = _varlen(data, at - 1)
                if delta >= NEGATIVE_DELTA:
                    self.negative += 1
                    delta = 0
                if delta > self.longest_wait:
                    raise _Damage(f"a delta of {delta} ticks at tick {tick} is longer than any piece")
                tick += delta
                self.tick = tick
            elif delta:
                tick += delta
                self.tick = tick
            byte = data[at]
            if byte & 0x80:
                status = byte if byte < 0xF0 else status
                at += 1
            elif status == 0:
                raise _Damage(f"data without a message at byte {at}")
            else:
                byte = status
            high = byte >> 4
            if high == 9 or high == 8:
                pitch, velocity = data[at], data[at + 1]
                at += 2
                if (pitch | velocity) & 0x80:
                    self.clipped += 1
                    pitch, velocity = min(pitch, 127), min(velocity, 127)
                channel = byte & 15
                if channel not in all_notes:
                    all_notes[channel] = []
                    if channel not in track.channels:
                        track.channels.append(channel)
                key = channel << 7 | pitch
                if high == 9 and velocity:
                    if key in sounding:
                        sounding[key].append((tick, velocity))
                    else:
                        sounding[key] = [(tick, velocity)]
                    continue
                if high == 8 and velocity != 64 and velocity:
                    self.releases.add(velocity)
                waiting = sounding.get(key)
                if waiting:
                    onset, velocity = waiting.pop(0)
                    all_notes[channel].append((onset, tick - onset, pitch, velocity))
                else:
                    self.stray += 1
            elif high < 15:
                at = self._channel_message(data, at, byte, tick)
            elif byte == 0xFF:
                code = data[at]
                length, at = _varlen(data, at + 1)
                if code == midi_meta.END_OF_TRACK:
                    return
                if at + length > size:
                    raise IndexError
                self._meta(code, data[at : at + length], tick)
                at += length
            elif byte in (0xF0, 0xF7):
                length, at = _varlen(data, at)
                if at + length > size:
                    raise IndexError
                self._sysex(byte, data[at : at + length], tick)
                at += length
            else:
                self.system += 1
                at += _SYSTEM_LENGTHS.get(byte, 0)

    def _channel_message(self, data: bytes, at: int, status: int, tick: int) -> int:
        kind = _CHANNEL_KINDS[status >> 4]
        channel = status & 15
        count = 1 if kind in ("program_change", "aftertouch") else 2
        first, second = data[at], data[at + count - 1]
        if (first | second) & 0x80:
            self.clipped += 1
            first, second = min(first, 127), min(second, 127)
        values = ((first | second << 7) - 8192,) if kind == "pitchwheel" else (first, second)[:count]
        if channel not in self.track.channels:
            self.track.channels.append(channel)
        self.track.events.append((tick, channel, kind, values))
        return at + count

    def _meta(self, code: int, data: bytes, tick: int) -> None:
        try:
            kind, values = midi_meta.decode(code, data)
        except ValueError as error:
            self.track.problems.append(f"a {error} at tick {tick} cannot be played and is left out")
            return
        if kind == "channel_prefix":
            # It says which channel the texts after it belong to.
            self.prefix = int(values[0])
        else:
            self.track.events.append((tick, self.prefix if code <= 9 else -1, kind, values))

    def _sysex(self, status: int, data: bytes, tick: int) -> None:
        if status == 0xF7:
            kind = "escape"
        elif data.endswith(b"\xf7"):
            kind, data = "sysex", data[:-1]
        else:
            kind = "sysex_begin"
        self.track.events.append((tick, -1, kind, (data,)))

    def close(self) -> None:
        """End the notes that hang, and put what was noticed into sentences."""
        track, hanging, last = self.track, 0, 0
        track.end = self.tick
        for key, waiting in self.sounding.items():
            for onset, velocity in waiting:
                held = self.tick - onset or self.ticks_per_beat
                track.notes[key >> 7].append((onset, held, key & 127, velocity))
                hanging, last = hanging + (onset < self.tick), last + (onset == self.tick)
                track.end = max(track.end, onset + held)
        for count, one, many in (
            (
                hanging,
                "never ends; it is held to the end of the track",
                "never end; they are held to the end of the track",
            ),
            (
                last,
                "begins at the end of the track and never ends; it is held for a quarter note",
                "begin at the end of the track and never end; they are held for a quarter note",
            ),
            (self.stray, "ends without having begun", "end without having begun"),
        ):
            if count:
                track.problems.append(f"1 note {one}" if count == 1 else f"{count} notes {many}")
        if self.negative:
            track.problems.append(f"it goes back in time {self.negative} times; read as no wait at all")
        if self.clipped:
            track.problems.append(f"{self.clipped} messages have values over 127; read as 127")
        if self.system:
            track.problems.append(f"{self.system} live-only messages (clock, song position) are left out")
        if len(self.releases) > 1:
            track.problems.append("release velocities are not kept")


def _varlen(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number, seven bits a byte, and where it ends."""
    value = 0
    for end in range(at + 1, at + 6):
        byte = data[end - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, end
    raise _Damage(f"a number longer than any at byte {at}")
