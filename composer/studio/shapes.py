"""What goes over the wire, typed and checked: requests, answers and events. pydantic's one owner.

Times in scores are ticks of the score; onsets, durations, pitches and velocities are MIDI's. Names of wishes are those of
`composer.options.ArrangeOptions`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16}$", description="16 characters that cannot be guessed")]
Part = Literal["drums", "bass", "guitar", "piano", "strings"]
Level = Annotated[int, Field(ge=1, le=5)]
Bar = Annotated[int, Field(ge=0, le=1000)]
Gain = Annotated[float, Field(ge=-60, le=12, allow_inf_nan=False)]
Pan = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class Shape(BaseModel):
    """A value: frozen, and nothing in it that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Problem(Shape):
    """A mistake that its maker can mend."""

    what: str
    where: str = ""
    """The file, field or bar."""
    what_to_do: str = ""
    message: str
    """All of it in one line, as the command line says it."""


class Wishes(Shape):
    """How the band is to play."""

    style: str | None = Field(None, max_length=200, description="a style, a groove or a mixture: bossa:0.6,funk:0.4")
    style_strength: float = Field(1.0, ge=0, le=2, description="0 as if none were named, 1 as trained, 2 exaggerated")
    style_from: Id | None = Field(None, description="a reference piece: the id of an upload")
    temperature: float = Field(1.0, ge=0.05, le=4)
    feel: float | None = Field(
        None, ge=0, le=2, description="timing off the grid: 0 none, 1 as people play, 2 exaggerated"
    )
    density: dict[Part, Level] = Field(default_factory=dict, description="1 sparse … 5 busy")
    register_of: dict[Part, Level] = Field(default_factory=dict, alias="register", description="1 low … 5 high")
    polyphony: dict[Part, Level] = Field(default_factory=dict, description="1 single notes … 5 full chords")
    roles: dict[Part, str] = Field(default_factory=dict, description="walking, arpeggio, pad …: GET /api/styles")
    programs: dict[Part, Annotated[int, Field(ge=0, le=127)]] = Field(
        default_factory=dict, description="General MIDI programs, counted from 0"
    )
    chords: str | None = Field(None, max_length=20_000, description="a chart such as 'C | Am7 D7 | G'")
    melody: str | None = Field(None, max_length=200, description="the part that is the melody, by name or number")
    seed: int = Field(0, ge=0, lt=2**31, description="random seed; take K uses seed + K - 1")
    takes: int = Field(1, ge=1, le=8)


class ArrangeRequest(Wishes):
    """A band around an uploaded melody: `composer arrange`."""

    seed_id: Id
    parts: list[Part] | None = Field(None, description="the parts that play (default: the style's)")
    tempo_bpm: float | None = Field(None, ge=20, le=400)
    form: str | None = Field(None, max_length=200, description="sections, such as AABA or i4A8A8B8A8o2")
    tutti: bool = False


class ReworkRequest(Wishes):
    """Some bars of some parts anew: `composer rework`."""

    bars: tuple[Bar, Bar] = Field(description="first and last: the first full bar is 1, a pick-up 0")
    parts: list[Part] = Field(min_length=1)


class RestyleRequest(Wishes):
    """Another band for the same melody and harmony: `composer restyle`."""


class MixRequest(Shape):
    """Faders as they stand. What is not said stays as balanced."""

    gain_db: dict[str, Gain] = Field(default_factory=dict, description="added to the balance")
    pan: dict[str, Pan] = Field(default_factory=dict, description="-1 left … 1 right, in place of the balance's")
    mute: list[str] = Field(default_factory=list)
    solo: list[str] = Field(default_factory=list)


class ExampleRequest(Shape):
    """One of the bundled tunes as a seed."""

    example: str = Field(max_length=100)


class ChartRequest(Shape):
    """A chord chart to be read over a seed's bars."""

    chart: str = Field(max_length=20_000)
    melody: str | None = Field(None, max_length=200)


class KeepRequest(Shape):
    """The arrangement that stands for the project."""

    arrangement_id: Id


class PartView(Shape):
    """One part of a score. A note is [onset, duration, pitch, velocity]."""

    name: str
    role: str
    program: int
    sound: str
    is_drum: bool
    notes: list[tuple[int, int, int, int]]


class BarView(Shape):
    number: int
    """The first full bar is 1, a pick-up 0."""
    start: int
    length: int
    numerator: int
    denominator: int


class ScoreView(Shape):
    """All that a piano roll and a playhead need."""

    title: str
    ticks_per_beat: int
    duration_s: float
    bars: list[BarView]
    tempo: list[tuple[int, int]] = Field(description="(tick, microseconds a quarter note)")
    parts: list[PartView]
    chords: list[tuple[int, str]] = Field(description="(tick, symbol) at every change")


class SeedView(Shape):
    """An uploaded piece and what was heard in it."""

    id: Id
    name: str
    file: str
    reference: bool
    created: float = Field(description="seconds since 1970")
    kept: Id | None = Field(None, description="the project's chosen arrangement")
    arrangements: int = 0


class SeedReport(SeedView):
    """The same with melody, key, metre, chords and problems, as `composer inspect` tells them."""

    report: dict[str, Any]
    chart: str = Field(description="the chords as a chart; '' where no melody was found")
    score: ScoreView


class ChartView(Shape):
    chart: str = Field(description="the chart as parsed, over all bars")
    chords: list[tuple[int, str]]


class ArrangementView(Shape):
    """A take. It never changes: rework and restyle make another, with this one as its parent."""

    id: Id
    seed_id: Id
    parent: Id | None
    kind: Literal["arrange", "rework", "restyle"]
    label: str
    created: float
    seed: int
    wishes: dict[str, Any]
    report: dict[str, Any] = Field(description="model, chords, form, style heard, proof, licences, timings")


class TrashView(Shape):
    """Something deleted. POST /api/seeds/ID/restore or /api/arrangements/ID/restore brings it back."""

    id: Id
    kind: Literal["seed", "arrangement"]
    seed_id: Id
    name: str = Field(description="the seed's")
    label: str = Field(description="the arrangement's; '' for a seed")
    reference: bool
    arrangements: int = Field(description="how many come back with it")
    deleted: float = Field(description="seconds since 1970")


class JobView(Shape):
    """A piece of work. It is forgotten when the studio ends; what it made is not."""

    id: Id
    kind: Literal["arrange", "rework", "restyle", "sound", "mix", "export"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    what: str = Field(description="the current step")
    done: float = Field(description="0..1 of that step")
    arrangements: list[Id] = Field(description="what it has written so far")
    files: list[str] = Field(description="where its files are fetched")
    problem: Problem | None


class StemView(Shape):
    """One part's sound as it stands in the mix before the limiter, and where its fader was set."""

    part: str
    role: str
    url: str
    scale: float = Field(description="the file's samples times this are the stem's")
    gain_db: float | None = Field(description="the fader; null is silence")
    pan: float
    heard: float


class SoundView(Shape):
    """What a player needs to sound like the rendered mix: stems whose sum goes through the limiter."""

    whole: bool = Field(description="false: only the beginning, balanced by itself")
    sample_rate: int
    duration_s: float
    stems: list[StemView]
    ceiling_dbtp: float
    margin_db: float
    attack_s: float
    release_db_s: float
    lufs: float | None
    true_peak_dbtp: float | None
    soundfont: str
    notices: list[str]


class StyleView(Shape):
    name: str
    description: str
    parts: list[Part]
    tempo_bpm: tuple[int, int]
    meters: list[str]


class Styles(Shape):
    """Everything that one may ask for by name."""

    styles: list[StyleView]
    parts: list[Part]
    roles: dict[Part, list[str]]
    programs: list[str]
    examples: list[str]
