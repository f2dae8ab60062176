"""The ledger of active notes: every note we have sounding at a port, so that no note is left hanging.

Whoever sends notes sends them through here. `all_off` ends what sounds, lifts the pedals and lets go of the
wheels; it runs on every way out.
A port that vanishes takes its notes along; what it may still be sounding is ended when it returns (`PortDown`, `PortUp`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from composer.live import midi


class Sender(Protocol):
    """What the ledger needs of an output port."""

    @property
    def name(self) -> str: ...

    def send(self, data: bytes) -> None:
        """Send at once; a port that is away swallows it."""
        ...


Key = tuple[str, int, int]
"""Port, channel, pitch."""


class Ledger:
    """Sounding notes by port, channel and pitch, each with an id: a late note-off never ends its successor."""

    def __init__(self, outputs: Iterable[Sender]) -> None:
        self.outputs = {output.name: output for output in outputs}
        self._sounding: dict[Key, int] = {}
        self._moved: dict[tuple[str, int, int], bytes] = {}
        """(port, channel, pedal or BEND) that the player holds → the message that lets go of it."""
        self._last_id = 0

    def __len__(self) -> int:
        """Notes sounding now."""
        return len(self._sounding)

    def note_on(self, port: str, channel: int, pitch: int, velocity: int) -> int:
        """Strike a note, ending it first where it sounds already; returns its id."""
        output, key = self.outputs[port], (port, channel, pitch)
        if key in self._sounding:
            output.send(midi.note_off(channel, pitch))
        self._last_id += 1
        self._sounding[key] = self._last_id
        output.send(midi.note_on(channel, pitch, velocity))
        return self._last_id

    def note_off(self, port: str, channel: int, pitch: int, note: int | None = None) -> bool:
        """End a note, if it is still the one with that id; returns whether it was."""
        key = (port, channel, pitch)
        if key not in self._sounding or (note is not None and self._sounding[key] != note):
            return False
        del self._sounding[key]
        self.outputs[port].send(midi.note_off(channel, pitch))
        return True

    def is_sounding(self, port: str, channel: int, pitch: int, note: int) -> bool:
        """Whether a note is still the one with that id."""
        return self._sounding.get((port, channel, pitch)) == note

    def pass_on(self, port: str, data: bytes) -> None:
        """Send any message, keeping the books: notes and pedals are entered, the rest just goes."""
        channel = data[0] & 0x0F
        if midi.is_note_on(data):
            self.note_on(port, channel, data[1], data[2])
        elif midi.is_note_off(data):
            self.note_off(port, channel, data[1])
        else:
            self._enter(port, channel, data)
            self.outputs[port].send(data)

    def _enter(self, port: str, channel: int, data: bytes) -> None:
        """Keep in mind what stays as it is until it is moved back: pedals and the pitch wheel."""
        moved = midi.moved(data)
        if moved is None:
            return
        what, held, back = moved
        if held:
            self._moved[port, channel, what] = back
        else:
            self._moved.pop((port, channel, what), None)

    def _let_go(self, moved: Iterable[tuple[str, int, int]]) -> None:
        for key in list(moved):
            self.outputs[key[0]].send(self._moved.pop(key))

    def end_channel(self, port: str, channel: int) -> None:
        """End one channel's notes, lift its pedals and let go of its wheel."""
        for _, _, pitch in [key for key in self._sounding if key[:2] == (port, channel)]:
            self.note_off(port, channel, pitch)
        self._let_go(key for key in self._moved if key[:2] == (port, channel))

    def all_off(self) -> int:
        """End every sounding note, lift every pedal, let go of every wheel; returns how many notes that were."""
        ended = len(self._sounding)
        for port, channel, pitch in list(self._sounding):
            self.note_off(port, channel, pitch)
        self._let_go(self._moved)
        return ended

    def panic(self) -> int:
        """`all_off`, then silence on all 16 channels of every port, whoever made the sound."""
        ended = self.all_off()
        for port in self.outputs:
            self.silence(port)
        return ended

    def silence(self, port: str) -> None:
        """All sound off, pedals up and all notes off on every channel of a port: for a panic, and for one that came back."""
        for channel in range(16):
            for controller in (*midi.PEDALS, midi.NOTES_OFF, midi.SOUND_OFF):
                self.outputs[port].send(midi.control(channel, controller, 0))

    def forget(self, port: str) -> int:
        """A port has gone: strike its notes off the books; returns how many sounded there."""
        gone = [key for key in self._sounding if key[0] == port]
        for key in gone:
            del self._sounding[key]
        self._moved = {key: back for key, back in self._moved.items() if key[0] != port}
        return len(gone)
