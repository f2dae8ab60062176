"""What an engine is connected to: ports, lanes, and the helpers beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from composer.live.ledger import Sender
from composer.live.plan import Planner
from composer.live.player_file import FilePlayer
from composer.live.recorder import Recorder


@dataclass(frozen=True)
class Line:
    """Where a part goes: a port and a channel counted from 0."""

    port: str
    channel: int


@dataclass
class Wiring:
    """A jam's connections."""

    inputs: tuple[str, ...]
    outputs: Sequence[Sender]
    lines: Mapping[str, tuple[Line, ...]]
    """Part, "player" (thru) or "click" → where it sounds."""
    start_planner: Callable[[], Planner]
    recorder: Recorder | None = None
    players: tuple[FilePlayer, ...] = ()
    input_latency_s: Mapping[str, float] = field(default_factory=dict)
    output_latency_s: float = 0.0
