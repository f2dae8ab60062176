"""The corpus that comes with the music21 package: only the works whose own text names a licence that lets us learn from them.

The package's licence says nothing of a work's: each file's rights line or header counts, and a folder's license.txt.
Where they say nothing, reserve rights or forbid commercial use, the work is left out and counted.
"""

from __future__ import annotations

import importlib.util
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from composer.corpora.lines import top_line
from composer.corpora.sheet import Sheet, read_sheet
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip, on_grid
from composer.corpora.splits import split_of
from composer.errors import ChordError, InputError, MusicFileError, ScoreError
from composer.gm import BAND
from composer.harmony.infer import chords_from_notes
from composer.harmony.lane import ChordLane
from composer.score import Part, Score

FEWEST_BARS = 8
MOST_IRREGULAR = 0.1
LEAST_ON_GRID = 0.8
SHEETS = (".mxl", ".xml", ".musicxml")
OTHERS = (".krn", ".abc", ".rntxt")
_CLOSED = r"all rights reserved|formats reserved|non-?commercial|cc[ -]by[ -]nc"
_OPEN = {
    r"\bcc0\b": "CC0-1.0",
    r"public domain": "public domain",
    r"cc[ -](by[ -]sa|sa[ -]by)": "CC-BY-SA",
    r"cc[ -]by\b": "CC-BY",
    r"gnu general public license": "GPL-2.0-or-later",
}
_KEYBOARD = re.compile(r"piano|organ|harpsichord|klavier|continuo", re.IGNORECASE)
_LEADS = re.compile(r"solo|cantus|superius", re.IGNORECASE)
_BASS_BELOW = 55
"""Mean pitch under which the lowest voice is the bass."""


def folder(data: Path) -> Path:
    """`data`/music21 where there is one, else the corpus of the installed package. Raises InputError."""
    own = data / "music21"
    if own.is_dir():
        return own
    found = importlib.util.find_spec("music21")  # finds the package without running it
    if found is None or found.origin is None or not (Path(found.origin).parent / "corpus").is_dir():
        raise InputError(f"{own}: no such folder, and no music21 package with its corpus; pip install music21")
    return Path(found.origin).parent / "corpus"


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The works that may be used and make a band or a lead sheet."""
    root = folder(data)
    for path in sorted(root.rglob("*")):
        if path.suffix not in (*SHEETS, *OTHERS):
            continue
        song_id = f"music21/{path.relative_to(root).with_suffix('').as_posix()}"
        try:
            licence = _licence(path)
            if path.suffix not in SHEETS:
                raise ScoreError("not MusicXML")
            yield _song(song_id, path, licence)
        except (MusicFileError, ScoreError, ChordError) as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))


def licence_of(text: str) -> str:
    """The open licence that a rights line or header names, "" where it names none or takes it back.

    >>> licence_of("Public Domain (Encoding by MSAC: CC0)"), licence_of("All Rights Reserved"), licence_of("")
    ('CC0-1.0', '', '')
    """
    if re.search(_CLOSED, text, re.IGNORECASE):
        return ""
    return next((name for pattern, name in _OPEN.items() if re.search(pattern, text, re.IGNORECASE)), "")


def _licence(path: Path) -> str:
    """Raises ScoreError for a work that may not be used."""
    beside = path.with_name("license.txt")
    if beside.is_file() and re.search(_CLOSED, beside.read_text("utf-8", "replace"), re.IGNORECASE):
        raise ScoreError("its folder's licence forbids commercial use")
    text = _rights(path)
    licence = licence_of(text)
    if not licence:
        raise ScoreError("rights reserved" if re.search(_CLOSED, text, re.IGNORECASE) else "names no licence")
    return licence


def _rights(path: Path) -> str:
    """What a file says of its rights: the rights elements of MusicXML, the comment lines of other formats."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inside = [name for name in archive.namelist() if not name.startswith("META-INF")]
                content = archive.read(inside[0]) if inside else b""
        else:
            content = path.read_bytes()
    except (OSError, zipfile.BadZipFile) as error:
        raise MusicFileError(f"{path}: not readable ({type(error).__name__})") from None
    text = content.decode("utf-8", "replace")
    if path.suffix in SHEETS:
        return " ".join(re.findall(r"<rights[^>]*>(.*?)</rights>", text, re.DOTALL))
    return " ".join(line for line in text.splitlines() if line.startswith(("%", "!!!Y", "!!!S")))


def _song(song_id: str, path: Path, licence: str) -> Song:
    sheet = read_sheet(path)
    score = sheet.score.with_parts(_players(sheet))
    bars = score.bars()
    if len(bars) < FEWEST_BARS:
        raise ScoreError(f"fewer than {FEWEST_BARS} bars")
    if sheet.irregular > MOST_IRREGULAR:
        raise ScoreError("bars that are not as long as their metre")
    if on_grid(score) < LEAST_ON_GRID:
        raise ScoreError("off the grid")
    return Song(
        id=song_id,
        corpus="music21",
        work=song_id,
        split=split_of(song_id),
        licence=licence,
        sha256=hash_files(path),
        synthetic=False,
        style="folk" if score.chords else "classical",
        groove="",
        score=score,
        lane=_lane(score),
    )


def _lane(score: Score) -> ChordLane:
    return ChordLane.from_symbols(score.chords, score.bars()) if score.chords else chords_from_notes(score)


def _players(sheet: Sheet) -> list[Part]:
    """A lead sheet's melody; else the leading voice, the bass, the keyboard, and the voices between as strings.

    Raises ScoreError for a single part without chords.
    """
    parts = [part for part in sheet.score.parts if len(part)]
    keyboards = [part for part in parts if _KEYBOARD.search(part.name) and len(parts) > 1]
    voices = [part for part in parts if all(part is not keyboard for keyboard in keyboards)]
    if not voices or (len(parts) < 2 and not sheet.score.chords):
        raise ScoreError("one part without chords")
    voices.sort(key=lambda part: (_LEADS.search(part.name) is None, -float(part.notes["pitch"].mean())))
    lead, *others = voices
    found = [Part("Melody", top_line(lead.notes), program=52, role="melody")]
    if others and others[-1].notes["pitch"].mean() <= _BASS_BELOW and _fits(others[-1], "bass"):
        found.append(Part("Bass", others.pop().notes, BAND["bass"].program, role="bass"))
    if keyboards:
        found.append(Part("Piano", np.unique(np.concatenate([part.notes for part in keyboards])), role="piano"))
    if others:
        together = np.unique(np.concatenate([part.notes for part in others]))
        found.append(Part("Voices", together, BAND["strings"].program, role="strings"))
    return found


def _fits(part: Part, role: str) -> bool:
    """Whether nearly every note is within the instrument's reach."""
    reach = BAND[role]
    pitch = part.notes["pitch"]
    return bool(((pitch >= reach.low) & (pitch <= reach.high)).mean() > 0.9)
