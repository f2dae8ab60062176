"""The conversation: in which order a song's events are told to the model, and what it is told beside them.

Bar by bar: a BAR event, then the given parts' notes of `lookahead` bars on, then every asked part in the band's order
(drums, bass, guitar, piano, strings), each closed by an END. The model predicts the asked parts' notes and ENDs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.model.canvas import Canvas
from composer.vocab import GRID_NOTE_DTYPE, MAX_POSITIONS, PARTS, GridSong

BAR, GIVEN, NOTE, END = range(4)
END_POSITION = MAX_POSITIONS
"""The class after the last position: "this part has said all in this bar"."""
NO_PART = PARTS
UNKNOWN, RESTS, PLAYS = range(3)
DENSITY_LEVELS = 5
TEMPO_CLASSES = 12
PHRASE_CLASSES = 17
LEFT_CLASSES = 10
DENSITY_EDGES = {
    1: (10, 16, 24, 32),
    2: (2, 4, 6, 10),
    3: (4, 8, 12, 20),
    4: (6, 10, 16, 24),
    5: (3, 5, 8, 14),
    0: (2, 4, 6, 10),
}
"""Notes in a 4/4 bar that separate the five levels of density, per part."""

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


def density_level(part: int, notes_per_bar: float) -> int:
    """Density as 1 (sparse) … 5 (busy) for a part, from its notes a 4/4 bar while it plays."""
    return int(np.searchsorted(DENSITY_EDGES[part], notes_per_bar)) + 1


@dataclass(frozen=True)
class Brief:
    """What the model is told about a song besides its events. Zero says "not said" throughout."""

    asked: tuple[int, ...]
    """Parts to write, as indices into gm.ROLES, in the band's order."""
    given: tuple[int, ...] = (0,)
    lookahead: int = 2
    """Bars that given notes are told ahead of time; -1: only once their bar is over."""
    style: int = 0
    groove: int = 0
    tempo: int = 0
    density: tuple[int, ...] = (0,) * PARTS
    activity: np.ndarray | None = None
    """UNKNOWN, RESTS or PLAYS per bar and part, shape (B, R)."""
    know_phrase: bool = True
    know_end: bool = True


def visible_parts(brief: Brief, part: int) -> np.ndarray:
    """The parts whose notes of the current bar are known when `part` is written: bool, shape (R,)."""
    seen = np.zeros(PARTS, bool)
    if brief.lookahead >= 0:
        seen[list(brief.given)] = True
    seen[[other for other in brief.asked if other < part]] = True
    return seen


def bar_conditions(song: GridSong, brief: Brief) -> np.ndarray:
    """What holds for a whole bar, as classes: bar length, beat length, phrase position, bars left in it, bars to the end.

    int64, shape (B, 5).
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
        ],
        axis=1,
    )


def given_events(song: GridSong, brief: Brief) -> np.ndarray:
    """The given parts' notes as events, in the slots where they are told: EVENT_DTYPE, in telling order."""
    notes = song.notes[np.isin(song.notes["part"], brief.given)]
    slot = np.maximum(notes["bar"].astype(np.int64) - brief.lookahead, 0)
    keep = slot < song.bar_count
    events = np.zeros(int(keep.sum()), EVENT_DTYPE)
    events["kind"], events["slot"] = GIVEN, slot[keep]
    for name in ("part", "bar", "position", "pitch", "duration", "velocity"):
        events[name] = notes[name][keep]
    return events[np.lexsort((events["pitch"], events["position"], events["part"], events["bar"], events["slot"]))]


def tell(song: GridSong, brief: Brief) -> np.ndarray:
    """The whole conversation of a finished song: EVENT_DTYPE, shape (T,)."""
    bars = np.arange(song.bar_count)
    marks = np.zeros(len(bars), EVENT_DTYPE)
    marks["kind"], marks["part"], marks["slot"], marks["bar"] = BAR, NO_PART, bars, bars
    ends = np.zeros((len(bars), len(brief.asked)), EVENT_DTYPE)
    ends["kind"], ends["position"] = END, END_POSITION
    ends["part"], ends["slot"], ends["bar"] = np.array(brief.asked, np.uint8)[None], bars[:, None], bars[:, None]
    notes = song.notes[np.isin(song.notes["part"], brief.asked)]
    asked = np.zeros(len(notes), EVENT_DTYPE)
    asked["kind"], asked["slot"] = NOTE, notes["bar"]
    for name in GRID_NOTE_DTYPE.names or ():
        asked[name] = notes[name]
    events = np.concatenate([marks, given_events(song, brief), asked, ends.reshape(-1)])
    turn = np.where(events["kind"] == BAR, 0, np.where(events["kind"] == GIVEN, 1, events["part"].astype(np.int64) + 1))
    return events[
        np.lexsort((events["pitch"], events["position"], events["part"], events["bar"], turn, events["slot"]))
    ]


@dataclass(frozen=True)
class Lesson:
    """A conversation with everything the network needs, T events long; arrays are per event unless said.

    Inputs describe event t; `target_*` describe event t + 1, valid where `asked` is true.
    """

    event: np.ndarray
    """EVENT_DTYPE (T,)."""
    input_degree: np.ndarray
    """Pitch of event t above its chord's root, 0..11; 12 for no pitch or drums. (T,)"""
    input_chord: np.ndarray
    """CHORD_FEATURES at event t. (T, …)"""
    bar: np.ndarray
    """`bar_conditions` of the slot. (T, 5)"""
    target_part: np.ndarray
    """Part of event t + 1 if asked, else NO_PART. (T,)"""
    target_activity: np.ndarray
    target_density: np.ndarray
    asked: np.ndarray
    target: np.ndarray
    """EVENT_DTYPE (T,), the next event."""
    earliest: np.ndarray
    """First position the target may take. (T,)"""
    previous_pitch: np.ndarray
    """Pitch of the target part's previous note, -1 for none. (T,)"""
    target_root: np.ndarray
    """Chord root at the target, -1 for none or drums. (T,)"""
    target_chord: np.ndarray
    target_melody: np.ndarray
    position_features: np.ndarray
    pitch_features: np.ndarray


def lesson(
    song: GridSong,
    brief: Brief,
    start: int = 0,
    count: int | None = None,
    told: tuple[np.ndarray, Canvas] | None = None,
) -> Lesson:
    """Events start … start + count of the conversation, ready for the network. `told` spares telling it again."""
    events, canvas = told if told is not None else rehearse(song, brief)
    count = len(events) - 1 - start if count is None else count
    event, target = events[start : start + count], events[start + 1 : start + count + 1]
    asked = target["kind"] >= NOTE
    bar, position = (
        event["bar"].astype(int),
        np.minimum(event["position"].astype(int), song.bar_length[event["bar"]] - 1),
    )
    roots = song.roots[canvas.beat_at(bar, position)]
    pitched = np.isin(event["kind"], (GIVEN, NOTE)) & (event["part"] != 1) & (roots >= 0)
    target_bar = target["bar"].astype(int)
    target_part = np.where(asked, target["part"], NO_PART).astype(int)
    some_part = np.where(asked, target["part"], 0).astype(int)
    target_position = np.where(target["kind"] == NOTE, target["position"], 0).astype(int)
    target_root = song.roots[canvas.beat_at(target_bar, target_position)]
    continues = asked & (event["kind"] == NOTE) & (event["part"] == target["part"]) & (event["slot"] == target["slot"])
    activity = np.zeros(count, int) if brief.activity is None else brief.activity[target_bar, some_part]
    visible = np.stack([visible_parts(brief, part) for part in range(PARTS)])
    return Lesson(
        event=event,
        input_degree=np.where(pitched, (event["pitch"].astype(int) - roots) % 12, 12),
        input_chord=canvas.chord_features(bar, position),
        bar=bar_conditions(song, brief)[event["slot"]],
        target_part=target_part,
        target_activity=np.where(asked, activity, 0),
        target_density=np.where(asked, np.array(brief.density)[some_part], 0),
        asked=asked,
        target=target,
        earliest=np.where(continues, event["position"], 0).astype(int),
        previous_pitch=_previous_pitches(events)[start + 1 : start + count + 1],
        target_root=np.where(target_part == 1, -1, target_root),
        target_chord=canvas.chord_features(target_bar, target_position),
        target_melody=canvas.melody_features(target_bar, target_position),
        position_features=canvas.position_features(target_bar, some_part, visible[some_part]),
        pitch_features=canvas.pitch_features(target_bar, some_part, target_position),
    )


def rehearse(song: GridSong, brief: Brief) -> tuple[np.ndarray, Canvas]:
    """The conversation and the canvas of a finished song, as training reads them."""
    canvas = Canvas(song, brief.lookahead, 0 in brief.given)
    canvas.paint(song.notes[np.isin(song.notes["part"], brief.asked + brief.given)])
    if 0 in brief.given and brief.lookahead >= 0:
        canvas.paint_melody(song.notes[song.notes["part"] == 0])
    for bar in range(song.bar_count):
        canvas.settle(bar)
    return tell(song, brief), canvas


def _previous_pitches(events: np.ndarray) -> np.ndarray:
    """Pitch of the same part's previous asked note before each event, -1 for none; shape (T,)."""
    found = np.full(len(events), -1)
    for part in range(PARTS):
        mine = np.flatnonzero((events["part"] == part) & (events["kind"] >= NOTE))
        pitch = np.where(events["kind"][mine] == NOTE, events["pitch"][mine].astype(int), -1)
        last = np.maximum.accumulate(np.where(pitch >= 0, np.arange(len(mine)), -1))
        before = np.concatenate([[-1], last[:-1]]) if len(mine) else last
        found[mine] = np.where(before >= 0, pitch[before], -1)
    return found
