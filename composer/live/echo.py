"""The band's own notes coming back on an input — through a keyboard's thru, a loop, a DAW — told from the player's."""

from __future__ import annotations

from collections import deque

from composer.live import midi

WINDOW_S = 0.08
"""How long after it was sent a note may come back as an echo."""


class EchoFilter:
    """Remembers what was sent lately. Each sent note excuses one note that comes back; so does its end."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int, int]] = deque()
        self._echoing: set[tuple[str, int, int]] = set()
        self.count = 0

    def sent(self, pitch: int, velocity: int, now_s: float) -> None:
        """A note went out, on whatever channel: loops may change channels, never pitch and velocity."""
        self._sent.append((now_s, pitch, velocity))
        while self._sent and self._sent[0][0] < now_s - WINDOW_S:
            self._sent.popleft()

    def is_echo(self, port: str, data: bytes, now_s: float) -> bool:
        """Whether a message is our own coming back."""
        if midi.is_note_on(data):
            for each in self._sent:
                if each[1] == data[1] and each[2] == data[2] and 0 <= now_s - each[0] <= WINDOW_S:
                    self._sent.remove(each)
                    self._echoing.add((port, data[0] & 15, data[1]))
                    self.count += 1
                    return True
        elif midi.is_note_off(data):
            key = (port, data[0] & 15, data[1])
            if key in self._echoing:
                self._echoing.discard(key)
                return True
        return False
