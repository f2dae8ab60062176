"""What can arrive in the inbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Heard:
    """A MIDI message from an input, and when it came."""

    port: str
    data: bytes
    time_s: float


@dataclass(frozen=True)
class PortUp:
    """A port is there: for the first time, or again."""

    port: str
    why: str = ""


@dataclass(frozen=True)
class PortDown:
    """A port has vanished; its owner keeps looking for it."""

    port: str
    why: str


@dataclass(frozen=True)
class PeerLeft:
    """One of several who are connected to a port has gone; the port is there for the others."""

    port: str
    why: str


@dataclass(frozen=True)
class Command:
    """A wish from the keyboard, the control surface or the command line."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GeneratorLost:
    """The generator's process has ended on its own."""

    why: str
    hopeless: bool = False
    """A mistake that starting it again will not mend."""
