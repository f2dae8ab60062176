"""The event sequence: in which order a song's events are fed to the model, and the conditioning that goes with them.

Bar by bar: a BAR event, then what is given of the bar `lookahead` bars on, then every part asked for in this bar in the
band's order (drums, bass, guitar, piano, strings), each closed by an END. The model predicts the asked notes and ENDs.
Asked and given are cells of a table of bars and parts, so that "write a band", "write the bass to these drums" and
"rewrite the guitar in bars 9 to 16" are one task.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from composer.model.canvas import Canvas
from composer.model.controls import CONTROLS
from composer.model.copying import NOTHING, Pointers, point
from composer.model.form import OCCURRENCES, SECTIONS, occurrences
from composer.vocab import DRUM_PART, GRID_NOTE_DTYPE, MAX_POSITIONS, MELODY_PART, PARTS, GridSong

BAR, GIVEN, NOTE, END = range(4)
END_POSITION = MAX_POSITIONS
"""The class after the last position: the part has finished this bar."""
NO_PART = PARTS
TEMPO_CLASSES = 12
PHRASE_CLASSES = 17
LEFT_CLASSES = 10
BAR_SIZES = (MAX_POSITIONS // 6 + 1, 4, PHRASE_CLASSES, LEFT_CLASSES, LEFT_CLASSES, len(SECTIONS), OCCURRENCES)
"""Classes of each of the `bar_conditions`."""

EVENT_DTYPE = np.dtype(
    [
        ("kind", "u1"),
        ("part", "u1"),
        ("slot", "<u2"),
        ("bar", "<u2"),
        ("position", "u1"),
        ("pitch", "u1"),
        ("duration", "u1"),
        ("velocity", "u1"),
    ]
)
"""One event as the trunk reads it. `slot` is the bar in which it is told, `bar` the bar it belongs to."""


def tempo_class(bpm: float) -> int:
    """Tempo in steps of about 15 %, 1..11; 0 is kept for "unknown".

    >>> tempo_class(60), tempo_class(120), tempo_class(240)
    (2, 7, 11)
    """
    return int(np.clip(round(2 + np.log(max(bpm, 1) / 60) / np.log(1.15)), 1, TEMPO_CLASSES - 1))


@dataclass(frozen=True)
class Brief:
    """What the model is told about a song of B bars besides its events. Zero says "not said" throughout."""

    asked: np.ndarray
    """The cells to write: bool, shape (B, R)."""
    given: np.ndarray
    """The cells whose notes are known: bool, shape (B, R); never one that is asked."""
    lookahead: int = 2
    """Bars that given notes are told ahead of time; -1: only once their bar is over."""
    styles: tuple[tuple[int, int, float], ...] = ()
    """(style, groove, share) of a mixture; () for not said. Training knows mixtures of one."""
    reference: np.ndarray | None = None
    """Bars of music to play in the style of: (n, style_features.WIDTH), None for none."""
    tempo: int = 0
    controls: np.ndarray = field(default_factory=lambda: np.zeros((0, PARTS, len(CONTROLS)), np.int64))
    """What is asked of each part in each bar: int, shape (B, R, 5), columns as controls.CONTROLS. Empty: nothing."""
    know_phrase: bool = True
    know_end: bool = True
    know_habits: bool = True
    """Whether the canvas shows what each part did in the bars before the last. Training hides it at times."""
    fresh_from: int = 0
    """Bar from which on nothing earlier is copied: what is written anew is to be new."""
    example: GridSong | None = None
    """A few bars of a band playing as is wanted, which example.lead_in puts before the song."""
    example_bars: int = 0
    """How many of the song's first bars are such an example."""

    def __post_init__(self) -> None:
        if not len(self.controls):
            object.__setattr__(self, "controls", np.zeros((*self.asked.shape, len(CONTROLS)), np.int64))
        assert self.asked.shape == self.given.shape == self.controls.shape[:2], "a brief's tables must be of one length"
        assert not (self.asked & self.given).any(), "a cell is asked or given, not both"

    @property
    def asked_parts(self) -> tuple[int, ...]:
        """Parts with at least one bar to write, in the band's order."""
        return tuple(np.flatnonzero(self.asked.any(axis=0)).tolist())


def cells(bars: int, parts: Iterable[int]) -> np.ndarray:
    """Whole parts as cells: bool, shape (bars, R)."""
    table = np.zeros((bars, PARTS), bool)
    table[:, list(parts)] = True
    return table


def in_cells(notes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The grid notes that lie in the table's cells."""
    return np.asarray(notes[table[notes["bar"], notes["part"]]])


def visible_parts(brief: Brief, bar: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The parts whose notes of a bar are known when a part is written there: (N,) bars and parts → bool (N, R)."""
    earlier = np.arange(PARTS)[None] < part[:, None]
    seen = brief.asked[bar] & earlier
    if brief.lookahead >= 0:
        seen |= brief.given[bar]
    return np.asarray(seen)


def bar_conditions(song: GridSong, brief: Brief) -> np.ndarray:
    """What holds for a whole bar, as classes: bar length, beat length, phrase position, bars left in it, bars to the end,
    section, and the how-manieth time it comes.

    int64, shape (B, 7).
    """
    count = song.bar_count
    known = np.full(count, brief.know_phrase)
    to_go = np.minimum(count - 1 - np.arange(count), LEFT_CLASSES - 2)
    return np.stack(
        [
            np.ceil(song.bar_length / 6).astype(np.int64),
            song.beat_length // 6,
            np.where(
                known & (song.phrase_position >= 0),
                np.minimum(song.phrase_position, PHRASE_CLASSES - 2),
                PHRASE_CLASSES - 1,
            ),
            np.where(known & (song.phrase_left >= 0), np.minimum(song.phrase_left, LEFT_CLASSES - 2), LEFT_CLASSES - 1),
            to_go if brief.know_end else np.full(count, LEFT_CLASSES - 1),
            song.section * known,
            occurrences(song.section, song.phrase_position) * known,
        ],
        axis=1,
    )


def given_events(song: GridSong, brief: Brief) -> np.ndarray:
    """The given notes as events, in the slots where they are told: EVENT_DTYPE, in telling order."""
    notes = in_cells(song.notes, brief.given)
    slot = np.maximum(notes["bar"].astype(np.int64) - brief.lookahead, 0)
    keep = slot < song.bar_count
    events = np.zeros(int(keep.sum()), EVENT_DTYPE)
    events["kind"], events["slot"] = GIVEN, slot[keep]
    for name in ("part", "bar", "position", "pitch", "duration", "velocity"):
        events[name] = notes[name][keep]
    return events[np.lexsort((events["pitch"], events["position"], events["part"], events["bar"], events["slot"]))]


def tell(song: GridSong, brief: Brief) -> np.ndarray:
    """The whole event sequence of a finished song: EVENT_DTYPE, shape (T,)."""
    bars = np.arange(song.bar_count)
    marks = np.zeros(len(bars), EVENT_DTYPE)
    marks["kind"], marks["part"], marks["slot"], marks["bar"] = BAR, NO_PART, bars, bars
    bar, part = np.nonzero(brief.asked)
    ends = np.zeros(len(bar), EVENT_DTYPE)
    ends["kind"], ends["position"] = END, END_POSITION
    ends["part"], ends["slot"], ends["bar"] = part, bar, bar
    notes = in_cells(song.notes, brief.asked)
    asked = np.zeros(len(notes), EVENT_DTYPE)
    asked["kind"], asked["slot"] = NOTE, notes["bar"]
    for name in GRID_NOTE_DTYPE.names or ():
        asked[name] = notes[name]
    events = np.concatenate([marks, given_events(song, brief), asked, ends])
    turn = np.where(events["kind"] == BAR, 0, np.where(events["kind"] == GIVEN, 1, events["part"].astype(np.int64) + 1))
    return events[
        np.lexsort((events["pitch"], events["position"], events["part"], events["bar"], turn, events["slot"]))
    ]


@dataclass(frozen=True)
class EncodedSong:
    """A finished song encoded for training: the whole event sequence, the canvas and the copy pointers."""

    events: np.ndarray
    """EVENT_DTYPE, shape (T,)."""
    canvas: Canvas
    pointers: Pointers
    turn: np.ndarray
    """Which row of the pointers belongs to each event, -1 for those not asked, shape (T,)."""
    meant: np.ndarray
    """The events as they are to be written: those told, but where training tells wrong ones. EVENT_DTYPE, shape (T,)."""


@dataclass(frozen=True)
class TrainingExample:
    """A training example: a window of T events with all inputs and targets; arrays are per event unless noted.

    Inputs describe event t; `target_*` describe event t + 1, valid where `asked` is true.
    """

    event: np.ndarray
    """EVENT_DTYPE (T,)."""
    input_degree: np.ndarray
    """Pitch of event t above its chord's root, 0..11; 12 for no pitch or drums. (T,)"""
    input_chord: np.ndarray
    """CHORD_FEATURES at event t. (T, …)"""
    bar: np.ndarray
    """`bar_conditions` of the slot. (T, 7)"""
    target_part: np.ndarray
    """Part of event t + 1 if asked, else NO_PART. (T,)"""
    controls: np.ndarray
    """What is asked of that part in its bar, zeros if none. (T, 5)"""
    asked: np.ndarray
    """Whether event t + 1 is for the model to predict: a note or END of an asked cell. bool (T,)"""
    target: np.ndarray
    """EVENT_DTYPE (T,), the next event."""
    track: np.ndarray
    """What the target's part is on the track of, as a class of copying.TRACKS, 0 if none is asked. (T,)"""
    copy_position: np.ndarray
    """Classes that copying points at, -1 for none: (T, COPY_POSITIONS)."""
    copy_pitch: np.ndarray
    """The same of pitches: (T, COPY_PITCHES)."""
    copy_duration: np.ndarray
    """(T, COPY_DURATIONS)"""
    copy_velocity: np.ndarray
    """(T, COPY_VELOCITIES)"""
    earliest: np.ndarray
    """First position the target may take. (T,)"""
    previous_pitch: np.ndarray
    """Pitch of the target part's previous note, -1 for none. (T,)"""
    target_root: np.ndarray
    """Chord root at the target, -1 for none or drums. (T,)"""
    target_chord: np.ndarray
    """The chord at the target, as `Canvas.chord_features`: (T, CHORD_FEATURES)."""
    target_melody: np.ndarray
    """What the melody does there, as `Canvas.melody_features`: (T, MELODY_FEATURES)."""
    position_features: np.ndarray
    """What each position the target may take holds, as `Canvas.position_features`: (T, P, POSITION_FEATURES)."""
    pitch_features: np.ndarray
    """What each pitch the target may take would be, as `Canvas.pitch_features`: (T, Q, PITCH_FEATURES)."""


def training_example(
    song: GridSong,
    brief: Brief,
    start: int = 0,
    count: int | None = None,
    told: EncodedSong | None = None,
) -> TrainingExample:
    """Events start … start + count of the conversation, ready for the network. `told` spares telling it again."""
    told = told or encode_song(song, brief)
    events, canvas = told.events, told.canvas
    count = len(events) - 1 - start if count is None else count
    event, target = events[start : start + count], told.meant[start + 1 : start + count + 1]
    turn = told.turn[start + 1 : start + count + 1]
    asked = target["kind"] >= NOTE
    bar, position = (
        event["bar"].astype(int),
        np.minimum(event["position"].astype(int), song.bar_length[event["bar"]] - 1),
    )
    roots = song.roots[canvas.song.beat_at(bar, position)]
    pitched = np.isin(event["kind"], (GIVEN, NOTE)) & (event["part"] != DRUM_PART) & (roots >= 0)
    target_bar = target["bar"].astype(int)
    target_part = np.where(asked, target["part"], NO_PART).astype(int)
    some_part = np.where(asked, target["part"], 0).astype(int)
    target_position = np.where(target["kind"] == NOTE, target["position"], 0).astype(int)
    target_root = song.roots[canvas.song.beat_at(target_bar, target_position)]
    continues = asked & (event["kind"] == NOTE) & (event["part"] == target["part"]) & (event["slot"] == target["slot"])
    return TrainingExample(
        event=event,
        input_degree=np.where(pitched, (event["pitch"].astype(int) - roots) % 12, 12),
        input_chord=canvas.chord_features(bar, position),
        bar=bar_conditions(song, brief)[event["slot"]],
        target_part=target_part,
        controls=brief.controls[target_bar, some_part] * asked[:, None],
        asked=asked,
        target=target,
        track=_rows(told.pointers.track, turn, 0),
        copy_position=_rows(told.pointers.position, turn),
        copy_pitch=_rows(told.pointers.pitch, turn),
        copy_duration=_rows(told.pointers.duration, turn),
        copy_velocity=_rows(told.pointers.velocity, turn),
        earliest=np.where(continues, event["position"], 0).astype(int),
        previous_pitch=_rows(told.pointers.previous_pitch, turn),
        target_root=np.where(target_part == DRUM_PART, -1, target_root),
        target_chord=canvas.chord_features(target_bar, target_position),
        target_melody=canvas.melody_features(target_bar, target_position),
        position_features=canvas.position_features(target_bar, some_part, visible_parts(brief, target_bar, some_part)),
        pitch_features=canvas.pitch_features(target_bar, some_part, target_position),
    )


def _rows(table: np.ndarray, row: np.ndarray, nothing: int = NOTHING) -> np.ndarray:
    """table[row], with `nothing` where the row is -1."""
    found = np.full((len(row), *table.shape[1:]), nothing, table.dtype)
    found[row >= 0] = table[row[row >= 0]]
    return found


def encode_song(song: GridSong, brief: Brief) -> EncodedSong:
    """Encode a finished song from beginning to end."""
    canvas = new_canvas(song, brief)
    canvas.paint(in_cells(song.notes, brief.given))
    canvas.foresee()
    canvas.paint(in_cells(song.notes, brief.asked))
    if brief.lookahead >= 0:
        canvas.paint_melody(given_melody(song, brief))
    for bar in range(song.bar_count):
        canvas.settle(bar)
    events = tell(song, brief)
    asked = events["kind"] >= NOTE
    turn = np.where(asked, np.cumsum(asked) - 1, -1)
    return EncodedSong(events, canvas, point(canvas.copying, brief.asked, brief.given), turn, events)


def new_canvas(song: GridSong, brief: Brief) -> Canvas:
    """An empty canvas for a brief."""
    return Canvas(song, brief.given, brief.lookahead, brief.know_phrase, brief.know_habits, brief.fresh_from)


def given_melody(song: GridSong, brief: Brief) -> np.ndarray:
    """The melody's notes, as far as they are given."""
    notes = in_cells(song.notes, brief.given)
    return np.asarray(notes[notes["part"] == MELODY_PART])
