"""The manifest: a row for every piece of a corpus, as JSON lines and as Parquet. Owner of pyarrow."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from composer.batch.store import Store, telling
from composer.errors import InputError
from composer.gm import ROLES

LINES, PARQUET = "manifest.jsonl", "manifest.parquet"
ROWS = 1000
"""Rows of a Parquet row group, and so in memory at once."""

FIELDS: dict[str, tuple[str, str]] = {
    "id": ("string", "sixteen hex digits that follow from plan and seed"),
    "index": ("int64", "its place in the plan, from 0"),
    "status": ("string", "kept, aside (did not pass the gate), duplicate, or failed"),
    "reason": ("string", "why it is not kept"),
    "file": ("string", "where it is: a tar, or a MIDI file"),
    "member": ("string", "its name in the tar"),
    "sound": ("list<string>", "what its sound files end in, beside it"),
    "sound_sha256": ("list<string>", "of each of these"),
    "json_sha256": ("string", "of the record beside it"),
    "sha256": ("string", "of the MIDI file"),
    "bytes": ("int64", "of the MIDI file"),
    "attempt": ("int64", "how often it was made"),
    "dice": ("int64", "seed of the attempt that is kept"),
    "task": ("string", "arrange, continue, infill, restyle or scratch"),
    "seed": ("string", "name of the seed"),
    "seed_sha256": ("string", "of the seed's file; own:N for the model's own"),
    "licence": ("string", "of seed and weights"),
    "model": ("string", "name of the model"),
    "model_sha256": ("string", "of its weights"),
    "signature": ("string", "who signed them"),
    "style": ("string", "as asked"),
    "groove": ("string", "as drawn"),
    "parts": ("list<string>", "as asked"),
    "take": ("int64", "from 1"),
    "controls": ("string", "what else was asked, as JSON"),
    "chords_source": ("string", "where its chords come from"),
    "key": ("string", "as heard or as its file says"),
    "meter": ("string", "the usual one"),
    "tempo_bpm": ("double", "at its beginning, quarter notes a minute"),
    "bars": ("int64", ""),
    "duration_s": ("double", ""),
    "notes": ("int64", "in all parts"),
    **{f"notes_{role}": ("int64", "") for role in ROLES},
    "silent": ("double", "share of bars"),
    "stuck": ("int64", "onsets on end on the same pitches"),
    "looping": ("double", "share of bars like the one before"),
    "clashing": ("double", "share of notes a semitone from the melody"),
    "out_of_chord": ("double", "share of notes"),
    "out_of_range": ("double", "share of notes"),
    "longest_run": ("int64", "notes on end that a training song has too; empty where no pack was named"),
    "near_duplicate_group": ("string", "id of the earliest of those that are nearly the same"),
    "seconds": ("double", "from the first attempt to the last, with whatever was made beside it"),
}
"""Column → (type, what it tells)."""
NEEDED = {"id", "index", "status", "reason", "file", "member", "sha256", "seed_sha256", "near_duplicate_group"}
"""Columns without which a row is none; manifests of earlier versions lack some of the others."""


def row_of(record: dict[str, Any]) -> dict[str, Any]:
    """A record as a row of the manifest: all columns, in order, empty ones as None."""
    row = {name: record.get(name) for name in FIELDS}
    row["controls"] = json.dumps(record.get("controls", {}), ensure_ascii=False, sort_keys=True)
    for name in ("parts", "sound", "sound_sha256"):
        row[name] = list(record.get(name, ()))
    return row


def write(store: Store, records: Iterable[dict[str, Any]]) -> list[str]:
    """Both manifests, streamed; returns a line where one cannot be written."""
    with telling(store.where):
        scratch = store.scratch()
        parquet = _Parquet(scratch)
        handle, name = tempfile.mkstemp(dir=scratch)
        with os.fdopen(handle, "w", encoding="utf-8") as lines:
            for record in records:
                row = row_of(record)
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                parquet.add(row)
        made = parquet.close()
    store.take_in(Path(name), LINES)
    if made is not None:
        store.take_in(made, PARQUET)
    return [] if made else [f"no {PARQUET}: pip install 'melody-to-band[batch]' for pyarrow, then run this again"]


def read(store: Store) -> Iterator[dict[str, Any]]:
    """The manifest's rows. Raises FileNotFoundError where there is none, ValueError where it cannot be read."""
    for line in store.read(LINES).splitlines():  # as bytes: names of seeds may hold what ends a line of text
        row = json.loads(line.decode("utf-8"))
        if not isinstance(row, dict) or not set(row) >= NEEDED:
            raise ValueError("a line that is no row")
        yield row


class _Parquet:
    """A Parquet file that grows by row groups; nothing where pyarrow is missing."""

    def __init__(self, folder: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            self.arrow = None
            return
        self.arrow = pyarrow
        self.schema = _schema(pyarrow)
        handle, self.name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        self.writer = pyarrow.parquet.ParquetWriter(self.name, self.schema)
        self.rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        if self.arrow is None:
            return
        self.rows.append(row)
        if len(self.rows) == ROWS:
            self._flush()

    def _flush(self) -> None:
        assert self.arrow is not None
        self.writer.write_table(self.arrow.Table.from_pylist(self.rows, self.schema))
        self.rows = []

    def close(self) -> Path | None:
        if self.arrow is None:
            return None
        if self.rows:
            self._flush()
        self.writer.close()
        return Path(self.name)


def parquet_rows(store: Store) -> list[dict[str, Any]] | None:
    """The rows of manifest.parquet; None where pyarrow is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return None
    # In this thread alone: pyarrow's own may still be at work when the process ends, which then aborts.
    file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(store.read(PARQUET)), pre_buffer=False)
    rows: list[dict[str, Any]] = file.read(use_threads=False).to_pylist()
    return rows


class Rows:
    """Parquet files of so many pieces each, with the music itself in a column: NAME-00000.parquet, … Raises InputError without pyarrow."""

    def __init__(self, folder: Path, name: str, size: int) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise InputError("this layout needs pyarrow: pip install 'melody-to-band[batch]'") from None
        self.arrow, self.folder, self.name, self.size = pyarrow, folder, name, size
        self.schema = _schema(pyarrow).append(pyarrow.field("midi", pyarrow.binary()))
        self.rows: list[dict[str, Any]] = []
        self.files = 0

    def add(self, row: dict[str, Any], midi: bytes) -> None:
        """One piece more."""
        self.rows.append(row | {"midi": midi})
        if len(self.rows) == self.size:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        if self.rows:
            table = self.arrow.Table.from_pylist(self.rows, self.schema)
            self.arrow.parquet.write_table(table, self.folder / f"{self.name}-{self.files:05d}.parquet")
            self.rows, self.files = [], self.files + 1


def _schema(arrow: Any) -> Any:
    types = {
        "string": arrow.string(),
        "int64": arrow.int64(),
        "double": arrow.float64(),
        "list<string>": arrow.list_(arrow.string()),
    }
    return arrow.schema(
        [arrow.field(name, types[kind], metadata={"tells": tells}) for name, (kind, tells) in FIELDS.items()]
    )
