"""What a stream of messages holds down — notes, pedals, the pitch wheel — and the messages that let go of it."""

from __future__ import annotations

from composer.live import midi


class Held:
    """Keeps the book of one stream. Let go of in the order in which it was taken."""

    def __init__(self) -> None:
        self._down: dict[tuple[int, int, int], bytes] = {}
        """(note or control, channel, pitch or what is moved) → what lets go of it."""

    def hear(self, message: bytes) -> bool:
        """Enter a message; returns False for the end of what was not held, which says nothing new."""
        found = _what(message)
        if found is None:
            return True
        key, begins, release = found
        if begins:
            self._down[key] = release
            return True
        return self._down.pop(key, None) is not None

    def let_go(self) -> list[bytes]:
        """The messages that end everything; from here on nothing is held."""
        ends = list(self._down.values())
        self._down.clear()
        return ends

    def copy(self) -> Held:
        other = Held()
        other._down = dict(self._down)
        return other


def _what(message: bytes) -> tuple[tuple[int, int, int], bool, bytes] | None:
    """(what is meant, whether it is taken hold of, what lets go of it); None for a message that holds nothing."""
    channel = message[0] & 0x0F
    if midi.is_note_on(message) or midi.is_note_off(message):
        pitch = message[1]
        return (midi.NOTE_ON, channel, pitch), midi.is_note_on(message), midi.note_off(channel, pitch)
    moved = midi.moved(message)
    return None if moved is None else ((midi.CONTROL, channel, moved[0]), *moved[1:])
