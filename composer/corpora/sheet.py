"""Printed music as a corpus needs it: MusicXML read straight from its elements, many times faster than by music21.

Pitches, durations, ties, tuplets, pick-ups, metres, keys, repeats and endings, chord symbols, loudness and metronome
marks are read. Grace notes, cues, ornaments and jumps (D.C., D.S.) are not. For users' files: `formats.musicxml`.
"""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree import ElementTree

from composer.corpora.repeats import Barlines, played_order
from composer.corpora.sheet_chords import harmony_symbol, words_symbol
from composer.errors import MusicFileError
from composer.score import Part, Score, as_notes
from composer.timing import DEFAULT_TICKS_PER_BEAT, Meter, TempoMap

TICKS = DEFAULT_TICKS_PER_BEAT
DEFAULT_VELOCITY = 72
_LOUDNESS = {"ppp": 28, "pp": 40, "p": 52, "mp": 64, "mf": 76, "f": 92, "ff": 106, "fff": 118, "sf": 100, "sfz": 100}
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_UNITS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
_MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR_KEYS = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")


@dataclass(frozen=True)
class _Note:
    onset: Fraction
    duration: Fraction
    pitch: int
    velocity: int
    tied: bool


@dataclass
class _Measure:
    """One written bar of one part; times in quarter notes from the bar's start."""

    notes: list[_Note] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    length: Fraction = Fraction(0)
    signature: tuple[int, int] = (4, 4)
    loose: bool = False
    """May be of another length than its metre: marked implicit, or at a repeat."""
    barlines: Barlines = field(default_factory=Barlines)


@dataclass(frozen=True)
class Sheet:
    """A printed score, repeats played out."""

    score: Score
    sung: tuple[bool, ...]
    """Which of its parts have words."""
    irregular: float
    """Share of written bars, but for the first and last and those at repeats, that are not as long as their metre."""


def read_sheet(path: str | os.PathLike[str]) -> Sheet:
    """A .mxl or .musicxml file → Sheet, 480 ticks a quarter. Raises MusicFileError."""
    root = _parse(path)
    names = {item.get("id", ""): (item.findtext("part-name") or "").strip() for item in root.iter("score-part")}
    parts = [(_PartReader(element).measures, element) for element in root.findall("part")]
    if not parts or not parts[0][0]:
        raise MusicFileError(f"{os.fspath(path)}: no bars in it")
    count = min(len(measures) for measures, _ in parts)
    columns = [[measures[i] for measures, _ in parts] for i in range(count)]
    lengths = [_length(column) for column in columns]
    inner = range(1, count - 1)
    irregular = sum(lengths[i] != _nominal(columns[i]) and not columns[i][0].loose for i in inner) / max(1, count - 2)
    order = played_order([column[0].barlines for column in columns])
    starts, at = [], Fraction(0)
    for index in order:
        starts.append(at)
        at += lengths[index]
    score = Score(
        parts=tuple(
            Part(names.get(element.get("id", ""), ""), as_notes(_play([measures[i] for i in order], starts)))
            for measures, element in parts
        ),
        tempo=_tempo([columns[i][0].tempos for i in order], starts),
        meter=_meter([columns[i][0].signature for i in order], [lengths[i] for i in order], starts, path),
        title=(root.findtext("work/work-title") or root.findtext("movement-title") or "").strip(),
        key=_key(parts[0][1]),
        chords=_chords([[chord for measure in columns[i] for chord in measure.chords] for i in order], starts),
    )
    return Sheet(score, tuple(element.find(".//lyric") is not None for _, element in parts), irregular)


def _parse(path: str | os.PathLike[str]) -> ElementTree.Element:
    try:
        if not zipfile.is_zipfile(path):
            return ElementTree.parse(path).getroot()
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if not name.startswith("META-INF")]
            sheets = [name for name in inside if name.lower().endswith((".xml", ".musicxml"))]
            if not sheets:
                raise MusicFileError(f"{os.fspath(path)}: no score inside")
            return ElementTree.fromstring(archive.read(sheets[0]))
    except (ElementTree.ParseError, zipfile.BadZipFile, OSError) as error:
        raise MusicFileError(f"{os.fspath(path)}: not readable as MusicXML ({type(error).__name__})") from None


class _PartReader:
    """Walks a <part>, bar by bar, with the state that lasts from bar to bar."""

    def __init__(self, part: ElementTree.Element) -> None:
        self.divisions = 1
        self.signature = (4, 4)
        self.transpose = 0
        self.velocity = DEFAULT_VELOCITY
        self.open_endings: tuple[int, ...] = ()
        self.measures = [self._measure(element) for element in part.findall("measure")]

    def _measure(self, element: ElementTree.Element) -> _Measure:
        measure = _Measure(loose=element.get("implicit") == "yes")
        forward, backward, endings, closing = False, 0, self.open_endings, False
        cursor = previous = Fraction(0)
        for item in element:
            if item.tag == "attributes":
                self._attributes(item)
            elif item.tag == "note":
                duration = self._quarters(item)
                if item.find("grace") is not None:
                    continue
                onset = previous if item.find("chord") is not None else cursor
                if item.find("chord") is None:
                    previous, cursor = cursor, cursor + duration
                if item.find("rest") is None and item.find("pitch") is not None and item.find("cue") is None:
                    measure.notes.append(self._note(item, onset, duration))
            elif item.tag == "backup":
                cursor -= self._quarters(item)
            elif item.tag == "forward":
                cursor += self._quarters(item)
            elif item.tag == "harmony":
                symbol = harmony_symbol(item)
                if symbol:
                    measure.chords.append((cursor + self._quarters(item, "offset"), symbol))
            elif item.tag in ("direction", "sound"):
                self._direction(item, cursor, measure)
            elif item.tag == "barline":
                for ending in item.findall("ending"):
                    if ending.get("type") == "start":
                        numbers = ending.get("number", "").replace(",", " ").split()
                        endings = tuple(int(number) for number in numbers if number.isdecimal())
                    else:
                        closing = True
                for repeat in item.findall("repeat"):
                    if repeat.get("direction") == "forward":
                        forward = True
                    else:
                        backward = int(repeat.get("times") or 2)
            measure.length = max(measure.length, cursor)
        self.open_endings = () if closing else endings
        measure.signature = self.signature
        measure.barlines = Barlines(forward, backward, endings)
        measure.loose |= forward or backward > 0 or bool(endings)
        return measure

    def _quarters(self, item: ElementTree.Element, tag: str = "duration") -> Fraction:
        text = item.findtext(tag)
        return Fraction(text.strip()) / self.divisions if text and text.strip() else Fraction(0)

    def _attributes(self, item: ElementTree.Element) -> None:
        divisions, beats, unit = (
            item.findtext("divisions"),
            item.findtext("time/beats"),
            item.findtext("time/beat-type"),
        )
        if divisions:
            self.divisions = int(float(divisions))
        if beats and unit:
            self.signature = (sum(int(number) for number in beats.split("+")), int(unit))
        if item.find("transpose") is not None:
            chromatic = item.findtext("transpose/chromatic") or "0"
            self.transpose = int(chromatic) + 12 * int(item.findtext("transpose/octave-change") or 0)

    def _note(self, item: ElementTree.Element, onset: Fraction, duration: Fraction) -> _Note:
        step, octave = item.findtext("pitch/step") or "C", int(item.findtext("pitch/octave") or 4)
        pitch = 12 * (octave + 1) + _STEPS[step] + round(float(item.findtext("pitch/alter") or 0)) + self.transpose
        tied = any(tie.get("type") == "stop" for tie in item.findall("tie"))
        return _Note(onset, duration, pitch, self.velocity, tied)

    def _direction(self, item: ElementTree.Element, cursor: Fraction, measure: _Measure) -> None:
        for mark in item.findall("direction-type/dynamics/*"):
            self.velocity = _LOUDNESS.get(mark.tag, self.velocity)
        for words in item.findall("direction-type/words"):
            symbol = words_symbol(words.text or "")
            if symbol:
                measure.chords.append((cursor + self._quarters(item, "offset"), symbol))
        for metronome in item.findall("direction-type/metronome"):
            unit, minute = metronome.findtext("beat-unit"), metronome.findtext("per-minute") or ""
            digits = "".join(c if c.isdigit() or c == "." else " " for c in minute).split()
            if unit in _UNITS and digits:
                dotted = 1.5 if metronome.find("beat-unit-dot") is not None else 1.0
                measure.tempos.append((cursor, float(digits[0].strip(".") or 0) * _UNITS[unit] * dotted))
        sound = item if item.tag == "sound" else item.find("sound")
        if sound is not None and sound.get("tempo"):
            measure.tempos.append((cursor, float(sound.get("tempo") or 0)))


def _nominal(column: list[_Measure]) -> Fraction:
    beats, unit = column[0].signature
    return Fraction(4 * beats, unit)


def _length(column: list[_Measure]) -> Fraction:
    """Quarters in a bar: what is in it, or what its metre asks for where it is empty."""
    return max(measure.length for measure in column) or _nominal(column)


def _ticks(quarters: Fraction) -> int:
    return round(quarters * TICKS)


def _play(measures: list[_Measure], starts: list[Fraction]) -> list[tuple[int, int, int, int]]:
    """The notes in playing order, tied ones joined: rows of onset, duration, pitch, velocity in ticks."""
    rows: list[list[int]] = []
    sounding: dict[int, dict[int, int]] = defaultdict(dict)  # pitch → end → row
    for measure, start in zip(measures, starts, strict=True):
        for note in sorted(measure.notes, key=lambda note: note.onset):
            onset, end = _ticks(start + note.onset), _ticks(start + note.onset + note.duration)
            if not 0 <= note.pitch <= 127 or end <= onset:
                continue
            row = sounding[note.pitch].pop(onset, None) if note.tied else None
            if row is None:
                row = len(rows)
                rows.append([onset, end - onset, note.pitch, note.velocity])
            else:
                rows[row][1] = end - rows[row][0]
            sounding[note.pitch][end] = row
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _tempo(tempos: list[list[tuple[Fraction, float]]], starts: list[Fraction]) -> TempoMap:
    steps: dict[int, int] = {}
    for marks, start in zip(tempos, starts, strict=True):
        for at, bpm in marks:
            if 10 <= bpm <= 400:
                steps[_ticks(start + at)] = round(60e6 / bpm)
    if not steps:
        return TempoMap(TICKS)
    steps = dict(sorted(steps.items()))
    return TempoMap(TICKS, tuple({0: next(iter(steps.values())), **steps}.items()))


def _meter(
    signatures: list[tuple[int, int]], lengths: list[Fraction], starts: list[Fraction], path: str | os.PathLike[str]
) -> Meter:
    changes: list[tuple[int, int, int]] = []
    for (beats, unit), length, start in zip(signatures, lengths, starts, strict=True):
        if Fraction(4 * beats, unit) != length:
            beats, unit = _signature(length, unit, path)
        if not changes or changes[-1][1:] != (beats, unit):
            changes.append((_ticks(start), beats, unit))
    return Meter(TICKS, tuple(changes))


def _signature(length: Fraction, unit: int, path: str | os.PathLike[str]) -> tuple[int, int]:
    """A metre of that length, in the piece's own unit where it fits."""
    while unit <= 64:
        if (length * unit / 4).denominator == 1:
            return int(length * unit / 4), unit
        unit *= 2
    raise MusicFileError(f"{os.fspath(path)}: a bar whose length fits no metre")


def _chords(chords: list[list[tuple[Fraction, str]]], starts: list[Fraction]) -> tuple[tuple[int, str], ...]:
    placed: dict[int, str] = {}
    for marks, start in zip(chords, starts, strict=True):
        for at, symbol in marks:
            placed[_ticks(start + at)] = symbol
    return tuple(sorted(placed.items()))


def _key(part: ElementTree.Element) -> str:
    fifths = part.findtext(".//attributes/key/fifths")
    if fifths is None or abs(int(fifths)) > 7:
        return ""
    minor = (part.findtext(".//attributes/key/mode") or "").strip() == "minor"
    return (_MINOR_KEYS if minor else _MAJOR_KEYS)[int(fifths) + 7]
