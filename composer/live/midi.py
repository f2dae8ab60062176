"""MIDI messages as the bytes they are: the few kinds a jam sends and hears. Channels are counted from 0."""

from __future__ import annotations

from collections.abc import Iterator

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = range(0x80, 0xF0, 0x10)
SUSTAIN, VOLUME, SOUND_OFF, RESET_CONTROLS, NOTES_OFF = 64, 7, 120, 121, 123
SONG_POSITION, CLOCK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
PEDALS = SUSTAIN, 66, 69
"""Sustain, sostenuto, hold 2: with one of them down, a note that was ended goes on."""
CENTRE = bytes((0, 64))
"""The pitch wheel let go."""
UNDEFINED = 0xF9, 0xFD
CLOCKS_PER_BEAT = 24
SIXTEENTHS_PER_BEAT = 4
"""MIDI's song position counts sixteenth notes."""


class Reader:
    """Bytes as they come down a wire → whole messages: running status, and a clock that ticks between a message's bytes, are
    understood; system exclusive, and what MIDI does not define, is left out."""

    def __init__(self) -> None:
        self._status, self._data = 0, bytearray()

    def read(self, data: bytes) -> Iterator[bytes]:
        """The messages that these bytes complete."""
        for byte in data:
            if byte >= CLOCK:
                if byte not in UNDEFINED:
                    yield bytes((byte,))
            elif byte >= NOTE_OFF:
                self._status = byte
                self._data.clear()
            elif wanted := _data_bytes(self._status):
                self._data.append(byte)
                if len(self._data) == wanted:
                    yield bytes((self._status, *self._data))
                    self._data.clear()
                    self._status = self._status if self._status < 0xF0 else 0


def _data_bytes(status: int) -> int:
    """How many follow a status byte; 0 where whatever follows is not ours."""
    if status >= 0xF0:
        return {0xF1: 1, SONG_POSITION: 2, 0xF3: 1}.get(status, 0)
    return 0 if status < NOTE_OFF else 1 if status & 0xF0 in (PROGRAM, PRESSURE) else 2


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    return bytes((NOTE_ON | channel, pitch, velocity))


def note_off(channel: int, pitch: int) -> bytes:
    return bytes((NOTE_OFF | channel, pitch, 64))


def control(channel: int, controller: int, value: int) -> bytes:
    return bytes((CONTROL | channel, controller, value))


def program(channel: int, number: int) -> bytes:
    return bytes((PROGRAM | channel, number))


def song_position(beats: float) -> bytes:
    """The place to go on from, to the sixteenth note; MIDI can name the first 4096 beats."""
    sixteenths = max(0, min(0x3FFF, round(beats * SIXTEENTHS_PER_BEAT)))
    return bytes((SONG_POSITION, sixteenths & 0x7F, sixteenths >> 7))


def is_note_on(data: bytes) -> bool:
    """A note-on with velocity 0 is a note-off."""
    return len(data) == 3 and data[0] & 0xF0 == NOTE_ON and data[2] > 0


def is_note_off(data: bytes) -> bool:
    return len(data) == 3 and (data[0] & 0xF0 == NOTE_OFF or (data[0] & 0xF0 == NOTE_ON and data[2] == 0))


def is_control(data: bytes, controller: int) -> bool:
    return len(data) == 3 and data[0] & 0xF0 == CONTROL and data[1] == controller


def moved(data: bytes) -> tuple[int, bool, bytes] | None:
    """What stays as it is until it is moved back: (pedal or BEND, whether it is away from rest, the message that puts it back)."""
    channel = data[0] & 0x0F
    if data[0] & 0xF0 == CONTROL and data[1] in PEDALS:
        return data[1], data[2] > 0, control(channel, data[1], 0)
    if data[0] & 0xF0 == BEND:
        return BEND, data[1:] != CENTRE, bytes((BEND | channel,)) + CENTRE
    return None


def on_channel(data: bytes, channel: int) -> bytes:
    """A channel message moved to another channel; others as they are."""
    return bytes((data[0] & 0xF0 | channel,)) + data[1:] if 0x80 <= data[0] < 0xF0 else data
