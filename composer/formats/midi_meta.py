"""Meta events ↔ values: (kind, data), named and ordered as mido has them. ValueError where the bytes make no sense."""

from __future__ import annotations

import math

Values = tuple[int | str | bytes, ...]

TEXTS = {
    0x01: "text",
    0x02: "copyright",
    0x03: "track_name",
    0x04: "instrument_name",
    0x05: "lyrics",
    0x06: "marker",
    0x07: "cue_marker",
    0x08: "program_name",
    0x09: "device_name",
}
TEXT_TYPES = {kind: code for code, kind in TEXTS.items()}
END_OF_TRACK = 0x2F

_MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")
KEYS: dict[str, tuple[int, int]] = {
    name: (sharps, mode) for mode, names in enumerate((_MAJOR, _MINOR)) for sharps, name in enumerate(names, -7)
}
"""Key signature as MIDI spells it → (sharps, or flats as negative; 1 for minor)."""
_KEY_NAMES = {value: name for name, value in KEYS.items()}

LARGEST_DENOMINATOR = 64


def text(data: bytes) -> str:
    """UTF-8 where it is that, else Latin-1: what files of any age use."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode(code: int, data: bytes) -> tuple[str, Values]:
    """The kind and values of a meta event; one we do not know is ("unknown_meta", (code, bytes))."""
    if code in TEXTS:
        return TEXTS[code], (text(data),)
    if code == 0x51:
        if len(data) != 3:
            raise ValueError(f"tempo of {len(data)} bytes")
        return "set_tempo", (int.from_bytes(data, "big"),)
    if code == 0x58:
        if len(data) < 2:
            raise ValueError(f"metre of {len(data)} bytes")
        numerator, power = data[0], data[1]
        if numerator == 0 or 2**power > LARGEST_DENOMINATOR:
            raise ValueError(f"metre {numerator}/2^{power}")
        clicks, thirty_seconds = (*data[2:4], 24, 8)[:2] if len(data) >= 4 else (24, 8)
        return "time_signature", (numerator, 2**power, clicks, thirty_seconds)
    if code == 0x59:
        sharps = data[0] - 256 if data and data[0] > 127 else data[0] if data else 99
        mode = data[1] if len(data) > 1 else 0
        if (sharps, mode) not in _KEY_NAMES:
            raise ValueError(f"key signature of {sharps} sharps, mode {mode}")
        return "key_signature", (_KEY_NAMES[sharps, mode],)
    if code == 0x00 and len(data) == 2:
        return "sequence_number", (int.from_bytes(data, "big"),)
    if code == 0x20 and len(data) == 1:
        return "channel_prefix", (data[0],)
    if code == 0x21 and len(data) == 1:
        return "midi_port", (data[0],)
    if code == 0x7F:
        return "sequencer_specific", (data,)
    # smpte_offset (0x54) too is kept as its bytes: it says where on a tape the piece begins and moves no note.
    return "unknown_meta", (code, data)


def encode(kind: str, data: Values) -> tuple[int, bytes]:
    """The inverse of `decode`: meta type and bytes. Raises ValueError for a kind that is no meta event."""
    if kind in TEXT_TYPES:
        return TEXT_TYPES[kind], str(data[0]).encode("utf-8", "replace")
    if kind in ("sequencer_specific", "unknown_meta"):
        code, raw = (0x7F, data[0]) if kind == "sequencer_specific" else (_number(data[0]), data[1])
        if not isinstance(raw, bytes):
            raise ValueError(f"{kind} needs bytes, got {raw!r}")
        return code, raw
    if kind == "key_signature":
        if data[0] not in KEYS:
            raise ValueError(f"key signature {data[0]!r}; MIDI has {', '.join(KEYS)}")
        sharps, mode = KEYS[str(data[0])]
        return 0x59, bytes([sharps % 256, mode])
    if kind == "set_tempo":
        return 0x51, _number(data[0]).to_bytes(3, "big")
    if kind == "time_signature":
        numerator, denominator, clicks, thirty_seconds = (_number(value) for value in data)
        return 0x58, bytes([numerator, int(math.log2(denominator)), clicks, thirty_seconds])
    if kind == "sequence_number":
        return 0x00, _number(data[0]).to_bytes(2, "big")
    if kind == "channel_prefix":
        return 0x20, bytes([_number(data[0])])
    if kind == "midi_port":
        return 0x21, bytes([_number(data[0])])
    raise ValueError(f"{kind!r} is no event of a MIDI file")


def _number(value: int | str | bytes) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected a number, got {value!r}")
    return value
