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

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from composer.errors import InputError

if TYPE_CHECKING:
    from composer.live.synth_sound import Seat

KINDS = ("virtual", "tcp", "file", "synth")
P = TypeVar("P")
Post = Callable[[Any], None]
"""Where a port puts its items: `Inbox.put`."""


@dataclass(frozen=True)
class PortName:
    """A port's name, taken apart: kind is "system" or one of KINDS."""

    kind: str
    value: str
    text: str
    """As the user wrote it, and as everything calls the port."""

    @classmethod
    def parse(cls, text: str) -> PortName:
        """Raises InputError where a name cannot be one."""
        head, colon, rest = text.strip().partition(":")
        if text.strip() == "synth":
            return cls("synth", "", "synth")
        if not colon or head not in KINDS:
            if not text.strip():
                raise InputError("a port needs a name; composer ports lists them")
            return cls("system", text.strip(), text.strip())
        if not rest:
            raise InputError(f"port {text!r}: a name must follow {head}:, as in {_EXAMPLES[head]}")
        if head == "tcp":
            _, address_colon, number = rest.rpartition(":")
            if not address_colon or not number.isdigit() or not 0 < int(number) < 65536:
                raise InputError(
                    f"port {text!r}: write tcp:HOST:PORT with a port in 1..65535, as in {_EXAMPLES['tcp']}"
                )
        return cls(head, rest, text.strip())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of a tcp name."""
        host, _, number = self.value.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(number)


_EXAMPLES = {
    "virtual": "virtual:Band",
    "tcp": "tcp:127.0.0.1:9080",
    "file": "file:seed.mid",
    "synth": "synth:jack",
}


class Port(Protocol):
    """What every open port has."""

    @property
    def name(self) -> str: ...

    def close(self) -> None: ...


class OutputPort(Port, Protocol):
    """A port that takes messages. `send` never waits: what cannot go now is lost, and said."""

    def send(self, data: bytes) -> None: ...


def choose(wanted: str, names: Sequence[str], what: str) -> str:
    """The one of `names` that is meant: the same, else the only one containing `wanted`. Raises InputError with what there is."""
    if wanted in names:
        return wanted
    found = [name for name in names if wanted.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"several {what} ports are called {wanted!r}: {'; '.join(found)}; give the whole name")
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    if near:
        raise InputError(f"no {what} port called {wanted!r}; did you mean {near[0]!r}?")
    have = (
        f"there are: {'; '.join(names)}" if names else "there is none; a port can also be virtual:NAME or tcp:HOST:PORT"
    )
    raise InputError(f"no {what} port called {wanted!r}; {have}")


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
