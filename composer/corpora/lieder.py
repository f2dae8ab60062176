"""OpenScore Lieder: songs for voice and piano of the long nineteenth century. They name no chords: ours are heard in the notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from composer.corpora.lines import top_line
from composer.corpora.sheet import Sheet, read_sheet
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip, on_grid
from composer.corpora.splits import split_of
from composer.errors import MusicFileError, ScoreError
from composer.harmony.infer import chords_from_notes
from composer.score import Part

FEWEST_BARS = 8
LONGEST_BAR_QUARTERS = 6
MOST_IRREGULAR = 0.1
"""Share of bars that may differ from their metre: beyond it the music is free, or its notation wrong."""
LEAST_ON_GRID = 0.8
_KEYBOARDS = ("piano", "klavier", "pfte", "pianoforte", "harpsichord", "keyboard", "pno", "orgel", "organ")


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The songs in `data`/lieder."""
    for path in sorted((data / "lieder").glob("*.mxl")):
        song_id = f"lieder/{path.stem}"
        try:
            yield _song(song_id, path)
        except (MusicFileError, ScoreError) as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))


def _song(song_id: str, path: Path) -> Song:
    sheet = read_sheet(path)
    voice, piano = _voice_and_piano(sheet)
    score = sheet.score.with_parts(
        [Part("Voice", top_line(voice.notes), program=52, role="melody"), Part("Piano", piano, role="piano")]
    )
    bars = score.bars()
    if len(bars) < FEWEST_BARS:
        raise ScoreError(f"fewer than {FEWEST_BARS} bars")
    if sheet.irregular > MOST_IRREGULAR:
        raise ScoreError("bars that are not as long as their metre")
    if any(bar.length > LONGEST_BAR_QUARTERS * score.ticks_per_beat for bar in bars):
        raise ScoreError("a bar longer than six quarters")
    if on_grid(score) < LEAST_ON_GRID:
        raise ScoreError("off the grid")
    return Song(
        id=song_id,
        corpus="lieder",
        work=song_id,
        split=split_of(song_id),
        licence="CC0-1.0",
        sha256=hash_files(path),
        synthetic=False,
        style="classical",
        groove="",
        score=score,
        lane=chords_from_notes(score),
    )


def _voice_and_piano(sheet: Sheet) -> tuple[Part, np.ndarray]:
    """The first part with words, and the keyboard's notes, on however many parts they stand."""
    sung = [part for part, has_words in zip(sheet.score.parts, sheet.sung, strict=True) if has_words and len(part)]
    rest = [part for part, has_words in zip(sheet.score.parts, sheet.sung, strict=True) if not has_words and len(part)]
    if not sung:
        raise ScoreError("no part with words")
    keyboards = [part for part in rest if any(word in part.name.lower() for word in _KEYBOARDS)] or rest[-1:]
    if not keyboards:
        raise ScoreError("no piano")
    return sung[0], np.unique(np.concatenate([part.notes for part in keyboards]))
