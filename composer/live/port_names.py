"""What a port is called, and what every port is: values and protocols for whoever opens, makes or uses one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from composer.errors import InputError

KINDS = ("virtual", "tcp", "file", "synth")
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
            if not address_colon or not number.isdecimal() or not 0 < int(number) < 65536:
                raise InputError(
                    f"port {text!r}: write tcp:HOST:PORT with a port in 1..65535, as in {_EXAMPLES['tcp']}"
                )
        return cls(head, rest, text.strip())

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of a tcp name."""
        host, _, number = self.value.rpartition(":")
        return host.strip("[]") or "127.0.0.1", int(number)

    @property
    def sound_file(self) -> Path | None:
        """The WAV that synth:file:PATH writes."""
        driver, _, path = self.value.partition(":")
        return Path(path) if self.kind == "synth" and driver == "file" and path else None


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
