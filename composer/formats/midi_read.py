"""MIDI bytes → Score: types 0, 1 and 2, any division. What is not understood is kept or named in `problems`.

A type-0 file, and any track of several channels, becomes a part a channel. Of the metre event only the metre is kept:
the other half (metronome clicks, thirty-seconds a beat) is wrong in many files and moves no note.

The patterns of a type-2 file, which belong to no common time, are laid one after another in the order of their tracks, each from a
bar line and in 4/4 at 120 BPM until it says otherwise. A track without a note takes no time; what it says is said of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from composer.errors import MusicFileError
from composer.formats import chord_marks, midi_meta
from composer.formats.midi_chunks import metric_division, read_shell
from composer.formats.midi_track import RawTrack, read_track
from composer.gm import DRUM_CHANNEL
from composer.score import LAST_TICK, Event, Part, Score, as_notes, struck_once
from composer.timing import DEFAULT_TEMPO_US, Meter, TempoMap

MOST_BYTES = 32 * 2**20
LONGEST_BEATS = 200_000
"""Where a piece is cut, in quarter notes: a day of music at 140 BPM."""
MOST_BARS = 100_000
MOST_PROBLEMS = 30
ROLE_TAG = b"\x7dcomposer role "
"""How a part's role is kept: a sequencer-specific event of the educational maker's number."""
WHOLE_TAG = b"\x7dcomposer starts whole"
"""The same for a metre whose first bar is no pick-up (see `Meter.starts_whole`)."""

_PIECE_WIDE = frozenset(("marker", "cue_marker", "copyright", "sequence_number"))
_MANY_DOUBLED = 0.1
"""Share of a part's notes: voices that meet on a note now and then are nothing to speak of."""
_ODD_TEMPO_BPM = (10.0, 1000.0)
_SMPTE_TICKS_PER_BEAT = 500
"""Roughly, for judging how long a wait is, before the real number is known."""


def parse_midi(data: bytes, name: str) -> Score:
    """A whole file's bytes as a score. Raises MusicFileError, calling the file `name`."""
    problems: list[str] = []
    shell = read_shell(data, name, problems)
    tracks = [read_track(chunk, shell.division or _SMPTE_TICKS_PER_BEAT) for chunk in shell.tracks]
    problems += _by_track(tracks)
    ticks_per_beat, tempo_us = shell.division, 0
    if shell.frames:
        marks = [values[0] for track in tracks for _, _, kind, values in track.events if kind == "set_tempo"]
        ticks_per_beat, tempo_us = metric_division(shell, [mark for mark in marks if isinstance(mark, int)], problems)
    patterns = sum(any(track.notes.values()) for track in tracks)
    if shell.kind == 2 and patterns > 1:
        problems.append(f"type 2 file: its {patterns} patterns are laid one after another")
    gathered = _Gathered(ticks_per_beat, problems)
    for number, track in enumerate(tracks):
        if shell.kind == 2 and gathered.sounds:
            gathered.begin_pattern()
        gathered.add(track, leads=number == 0 or shell.kind == 2, alone=shell.kind == 0 or len(tracks) == 1)
    return gathered.score(tempo_us, name)


def _by_track(tracks: Sequence[RawTrack]) -> list[str]:
    """Each track's problems, said once where several tracks share them."""
    where: dict[str, list[str]] = {}
    for number, track in enumerate(tracks, 1):
        for problem in track.problems:
            where.setdefault(problem, []).append(str(number))
    return [f"track{'s' if len(of) > 1 else ''} {', '.join(of)}: {problem}" for problem, of in where.items()]


@dataclass
class _Player:
    """One channel of one track: a part in the making."""

    name: str
    port: int
    channel: int
    role: str | None
    """None where the file says nothing about it."""
    notes: list[tuple[int, int, int, int]]
    events: list[Event]
    alone: bool
    """No other channel is in its track."""
    pattern: int

    def part(self) -> Part:
        """The program is the channel's first program change, unless that comes after its first note."""
        notes = as_notes(self.notes)
        first = int(notes["onset"][0]) if len(notes) else LAST_TICK
        program = next((event for event in self.events if event.kind == "program_change"), None)
        if program is None or program.tick > first:
            return Part(self.name, notes, 0, self.channel == DRUM_CHANNEL, self.role or "", tuple(self.events))
        self.events.remove(program)
        number = _number(program.data[0])
        return Part(self.name, notes, number, self.channel == DRUM_CHANNEL, self.role or "", tuple(self.events))


@dataclass
class _Gathered:
    """What the tracks add up to, before it is a Score."""

    ticks_per_beat: int
    problems: list[str]
    title: str = ""
    players: list[_Player] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tempos: dict[int, int] = field(default_factory=dict)
    meters: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: dict[tuple[int, str], None] = field(default_factory=dict)
    chords: list[tuple[int, str]] = field(default_factory=list)
    starts_whole: bool = False
    offset: int = 0
    pattern: int = 0
    late: int = 0

    @property
    def end(self) -> int:
        return max((onset + duration for player in self.players for onset, duration, _, _ in player.notes), default=0)

    @property
    def meter(self) -> Meter:
        meters = {0: (4, 4), **self.meters}
        return Meter(
            self.ticks_per_beat, tuple((tick, *value) for tick, value in sorted(meters.items())), self.starts_whole
        )

    @property
    def sounds(self) -> bool:
        """Whether the present pattern has a note."""
        return any(player.notes for player in self.players if player.pattern == self.pattern)

    def begin_pattern(self) -> None:
        """Later tracks start at the bar line after all that came before, in 4/4 at 120 BPM until they say otherwise."""
        end = max(self.end, self.offset + 1)
        self.offset = next(bar.end for bar in self.meter.iter_bars() if bar.end >= end)
        self.tempos[self.offset], self.meters[self.offset] = DEFAULT_TEMPO_US, (4, 4)
        self.pattern += 1

    def add(self, track: RawTrack, leads: bool, alone: bool) -> None:
        """One track. Texts of a track without channels, or of one that is `alone` in its file, belong to the piece."""
        last_tick = min(LAST_TICK, LONGEST_BEATS * self.ticks_per_beat)
        name, port, role = "", 0, None
        names: dict[int, str] = {}
        shared: list[Event] = []
        own: dict[int, list[Event]] = {channel: [] for channel in track.channels}
        sounding = [channel for channel in track.channels if track.notes.get(channel)] or track.channels
        of_track = own[sounding[0]] if sounding and not alone else shared
        metres_here: set[int] = set()
        for tick, channel, kind, values in track.events:
            tick += self.offset
            if tick > last_tick:
                self.late += 1
            elif kind == "set_tempo":
                self._tempo(tick, _number(values[0]))
            elif kind == "time_signature":
                self._metre(tick, _number(values[0]), _number(values[1]), new=tick not in metres_here)
                metres_here.add(tick)
            elif kind == "key_signature":
                self.keys[tick, str(values[0])] = None
            elif kind == "track_name" and channel in own and len(own) > 1 and channel not in names:
                names[channel] = str(values[0])
            elif kind == "track_name" and not name:
                name = str(values[0])
            elif kind == "midi_port":
                port = _number(values[0])
            elif kind == "sequencer_specific" and values == (WHOLE_TAG,):
                self.starts_whole = True
            elif (
                kind == "sequencer_specific"
                and (tag := values[0])
                and isinstance(tag, bytes)
                and tag.startswith(ROLE_TAG)
            ):
                role = midi_meta.text(tag[len(ROLE_TAG) :])
            elif kind in _PIECE_WIDE:
                shared.append(Event(tick, kind, values))
            else:
                own.get(channel, of_track).append(Event(tick, kind, values))
        for channel in track.channels:
            rows = track.notes.get(channel, [])
            if self.offset or track.end > last_tick:
                kept = [
                    (onset + self.offset, *rest) for onset, *rest in rows if onset + self.offset + rest[0] <= last_tick
                ]
                self.late += len(rows) - len(kept)
                rows = [(onset, duration, pitch, velocity) for onset, duration, pitch, velocity in kept]
            called = names.get(channel, "" if alone and len(own) > 1 else name)
            events = self._without_chords(own[channel], called)
            self.players.append(_Player(called, port, channel, role, rows, events, len(own) == 1, self.pattern))
        if not track.channels:
            found = len(self.chords)
            shared = self._without_chords(shared, name)
            if len(self.chords) > found and chord_marks.TRACK_NAMES.match(name):
                name = ""
        if alone or (leads and not track.channels and not self.title):
            self.title = name
        elif name and not track.channels:
            # A track without a player is often only a line of text in the list of tracks.
            shared.insert(0, Event(self.offset, "text", (name,)))
        self.events += shared

    def _tempo(self, tick: int, pace_us: int) -> None:
        if pace_us:
            self.tempos[tick] = pace_us
        else:
            self.problems.append(f"a tempo of 0 at tick {tick} would never end and is left out")

    def _metre(self, tick: int, numerator: int, denominator: int, new: bool) -> None:
        before = self.meters.get(tick, (numerator, denominator))
        if before != (numerator, denominator) and (tick != self.offset or not self.pattern or not new):
            self.problems.append(
                f"two metres at tick {tick}, {before[0]}/{before[1]} and {numerator}/{denominator}; the later one is used"
            )
        self.meters[tick] = numerator, denominator

    def _without_chords(self, events: list[Event], track_name: str) -> list[Event]:
        chords, kept = chord_marks.take_texts(events, track_name)
        self.chords += chords
        return list(kept)

    def _settle(self) -> list[_Player]:
        """The players that sound. A channel set up in one track and played in another gets its setting there."""
        playing: dict[tuple[int, int, int], list[_Player]] = {}
        for player in self.players:
            if player.notes:
                playing.setdefault((player.pattern, player.port, player.channel), []).append(player)
        kept, mute = [], []
        for player in self.players:
            if player.notes or player.role is not None:
                kept.append(player)
                continue
            heirs = playing.get((player.pattern, player.port, player.channel), [])
            for heir in heirs:
                heir.events = sorted([*player.events, *heir.events], key=lambda event: event.tick)
            if not heirs and player.alone:
                kept.append(player)
            elif not heirs:
                mute.append(player.channel + 1)
        if mute:
            listed = ", ".join(map(str, sorted(set(mute))))
            self.problems.append(f"settings for channels that play no note are left out (channel {listed})")
        for player in kept:
            self._borrow_program(player, playing.get((player.pattern, player.port, player.channel), []))
        return kept

    def _borrow_program(self, player: _Player, same_channel: list[_Player]) -> None:
        """Where a track plays a channel whose program another track sets, the program is its own too."""
        if any(event.kind == "program_change" for event in player.events) or not player.notes:
            return
        first = min(note[0] for note in player.notes)
        changes = [event for other in same_channel for event in other.events if event.kind == "program_change"]
        earlier = [event for event in changes if event.tick <= first]
        if earlier and len(same_channel) > 1:
            player.events.insert(0, max(earlier, key=lambda event: event.tick))
            player.events.sort(key=lambda event: event.tick)

    def score(self, tempo_us: int, name: str) -> Score:
        """Everything as one value. `tempo_us`, where not 0, replaces the file's tempo marks (see `metric_division`)."""
        parts = tuple(player.part() for player in self._settle())
        for number, part in enumerate(parts, 1):
            doubled = len(part) - len(struck_once(part.notes))
            if doubled > _MANY_DOUBLED * len(part):
                called = f" ({part.name.strip()})" if part.name.strip() else ""
                self.problems.append(
                    f"part {number}{called} strikes {doubled} notes twice at once; each counts as one, and both are kept"
                )
        if self.late:
            self.problems.append(f"{self.late} notes and events lie after {LONGEST_BEATS} beats and are left out")
        tempos = {0: tempo_us} if tempo_us else {0: DEFAULT_TEMPO_US, **self.tempos}
        tempo = TempoMap(self.ticks_per_beat, tuple(sorted(tempos.items())))
        for tick, pace_us in tempo.changes:
            if not _ODD_TEMPO_BPM[0] <= 60e6 / pace_us <= _ODD_TEMPO_BPM[1]:
                self.problems.append(f"the tempo at tick {tick} is {60e6 / pace_us:.4g} BPM; kept as it is")
        _check_bars(self.meter, self.end, name)
        self.events.sort(key=lambda event: event.tick)
        chords, events = tuple(sorted(dict(self.chords).items())), tuple(self.events)
        if not chords:
            chords, events = chord_marks.take_markers(events)
        keys = sorted(self.keys, key=lambda mark: mark[0])
        # The first key is the score's; a mark of it stays among the events only where it comes after the start.
        later = keys[1:] if keys and keys[0][0] == 0 else keys
        events += tuple(Event(tick, "key_signature", (key,)) for tick, key in later)
        problems = self.problems
        if len(problems) > MOST_PROBLEMS:
            problems = [*problems[:MOST_PROBLEMS], f"and {len(problems) - MOST_PROBLEMS} more of this kind"]
        return Score(
            parts,
            tempo,
            self.meter,
            self.title,
            keys[0][1] if keys else "",
            chords,
            tuple(sorted(events, key=lambda event: event.tick)),
            tuple(problems),
        )


def _number(value: int | str | bytes) -> int:
    assert isinstance(value, int), "the track reader decodes numbers"
    return value


def _check_bars(meter: Meter, end: int, name: str) -> None:
    """Raises MusicFileError where a metre cuts the piece into more bars than anything here should walk through."""
    bars = 0.0
    for (tick, numerator, denominator), following in zip(meter.changes, (*meter.changes[1:], (end, 0, 0)), strict=True):
        bars += max(0, min(following[0], end) - tick) / max(1.0, numerator * 4 * meter.ticks_per_beat / denominator)
    if bars > MOST_BARS:
        raise MusicFileError(f"{name}: would have {bars:.0f} bars; check its metre and its last notes, or cut it")
