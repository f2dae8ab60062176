"""Our own notes coming back on an input — through a keyboard's thru, a loop, a DAW — told from the player's."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from composer.live import midi

WINDOW_S = 0.08
"""How long after it was sent a note may come back as an echo."""
LOOP_NOTES, LOOP_S = 4, 2.0
"""So many of the band's notes back within so long are a loop, and no coincidence."""

Key = tuple[str, int, int]
"""Port, channel, pitch."""


@dataclass
class _Sent:
    """A note that went out; `key` is the player's that it came from, None for the band's."""

    at_s: float
    pitch: int
    velocity: int
    key: Key | None
    released: bool = False
    """Whether the player has let go of it since."""


class EchoFilter:
    """Remembers what was sent lately. Each sent note excuses one note that comes back; so does its end.

    A player's own note that was passed through may come back, too; but the same key, let go of and struck again, is the
    player repeating the note, as long as its input is not known to return what we send.
    """

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._echoing: set[Key] = set()
        self._returned: dict[str, deque[float]] = {}
        """Input → when the band's last notes came back on it."""
        self.count = 0

    def sent(self, pitch: int, velocity: int, now_s: float, key: Key | None = None) -> None:
        """A note went out, on whatever channel: loops may change channels, never pitch and velocity. `key` where a player struck it."""
        self._sent.append(_Sent(now_s, pitch, velocity, key))
        while self._sent and self._sent[0].at_s < now_s - WINDOW_S:
            self._sent.popleft()

    def is_echo(self, port: str, data: bytes, now_s: float) -> bool:
        """Whether a message is our own coming back."""
        key = port, data[0] & 15, data[1]
        if midi.is_note_on(data):
            for each in self._sent:
                if (each.pitch, each.velocity) == (data[1], data[2]) and 0 <= now_s - each.at_s <= WINDOW_S:
                    if each.key == key and each.released and not self._is_loop(port, now_s):
                        continue
                    self._sent.remove(each)
                    self._echoing.add(key)
                    self.count += 1
                    if each.key is None:
                        self._returned.setdefault(port, deque(maxlen=LOOP_NOTES)).append(now_s)
                    return True
        elif midi.is_note_off(data):
            if key in self._echoing:
                self._echoing.discard(key)
                return True
            for each in self._sent:
                each.released |= each.key == key
        return False

    def _is_loop(self, port: str, now_s: float) -> bool:
        times = self._returned.get(port)
        return times is not None and len(times) == LOOP_NOTES and now_s - times[0] <= LOOP_S
