"""What one may ask of the band, as one checked value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from composer.errors import InputError
from composer.given import given, number, shortly, whole
from composer.gm import BAND
from composer.harmony.lane import ChordLane
from composer.score import Score

LEVELS = 5
TEMPO_BPM = (20.0, 400.0)
HOTTEST = 4.0
STRONGEST_STYLE = 2.0
STRONGEST_FEEL = 2.0
_EXAMPLES = {
    "density": '{"drums": 4}',
    "register": '{"bass": 2}',
    "polyphony": '{"piano": 3}',
    "roles": '{"bass": "walking"}',
    "programs": '{"piano": 4}',
}
WISHES = {
    "density": "density",
    "register": "register",
    "polyphony": "polyphony",
    "roles": "role",
    "programs": "program",
}
"""Fields of ArrangeOptions that go from a part to what is asked of it, and what one such wish is called."""


@dataclass(frozen=True)
class ArrangeOptions:
    """What to ask of the band. Every mapping goes from a part to what is asked of it."""

    style: str = "pop"
    """A style's name (`composer styles`), a groove's for one way of playing it, or a mixture: "bossa:0.6,funk:0.4".
    "" leaves it to the reference, and to the music around where there is none."""
    parts: tuple[str, ...] = ("drums", "bass", "guitar", "piano")
    chords: str | ChordLane | None = None
    """A chart such as "C | Am7 D7 | G"; None: the file's own chords, else found from the melody."""
    tempo_bpm: float | None = None
    """Quarter notes a minute; None keeps the seed's own tempo map."""
    seed: int = 0
    temperature: float = 1.0
    """0 (always the likeliest) … 4 (wild)."""
    style_from: Score | None = None
    """A piece to play in the manner of: at least two bars of any of the band's parts."""
    style_strength: float = 1.0
    """0: as if no style were named, 1: as the style has it, up to 2: exaggerated."""
    feel: float | None = None
    """How far off the grid the band plays: 0 on it, 1 as a drummer of the style did, up to 2: exaggerated. None is 1; in a
    piece that is worked on it is 0 where that is on the grid."""
    density: Mapping[str, int] = field(default_factory=dict)
    """1 (sparse) … 5 (busy)."""
    register: Mapping[str, int] = field(default_factory=dict)
    """1 (low) … 5 (high); drums have none."""
    polyphony: Mapping[str, int] = field(default_factory=dict)
    """1 (single notes) … 5 (full chords); for drums from few instruments to the whole kit."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """A playing role: "walking", "arpeggio", "pad" … (model.controls.PLAYING_ROLES)."""
    form: str | None = None
    """Sections such as "AABA" or "i4A8A8B8A8o2"; None hears them in the melody."""
    programs: Mapping[str, int] = field(default_factory=dict)
    """General MIDI program, counted from 0."""
    tutti: bool = False
    """Every part plays in every phrase; else one rests for a phrase now and then, as people's do."""
    melody: str | None = None
    """Which part is the melody: its name or number; None finds it."""

    def __post_init__(self) -> None:
        given(self.style, str, "style", 'a text such as "bossa"; "" asks for none')
        object.__setattr__(self, "parts", named_parts(self.parts))
        if not self.parts:
            raise InputError(f"no parts given; choose from: {', '.join(BAND)}")
        if self.chords is not None:
            given(self.chords, (str, ChordLane), "chords", 'a chart such as "C | Am7 D7 | G", or a ChordLane')
        if self.tempo_bpm is not None:
            number(self.tempo_bpm, "tempo_bpm", *TEMPO_BPM)
        whole(self.seed, "seed", 0)
        number(self.temperature, "temperature", 0, HOTTEST)
        if self.style_from is not None:
            given(self.style_from, Score, "style_from", "a Score; composer.load reads one from a file")
        if self.form is not None:
            given(self.form, str, "form", 'a text such as "AABA"')
        melody: object = self.melody
        if melody is not None:
            if isinstance(melody, int) and not isinstance(melody, bool):
                melody = str(melody)
            given(melody, str, "melody", "a part's name or number")
            object.__setattr__(self, "melody", melody)
        for what, example in _EXAMPLES.items():
            given(getattr(self, what), Mapping, what, f"a mapping from part to {what}, such as {example}")
        levels = {"density": self.density, "register": self.register, "polyphony": self.polyphony}
        for name in (*self.parts, *self.programs, *self.roles, *(part for level in levels.values() for part in level)):
            if name not in BAND:
                raise InputError(f"no part called {name!r}; choose from: {', '.join(BAND)}")
        for what, wanted in levels.items():
            for name, level in wanted.items():
                whole(level, f"{what} of {name}", 1, LEVELS)
        if "drums" in self.register:
            raise InputError("drums have no register; leave it out")
        check_roles(self.roles)
        for name, program in self.programs.items():
            whole(program, f"program of {name}", 0, 127)
        number(self.style_strength, "style strength", 0, STRONGEST_STYLE)
        if self.feel is not None:
            number(self.feel, "feel", 0, STRONGEST_FEEL)


def named_parts(parts: object) -> tuple[str, ...]:
    """Parts as a list or a tuple gives them. Raises InputError for anything else, a text too: it would be taken letter by letter."""
    if not isinstance(parts, (tuple, list)) or not all(isinstance(name, str) for name in parts):
        raise InputError(f'parts must be a list of names such as ["drums", "bass"], got {shortly(parts)}')
    return tuple(parts)


def unheeded(options: ArrangeOptions, playing: Collection[str]) -> dict[str, dict[str, int | str]]:
    """Field → part → wish, of those wishes that ask something of a part that is not `playing`."""
    wishes = {name: dict(getattr(options, name)) for name in WISHES}
    idle = {name: {part: wish for part, wish in of.items() if part not in playing} for name, of in wishes.items()}
    return {name: of for name, of in idle.items() if of}


def check_roles(roles: Mapping[str, str]) -> None:
    """Raises InputError where a part is asked for a role that it cannot play."""
    from composer.model.controls import PLAYING_ROLES

    for part, role in roles.items():
        if role not in PLAYING_ROLES[part]:
            raise InputError(f"{part} has no role {role!r}; choose from: {', '.join(PLAYING_ROLES[part])}")


@dataclass(frozen=True)
class ReworkOptions:
    """What to write anew in a finished piece, and how."""

    bars: tuple[int, int]
    """First and last bar, both included; the first full bar is 1, a pick-up before it 0."""
    parts: tuple[str, ...]
    """Parts by their names in the file, or by what they play: drums, bass, guitar, piano, strings."""
    wishes: ArrangeOptions = ArrangeOptions(style="")
    """Style, levels and dice; its parts and form are not looked at. No style: as the piece itself plays."""

    def __post_init__(self) -> None:
        if not isinstance(self.bars, (tuple, list)) or len(self.bars) != 2:
            raise InputError(f"bars must be the first and the last, such as (5, 8), got {shortly(self.bars)}")
        for bar in self.bars:
            whole(bar, "a bar", 0)
        object.__setattr__(self, "parts", named_parts(self.parts))
        first, last = self.bars
        if first < 0 or last < first:
            raise InputError(f"bars {first}-{last}: count from 1, the first before the last")
        if not self.parts:
            raise InputError("no parts given to rewrite")
