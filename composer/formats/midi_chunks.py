"""A MIDI file's outer shell: header, division, and the bytes of each track."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from composer.errors import MusicFileError
from composer.timing import DEFAULT_TEMPO_US


@dataclass(frozen=True)
class Shell:
    """What the header says, and the tracks' bytes."""

    kind: int
    """0: one track, 1: tracks that sound together, 2: patterns on their own."""
    division: int
    """Ticks per quarter note, 0 where the file counts frames of a time code."""
    frames: int
    """Frames a second (24, 25, 29 for 29.97, 30), 0 where the file counts quarter notes."""
    ticks_per_frame: int
    tracks: tuple[bytes, ...]


def read_shell(data: bytes, name: str, problems: list[str]) -> Shell:
    """Header and chunks. Raises MusicFileError, calling the file `name`; lesser trouble is added to `problems`."""
    kind, division, tracks = _chunks(data, name, problems)
    if not division & 0x8000:
        if division == 0:
            raise MusicFileError(f"{name}: says 0 ticks per quarter note, so no note has a time; export it again")
        return Shell(kind, division, 0, 0, tuple(tracks))
    frames, ticks_per_frame = 256 - (division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or not ticks_per_frame:
        raise MusicFileError(
            f"{name}: counts {ticks_per_frame} ticks in each of {frames} frames a second, which is no time code;"
            " export it again with ticks per quarter note"
        )
    return Shell(kind, 0, frames, ticks_per_frame, tuple(tracks))


def metric_division(shell: Shell, marks_us: Iterable[int], problems: list[str]) -> tuple[int, int]:
    """Ticks a beat and tempo under which SMPTE ticks keep their exact time in seconds.

    Such files count frames, not beats; their tempo marks, if any, only say how long a beat is meant to be.
    """
    frames, ticks_per_frame = shell.frames, shell.ticks_per_frame
    rate = (Fraction(30_000, 1001) if frames == 29 else Fraction(frames)) * ticks_per_frame
    marks = list(marks_us)
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
    if not data[at : at + 4].isalnum():
        at = max(data.find(b"MTrk", start + 14), 0) or len(data)
    found: list[bytes] = []
    while at + 8 <= len(data):
        label, length = struct.unpack_from(">4sI", data, at)
        body = at + 8
        if label == b"MTrk":
            end = body + length
            if end > len(data):
                problems.append(
                    f"track {len(found) + 1} should be {length} bytes long, but the file ends after {len(data) - body}"
                )
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
