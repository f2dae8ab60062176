"""OpenEWLD: lead sheets in the public domain, melody and chord symbols, with genre and style per song."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from composer.corpora.lines import top_line
from composer.corpora.sheet import read_sheet
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip
from composer.corpora.splits import split_of
from composer.errors import ChordError, MusicFileError, ScoreError
from composer.harmony.lane import ChordLane
from composer.score import Part
from composer.styles import resolve
from composer.timing import TempoMap

FEWEST_BARS = 8
LONGEST_BAR_QUARTERS = 6
MOST_IRREGULAR = 0.1
"""Share of bars that may differ from their metre: beyond it the music is free, or its notation wrong."""

_LABELS = {
    "swing": "Big Band, Swing, Bop, Hard Bop, Post Bop, Cool Jazz, Contemporary Jazz, Gypsy Jazz",
    "ballad": "Easy Listening, Ballad, Smooth Jazz",
    "pop": "Pop Rock, Synth-pop, Europop, Doo Wop, Chanson, Schlager",
    "ragtime": "Music Hall, Dixieland, Ragtime",
    "rock": "Rock & Roll, Rockabilly, Punk, Classic Rock, Prog Rock, Hard Rock, Folk Rock",
    "blues": "Blues Rock, Delta Blues",
    "rnb": "Rhythm & Blues",
    "soul": "Soul, Soul-Jazz",
    "funk": "Jazz-Funk, Funk",
    "gospel": "Gospel, Religious",
    "folk": "Folk, Celtic, Acoustic",
    "country": "Country, Country Rock, Bluegrass, Honky Tonk",
    "latin": "Cha-Cha, Latin Jazz, Bolero, Mambo, Rumba",
    "tango": "Tango",
    "samba": "Samba",
    "bossa": "Bossa Nova",
    "ska": "Ska",
    "reggae": "Reggae",
    "disco": "Disco",
    "march": "Military, Marches",
    "classical": "Classical, Romantic, Neo-Romantic, Modern Classical, Opera",
}
"""Style → the corpus's styles that are one."""
_STYLE_OF = {label: style for style, labels in _LABELS.items() for label in labels.split(", ")}
_GENRE_STYLE_OF = {
    "Pop": "pop", "Jazz": "swing", "Rock": "rock", "Stage & Screen": "ballad", "Folk, World, & Country": "folk",
    "Funk / Soul": "soul", "Classical": "classical", "Latin": "latin", "Electronic": "dance", "Reggae": "reggae",
    "Brass & Military": "march", "Blues": "blues",
}  # fmt: skip


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The lead sheets in `data`/openewld."""
    folder = data / "openewld"
    labels = _labels(folder / "OpenEWLD.db")
    for path in sorted(folder.glob("*.mxl")):
        song_id = f"openewld/{path.stem}"
        try:
            yield _song(song_id, path, *labels.get(_plain(path.stem), ("", "")))
        except (MusicFileError, ScoreError, ChordError) as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))


def _song(song_id: str, path: Path, genre: str, label: str) -> Song:
    sheet = read_sheet(path)
    score = sheet.score
    melody = Part("Melody", top_line(score.parts[0].notes), role="melody")
    score = score.with_parts([melody])
    bars = score.bars()
    if len(melody) == 0 or len(bars) < FEWEST_BARS:
        raise ScoreError(f"fewer than {FEWEST_BARS} bars")
    if sheet.irregular > MOST_IRREGULAR:
        raise ScoreError("bars that are not as long as their metre")
    if any(bar.length > LONGEST_BAR_QUARTERS * score.ticks_per_beat for bar in bars):
        raise ScoreError("a bar longer than six quarters")
    if not score.chords:
        raise ScoreError("no chord symbols")
    style = style_of(genre, label, score.meter.changes[-1][1:])
    if score.tempo == TempoMap(score.ticks_per_beat):  # lead sheets rarely say: take what the style is at home in
        low, high = resolve(style or "pop").tempo_bpm
        score = replace(score, tempo=TempoMap.constant((low + high) / 2, score.ticks_per_beat))
    return Song(
        id=song_id,
        corpus="openewld",
        work=song_id,
        split=split_of(song_id),
        licence="MIT (collection); public-domain songs",
        sha256=hash_files(path),
        synthetic=False,
        style=style,
        groove=label or genre,
        score=score,
        lane=ChordLane.from_symbols(score.chords, bars),
    )


def style_of(genre: str, label: str, signature: tuple[int, int]) -> str:
    """The corpus's genre and style → a name in STYLES. A song in three is a waltz, whatever shelf it stood on."""
    style = _STYLE_OF.get(label, "") or _GENRE_STYLE_OF.get(genre, "")
    if signature == (3, 4) and style not in ("folk", "classical", "country"):
        return "waltz"
    return style


def _plain(name: str) -> str:
    """Letters and digits only, accents taken off: how file names and the database's paths can be compared."""
    return re.sub(r"[^A-Za-z0-9]", "", unicodedata.normalize("NFKD", name))


def _labels(database: Path) -> dict[str, tuple[str, str]]:
    """Song → (genre, style), the most often given of each; empty without a database."""
    if not database.is_file():
        return {}
    connection = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        commonest = "select {0} from {1} where id = works.id order by occurrences desc, {0} limit 1"
        genre, style = commonest.format("genre", "work_genres"), commonest.format("style", "work_style")
        rows = connection.execute(f"select path_leadsheet, ({genre}), ({style}) from works").fetchall()
    except sqlite3.Error as error:
        raise MusicFileError(f"{database}: not the corpus's database ({error})") from None
    finally:
        connection.close()
    return {_plain("".join(path.split("/")[1:3])): (genre or "", style or "") for path, genre, style in rows}
