"""Copy pointers: bands loop, so each part points at the earlier bar it may be repeating and the note that would come next.

Every part has two sources in a bar: A, its bar before, and B, whichever of two, four, eight bars ago or the bar that form or
melody repeats has foretold it best so far. As long as the notes written agree with a source, the part is on its track,
and the source's next note is pointed at: its place, its pitch (as it stands, and moved with the chord's root), its length, its
loudness. The heads weigh what is pointed at, so that a loop stays a loop and a variation is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from composer.vocab import DRUM_PART, MAX_POSITIONS, PARTS, GridSong

NOTHING = -1
SOURCES = 2
LAGS = (2, 4, 8)
_FAVOUR = {0: 0.5, 4: 0.4, 2: 0.3, 8: 0.1}
"""What a candidate for B is worth before it has foretold anything; 0 stands for the reference bar."""
_FORGET = 0.7
"""How much of what a candidate foretold still counts a bar later."""
TRACKS = 1 << SOURCES
"""Classes of being on track: bit 0 for A, bit 1 for B."""
COPY_POSITIONS, COPY_PITCHES, COPY_DURATIONS, COPY_VELOCITIES = SOURCES, 2 * SOURCES, 1 + SOURCES, 2 + SOURCES
"""Pointers into each field's classes. Lengths and loudnesses also point at the part's last note, loudness at its last on this pitch."""

Note = tuple[int, int, int, int]
"""(position, pitch, duration class, velocity class)"""


class Copying:
    """The notes of every (bar, part) so far, and each part's sources. `paint` adds, `settle` takes stock before a bar."""

    def __init__(self, song: GridSong, reference: np.ndarray, fresh_from: int = 0) -> None:
        """From bar `fresh_from` on, nothing before it is copied."""
        bars = song.bar_count
        self.fresh_from = fresh_from
        self.song, self.reference = song, reference
        self.notes: list[list[list[Note]]] = [[[] for _ in range(PARTS)] for _ in range(bars)]
        self.sources = np.full((bars, PARTS, SOURCES), NOTHING)
        self.ended = np.zeros((bars, PARTS), np.int64)
        """On which tracks each part's bar before ended, as a class of TRACKS."""
        self._worth = [{0: 0.0, **dict.fromkeys(LAGS, 0.0)} for _ in range(PARTS)]
        self._length = song.bar_length.tolist()
        first = song.first_beat.tolist()
        beat, roots = song.beat_length.tolist(), song.roots.tolist()
        self._root: list[list[int]] = [
            [roots[min(first[bar] + at // beat[bar], first[bar + 1] - 1)] for at in range(self._length[bar])]
            for bar in range(bars)
        ]

    def paint(self, notes: np.ndarray) -> None:
        """Add grid notes (GRID_NOTE_DTYPE), in order within their bar and part."""
        for part, bar, position, pitch, duration, velocity in notes.tolist():
            self.notes[bar][part].append((position, pitch, duration, velocity))

    def settle(self, bar: int) -> None:
        """Everything before `bar` is painted: see what foretold the last bar, and choose this bar's sources."""
        for part in range(1, PARTS):
            worth = self._worth[part]
            if bar:
                last = self.notes[bar - 1][part]
                tracks = [self.repeats(bar - 1, part, int(source)) for source in self.sources[bar - 1, part]]
                self.ended[bar, part] = sum(kept << i for i, kept in enumerate(tracks))
                for lag in worth:
                    source = self._candidate(bar - 1, lag)
                    foretold = bool(last) and source >= 0 and self.repeats(bar - 1, part, source)
                    worth[lag] = _FORGET * worth[lag] + foretold
            self.sources[bar, part, 0] = self._usable(bar, bar - 1)
            best = [(worth[lag] + _FAVOUR[lag], self._candidate(bar, lag)) for lag in worth]
            self.sources[bar, part, 1] = max((b for b in best if b[1] >= 0), default=(0.0, NOTHING))[1]

    def _candidate(self, bar: int, lag: int) -> int:
        return self._usable(bar, int(self.reference[bar]) if lag == 0 else bar - lag)

    def _usable(self, bar: int, source: int) -> int:
        """The source, if it is there, as long as the bar, and not out of bounds; else NOTHING."""
        if source < (self.fresh_from if bar >= self.fresh_from else 0) or self._length[source] != self._length[bar]:
            return NOTHING
        return source

    def repeats(self, bar: int, part: int, source: int) -> bool:
        """Whether a part's bar is its source again, note for note."""
        if source < 0:
            return False
        mine, theirs = self.notes[bar][part], self.notes[source][part]
        if len(mine) != len(theirs) or not mine:
            return False
        return mine == theirs or all(
            self.alike(bar, note, source, other, part) for note, other in zip(mine, theirs, strict=True)
        )

    def alike(self, bar: int, note: Note, source: int, other: Note, part: int) -> bool:
        """At the same place with the same pitch, or with the same degree of its own chord."""
        if note[0] != other[0]:
            return False
        if note[1] == other[1]:
            return True
        return part != DRUM_PART and (note[1] - self.moved(bar, source, other, part)) % 12 == 0

    def moved(self, bar: int, source: int, note: Note, part: int) -> int:
        """The source's pitch moved as the chord's root has moved, by less than an octave."""
        place, pitch = note[0], note[1]
        if part == DRUM_PART:
            return pitch
        old, new = self._root[source][place], self._root[bar][place]
        return pitch + (0 if old < 0 or new < 0 else (new - old + 5) % 12 - 5)

    def follow(self, bar: int, part: int) -> Follower:
        """A part about to write a bar."""
        return Follower(self, bar, part, [int(source) for source in self.sources[bar, part]])


@dataclass
class Follower:
    """One part writing one bar: how far along its sources it is."""

    copying: Copying
    bar: int
    part: int
    sources: list[int]
    """Bars whose track it is on, NOTHING for one that is lost or never was."""
    written: int = 0
    expected: list[Note | None] = field(init=False)
    """Each source's next note; None where there is none."""

    def __post_init__(self) -> None:
        self.expected = [None] * len(self.sources)
        for i, source in enumerate(self.sources):
            theirs = self.copying.notes[source][self.part] if source >= 0 else []
            if theirs:
                self.expected[i] = theirs[0]
            else:
                self.sources[i] = NOTHING

    @property
    def track(self) -> int:
        """What it is on the track of, as a class of TRACKS; before its first note, how its last bar ended."""
        if not self.written:
            return int(self.copying.ended[self.bar, self.part])
        return sum((source >= 0) << i for i, source in enumerate(self.sources))

    def positions(self) -> list[int]:
        """The place each source goes on at, MAX_POSITIONS for END, NOTHING off its track; COPY_POSITIONS of them."""
        return [
            NOTHING if source < 0 else (MAX_POSITIONS if note is None else note[0])
            for source, note in zip(self.sources, self.expected, strict=True)
        ]

    def pitches(self, position: int) -> list[int]:
        """Each source's pitch at that place, as it stands and as moved with the chord; COPY_PITCHES of them."""
        found = []
        for source, note in zip(self.sources, self.expected, strict=True):
            if note is None or source < 0 or note[0] != position:
                found += [NOTHING, NOTHING]
            else:
                found += [note[1], min(max(self.copying.moved(self.bar, source, note, self.part), 0), 127)]
        return found

    def touches(self, position: int, pitch: int) -> list[Note | None]:
        """Each source's note, where it is the one being written."""
        mine = (position, pitch, 0, 0)
        copying, bar, part = self.copying, self.bar, self.part
        return [
            note if note is not None and source >= 0 and copying.alike(bar, mine, source, note, part) else None
            for source, note in zip(self.sources, self.expected, strict=True)
        ]

    def advance(self, agreed: list[Note | None]) -> None:
        """A note is written; `agreed` are its `touches`. Whoever expected another is left behind."""
        self.written += 1
        for i, note in enumerate(agreed):
            if note is None:
                self.sources[i], self.expected[i] = NOTHING, None
            else:
                theirs = self.copying.notes[self.sources[i]][self.part]
                self.expected[i] = theirs[self.written] if self.written < len(theirs) else None


class Touch:
    """What each part played last: where lengths and loudnesses point when no source does."""

    def __init__(self) -> None:
        self.pitch = [NOTHING] * PARTS
        self.duration = [NOTHING] * PARTS
        self.velocity = [NOTHING] * PARTS
        self.velocity_of: list[dict[int, int]] = [{} for _ in range(PARTS)]

    def hear(self, part: int, pitch: int, duration: int, velocity: int) -> None:
        self.pitch[part], self.duration[part], self.velocity[part] = pitch, duration, velocity
        self.velocity_of[part][pitch] = velocity

    def save(self, part: int) -> tuple[int, int, int, dict[int, int]]:
        """What it remembers of a part."""
        return self.pitch[part], self.duration[part], self.velocity[part], dict(self.velocity_of[part])

    def restore(self, part: int, saved: tuple[int, int, int, dict[int, int]]) -> None:
        """Back to what was saved of a part."""
        self.pitch[part], self.duration[part], self.velocity[part], of = saved
        self.velocity_of[part] = dict(of)


@dataclass(frozen=True)
class Pointers:
    """What is pointed at for every asked event of a finished song, in the order of telling; NOTHING where nothing is."""

    track: np.ndarray
    """Class of TRACKS, shape (n,)."""
    position: np.ndarray
    """(n, COPY_POSITIONS)"""
    pitch: np.ndarray
    """(n, COPY_PITCHES)"""
    duration: np.ndarray
    """(n, COPY_DURATIONS)"""
    velocity: np.ndarray
    """(n, COPY_VELOCITIES)"""
    previous_pitch: np.ndarray
    """Pitch of the part's note before, (n,)."""


def point(copying: Copying, asked: np.ndarray, given: np.ndarray) -> Pointers:
    """Walk through a painted and settled song as a decoder would: for every asked cell its notes, then its END.

    asked, given: bool, shape (B, R).
    """
    track, position, pitch, duration, velocity, previous = [], [], [], [], [], []
    touch = Touch()
    nothing = [NOTHING] * 8
    for bar in range(len(asked)):
        for part in np.flatnonzero(asked[bar]).tolist():
            follower = copying.follow(bar, part)
            for at, what, long, loud in copying.notes[bar][part]:
                track.append(follower.track)
                position.append(follower.positions())
                pitch.append(follower.pitches(at))
                agreed = follower.touches(at, what)
                duration.append(durations(agreed, touch, part))
                velocity.append(velocities(agreed, touch, part, what))
                previous.append(touch.pitch[part])
                follower.advance(agreed)
                touch.hear(part, what, long, loud)
            track.append(follower.track)
            position.append(follower.positions())
            pitch.append(nothing[:COPY_PITCHES])
            duration.append(nothing[:COPY_DURATIONS])
            velocity.append(nothing[:COPY_VELOCITIES])
            previous.append(NOTHING)
        for part in np.flatnonzero(given[bar]).tolist():
            for _, what, long, loud in copying.notes[bar][part]:
                touch.hear(part, what, long, loud)
    return Pointers(
        np.array(track, np.int64),
        np.array(position, np.int64).reshape(-1, COPY_POSITIONS),
        np.array(pitch, np.int64).reshape(-1, COPY_PITCHES),
        np.array(duration, np.int64).reshape(-1, COPY_DURATIONS),
        np.array(velocity, np.int64).reshape(-1, COPY_VELOCITIES),
        np.array(previous, np.int64),
    )


def durations(agreed: list[Note | None], touch: Touch, part: int) -> list[int]:
    """Length classes pointed at: of the part's last note, and of each source's note here."""
    return [touch.duration[part], *(NOTHING if note is None else note[2] for note in agreed)]


def velocities(agreed: list[Note | None], touch: Touch, part: int, pitch: int) -> list[int]:
    """Loudness classes pointed at: of the part's last note, of its last on this pitch, and of each source's note here."""
    last = (touch.velocity[part], touch.velocity_of[part].get(pitch, NOTHING))
    return [*last, *(NOTHING if note is None else note[3] for note in agreed)]


def repeated_bars(song: GridSong, reference: np.ndarray) -> np.ndarray:
    """Whether each part's bar is one of its sources again: bool, shape (B, R)."""
    copying = Copying(song, reference)
    copying.paint(song.notes)
    for bar in range(song.bar_count):
        copying.settle(bar)
    again = np.zeros((song.bar_count, PARTS), bool)
    again[:-1] = copying.ended[1:] > 0
    last = song.bar_count - 1
    for part in range(1, PARTS):
        again[last, part] = any(copying.repeats(last, part, int(s)) for s in copying.sources[last, part])
    return again
