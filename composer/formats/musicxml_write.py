"""Score → MusicXML: a performance put on a grid that people can read.

`musicxml_grid` finds the grid of each part; notes struck together become chords, and a note ends where the next of its staff
begins. A keyboard's two hands get two staves, split at middle C; guitars are read an octave higher than they sound, basses in
the bass clef. Notes are spelled by their distance on the line of fifths from the key of their bar. Only the picture is rounded.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from composer.feel import as_written
from composer.formats.musicxml_grid import QUARTER, SIXTEENTH, Grid, Value
from composer.formats.musicxml_keys import Accidentals, keys_by_bar
from composer.formats.musicxml_names import harmony, spell, text
from composer.gm import DRUM_CHANNEL, MELODY, PROGRAM_NAMES
from composer.score import Part, Score
from composer.timing import Bar, has_pickup

_TRIPLET_TIMING = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"

_KEYBOARDS = range(8)
_GUITARS = range(24, 32)
_BASSES = range(32, 40)
_MIDDLE_C = 60
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_DRUM_PLACES = {35: "F4", 36: "F4", 37: "C5", 38: "C5", 40: "C5", 41: "G4", 42: "G5", 43: "G4", 44: "D4", 45: "A4"}
_DRUM_PLACES |= {46: "G5", 47: "B4", 48: "D5", 49: "A5", 50: "E5", 51: "F5", 52: "A5", 53: "F5", 55: "A5", 57: "A5"}
_DRUM_PLACES |= {59: "F5"}
_CROSSES = frozenset((37, 42, 44, 46, 49, 51, 52, 53, 54, 55, 57, 59, 70, 82))

_DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">'
)


@dataclass(frozen=True)
class _Chord:
    """Notes begun together, on the grid. `start` and `end` in divisions from the piece's start."""

    start: int
    end: int
    pitches: tuple[int, ...]
    lyric: str


def musicxml(score: Score) -> str:
    """The whole document (MusicXML 4.0, score-partwise). A band that is played off the grid is written on it."""
    score = as_written(score)
    bars = score.bars()
    bar_lines = _bar_lines(score, bars)
    keys = keys_by_bar(score, bars)
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        _DOCTYPE,
        '<score-partwise version="4.0">',
        f"<work><work-title>{text(score.title)}</work-title></work>" if score.title else "",
        "<part-list>",
    ]
    parts = score.parts or (Part("Music"),)
    for number, part in enumerate(parts, 1):
        out += _part_heading(part, number)
    out.append("</part-list>")
    for number, part in enumerate(parts, 1):
        out.append(f'<part id="P{number}">')
        writer = _PartWriter(score, part, number, bars, bar_lines, keys, leads=number == 1)
        out += writer.measures()
        out.append("</part>")
    out.append("</score-partwise>")
    return "\n".join(line for line in out if line) + "\n"


def _bar_lines(score: Score, bars: Sequence[Bar]) -> list[int]:
    """Where each bar begins, and the last one ends, in divisions."""
    return [round(tick * QUARTER / score.ticks_per_beat) for tick in (*(bar.start for bar in bars), bars[-1].end)]


def _part_heading(part: Part, number: int) -> list[str]:
    name = part.name or ("Drums" if part.is_drum else PROGRAM_NAMES[part.program])
    out = [f'<score-part id="P{number}"><part-name>{text(name)}</part-name>']
    if part.is_drum:
        pitches = sorted({int(pitch) for pitch in part.notes["pitch"]})
        for pitch in pitches:
            instrument = f"<instrument-name>Drum {pitch}</instrument-name>"
            out.append(f'<score-instrument id="P{number}-I{pitch}">{instrument}</score-instrument>')
        for pitch in pitches:
            out.append(
                f'<midi-instrument id="P{number}-I{pitch}"><midi-channel>{DRUM_CHANNEL + 1}</midi-channel>'
                f"<midi-program>1</midi-program><midi-unpitched>{pitch + 1}</midi-unpitched></midi-instrument>"
            )
    else:
        instrument = text(PROGRAM_NAMES[part.program])
        out.append(
            f'<score-instrument id="P{number}-I1"><instrument-name>{instrument}</instrument-name></score-instrument>'
        )
        out.append(
            f'<midi-instrument id="P{number}-I1"><midi-program>{part.program + 1}</midi-program></midi-instrument>'
        )
    return [*out, "</score-part>"]


class _PartWriter:
    """One part's measures. Places and lengths are in divisions; `bar_lines` are where bars begin, and the last one's end."""

    def __init__(
        self,
        score: Score,
        part: Part,
        number: int,
        bars: Sequence[Bar],
        bar_lines: list[int],
        keys: list[tuple[int, int]],
        leads: bool,
    ) -> None:
        self.score, self.part, self.number, self.bars, self.bar_lines = score, part, number, bars, bar_lines
        self.keys, self.leads = keys, leads
        per_tick = QUARTER / score.ticks_per_beat
        starts = [float(onset) * per_tick for onset in part.notes["onset"].tolist()]
        self.grid = Grid(bars, bar_lines, score.ticks_per_beat, starts)
        notes = self._on_grid()
        self.staves = 2 if _two_hands(part) and not _one_line(notes) else 1
        self.voices = [self._voice(notes, staff) for staff in range(self.staves)]

    def _on_grid(self) -> list[tuple[int, int, int, str]]:
        """(start, end, pitch, lyric) of each note, in divisions."""
        snap, per_tick = self.grid.snap, QUARTER / self.score.ticks_per_beat
        words = {event.tick: str(event.data[0]) for event in self.part.events if event.kind == "lyrics"}
        found = []
        for onset, duration, pitch, _ in self.part.notes.tolist():
            start = snap(onset * per_tick)
            end = max(snap((onset + duration) * per_tick), start + self.grid.step_at(start))
            found.append((start, end, pitch, words.get(onset, "")))
        return found

    def _voice(self, notes: list[tuple[int, int, int, str]], staff: int) -> list[_Chord]:
        if self.staves == 2:
            notes = [note for note in notes if (note[2] >= _MIDDLE_C) == (staff == 0)]
        together: dict[int, list[tuple[int, int, int, str]]] = {}
        for note in notes:
            together.setdefault(note[0], []).append(note)
        starts = sorted(together)
        chords = []
        for start, following in itertools.zip_longest(starts, starts[1:]):
            group = together[start]
            end = max(note[1] for note in group)
            if following is not None and (end > following or following - end < SIXTEENTH):
                end = following
            lyric = next((note[3] for note in group if note[3]), "")
            chords.append(
                _Chord(start, min(end, self.bar_lines[-1]), tuple(sorted({note[2] for note in group})), lyric)
            )
        return [chord for chord in chords if chord.end > chord.start]

    # Measures

    def measures(self) -> Iterator[str]:
        shown = None
        pickup = has_pickup(self.bars)
        for index, bar in enumerate(self.bars):
            yield f'<measure number="{bar.number}"' + (' implicit="yes">' if pickup and index == 0 else ">")
            metre_bar = self.bars[1] if pickup and index == 0 else bar
            metre = (metre_bar.numerator, metre_bar.denominator)
            key = self.keys[index] if index == 0 or self.keys[index] != self.keys[index - 1] else None
            yield from self._attributes(index == 0, key, metre if metre != shown else None)
            shown = metre
            yield from self._directions(bar, self.bar_lines[index])
            for staff, voice in enumerate(self.voices):
                if staff:
                    yield f"<backup><duration>{self.bar_lines[index + 1] - self.bar_lines[index]}</duration></backup>"
                yield from self._voice_bar(voice, staff, index)
            yield "</measure>"

    def _attributes(self, first: bool, key: tuple[int, int] | None, metre: tuple[int, int] | None) -> Iterator[str]:
        if not first and key is None and metre is None:
            return
        yield "<attributes>"
        if first:
            yield f"<divisions>{QUARTER}</divisions>"
        if key is not None:
            fifths, minor = key
            yield f"<key><fifths>{fifths}</fifths><mode>{'minor' if minor else 'major'}</mode></key>"
        if metre is not None:
            yield f"<time><beats>{metre[0]}</beats><beat-type>{metre[1]}</beat-type></time>"
        if first:
            yield f"<staves>{self.staves}</staves>" if self.staves > 1 else ""
            for staff, clef in enumerate(self._clefs(), 1):
                sign, line, octave = clef
                number = f' number="{staff}"' if self.staves > 1 else ""
                shift = f"<clef-octave-change>{octave}</clef-octave-change>" if octave else ""
                yield f"<clef{number}><sign>{sign}</sign><line>{line}</line>{shift}</clef>"
        yield "</attributes>"

    def _clefs(self) -> list[tuple[str, int, int]]:
        if self.part.is_drum:
            return [("percussion", 3, 0)]
        if self.staves == 2:
            return [("G", 2, 0), ("F", 4, 0)]
        if self.part.program in _GUITARS:
            return [("G", 2, -1)]
        if self.part.program in _BASSES:
            return [("F", 4, 0)]
        pitches = sorted(self.part.notes["pitch"].tolist()) or [_MIDDLE_C]
        return [("G", 2, 0) if pitches[len(pitches) // 2] >= _MIDDLE_C - 3 else ("F", 4, 0)]

    def _directions(self, bar: Bar, line: int) -> Iterator[str]:
        """Tempo and chord symbols, over the first part."""
        if not self.leads:
            return
        per_tick = QUARTER / self.score.ticks_per_beat
        changes = self.score.tempo.changes
        for index, (tick, tempo_us) in enumerate(changes):
            if bar.start <= tick < bar.end:
                bpm = 60e6 / tempo_us
                before = 60e6 / changes[index - 1][1] if index else 0.0
                shown = abs(bpm / before - 1) > 0.05 if before else True
                mark = (
                    f"<metronome><beat-unit>quarter</beat-unit><per-minute>{bpm:.4g}</per-minute></metronome>"
                    if shown
                    else "<words/>"
                )
                at = round(tick * per_tick) - line
                yield (
                    f'<direction placement="above"><direction-type>{mark}</direction-type><offset>{at}</offset>'
                    f'<sound tempo="{bpm:.6g}"/></direction>'
                )
        first = bisect.bisect_left(self.score.chords, (bar.start, ""))
        for tick, symbol in self.score.chords[first:]:
            if tick >= bar.end:
                break
            yield harmony(symbol, round(tick * per_tick) - line)

    def _voice_bar(self, voice: list[_Chord], staff: int, index: int) -> Iterator[str]:
        """One staff's notes and rests in one bar, tied over its ends."""
        start, end = self.bar_lines[index], self.bar_lines[index + 1]
        accidentals = Accidentals(self.keys[index][0])
        at = start
        first = bisect.bisect_right([chord.end for chord in voice], start)
        for chord in voice[first:]:
            if chord.start >= end:
                break
            begin, stop = max(chord.start, start), min(chord.end, end)
            if begin > at:
                yield from self._pieces(None, at, begin, staff, index, accidentals)
            yield from self._pieces(chord, begin, stop, staff, index, accidentals)
            at = stop
        length = end - start
        if at == start and length == self._whole(index):
            place = self._voice_tag(staff) + self._staff_tag(staff)
            yield f'<note><rest measure="yes"/><duration>{length}</duration>{place}</note>'
        elif at < end:
            yield from self._pieces(None, at, end, staff, index, accidentals)

    def _whole(self, index: int) -> int:
        """How long the bar's metre says it is; a pick-up or a bar cut short is less."""
        bar = self.bars[1] if index == 0 and has_pickup(self.bars) else self.bars[index]
        return bar.numerator * 4 * QUARTER // bar.denominator

    def _voice_tag(self, staff: int) -> str:
        return f"<voice>{staff * 4 + 1}</voice>"

    def _staff_tag(self, staff: int) -> str:
        """Which staff it is on, "" where the part has one: without it a note is on the first."""
        return f"<staff>{staff + 1}</staff>" if self.staves > 1 else ""

    def _pieces(
        self, chord: _Chord | None, start: int, end: int, staff: int, index: int, accidentals: Accidentals
    ) -> Iterator[str]:
        """A chord or rest from `start` to `end` as written note values, tied where one does not do."""
        at = start
        while at < end:
            value = self.grid.next_value(at, end, index)
            tie_on = chord is not None and at + value.length < chord.end
            yield from self._written(chord, at, value, staff, accidentals, tie_on)
            at += value.length

    def _written(
        self,
        chord: _Chord | None,
        at: int,
        value: Value,
        staff: int,
        accidentals: Accidentals,
        tie_on: bool,
    ) -> Iterator[str]:
        """One note value at `at`: a rest, or a chord's notes, the first of which carries the triplet's bracket and the words."""
        length, kind = value.length, f"<type>{value.kind}</type>" if value.kind else ""
        shape = kind + "<dot/>" * value.dots
        timing = _TRIPLET_TIMING if value.triplet else ""
        voice, on_staff = self._voice_tag(staff), self._staff_tag(staff)
        if chord is None:
            tuplet = self._notations(at, value)
            yield f"<note><rest/><duration>{length}</duration>{voice}{shape}{timing}{on_staff}{tuplet}</note>"
            return
        tie_off = at > chord.start
        ties = '<tie type="stop"/>' * tie_off + '<tie type="start"/>' * tie_on
        tied = '<tied type="stop"/>' * tie_off + '<tied type="start"/>' * tie_on
        # A note tied into another key keeps its name.
        fifths = self.keys[self.grid.bar_at(chord.start)][0]
        for member, pitch in enumerate(chord.pitches):
            leads = member == 0
            yield "<note>" + "<chord/>" * (not leads)
            accidental = instrument = head = ""
            if self.part.is_drum:
                yield _unpitched(pitch)
                instrument = f'<instrument id="P{self.number}-I{pitch}"/>'
                head = "<notehead>x</notehead>" if pitch in _CROSSES else ""
            else:
                step, alter, octave = spell(pitch, fifths)
                # music21 joins tied notes by name, where a natural that is said is another than one that is not.
                shift = f"<alter>{alter}</alter>" if alter or tied else ""
                yield f"<pitch><step>{step}</step>{shift}<octave>{octave}</octave></pitch>"
                if accidentals.needed(step, octave, alter) and not tie_off:
                    accidental = f"<accidental>{_ACCIDENTALS[alter]}</accidental>"
            sung = chord.lyric.strip() if leads and not tie_off else ""
            lyric = f"<lyric><text>{text(sung)}</text></lyric>" if sung else ""
            notations = self._notations(at, value, tied, leads)
            yield (
                f"<duration>{length}</duration>{ties}{instrument}{voice}{shape}{accidental}{timing}{head}"
                f"{on_staff}{notations}{lyric}</note>"
            )

    def _notations(self, at: int, value: Value, tied: str = "", leads: bool = True) -> str:
        """Ties, and at either end of a triplet its bracket, which belongs to the note that `leads` its chord."""
        bracket = ""
        if value.triplet and leads:
            bracket += '<tuplet type="start"/>' * (at == value.triplet.start)
            bracket += '<tuplet type="stop"/>' * (at + value.length == value.triplet.end)
        return f"<notations>{tied}{bracket}</notations>" if tied or bracket else ""


def _unpitched(pitch: int) -> str:
    """A drum's line or space on the staff."""
    place = _DRUM_PLACES.get(pitch, "B4")
    step, octave = place[0], place[1]
    shown = f"<display-step>{step}</display-step><display-octave>{octave}</display-octave>"
    return f"<unpitched>{shown}</unpitched>"


def _two_hands(part: Part) -> bool:
    """Whether a keyboard part has enough on either side of middle C for two staves; a melody is read on one."""
    if part.program not in _KEYBOARDS or part.is_drum or part.role == MELODY or not len(part):
        return False
    low = part.notes["pitch"] < _MIDDLE_C
    return bool(0.05 < low.mean() < 0.95)


def _one_line(notes: Sequence[tuple[int, int, int, str]]) -> bool:
    """Whether no two notes (start, end, pitch, lyric, on the grid and in order) sound together, but for legato."""
    return all(after[0] > note[0] and after[0] >= note[1] - SIXTEENTH for note, after in itertools.pairwise(notes))
