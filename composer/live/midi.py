"""MIDI messages as the bytes they are: the few kinds a jam sends and hears. Channels are counted from 0."""

from __future__ import annotations

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
SUSTAIN, VOLUME, SOUND_OFF, RESET_CONTROLS, NOTES_OFF = 64, 7, 120, 121, 123
SONG_POSITION, CLOCK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
CLOCKS_PER_BEAT = 24
SIXTEENTHS_PER_BEAT = 4
"""MIDI's song position counts sixteenth notes."""


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


def on_channel(data: bytes, channel: int) -> bytes:
    """A channel message moved to another channel; others as they are."""
    return bytes((data[0] & 0xF0 | channel,)) + data[1:] if 0x80 <= data[0] < 0xF0 else data
