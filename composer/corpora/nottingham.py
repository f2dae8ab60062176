"""The Nottingham tunes: folk dances as melody and block chords, in MIDI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from composer.corpora.blocks import block_lane, block_symbols
from composer.corpora.lines import top_line
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip
from composer.corpora.splits import split_of
from composer.errors import MusicFileError, ScoreError
from composer.formats.midi import read_midi
from composer.score import Part, Score
from composer.timing import TempoMap

TEMPO_BPM = {(3, 4): 140.0, (6, 8): 165.0, (9, 8): 165.0}
"""Quarters a minute by metre: the files name none. In 6/8 and 9/8 that is 110 dotted quarters."""
DEFAULT_BPM = 120.0
FEWEST_BARS = 8
_FAMILY = re.compile(r"[a-z]+")
_FAMILIES = {
    "jigs": "jig", "slip": "slip jig", "hpps": "hornpipe", "reelsa": "reel", "reelsd": "reel", "reelsh": "reel",
    "reelsm": "reel", "reelsr": "reel", "reelsu": "reel", "waltzes": "waltz", "morris": "morris",
    "playford": "playford", "xmas": "carol", "ashover": "ashover",
}  # fmt: skip
"""How a file name begins → what the dance is called."""


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The tunes in `data`/nottingham."""
    for path in sorted((data / "nottingham").glob("*.mid")):
        song_id = f"nottingham/{path.stem}"
        try:
            yield _song(song_id, path)
        except (MusicFileError, ScoreError) as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))


def _song(song_id: str, path: Path) -> Song:
    written = read_midi(path)
    played = [part for part in written.parts if len(part)]
    if len(played) < 2:
        raise ScoreError("no chords")
    signature = max(written.meter.changes, key=lambda change: _length_under(written, change[0]))[1:]
    blocks = block_symbols(played[1], together=written.ticks_per_beat // 16)
    melody = Part("Melody", top_line(played[0].notes), role="melody")
    score = Score(
        parts=(melody,),
        tempo=TempoMap.constant(TEMPO_BPM.get((signature[0], signature[1]), DEFAULT_BPM), written.ticks_per_beat),
        meter=written.meter,
        title=path.stem,
        key=written.key,
    )
    bars = score.bars()
    if len(bars) < FEWEST_BARS:
        raise ScoreError(f"fewer than {FEWEST_BARS} bars")
    lane = block_lane(blocks, bars)
    found = _FAMILY.match(path.stem)
    family = _FAMILIES.get(found[0] if found else "", "")
    return Song(
        id=song_id,
        corpus="nottingham",
        work=song_id,
        split=split_of(song_id),
        licence="GPL-3.0",
        sha256=hash_files(path),
        synthetic=False,
        style="waltz" if signature == (3, 4) and family in ("waltz", "ashover") else "folk",
        groove=family,
        score=replace(score, chords=lane.to_symbols(bars)),
        lane=lane,
    )


def _length_under(score: Score, start: int) -> int:
    """Ticks for which the metre that begins at `start` lasts."""
    later = [tick for tick, _, _ in score.meter.changes if tick > start]
    return (later[0] if later else max(score.end, start + 1)) - start
