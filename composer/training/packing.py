"""Songs on the grid in one compressed file: what a trainer carries to the machine it trains on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.errors import InputError
from composer.gm import ROLES
from composer.model.form import phrase_places, section_classes
from composer.timing import meter_name
from composer.vocab import GRID_NOTE_DTYPE, GridSong, bar_lengths, grid_notes, vocabulary_hash

if TYPE_CHECKING:
    from composer.corpora.song import Song

SHORTEST_BARS = 4
FIELDS = ("bar_length", "beat_length", "phrase_position", "phrase_left", "section", "roots", "basses", "tones")


def from_song(song: Song) -> GridSong:
    """A corpus song on the grid; without a lane every chord is unknown."""
    score, bars = song.score, song.score.bars()
    lengths, beats = bar_lengths(bars, score.ticks_per_beat)
    count = int((-(-lengths // beats)).sum())
    roots, basses, tones = np.full(count, -1), np.full(count, -1), np.zeros((count, 12), bool)
    if song.lane is not None:
        roots, basses, tones = song.lane.arrays()
    if len(roots) != count:
        raise InputError(f"{song.id}: the chord lane has {len(roots)} beats and the grid {count}")
    position, left = phrase_places(len(bars), [start for start, _ in song.phrases])
    meta = {name: getattr(song, name) for name in ("id", "corpus", "work", "split", "licence", "sha256")}
    meta |= {"synthetic": str(song.synthetic), "meter": meter_name(bars)}
    return GridSong(
        grid_notes(score, bars), lengths, beats, roots.astype(np.int64), basses.astype(np.int64), tones, position, left,
        section_classes(len(bars), song.phrases), score.tempo.bpm_at(score.end // 2), song.style, song.groove, meta,
    )  # fmt: skip


@dataclass(frozen=True)
class Pack:
    """Many GridSongs as concatenated arrays; indexing builds one."""

    arrays: dict[str, np.ndarray]
    headers: list[dict[str, Any]]
    """Of every song in the arrays: tempo_bpm, style, groove, meta."""
    rows: np.ndarray
    """Which songs this pack means, as rows of the above: all of them, or a split's."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def about(self) -> list[dict[str, Any]]:
        """The headers of this pack's songs, in order."""
        return [self.headers[row] for row in self.rows]

    @property
    def note_counts(self) -> np.ndarray:
        """Notes in each of this pack's songs."""
        return np.asarray(np.diff(self.arrays["note_offsets"])[self.rows])

    @cached_property
    def digest(self) -> str:
        """A hash of all these songs and what is said of them: equal for two packs of the same songs in the same order."""
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode("utf-8", "surrogatepass"))
        for name, array in sorted(self.arrays.items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
        digest.update(self.rows.astype("<i8").tobytes())
        return digest.hexdigest()

    def split(self, name: str) -> Pack:
        """The songs of "train", "valid" or "test"."""
        mine = [row for row in self.rows if self.headers[row]["meta"]["split"] == name]
        return replace(self, rows=np.array(mine, np.int64))

    def __getitem__(self, index: int) -> GridSong:
        row = int(self.rows[index])

        def cut(name: str, axis: str) -> np.ndarray:
            first, last = self.arrays[axis][row : row + 2]
            return self.arrays[name][first:last]

        notes = np.zeros(len(cut("part", "note_offsets")), GRID_NOTE_DTYPE)
        for name in GRID_NOTE_DTYPE.names or ():
            notes[name] = cut(name, "note_offsets")
        bits = cut("tones", "beat_offsets")
        about = self.headers[row]
        bar_length, beat_length, phrase_position, phrase_left, section = (
            cut(name, "bar_offsets").astype(np.int64) for name in FIELDS[:5]
        )
        roots, basses = (cut(name, "beat_offsets").astype(np.int64) for name in ("roots", "basses"))
        return GridSong(
            notes, bar_length, beat_length, roots, basses, (bits[:, None] >> np.arange(12)) & 1 > 0, phrase_position, phrase_left, section,
            about["tempo_bpm"], about["style"], about["groove"], about["meta"],
        )  # fmt: skip

    def __iter__(self) -> Iterator[GridSong]:
        return (self[index] for index in range(len(self)))


def pack(songs: Iterable[GridSong], path: Path) -> int:
    """Write songs to one .npz; returns how many. Songs of under four bars, or of under 16 notes, are left out."""
    kept = [song for song in songs if song.bar_count >= SHORTEST_BARS and len(song.notes) >= 16]
    if not kept:
        raise InputError("no songs to pack; check the corpora's path")
    arrays: dict[str, np.ndarray] = {}
    for axis, length in (
        ("note", [len(s.notes) for s in kept]),
        ("bar", [s.bar_count for s in kept]),
        ("beat", [len(s.roots) for s in kept]),
    ):
        arrays[f"{axis}_offsets"] = np.concatenate([[0], np.cumsum(length)])
    for name in GRID_NOTE_DTYPE.names or ():
        arrays[name] = np.concatenate([song.notes[name] for song in kept])
    for name in FIELDS[:7]:
        arrays[name] = np.concatenate([getattr(song, name) for song in kept]).clip(-1, 127).astype(np.int8)
    arrays["tones"] = np.concatenate([(song.tones << np.arange(12)).sum(axis=1) for song in kept]).astype(np.uint16)
    about = [{"tempo_bpm": s.tempo_bpm, "style": s.style, "groove": s.groove, "meta": s.meta} for s in kept]
    header = json.dumps({"vocabulary": vocabulary_hash(), "roles": ROLES, "songs": about})
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, header=np.frombuffer(header.encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    return len(kept)


def open_pack(path: Path) -> Pack:
    """Read a pack. Raises InputError where it is missing or was made for another vocabulary."""
    if not path.exists():
        raise InputError(f"{path}: no such pack of songs; make one with 'python -m composer.training.prepare'")
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(arrays.pop("header").tobytes())
    if header["vocabulary"] != vocabulary_hash():
        raise InputError(
            f"{path}: packed for vocabulary {header['vocabulary']}, this code has {vocabulary_hash()}; pack it again"
        )
    return Pack(arrays, header["songs"], np.arange(len(header["songs"])))
