"""The damaged MIDI files of the tests, each under its name: bytes, and what reading them must come to."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Malformed:
    """`says`: a pattern for the error's line, or for one of the score's problems; `notes` only where it can be read."""

    data: bytes
    says: str
    notes: int | None = None


def chunk(body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">4sI", b"MTrk", len(body) if length is None else length) + body


def header(tracks: int = 1, kind: int = 1, division: int = 480) -> bytes:
    return struct.pack(">4sIHHH", b"MThd", 6, kind, tracks, division)


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x40"


def varlen(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


def meta(delta: int, code: int, data: bytes) -> bytes:
    return varlen(delta) + bytes((0xFF, code, len(data))) + data


FILES: dict[str, Malformed] = {
    "empty.mid": Malformed(b"", r"is empty \(0 bytes\)"),
    "text.mid": Malformed(b"Dear Sir, this is no music.\n", "is not a MIDI file .it begins with 'Dear Sir"),
    "header-only.mid": Malformed(header(), "has a MIDI header but no track"),
    "broken-header.mid": Malformed(header()[:9], "breaks off inside its header"),
    "zero-ticks-per-beat.mid": Malformed(header(division=0) + chunk(NOTE + END), "0 ticks per quarter note"),
    "impossible-time-code.mid": Malformed(header(division=0x8000) + chunk(NOTE + END), "which is no time code"),
    "truncated-chunk.mid": Malformed(header() + chunk(NOTE * 4 + NOTE[:6], 400), "should be 400 bytes long", 5),
    "truncated-event.mid": Malformed(header() + chunk(NOTE + b"\x00\x90"), "breaks off in the middle", 1),
    "missing-track.mid": Malformed(header(3) + chunk(NOTE + END), "promises 3 tracks, the file holds 1", 1),
    "unknown-chunk.mid": Malformed(
        header() + struct.pack(">4sI", b"XFIH", 4) + b"abcd" + chunk(NOTE + END), "'XFIH' .4 bytes. is left out", 1
    ),
    "hanging-note.mid": Malformed(
        header() + chunk(b"\x00\x90\x3c\x50\x00\x40\x50" + varlen(960) + b"\x80\x3c\x40" + varlen(480) + END[1:]),
        "1 note never ends; it is held to the end",
        2,
    ),
    "hundreds-of-zero-length-notes.mid": Malformed(
        header() + chunk(NOTE + b"\x00\x90\x48\x40\x00\x80\x48\x00" * 500 + END), "", 501
    ),
    "stray-note-offs.mid": Malformed(header() + chunk(b"\x00\x80\x3c\x40" * 3 + NOTE + END), "3 notes end without", 1),
    "negative-delta.mid": Malformed(
        header() + chunk(NOTE + b"\x8f\xff\xff\xff\x7f\x90\x40\x50\x60\x80\x40\x40" + END),
        "it goes back in time 1 times",
        2,
    ),
    "negative-28-bit-delta.mid": Malformed(
        header() + chunk(NOTE + b"\xff\xff\xff\x7f\x90\x40\x50\x60\x80\x40\x40" + END), "it goes back in time", 2
    ),
    "endless-delta.mid": Malformed(
        header() + chunk(NOTE + b"\xff\xff\xff\xff\xff\xff\x7f\x90\x40\x50" + END), "a number longer than any", 1
    ),
    "overlong-delta.mid": Malformed(
        header() + chunk(NOTE + varlen(200_000_000) + NOTE[1:] + END), "longer than any piece", 1
    ),
    "absurdly-fast-tempo.mid": Malformed(header() + chunk(meta(0, 0x51, b"\0\0\1") + NOTE + END), "6e.07 BPM; kept", 1),
    "zero-tempo.mid": Malformed(header() + chunk(meta(0, 0x51, b"\0\0\0") + NOTE + END), "a tempo of 0 at tick 0", 1),
    "short-tempo.mid": Malformed(header() + chunk(meta(0, 0x51, b"\7") + NOTE + END), "tempo of 1 bytes", 1),
    "unsupported-metre.mid": Malformed(
        header() + chunk(meta(0, 0x58, b"\x04\x0c\x18\x08") + NOTE + END), r"metre 4/2\^12 at tick 0", 1
    ),
    "zero-metre.mid": Malformed(header() + chunk(meta(0, 0x58, b"\0\2\x18\x08") + NOTE + END), r"metre 0/2\^2", 1),
    "bad-key-signature.mid": Malformed(
        header() + chunk(meta(0, 0x59, b"\x0b\0") + NOTE + END), "key signature of 11", 1
    ),
    "data-over-127.mid": Malformed(header() + chunk(b"\x00\x90\x3c\xff\x60\x80\x3c\x40" + END), "values over 127", 1),
    "no-status.mid": Malformed(header() + chunk(b"\x00\x3c\x50" + END), "data without a message", 0),
    "two-hundred-tracks.mid": Malformed(header(200) + chunk(NOTE + END) * 200, "", 200),
    "three-hours.mid": Malformed(
        header() + chunk((b"\x00\x90\x3c\x50" + varlen(480) + b"\x80\x3c\x40") * 21_600 + END), "", 21_600
    ),
    "too-many-bars.mid": Malformed(
        header()
        + chunk(meta(0, 0x58, b"\1\6\x18\x08") + b"\x00\x90\x3c\x50" + varlen(480 * 50_000) + b"\x80\x3c\x40" + END),
        "would have 800000 bars",
    ),
    "rubbish-between-tracks.mid": Malformed(
        header(2) + chunk(NOTE + END) + b"\0\1\2\3\4\5\6\7\x08" + chunk(NOTE + END), "bytes between tracks", 2
    ),
}
