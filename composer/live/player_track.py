"""What the recording keeps of the player: what was heard, ended where it was ended, with no note or pedal left down."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from composer.live import midi
from composer.live.held import Held
from composer.live.settings import PLAYER_CHANNEL


class PlayerTrack:
    """All inputs on one track, each with its own book of what it holds down."""

    def __init__(self, inputs: Iterable[str], record: Callable[[float, bytes], None]) -> None:
        """record(beat, message)."""
        self._held = {port: Held() for port in inputs}
        self._record = record

    def hear(self, port: str, data: bytes, beat: float) -> None:
        """Keep a message; the end of what was not kept, or has been ended since, is left out."""
        message = midi.on_channel(data, PLAYER_CHANNEL)
        if self._held.setdefault(port, Held()).hear(message):
            self._record(beat, message)

    def let_go(self, port: str, beat: float) -> None:
        """An input's notes end here, its pedals go up, its wheel is let go."""
        for message in self._held[port].let_go():
            self._record(beat, message)

    def let_all_go(self, beat: float) -> None:
        """The same for every input."""
        for port in self._held:
            self.let_go(port, beat)
