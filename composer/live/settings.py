"""What a jam is set up as, and what may change while it plays."""

from __future__ import annotations

from dataclasses import dataclass, field

from composer.errors import InputError
from composer.gm import BAND, DRUM_CHANNEL
from composer.styles import resolve

MODES = ("accompany", "call", "fours", "continue")
"""accompany: under the player · call: two bars each, call and response · fours: four bars each · continue: goes on alone when
the player stops."""
TEMPO_SOURCES = ("given", "tap", "count-in", "clock")
PART_CHANNELS = {"drums": DRUM_CHANNEL, "bass": 1, "guitar": 2, "piano": 3, "strings": 4}
PLAYER_CHANNEL = 0


@dataclass(frozen=True)
class JamSettings:
    """Fixed for a jam."""

    parts: tuple[str, ...] = ("drums", "bass", "guitar", "piano")
    style: str = "pop"
    tempo_bpm: float = 120.0
    tempo_from: str = "given"
    """One of TEMPO_SOURCES."""
    numerator: int = 4
    denominator: int = 4
    count_in_bars: int = 1
    bars: int | None = None
    """Ends after so many; None plays until it is stopped."""
    mode: str = "accompany"
    strength: float = 1.0
    temperature: float = 1.0
    seed: int = 0
    chords: tuple[str, ...] = ()
    """One a beat, repeated; () follows the player."""
    metronome: bool = False
    thru: bool = False
    """Whether the player's own notes are passed on to the outputs."""
    clock_out: bool = False
    channels: dict[str, int] = field(default_factory=lambda: dict(PART_CHANNELS))
    """Part → MIDI channel, counted from 0."""
    programs: dict[str, int] = field(default_factory=dict)
    """Part → General MIDI program, counted from 0, in place of the style's."""
    density: dict[str, int] = field(default_factory=dict)
    player_program: int | None = None

    def __post_init__(self) -> None:
        for part in (*self.parts, *self.programs, *self.density):
            if part not in BAND:
                raise InputError(f"no part called {part!r}; choose from: {', '.join(BAND)}")
        if not self.parts:
            raise InputError(f"no parts asked for; choose from: {', '.join(BAND)}")
        if self.mode not in MODES:
            raise InputError(f"no mode called {self.mode!r}; choose from: {', '.join(MODES)}")
        if self.tempo_from not in TEMPO_SOURCES:
            raise InputError(f"tempo comes from one of: {', '.join(TEMPO_SOURCES)}; got {self.tempo_from!r}")
        if self.denominator not in (2, 4, 8) or not 1 <= self.numerator * 4 / self.denominator <= 8:
            raise InputError(
                f"metre {self.numerator}/{self.denominator} is not supported; the jam counts halves, quarters or eighths, in bars of one"
                " to eight quarter notes"
            )
        for part, channel in self.channels.items():
            if not 0 <= channel <= 15:
                raise InputError(f"channel of {part} must be in range 1..16, got {channel + 1}")

    @property
    def lead_in_beats(self) -> float:
        """Quarter notes before the first bar that a recording keeps: the count-in, ours or the end of the player's."""
        bars = self.count_in_bars or int(self.tempo_from in ("tap", "count-in"))
        return bars * self.numerator * 4 / self.denominator

    @property
    def sounds(self) -> dict[str, int]:
        """Program of every part."""
        try:
            style = resolve(self.style).programs
        except InputError:  # a groove's name: its style is the checkpoint's business
            style = resolve("pop").programs
        return {part: self.programs.get(part, style[part]) for part in self.parts}


@dataclass
class BandControls:
    """What may be changed while playing, one line a part."""

    style: str
    strength: float
    mode: str
    density: dict[str, int]
    """Part → 1..5, 0 lets the band decide."""
    muted: set[str] = field(default_factory=set)
    soloed: set[str] = field(default_factory=set)
    level: dict[str, float] = field(default_factory=dict)
    """Part → factor of velocity, 1 as written."""

    def sounds(self, part: str) -> bool:
        """Whether a part is heard."""
        return part in self.soloed if self.soloed else part not in self.muted
