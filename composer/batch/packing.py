"""A corpus as a pack of songs, as the trainer takes them: pieces with the chords they were written over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from composer.batch.corpus import Corpus
from composer.batch.split import sides
from composer.batch.store import telling
from composer.corpora.form import find_phrases
from composer.corpora.song import Song
from composer.errors import ComposerError, InputError
from composer.formats import read_midi
from composer.gm import ROLES
from composer.harmony.infer import chords_from_notes
from composer.harmony.lane import ChordLane
from composer.styles import STYLES, parse_mixture, resolve
from composer.training.packing import from_song, open_pack, pack
from composer.vocab import GridSong

PACK = "corpus.npz"
SHARES = (0.8, 0.1, 0.1)
"""Of train, valid and test, where a trainer is handed a corpus as it is."""


def pack_corpus(corpus: Corpus, path: Path, side: Mapping[str, str]) -> int:
    """Write the kept pieces as a pack; returns how many. Those the grid cannot hold are left out. `side` is their split, by id."""
    return pack(_songs(corpus, side), path)


def pack_for_training(folder: Path, run: Path) -> Path:
    """The pack of a corpus in its trainer's folder, made where it is not there yet.

    Raises InputError for no corpus, or where the run was begun with another one.
    """
    path, corpus = run / PACK, Corpus.open(str(folder))
    if path.exists():
        known = {row["sha256"] for row in corpus.rows()}
        if not known.issuperset(about["meta"]["sha256"] for about in open_pack(path).headers):
            raise InputError(f"{run}: was begun with another corpus than {folder}; name another folder with --out")
    else:
        staged = run / f".{PACK}"
        with telling(str(run)):
            pack_corpus(corpus, staged, sides(corpus, SHARES))
            staged.replace(path)
    return path


def _songs(corpus: Corpus, side: Mapping[str, str]) -> Iterator[GridSong]:
    for row, data in corpus.music():
        try:
            yield from_song(song_of(corpus, row, data, side[row["id"]]))
        except ComposerError:
            continue  # a bar the grid has no room for; the pack says how many came through


def song_of(corpus: Corpus, row: Mapping[str, Any], data: bytes, split: str) -> Song:
    """A piece of the corpus as a song to learn from: made by a program, its seed the work."""
    score = read_midi(data)
    played: dict[str, Any] = {}
    for part in score.parts:
        if part.role in ROLES and (part.role not in played or len(part) > len(played[part.role])):
            played[part.role] = part
    score = score.with_parts(played.values())
    bars = score.bars()
    lane = ChordLane.from_symbols(score.chords, bars) if score.chords else chords_from_notes(score)
    return Song(
        id=f"{corpus.name}/{row['id']}",
        corpus=corpus.name,
        work=corpus.groups[row["id"]],
        split=split,
        licence=row["licence"],
        sha256=row["sha256"],
        synthetic=True,
        style=style_of(row["style"]),
        groove=row["groove"] or f"{corpus.name} {row['style']}",
        score=score,
        lane=lane,
        phrases=find_phrases(score),
        phrases_by="composer",
    )


def style_of(text: str) -> str:
    """The style that has most of the say in a mixture; "" where it is none of the table's."""
    if not text:
        return ""
    name = max(parse_mixture(text), key=lambda entry: entry[1])[0]
    try:
        return resolve(name).name
    except ComposerError:
        return name if name in STYLES else ""
