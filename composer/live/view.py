"""What a screen, a log or a control surface may know about a jam at one moment: a plain value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class PartView:
    """One player of the band."""

    name: str
    sounding: int
    """Notes sounding now."""
    loud: float
    """How hard it last struck, 0..1, fading."""
    next_notes: int
    """Notes planned for the next bar."""
    next_range: str
    """From which note to which, "" for drums or none."""
    muted: bool
    soloed: bool
    density: int
    """1..5, 0 as the band likes."""
    level: float


@dataclass(frozen=True)
class JamView:
    """Everything worth showing."""

    state: str = "waiting"
    """waiting, counting in, playing, stopped"""
    bar: int = 0
    """Counted from 0; negative in the count-in."""
    beat: int = 0
    """Counted from 0 within the bar."""
    beats: int = 4
    bpm: float = 120.0
    tempo_from: str = "given"
    chord: str = ""
    chords: tuple[str, ...] = ()
    """Of this bar, one a beat."""
    next_chords: tuple[str, ...] = ()
    key: str = ""
    mode: str = "accompany"
    says: str = ""
    """What the band is doing, in words."""
    style: str = ""
    strength: float = 1.0
    parts: tuple[PartView, ...] = ()
    player_loud: float = 0.0
    planned: int = 0
    missed: int = 0
    late: int = 0
    """Notes sent more than 5 ms after their time."""
    worst_ms: float = 0.0
    plan_ms: float = 0.0
    """How long plans take: nine of ten are quicker."""
    echoes: int = 0
    clock: str = ""
    ports_away: tuple[str, ...] = ()
    last: tuple[str, ...] = field(default=())
    """The latest messages."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
