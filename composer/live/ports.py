"""Ports by name: one way to call them everywhere.

    NAME             a system port, by its name or an unmistakable piece of it
    virtual:NAME     a port that we make, for other programs to connect to
    tcp:HOST:PORT    MIDI over TCP, as mido's socket ports speak it: to who listens there, else listening there ourselves
    file:PATH        as an input: a music file that plays itself
    synth[:DRIVER]   as an output: our own renderer, through an audio driver, or into a file with synth:file:PATH.wav

Opening gives objects with a `name`; inputs put `Heard` into the inbox, outputs `send` bytes. Both tell of their own comings and
goings with `PortUp` and `PortDown`, and go on looking for what they lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from composer.errors import InputError
from composer.live.port_names import OutputPort, Port, PortName, Post

if TYPE_CHECKING:
    from composer.live.synth_sound import Seat

P = TypeVar("P")


class Ports:
    """Opens ports and closes them all, whatever happens. One TCP address is one link, for both directions."""

    def __init__(self, post: Post, soundfont: str | None = None) -> None:
        self._post, self._soundfont = post, soundfont
        self._open: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> Ports:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every port; safe to call twice."""
        while self._open:
            self._open.popitem()[1].close()

    def input(self, name: PortName) -> Port:
        """A port to hear; a file is opened by `file_player` instead. Raises InputError."""
        if name.kind == "tcp":
            return self._tcp(name)
        if name.kind == "synth":
            raise InputError("synth is an output; give --input a port, see composer ports")
        return self._opened(("in", name.text), lambda: _system_input(name, self._post))

    def output(self, name: PortName, seats: Mapping[int, Seat] | None = None, style: str | None = None) -> OutputPort:
        """A port to play to; seats and style are for our own renderer, see `synth_port`. Raises InputError."""
        if name.kind == "tcp":
            return self._tcp(name)
        if name.kind == "file":
            raise InputError(f"{name.text}: a file is an input here; to keep the jam, use --record {name.value}")
        if name.kind == "synth":
            return self._opened(("out", name.text), lambda: _synth(name, self._post, self._soundfont, seats, style))
        return self._opened(("out", name.text), lambda: _system_output(name, self._post))

    def _tcp(self, name: PortName) -> OutputPort:
        from composer.live.tcp import TcpLink

        return self._opened(("tcp", name.text), lambda: TcpLink(name, self._post))

    def _opened(self, key: tuple[str, str], make: Callable[[], P]) -> P:
        if key not in self._open:
            self._open[key] = make()
        port: P = self._open[key]
        return port


def _system_input(name: PortName, post: Post) -> Port:
    from composer.live.system_ports import SystemInput

    return SystemInput(name, post)


def _system_output(name: PortName, post: Post) -> OutputPort:
    from composer.live.system_ports import SystemOutput

    return SystemOutput(name, post)


def _synth(
    name: PortName, post: Post, soundfont: str | None, seats: Mapping[int, Seat] | None, style: str | None
) -> OutputPort:
    from composer.live.synth_port import SynthPort

    return SynthPort(name, post, soundfont, seats, style)
