"""Is a corpus whole? Every piece where the manifest says, byte for byte, and nothing else."""

from __future__ import annotations

import hashlib
import tarfile
from collections import Counter
from collections.abc import Iterator

from composer.batch import manifest
from composer.batch.corpus import Corpus
from composer.batch.making import ASIDE, KEPT, STATES
from composer.batch.shards import ASIDE_FOLDER, FOLDER, INDEX
from composer.errors import ComposerError
from composer.formats import read_midi


def problems(corpus: Corpus) -> Iterator[str]:
    """What is wrong with a corpus, a line each; nothing where it is whole."""
    rows = list(corpus.rows())
    if len(rows) != corpus.plan["pieces"]:
        yield f"{manifest.LINES}: {len(rows)} rows, the plan has {corpus.plan['pieces']} pieces"
    for name in ("id", "index"):
        twice = [value for value, count in Counter(row[name] for row in rows).items() if count > 1]
        if twice:
            yield f"{manifest.LINES}: {name} {twice[0]} is there {'twice' if len(twice) == 1 else 'twice, and others'}"
    for row in rows:
        if row["status"] not in STATES:
            yield f"{row['id']}: no such status: {row['status']}"
    yield from _pieces(corpus, rows)
    yield from _parquet(corpus, rows)


def _pieces(corpus: Corpus, rows: list[dict[str, object]]) -> Iterator[str]:
    announced: dict[str, set[str]] = {}
    by_file: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        if row["status"] in (KEPT, ASIDE):
            by_file.setdefault(str(row["file"]), []).append(row)
    for name, pieces in by_file.items():
        try:
            members = corpus.members(name) if pieces[0]["member"] else {"": corpus.store.read(name)}
        except FileNotFoundError:
            yield f"{name}: is missing"
            continue
        except (OSError, tarfile.TarError) as error:
            yield f"{name}: cannot be read ({error})"
            continue
        announced[name] = {str(row["id"]) for row in pieces}
        for row in pieces:
            data = members.get(str(row["member"]))
            if data is None:
                yield f"{name}: {row['member']} is missing in it"
            elif hashlib.sha256(data).hexdigest() != row["sha256"]:
                yield f"{name} {row['member']}: is not what was written (sha256)"
            else:
                yield from _reads(f"{name} {row['member']}", data, row)
        for member in members:
            if member and member[:16] not in announced[name]:
                yield f"{name}: {member} is in no manifest"
    known = set(by_file)
    for folder in (FOLDER, ASIDE_FOLDER):
        for file in corpus.store.names(folder):
            if (
                not file.endswith(INDEX)
                and f"{folder}/{file}" not in known
                and not _is_empty(corpus, f"{folder}/{file}")
            ):
                yield f"{folder}/{file}: is in no manifest"


def _is_empty(corpus: Corpus, name: str) -> bool:
    """A shard out of which every piece was taken."""
    try:
        return name.endswith(".tar") and not corpus.members(name)
    except (OSError, tarfile.TarError):
        return False


def _reads(what: str, data: bytes, row: dict[str, object]) -> Iterator[str]:
    try:
        count = sum(len(part) for part in read_midi(data).parts)
    except ComposerError as error:
        yield f"{what}: {error}"
        return
    if count != row["notes"]:
        yield f"{what}: {count} notes, the manifest says {row['notes']}"


def _parquet(corpus: Corpus, rows: list[dict[str, object]]) -> Iterator[str]:
    if manifest.PARQUET not in corpus.store.names(""):
        return
    found = manifest.parquet_rows(corpus.store)
    if found is not None and found != rows:
        yield f"{manifest.PARQUET}: is not the same as {manifest.LINES}"
