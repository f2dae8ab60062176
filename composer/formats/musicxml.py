"""MusicXML and ABC in, through music21; MusicXML out.

Reading keeps notes (ties merged, repeats played out, tuplets exact, at sounding pitch), metres with their pick-ups,
tempo, key, chord symbols, dynamics as velocities, the first verse and the words above the staff. Slurs, articulations
and layout have no place in a Score. `musicxml_write` explains how a performance becomes readable notation.
"""

from __future__ import annotations

import io
import math
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

import numpy as np

from composer.errors import MusicFileError
from composer.formats import abc_fields, midi_meta
from composer.formats.files import read_bytes, write_bytes
from composer.formats.musicxml_bars import WrittenBar, meter_of
from composer.formats.musicxml_names import spell
from composer.formats.musicxml_write import musicxml
from composer.score import Event, Part, Score, as_notes
from composer.timing import DEFAULT_TICKS_PER_BEAT, TempoMap
from composer.wording import counted

MOST_BYTES = 64 * 2**20
MOST_TICKS_PER_BEAT = 0x7FFF
DEFAULT_VELOCITY = 80
_Value = TypeVar("_Value")

# What music21 raises on files it cannot follow, beside its own exceptions.
_TROUBLE = (
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    ZeroDivisionError,
    RecursionError,
    OSError,
    EOFError,
)


def read_musicxml(path: str | os.PathLike[str]) -> Score:
    """The score in a MusicXML (.musicxml, .xml, .mxl) or ABC file. Raises MusicFileError; see `score.problems`."""
    name, suffix = os.fspath(path), Path(path).suffix.lower()
    data = read_bytes(path, MOST_BYTES)
    abc = suffix == ".abc"
    text = abc_fields.on_lines(midi_meta.text(data)) if abc else _xml_text(data, name)
    if abc and not re.search(r"(?m)^K:", text):
        raise MusicFileError(f"{name}: has no K: line, which every ABC tune needs; check that it is ABC notation")

    import music21

    problems: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            programs = {} if abc else _programs(text)
            drums = set[str]()
            if "<midi-unpitched>" in text and not abc:
                text, drums = _drums_as_pitches(text)
            parsed = music21.converter.parseData(text, format="abc" if abc else "musicxml")
            score = _Reading(parsed, problems, name, programs, drums).score()
        except (music21.exceptions21.Music21Exception, ElementTree.ParseError, *_TROUBLE) as error:
            if isinstance(error, MusicFileError):
                raise
            what = " ".join(str(error).split())[:120] or type(error).__name__
            kind = "ABC" if abc else "MusicXML"
            raise MusicFileError(f"{name}: cannot be read as {kind} ({what}); open and export it again") from None
    if abc and re.search(r"(?m)^w:", text) and not any(part.events for part in score.parts):
        problems.append("its words (w: lines) are not read")
    said = dict.fromkeys(" ".join(str(warning.message).split())[:160] for warning in caught)
    return replace(score, problems=(*problems, *list(said)[:10]))


def write_musicxml(score: Score, path: str | os.PathLike[str], force: bool = False) -> None:
    """The score as notation, on a grid of sixteenths and triplets; .mxl is compressed. Raises OutputError."""
    data = musicxml(score).encode("utf-8")
    if Path(path).suffix.lower() == ".mxl":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                "META-INF/container.xml",
                '<?xml version="1.0" encoding="UTF-8"?><container><rootfiles>'
                '<rootfile full-path="score.musicxml"/></rootfiles></container>',
            )
            archive.writestr("score.musicxml", data)
        data = packed.getvalue()
    write_bytes(path, data, force)


def _xml_text(data: bytes, name: str) -> str:
    """The document, out of its zip where it is in one."""
    if data[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inside = [item for item in archive.infolist() if not item.filename.startswith(("META-INF", "__MACOSX"))]
                scores = [item for item in inside if item.filename.lower().endswith((".xml", ".musicxml"))]
                if not scores:
                    raise MusicFileError(f"{name}: holds no MusicXML document; export it again")
                if scores[0].file_size > MOST_BYTES:
                    raise MusicFileError(
                        f"{name}: unpacks to {scores[0].file_size / 2**20:.0f} MB; give a single piece"
                    )
                data = archive.read(scores[0])
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
        ) as error:
            raise MusicFileError(f"{name}: its compressed contents are damaged ({error}); export it again") from None
    text = data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else midi_meta.text(data).lstrip("\ufeff")
    if not re.search(r"<score-(partwise|timewise)", text[:200_000]):
        begins = " ".join(text[:16].split()).encode("ascii", "backslashreplace").decode()
        raise MusicFileError(f"{name}: is not MusicXML (it begins with {begins!r}); export it as MusicXML or MIDI")
    return text


class _Reading:
    """One parsed music21 stream on its way to a Score."""

    def __init__(self, parsed: Any, problems: list[str], name: str, programs: dict[str, int], drums: set[str]) -> None:
        import music21

        self.m21, self.problems, self.programs, self.drums = music21, problems, programs, drums
        if isinstance(parsed, music21.stream.Opus):
            scores = list(parsed.scores)
            if not scores:
                raise MusicFileError(f"{name}: holds no tune; check the file")
            problems.append(f"it holds {len(scores)} tunes; the first is read")
            parsed = scores[0]
        self.title = _title(parsed)
        try:
            parsed = parsed.expandRepeats()
        except (music21.exceptions21.Music21Exception, *_TROUBLE):
            problems.append("its repeats contradict each other and are not played out")
        if any(part.getElementsByClass("Measure") for part in parsed.parts):
            parsed = parsed.toSoundingPitch()
        self.parts = list(parsed.parts) or [parsed]
        for note in parsed.recurse().notes:
            _forget_naturals(note)
        self.flat = [part.stripTies(matchByPitch=True).flatten() for part in self.parts]
        self.ticks_per_beat = self._division()
        self.grace = self.verses = 0

    def _division(self) -> int:
        """Ticks a quarter note in which every onset and length is a whole number, at least 480."""
        denominators = {1}
        for part in self.flat:
            for note in part.notes:
                denominators |= {Fraction(value).limit_denominator(10_000).denominator for value in _span(note)}
        exact = math.lcm(*denominators)
        if exact > MOST_TICKS_PER_BEAT:
            self.problems.append(
                f"its tuplets need {exact} ticks a beat; onsets are rounded to {DEFAULT_TICKS_PER_BEAT}ths"
            )
            return DEFAULT_TICKS_PER_BEAT
        whole = math.lcm(exact, DEFAULT_TICKS_PER_BEAT)
        return whole if whole <= MOST_TICKS_PER_BEAT else exact * max(1, DEFAULT_TICKS_PER_BEAT // exact)

    def tick(self, quarters: Any) -> int:
        return max(0, round(Fraction(quarters) * self.ticks_per_beat))

    def score(self) -> Score:
        parts: dict[str, Part] = {}
        for number, (part, flat) in enumerate(zip(self.parts, self.flat, strict=True)):
            # The staves of a keyboard are one player; music21 calls them P2-Staff1, P2-Staff2.
            player = str(part.id).split("-Staff")[0] if "-Staff" in str(part.id) else f"part {number}"
            staff = self._part(part, flat)
            parts[player] = _joined(parts[player], staff) if player in parts else staff
        keys = list(_changing(sorted(set(self._keys()), key=lambda mark: mark[0])))
        events = [Event(tick, kind, (text,)) for tick, kind, text in self._words()]
        events += [Event(tick, "key_signature", (key,)) for tick, key in keys[1 if keys and keys[0][0] == 0 else 0 :]]
        if self.grace:
            self.problems.append(f"left out, taking no time of its own: {counted(self.grace, 'grace note')}")
        if self.verses:
            self.problems.append("only the first verse is read")
        return Score(
            tuple(parts.values()),
            TempoMap(self.ticks_per_beat, self._tempo()),
            meter_of(self._bars(), self.ticks_per_beat),
            self.title,
            keys[0][1] if keys else "",
            tuple(sorted(dict(self._chords()).items())),
            tuple(sorted(events, key=lambda event: event.tick)),
        )

    def _part(self, part: Any, flat: Any) -> Part:
        instrument = part.getInstrument(returnDefault=False)
        percussion = self.m21.note.Unpitched, self.m21.percussion.PercussionChord
        dynamics = sorted((self.tick(mark.offset), mark.volumeScalar) for mark in flat.getElementsByClass("Dynamic"))
        rows, lyrics, unpitched = [], [], 0
        for note in flat.notes:
            if isinstance(note, self.m21.harmony.Harmony):
                continue
            if note.duration.isGrace:
                self.grace += 1
                continue
            onset, length = (self.tick(value) for value in _span(note))
            loud = [scalar for tick, scalar in dynamics if tick <= onset]
            velocity = note.volume.velocity or (round(loud[-1] * 127) if loud and loud[-1] else DEFAULT_VELOCITY)
            unpitched += isinstance(note, percussion)
            rows += [(onset, length, pitch, min(127, max(1, velocity))) for pitch in _pitches(note)]
            if note.lyrics and note.lyrics[0].text:
                self.verses += len(note.lyrics) > 1
                joined = "-" if note.lyrics[0].syllabic in ("begin", "middle") else ""
                lyrics.append(Event(onset, "lyrics", (note.lyrics[0].text + joined,)))
        drums = bool(unpitched) or (instrument is not None and instrument.midiChannel == 9)
        program = None
        if instrument is not None and str(instrument.partId) in self.drums:
            drums = True
        if instrument is not None:
            program = self.programs.get(str(instrument.partId), instrument.midiProgram)
        rows = [row for row in rows if 0 <= row[2] <= 127]
        return Part(str(part.partName or ""), as_notes(rows), 0 if drums else program or 0, drums, events=tuple(lyrics))

    def _chords(self) -> Iterator[tuple[int, str]]:
        for flat in self.flat:
            for symbol in flat.getElementsByClass("Harmony"):
                if isinstance(symbol, self.m21.harmony.NoChord):
                    yield self.tick(symbol.offset), "N.C."
                elif isinstance(symbol, self.m21.harmony.ChordSymbol) and symbol.figure:
                    yield self.tick(symbol.offset), _figure(symbol)

    def _words(self) -> Iterator[tuple[int, str, str]]:
        for flat in self.flat:
            for mark in flat.getElementsByClass(["TextExpression", "RehearsalMark"]):
                kind = "marker" if isinstance(mark, self.m21.expressions.RehearsalMark) else "text"
                yield self.tick(mark.offset), kind, str(mark.content)

    def _keys(self) -> Iterator[tuple[int, str]]:
        names = {value: key for key, value in midi_meta.KEYS.items()}
        for mark in self.flat[0].getElementsByClass("KeySignature"):
            value = (int(mark.sharps or 0), int(getattr(mark, "mode", "major") == "minor"))
            if value in names:
                yield self.tick(mark.offset), names[value]

    def _tempo(self) -> tuple[tuple[int, int], ...]:
        changes = {0: 500_000}
        for flat in self.flat:
            for mark in flat.getElementsByClass("MetronomeMark"):
                bpm = mark.getQuarterBPM()
                if bpm and 4 <= bpm <= 1000:
                    changes[self.tick(mark.offset)] = round(60e6 / bpm)
        return tuple(_changing(sorted(changes.items())))

    def _bars(self) -> Iterator[WrittenBar]:
        for bar in self.parts[0].getElementsByClass("Measure"):
            shown = bar.timeSignature
            yield Fraction(bar.offset), None if shown is None else (shown.numerator, shown.denominator)


def _changing(marks: Iterable[tuple[int, _Value]]) -> Iterator[tuple[int, _Value]]:
    """(tick, value) without those that say what is so already, as the first bar does each time it is repeated."""
    before: _Value | None = None
    for tick, value in marks:
        if value != before:
            yield tick, value
        before = value


def _span(note: Any) -> tuple[Any, Any]:
    return note.offset, note.duration.quarterLength


def _forget_naturals(note: Any) -> None:
    """A natural is written where a tie begins, not where it goes on, and music21 would not join the two."""
    for pitch in note.pitches:
        if pitch.accidental is not None and not pitch.accidental.alter:
            pitch.accidental = None


def _pitches(note: Any) -> list[int]:
    if hasattr(note, "pitches") and len(note.pitches):
        return [int(pitch.midi) for pitch in note.pitches]
    members = note.notes if hasattr(note, "notes") else [note]
    found = []
    for member in members:
        drum = getattr(getattr(member, "storedInstrument", None), "percMapPitch", None)
        shown = member.displayPitch() if hasattr(member, "displayPitch") else member.pitch
        found.append(int(drum if drum is not None else shown.midi))
    return found


def _joined(part: Part, staff: Part) -> Part:
    notes = np.concatenate([part.notes, staff.notes])
    events = sorted((*part.events, *staff.events), key=lambda event: event.tick)
    return replace(part, notes=as_notes(notes), events=tuple(events))


def _programs(text: str) -> dict[str, int]:
    """Part id → General MIDI program as the document says it; music21 would rather guess from the instrument's name."""
    found = {}
    for heading in re.finditer(r'<score-part\s+id="([^"]+)".*?</score-part>', text, re.DOTALL):
        program = re.search(r"<midi-program>\s*(\d+)\s*</midi-program>", heading[0])
        if program and 1 <= int(program[1]) <= 128:
            found[heading[1]] = int(program[1]) - 1
    return found


def _drums_as_pitches(text: str) -> tuple[str, set[str]]:
    """The document with drum notes at the pitches of General MIDI, and the ids of their parts.

    A drum note names its instrument, and the instrument its MIDI pitch; music21 keeps only the line it stands on.
    """
    root = ElementTree.fromstring(text)
    pitches: dict[str, int] = {}
    drums = set[str]()
    for heading in root.iter("score-part"):
        for instrument in heading.iter("midi-instrument"):
            number = (instrument.findtext("midi-unpitched") or "").strip()
            if number.isdecimal():
                pitches[instrument.get("id", "")] = int(number) - 1
                drums.add(heading.get("id", ""))
    for note in root.iter("note"):
        unpitched, played = note.find("unpitched"), note.find("instrument")
        pitch = pitches.get(played.get("id", "")) if played is not None else None
        if unpitched is None or pitch is None:
            continue
        step, alter, octave = spell(pitch, 0)
        unpitched.tag = "pitch"
        for child in list(unpitched):
            unpitched.remove(child)
        for tag, value in (("step", step), ("alter", str(alter)), ("octave", str(octave))):
            ElementTree.SubElement(unpitched, tag).text = value
    return ElementTree.tostring(root, encoding="unicode"), drums


def _figure(symbol: Any) -> str:
    """A chord symbol as lead sheets spell it: music21 writes flats as "-", and words between the figures."""
    kind, shown = str(symbol.chordKind or ""), str(symbol.chordKindStr or "")
    figure = str(symbol.figure)
    if kind in ("other", "none") and shown and symbol.root() is not None:
        root, bass = symbol.root().name, symbol.bass().name
        figure = root + shown + (f"/{bass}" if bass != root else "")
    figure = re.sub(r"(^|/)([A-G])(-+)", lambda found: found[1] + found[2] + "b" * len(found[3]), figure)
    # Added degrees come after the bass there; on a lead sheet the bass is last.
    figure = re.sub(r"(/[A-G][b#]*)( .+)$", r"\2\1", figure)
    figure = re.sub(
        r"^([A-G][b#]*)sus add 7( add 9)?", lambda found: found[1] + ("9" if found[2] else "7") + "sus4", figure
    )
    figure = re.sub(r" ?(?:add|alter) ?([b#])", r"\1", figure)
    return re.sub(r" ?(?:omit|subtract) ?", "no", figure).replace(" ", "")


def _title(parsed: Any) -> str:
    metadata = parsed.metadata
    if metadata is None:
        return ""
    return str(metadata.title or metadata.movementName or "")
