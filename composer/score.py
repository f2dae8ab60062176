"""Note, Part, Score: the values everything here passes on. They never change; edits return new ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from composer.errors import ScoreError
from composer.timing import HAIR_BEATS, TAIL_BEATS, Bar, Meter, TempoMap

NOTE_DTYPE = np.dtype([("onset", "<i4"), ("duration", "<i4"), ("pitch", "<i2"), ("velocity", "<i2")])
"""A note: onset and duration in ticks, MIDI pitch 0..127, velocity 1..127. A file's zero-length notes stay zero-length."""

LAST_TICK = 2**31 - 1


def as_notes(rows: Iterable[Sequence[int]] | np.ndarray) -> np.ndarray:
    """Rows of (onset, duration, pitch, velocity), or an array of NOTE_DTYPE → sorted read-only array, shape (n,).

    Raises ScoreError for what is no such row, and for numbers that NOTE_DTYPE cannot hold.
    """
    try:
        ready = isinstance(rows, np.ndarray) and rows.dtype == NOTE_DTYPE
        # Row by row, since numpy would let wider integers wrap round.
        array = np.asarray(rows) if ready else np.array([tuple(row) for row in rows], NOTE_DTYPE)
        array = np.sort(array, order=["onset", "pitch", "duration", "velocity"], kind="stable")
    except (ValueError, OverflowError, TypeError) as error:
        raise ScoreError(f"notes must be rows of onset, duration, pitch, velocity: {error}") from None
    array.setflags(write=False)
    return array


NO_NOTES = as_notes([])


def struck_once(notes: np.ndarray) -> np.ndarray:
    """The notes but for those that strike a pitch a second time at the same tick, as where a track was laid over itself."""
    _, first = np.unique(notes[["onset", "pitch"]], return_index=True)
    return np.asarray(notes[np.sort(first)])


def struck_again(onset: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """When the pitch of each note is struck next, int64 (n,): past all time where it is not."""
    order = np.lexsort((onset, pitch))
    again = pitch[order][1:] == pitch[order][:-1]
    following = np.full(len(order), np.iinfo(np.int64).max)
    following[order[:-1][again]] = onset[order[1:][again]]
    return following


@dataclass(frozen=True)
class Event:
    """Anything in a file that is not a note, tempo or metre, kept so that it can be written back.

    `kind` is mido's message type ("control_change", "pitchwheel", "lyrics", "marker", "sysex" …) and
    `data` its values in mido's order, without channel and time: ("control_change", (64, 127)), ("lyrics", ("la",)).
    """

    tick: int
    kind: str
    data: tuple[int | str | bytes, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """One player: notes, a General MIDI program, and whatever else its track held."""

    name: str
    notes: np.ndarray = field(default_factory=lambda: NO_NOTES)
    program: int = 0
    """General MIDI program, counted from 0; a drum part's is its kit."""
    is_drum: bool = False
    role: str = ""
    """"melody", "drums", "bass", "guitar", "piano", "strings", or "" where nobody has said."""
    events: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", as_notes(self.notes))
        if not 0 <= self.program <= 127:
            raise ScoreError(f"{self.name}: program must be in range 0..127, got {self.program}")
        notes = self.notes
        for name, low, high in (
            ("onset", 0, LAST_TICK),
            ("duration", 0, LAST_TICK),
            ("pitch", 0, 127),
            ("velocity", 1, 127),
        ):
            bad = np.flatnonzero((notes[name] < low) | (notes[name] > high))
            if len(bad):
                at = int(bad[0])
                raise ScoreError(
                    f"{self.name}: note {at} is not playable: {name} {notes[name][at]} at tick {notes['onset'][at]}"
                    f" must be in range {low}..{high}"
                )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Part)
            and (self.name, self.program, self.is_drum, self.role, self.events)
            == (other.name, other.program, other.is_drum, other.role, other.events)
            and np.array_equal(self.notes, other.notes)
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.notes)

    @property
    def start(self) -> int:
        """Onset of the first note, 0 without notes."""
        return int(self.notes["onset"].min()) if len(self.notes) else 0

    @property
    def end(self) -> int:
        """Tick where the last note ends, 0 without notes."""
        return int((self.notes["onset"].astype(np.int64) + self.notes["duration"]).max()) if len(self.notes) else 0

    def transpose(self, semitones: int) -> Part:
        """Every pitch moved; drums stay. Raises ScoreError where a pitch would leave 0..127."""
        if self.is_drum:
            return self
        notes = self.notes.copy()
        notes["pitch"] += min(max(semitones, -128), 128)  # so far no pitch stays in range, and int16 holds the sum
        return replace(self, notes=notes)

    def clip(self, start: int, end: int) -> Part:
        """The notes that begin in [start, end), cut at `end`; onsets stay where they are."""
        notes = self.notes[(self.notes["onset"] >= start) & (self.notes["onset"] < end)].copy()
        notes["duration"] = np.minimum(notes["duration"], end - notes["onset"])
        return replace(self, notes=notes)


def bars_of(meter: Meter, parts: Sequence[Part]) -> tuple[Bar, ...]:
    """The bars from tick 0 to the last that these parts play in, at least one.

    Hands are not exact: a bar into which notes only ring on, for less than TAIL_BEATS and half of their length, is none that
    they play in, unless they were meant to begin there.
    """
    bars = meter.bars(max((part.end for part in parts), default=0))
    line, beat = bars[-1].start, meter.ticks_per_beat
    for part in parts:
        onset = part.notes["onset"].astype(np.int64)
        past = onset + part.notes["duration"] - line
        tail = np.minimum(TAIL_BEATS * beat, part.notes["duration"] / 2)
        if ((past > 0) & ((past >= tail) | (onset >= line - HAIR_BEATS * beat))).any():
            return bars
    return bars[:-1] or bars


@dataclass(frozen=True)
class Score:
    """A piece: parts over one tempo map and one metre. Ticks are those of the file it came from."""

    parts: tuple[Part, ...] = ()
    tempo: TempoMap = field(default_factory=TempoMap)
    meter: Meter = field(default_factory=Meter)
    title: str = ""
    key: str = ""
    """Key signature as MIDI files spell it ("G", "F#m"), "" where none is given."""
    chords: tuple[tuple[int, str], ...] = ()
    """Chord symbols as the file spells them, (tick, symbol) in order; () where it has none."""
    events: tuple[Event, ...] = ()
    """What belongs to no part: markers, texts, copyright."""
    problems: tuple[str, ...] = ()
    """What the reader noticed and mended or left out, one sentence each."""

    def __post_init__(self) -> None:
        if self.tempo.ticks_per_beat != self.meter.ticks_per_beat:
            raise ScoreError(
                f"tempo and metre count in different ticks: {self.tempo.ticks_per_beat} and {self.meter.ticks_per_beat} a beat"
            )

    @property
    def ticks_per_beat(self) -> int:
        """Ticks a quarter note."""
        return self.tempo.ticks_per_beat

    @property
    def end(self) -> int:
        """Tick where the last note ends."""
        return max((part.end for part in self.parts), default=0)

    @property
    def duration_s(self) -> float:
        return float(self.tempo.seconds(self.end))

    def bars(self) -> tuple[Bar, ...]:
        """The bars from tick 0 to the last that anything plays in."""
        return bars_of(self.meter, self.parts)

    def part(self, name: str) -> Part:
        """The first part of that role, else of that name (case does not matter). Raises ScoreError with what there is."""
        for wanted in ("role", "name"):
            for part in self.parts:
                if getattr(part, wanted).lower() == name.lower():
                    return part
        have = ", ".join(part.role or part.name or f"part {i}" for i, part in enumerate(self.parts, 1)) or "none"
        raise ScoreError(f"no part called {name!r}; this score has: {have}")

    def with_parts(self, parts: Iterable[Part]) -> Score:
        """The same piece with other parts."""
        return replace(self, parts=tuple(parts))
