"""A user's own files as songs to learn from: what each holds is found out, and some are kept back to judge by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from composer import formats
from composer.corpora.form import find_phrases
from composer.corpora.roles import band_of
from composer.corpora.song import Song
from composer.errors import ComposerError, InputError
from composer.harmony.infer import chords_from_notes
from composer.training.packing import Pack, from_song, open_pack, pack
from composer.vocab import GridSong, excerpt

HELD_BACK = 5
"""One file in so many judges; of a single file, its last bars do."""
SUFFIXES = (*formats.MIDI_SUFFIXES, *formats.XML_SUFFIXES, *formats.ABC_SUFFIXES)


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Music files, those in folders too, in order. Raises InputError for a path that is not there, or where there are none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check --files")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in inside if file.is_file() and (file == path or file.suffix.lower() in SUFFIXES)]
    if not found:
        raise InputError(
            f"--files: no music in {', '.join(map(str, paths))}; give MIDI or MusicXML files, or a folder of them"
        )
    return list(dict.fromkeys(found))


def read_own(paths: Sequence[Path], label: str) -> tuple[list[GridSong], list[str], list[str]]:
    """Files as grid songs under the user's label, a line for each that could not be used, and the names of copies left out.

    A copy has the notes of another file, or its name in the same folder: NAME.mid and NAME.musicxml are one piece.
    Files of one name in other folders are learned from, as one work. Raises InputError if no file can be used.
    """
    songs, trouble, copies = [], [], []
    pieces: set[tuple[Path, str] | str] = set()
    for path in paths:
        if (path.parent, path.stem) in pieces:
            copies.append(path.name)
            continue
        try:
            score = band_of(formats.load(path))
            if {part.role for part in score.parts} <= {"melody"}:
                raise InputError("no drums, bass, guitar, piano or strings in it to learn from")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lane = chords_from_notes(score) if any(not part.is_drum for part in score.parts) else None
            song = Song(
                f"{label}/{path.stem}", label, f"{label}/{path.stem}", "train", "the user's own", digest, False, "", label,
                score, lane, find_phrases(score),
            )  # fmt: skip
            grid = from_song(song)
            if (notes := _notes_of(grid)) in pieces:
                copies.append(path.name)
                continue
            pieces |= {(path.parent, path.stem), notes}
            songs.append(grid)
        except ComposerError as error:
            trouble.append(f"{path.name}: {str(error).removeprefix(f'{path}: ')}")
    if not songs:
        raise InputError(f"none of the {len(paths)} files can be learned from; {trouble[0]}")
    return songs, trouble, copies


def with_splits(songs: Sequence[GridSong], rng: np.random.Generator) -> list[GridSong]:
    """The songs, some of them marked as judges; twins of one content are never on both sides."""
    works = sorted({song.meta["work"] for song in songs})
    if len(works) == 1:
        (song, *_) = songs
        cut = max(4, song.bar_count * 3 // 4)
        if song.bar_count - cut < 4:
            raise InputError("a single file of under 16 bars is too short to train and validate on; give more music")
        return [excerpt(song, 0, cut), _judge(excerpt(song, cut, song.bar_count))]
    judges = set(rng.permutation(works)[: max(1, len(works) // HELD_BACK)].tolist())
    return [_judge(song) if song.meta["work"] in judges else song for song in songs]


def _notes_of(song: GridSong) -> str:
    """A hash of who plays which pitch where: the same for a file, its copies and its other formats, loudness or none."""
    where = [song.notes[name].astype(np.int64) for name in ("bar", "part", "position", "pitch")]
    return hashlib.sha256(np.concatenate([*where, song.bar_length]).astype(np.int64).tobytes()).hexdigest()


def own_pack(songs: Sequence[GridSong], path: Path) -> Pack:
    """Songs as a pack, written to `path`."""
    pack(songs, path)
    return open_pack(path)


def _judge(song: GridSong) -> GridSong:
    return replace(song, meta=song.meta | {"split": "valid"})
