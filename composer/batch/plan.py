"""What a corpus is to hold, as one checked value: seeds × tasks × styles × parts × wishes × takes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from composer.errors import ComposerError, InputError
from composer.harmony.lane import chart_fit
from composer.model.form import parse_form
from composer.options import WISHES, ArrangeOptions
from composer.planning import LONGEST_BARS
from composer.score import Score

TASKS = ("arrange", "continue", "infill", "restyle", "scratch")
"""A band around a seed's melody; more bars of a seed that a band plays in; some of its bars anew; another band for it;
a band alone, over chords of its own."""
LAYOUTS = ("tar", "folder")
AUDIO = ("none", "wav", "flac")
STYLES_OWN = "style"
"""In place of a set of parts: those that the style plays."""
MOST_PIECES = 10_000_000
UNBOUND = ("checkpoint", "seeds")
"""Paths in a plan: what lies there counts, not where."""

V = TypeVar("V")


def _one_of(what: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"{what}: no {value!r}; choose from: {', '.join(choices)}")


UNHEEDED: Mapping[str, tuple[str, ...]] = {
    "arrange": (),
    "restyle": ("form", "tutti"),
    "infill": ("form", "tutti", "programs"),
    "continue": ("form", "tutti", "programs", "chords"),
    "scratch": ("form", "tutti", "chords", "melody"),
}
"""Task → the wishes that have no say in it: a corpus is not labelled with what nobody has done."""


@dataclass(frozen=True)
class Wish:
    """One [[controls]] table: what is asked of the band in some of the pieces. Fields as in `ArrangeOptions`."""

    temperature: float = 1.0
    style_strength: float = 1.0
    feel: float | None = None
    tempo_bpm: float | None = None
    density: Mapping[str, int] = field(default_factory=dict)
    register: Mapping[str, int] = field(default_factory=dict)
    polyphony: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, int] = field(default_factory=dict)
    form: str | None = None
    tutti: bool = False
    chords: str | None = None
    melody: str | None = None

    def __post_init__(self) -> None:
        ArrangeOptions(**{entry.name: getattr(self, entry.name) for entry in fields(self)})
        # As far as they can be read without a piece: each piece would fail of them otherwise, one by one.
        if self.chords is not None:
            chart_fit(self.chords, Score().bars())
        if self.form is not None:
            parse_form(self.form, LONGEST_BARS)


@dataclass(frozen=True)
class Gate:
    """What a piece must not be. Shares are 0..1, and what reaches a limit fails; a limit of 0 asks for nothing."""

    tries: int = 3
    """How often a piece is made before it is set aside."""
    silent: float = 0.5
    """Share of the asked bars in which no asked part begins a note."""
    stuck: int = 48
    """Onsets on end at which a pitched part strikes the very same pitches."""
    looping: float = 0.9
    """Share of bars in which the whole band does just what it did in the bar before."""
    clashing: float = 0.35
    """Share of the band's pitched notes that begin a semitone from the sounding melody."""
    out_of_chord: float = 0.6
    """Share of the band's pitched notes outside the chord they begin over."""
    out_of_range: float = 0.01
    """Share of notes beyond what their instrument can reach."""
    near_duplicates: float = 0.8
    """Share of its figures (five notes of a part) that a piece has in common with an earlier one."""
    longest_run: int = 0
    """Notes on end of one part that the training songs have too; needs `training` in the plan."""

    def __post_init__(self) -> None:
        if not 1 <= self.tries <= 20:
            raise InputError(f"gate: tries must be in range 1..20, got {self.tries}")
        for name in ("silent", "looping", "clashing", "out_of_chord", "out_of_range", "near_duplicates"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"gate: {name} must be in range 0..1, got {getattr(self, name):g}")
        for name in ("stuck", "longest_run"):
            if getattr(self, name) < 0:
                raise InputError(f"gate: {name} must not be negative, got {getattr(self, name)}")


@dataclass(frozen=True)
class Output:
    """How the pieces are kept."""

    layout: str = "tar"
    """Shards as tar files that data loaders stream, or as folders."""
    shard: int = 0
    """Pieces in a shard; 0 chooses by their number."""
    audio: str = "none"
    """A mix beside every piece: "wav" or "flac"."""
    stems: bool = False
    """Also an audio file a part."""
    soundfont: str = ""

    def __post_init__(self) -> None:
        _one_of("output: layout", self.layout, LAYOUTS)
        _one_of("output: audio", self.audio, AUDIO)
        if not 0 <= self.shard <= 10_000:
            raise InputError(f"output: shard must be in range 0..10000 pieces, got {self.shard}")
        if self.stems and self.audio == "none":
            raise InputError('output: stems need audio = "wav" or "flac"')


@dataclass(frozen=True)
class BatchPlan:
    """A corpus to make. The same plan gives the same pieces, on any number of workers."""

    name: str = "corpus"
    seed: int = 0
    """The dice of the whole plan."""
    seeds: tuple[str, ...] = ()
    """Music files, and folders of them."""
    licence: str = ""
    """Of the seeds: it is told of every piece made from them."""
    own: int = 0
    """Seeds more, that the model writes itself."""
    own_bars: int = 32
    tasks: tuple[str, ...] = ("arrange",)
    styles: tuple[str, ...] = ("pop",)
    parts: tuple[tuple[str, ...], ...] = ((),)
    """Sets of parts; () for those that the style plays."""
    controls: tuple[Wish, ...] = (Wish(),)
    takes: int = 1
    pieces: int = 0
    """Exactly so many, with as many takes as that needs; 0: every combination, `takes` times."""
    continue_bars: int = 8
    infill_bars: int = 4
    checkpoint: str = ""
    training: str = ""
    """The pack of songs that the model learned from (.npz), to measure originality against."""
    gate: Gate = Gate()
    output: Output = Output()

    def __post_init__(self) -> None:
        if not self.seeds and not self.own and set(self.tasks) != {"scratch"}:
            raise InputError("no seeds: name files or folders (seeds = [...]), or let the model write some (own = 10)")
        for task in self.tasks:
            _one_of("tasks", task, TASKS)
        for what in ("tasks", "styles", "parts", "controls"):
            if not getattr(self, what):
                raise InputError(f"{what}: is empty; leave it out, or name at least one")
            if len(set(map(repr, getattr(self, what)))) < len(getattr(self, what)):
                raise InputError(f"{what}: contains a duplicate; remove it")
        for names in self.parts:
            if names:
                ArrangeOptions(parts=names)
                self.check_wishes(names)
        for task in self.tasks:
            for wish in self.controls:
                for name in UNHEEDED[task]:
                    if getattr(wish, name) != getattr(Wish(), name):
                        raise InputError(
                            f"controls: {name} has no effect on {task}; leave it out, or plan {task} separately"
                        )
        for name, low, high in (
            ("seed", 0, 2**31 - 1),
            ("own", 0, MOST_PIECES),
            ("own_bars", 4, 256),
            ("takes", 1, 1_000_000),
            ("pieces", 0, MOST_PIECES),
            ("continue_bars", 1, 256),
            ("infill_bars", 1, 256),
        ):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} must be in range {low}..{high}, got {getattr(self, name)}")

    def check_wishes(self, parts: Sequence[str]) -> None:
        """Raises InputError where the controls ask something of a part that does not play in a set of parts."""
        for wish in self.controls:
            for name in WISHES:
                for part in getattr(wish, name):
                    if part not in parts:
                        raise InputError(
                            f"controls: {name} of {part} has no effect where only {', '.join(parts)} play; leave it out, or plan"
                            " those parts separately"
                        )

    def to_json(self) -> dict[str, Any]:
        """The plan as plain values; `from_json` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BatchPlan:
        """The inverse of `to_json`, and what a TOML file holds. Raises InputError with the name that is wrong."""
        values = dict(values)
        for name in ("seeds", "tasks", "styles"):
            if isinstance(values.get(name), str):
                values[name] = [values[name]]
        if "task" in values:
            values["tasks"] = [values.pop("task")]
        parts = values.get("parts", [[]])
        if isinstance(parts, str):
            parts = [parts]
        if isinstance(parts, list) and parts and all(isinstance(name, str) for name in parts) and parts != [STYLES_OWN]:
            parts = [parts]
        if not isinstance(parts, (list, tuple)):
            raise InputError(f"parts must be a list of lists of parts, got {parts!r}")
        values["parts"] = tuple(map(_set_of_parts, parts))
        wishes = values.get("controls", [{}])
        if isinstance(wishes, Mapping):
            wishes = [wishes]
        if not isinstance(wishes, (list, tuple)):
            raise InputError(f"controls must be a table or a list of tables, got {wishes!r}")
        values["controls"] = tuple(_made(Wish, wish, "controls") for wish in wishes)
        values["gate"] = _made(Gate, values.get("gate", {}), "gate")
        values["output"] = _made(Output, values.get("output", {}), "output")
        return _made(cls, values, "")

    @property
    def digest(self) -> str:
        """A hash of everything that decides which pieces there are and how they are kept."""
        told = {name: value for name, value in self.to_json().items() if name not in UNBOUND}
        return hashlib.sha256(canonical(told)).hexdigest()[:16]


def _set_of_parts(names: Any) -> tuple[str, ...]:
    """One set of parts as a plan has it: a list of names, or "style" for those that the style plays: ()."""
    if names == STYLES_OWN or names == [STYLES_OWN]:
        return ()
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise InputError(f'parts: {names!r} is not a set of parts; write ["drums", "bass"], or "{STYLES_OWN}"')
    return tuple(names)


def canonical(value: Any) -> bytes:
    """JSON that is the same wherever it is written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_plan(path: Path) -> BatchPlan:
    """A plan file (TOML). Paths in it are relative to its folder. Raises InputError with the file's name."""
    try:
        values = _toml(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such plan; docs/batch.md shows one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path}: is not a TOML file ({error})") from None
    try:
        plan = BatchPlan.from_json(values)
    except ComposerError as error:
        raise type(error)(f"{path}: {error}") from None

    def found(name: str) -> str:
        beside = path.parent / name
        return str(beside) if name and not Path(name).is_absolute() and beside.exists() else name

    return dataclasses.replace(
        plan,
        seeds=tuple(str(path.parent / name) if not Path(name).is_absolute() else name for name in plan.seeds),
        checkpoint=found(plan.checkpoint),
        training=found(plan.training),
    )


def _toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return dict(tomllib.loads(text))


def _made(kind: type[V], values: Any, where: str) -> V:
    """A frozen value from a table. Raises InputError for names it has not, and for values of another kind."""
    prefix = f"{where}: " if where else ""
    if not isinstance(values, Mapping):
        raise InputError(f"{prefix}must be a table, got {values!r}")
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise InputError(f"{prefix}unknown key {name!r}; choose from: {', '.join(known)}")
    made = {}
    for name, value in values.items():
        kind_of = str(known[name].type)
        wanted, said = _KINDS.get(kind_of.split("[")[0].split(" ")[0], (object, ""))
        fits = isinstance(value, wanted) and (not said or isinstance(value, bool) == (wanted is bool))
        if not fits and not (value is None and "None" in kind_of):
            raise InputError(f"{prefix}{name} must be {said}, got {value!r}")
        if kind_of == "tuple[str, ...]" and not all(isinstance(item, str) for item in value):
            raise InputError(f"{prefix}{name} must be a list of strings, got {value!r}")
        made[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**made)
    except TypeError as error:
        raise InputError(f"{prefix}{error}") from None


_KINDS: dict[str, tuple[Any, str]] = {
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "str": (str, "a text"),
    "bool": (bool, "true or false"),
    "tuple": ((list, tuple), "a list"),
    "Mapping": (Mapping, "a table"),
}
