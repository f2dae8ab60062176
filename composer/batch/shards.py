"""Shards: some pieces written together. A shard is there when its index is: the index is written last, in one go.

shards/00012.tar or shards/00012/     ID.mid, ID.json, ID.flac … of the pieces that are kept
shards/00012.jsonl                    the index: a record of every piece of the shard, whatever became of it
aside/ID.mid                          what did not pass the gate
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from composer.batch.making import ASIDE, KEPT
from composer.batch.store import Store, telling
from composer.digest import sha256_of
from composer.errors import OutputError

FOLDER, INDEX, ASIDE_FOLDER = "shards", ".jsonl", "aside"
BESIDE = ".json"
"""What the name of a piece's record ends in that lies beside it."""
SHARD_NAME = re.compile(r"\d{5,}|again-(\d+)-\d{5,}")
"""A shard's, and of pieces made again in which round."""
PRIVATE = ("minhash",)
"""Fields of a record that only the index has."""
NEEDED = {"id", "index", "status"}
"""Fields without which a record is none."""
UNSTEADY = ("seconds", "worker")
"""Fields that differ from run to run; they are left out of the files beside the pieces."""


@dataclass(frozen=True)
class Unit:
    """What a worker is given at a time, and what is written at a time: the pieces of one shard."""

    name: str
    """ "00012", or "again-1-00003" for pieces made again because an earlier one was the same."""
    indexes: tuple[int, ...]
    first_attempt: int = 0


@dataclass
class Finished:
    """A piece of a unit that is done: its record, and its files if there are any."""

    record: dict[str, Any]
    files: dict[str, bytes | Path] = field(default_factory=dict)
    """By suffix: ".mid", ".flac", "-stems/bass.flac" …"""


def write_shard(store: Store, unit: Unit, pieces: Sequence[Finished], layout: str) -> None:
    """Write a unit's pieces, and then its index. Raises OutputError; then the shard is not there."""
    pieces = sorted(pieces, key=lambda piece: piece.record["index"])
    kept = [piece for piece in pieces if piece.record["status"] == KEPT]
    for piece in pieces:
        record = piece.record
        if record["status"] == ASIDE:
            record |= {"file": f"{ASIDE_FOLDER}/{record['id']}.mid", "member": ""}
            _put(store, piece.files[".mid"], record["file"])
        elif record["status"] == KEPT:
            place = {"file": f"{FOLDER}/{unit.name}.tar", "member": f"{record['id']}.mid"}
            record |= place if layout == "tar" else {"file": f"{FOLDER}/{unit.name}/{record['id']}.mid", "member": ""}
            record["sound"] = sorted(suffix for suffix in piece.files if suffix != ".mid")
            with telling(store.where):
                record["sound_sha256"] = [sha256_of(piece.files[suffix]) for suffix in record["sound"]]
            piece.files[BESIDE] = _told(record)
            record["json_sha256"] = sha256_of(piece.files[BESIDE])
    with telling(store.where):
        _write_pieces(store, unit.name, kept, layout)
    lines = "".join(json.dumps(piece.record, ensure_ascii=False) + "\n" for piece in pieces)
    store.write(f"{FOLDER}/{unit.name}{INDEX}", lines.encode())
    for piece in pieces:
        for content in piece.files.values():
            if isinstance(content, Path):
                content.unlink(missing_ok=True)


def _write_pieces(store: Store, name: str, kept: Sequence[Finished], layout: str) -> None:
    if layout == "folder":
        for piece in kept:
            for suffix, content in _in_order(piece.files):
                _put(store, content, f"{FOLDER}/{name}/{piece.record['id']}{suffix}")
    elif kept:
        _write_tar(store, name, kept)


def read_index(store: Store, name: str) -> list[dict[str, Any]]:
    """The records of a shard, in order of index. Raises OutputError where they cannot be read."""
    file = f"{FOLDER}/{name}{INDEX}"
    try:
        return records_of(store.read(file))
    except ValueError as error:
        raise OutputError(
            f"{store.where}/{file}: cannot be read ({error}); remove it, and composer generate makes its pieces again"
        ) from None


def records_of(data: bytes) -> list[dict[str, Any]]:
    """JSON lines as records. Raises ValueError for anything else. Split as bytes: seeds' names may hold U+2028."""
    # As text, since json takes bytes with a zero among them for another encoding.
    records = [json.loads(line.decode("utf-8")) for line in data.splitlines()]
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict) or not set(record) >= NEEDED or not isinstance(record["index"], int):
            raise ValueError(f"line {number} is no record")
    return records


def files_of(row: Mapping[str, Any]) -> dict[str, str | None]:
    """All files of a piece that is kept or set aside, by name in folder or tar, each with its hash, None where that is not known."""
    first = str(row["member"] or row["file"])
    files: dict[str, str | None] = {first: row["sha256"]}
    if row["status"] == KEPT:
        stem = first.removesuffix(".mid")
        endings = list(row.get("sound") or ())
        digests = list(row.get("sound_sha256") or ()) or [None] * len(endings)
        files |= {stem + BESIDE: row.get("json_sha256")}
        files |= {stem + ending: digest for ending, digest in zip(endings, digests, strict=False)}
    return files


def finished_shards(store: Store) -> list[str]:
    """Names of the shards that are there."""
    names = (name.removesuffix(INDEX) for name in store.names(FOLDER) if name.endswith(INDEX))
    return [name for name in names if SHARD_NAME.fullmatch(name)]


def all_records(store: Store, rounds: int) -> Iterator[dict[str, Any]]:
    """Every record of the shards made until then, shard after shard; pieces made again come after their first making."""
    for name in in_order(finished_shards(store)):
        if round_of(name) <= rounds:
            yield from read_index(store, name)


def round_of(name: str) -> int:
    """How often a shard's pieces had been made before: 0 for "00012", 1 for "again-1-00003"."""
    again = SHARD_NAME.fullmatch(name)
    return int(again[1] or 0) if again else 0


def in_order(names: Iterable[str]) -> list[str]:
    """Shards in the order in which they were made: pieces made again after their first making."""
    return sorted(names, key=lambda name: (round_of(name), name))


def drop_from_shard(store: Store, name: str, ids: set[str], layout: str) -> None:
    """Take some pieces' files out of a shard; its index still tells of them."""
    if layout == "folder":
        for file in store.names(f"{FOLDER}/{name}"):
            if file[:16] in ids:
                store.remove(f"{FOLDER}/{name}/{file}")
        return
    with tarfile.open(fileobj=io.BytesIO(store.read(f"{FOLDER}/{name}.tar"))) as old:
        members = [(info, content.read()) for info in old if (content := old.extractfile(info)) is not None]
    kept = [(info, data) for info, data in members if info.name[:16] not in ids]
    if len(kept) == len(members):
        return
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for info, data in kept:
            new.addfile(info, io.BytesIO(data))
    store.write(f"{FOLDER}/{name}.tar", out.getvalue())


def _told(record: dict[str, Any]) -> bytes:
    """What lies beside a piece: its record, but for what differs from run to run, as JSON."""
    told = {name: value for name, value in record.items() if name not in PRIVATE + UNSTEADY}
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()


def _in_order(files: dict[str, bytes | Path]) -> list[tuple[str, bytes | Path]]:
    """A piece's files as they are written: the music, its sound, and what is told of them."""
    return sorted(files.items(), key=lambda file: (file[0] == BESIDE, file[0]))


def _write_tar(store: Store, name: str, kept: Sequence[Finished]) -> None:
    """One tar; the same pieces make the same bytes."""
    handle, scratch = tempfile.mkstemp(dir=store.scratch())
    try:
        with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for piece in kept:
                for suffix, content in _in_order(piece.files):
                    info = tarfile.TarInfo(f"{piece.record['id']}{suffix}")
                    info.mode = 0o644
                    if isinstance(content, Path):
                        info.size = content.stat().st_size
                        with content.open("rb") as file:
                            tar.addfile(info, file)
                    else:
                        info.size = len(content)
                        tar.addfile(info, io.BytesIO(content))
        store.take_in(Path(scratch), f"{FOLDER}/{name}.tar")
    finally:
        Path(scratch).unlink(missing_ok=True)


def _put(store: Store, content: bytes | Path, name: str) -> None:
    if isinstance(content, Path):
        store.write(name, content.read_bytes())
    else:
        store.write(name, content)
