"""Is a corpus whole? Every file where the manifest says, byte for byte, and nothing else.

The report vouches for plan, manifest and indexes by their hashes, the manifest for every piece and all that lies beside it.
A corpus of an earlier version has hashes of its music only: `unchecked` says what that leaves open.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from composer.batch import manifest
from composer.batch.corpus import Corpus
from composer.batch.making import ASIDE, DUPLICATE, KEPT, STATES
from composer.batch.run import PLAN, REPORT
from composer.batch.shards import BESIDE, FOLDER, INDEX, SHARD_NAME, files_of, in_order, records_of
from composer.digest import sha256_of
from composer.errors import ComposerError, InputError
from composer.formats import read_midi

Row = dict[str, Any]
SETTLED = ("status", "reason", "file", "member", "near_duplicate_group")
"""What is decided of a piece when all are there: the manifest may say otherwise than the index."""


def problems(corpus: Corpus) -> Iterator[str]:
    """What is wrong with a corpus, a line each; nothing where it is whole."""
    try:
        rows = _rows(corpus)
    except ValueError as error:
        yield f"{manifest.LINES}: cannot be read ({_why(error)})"
        return
    if len(rows) != corpus.plan.get("pieces"):
        yield f"{manifest.LINES}: {len(rows)} rows, the plan has {corpus.plan.get('pieces')} pieces"
    for name in ("id", "index"):
        twice = [value for value, count in Counter(row[name] for row in rows).items() if count > 1]
        if twice:
            yield f"{manifest.LINES}: {name} {twice[0]} occurs more than once{'' if len(twice) == 1 else ', and so do others'}"
    for row in rows:
        if row["status"] not in STATES:
            yield f"{row['id']}: no such status: {row['status']}"
    there = set(corpus.store.everything())
    vouched = _report(corpus)
    yield from _reported(corpus, rows, vouched)
    yield from _indexes(corpus, rows, there, vouched)
    yield from _pieces(corpus, rows, there)
    yield from _strangers(corpus, rows, there, vouched)
    yield from _parquet(corpus, rows)


def unchecked(corpus: Corpus) -> Iterator[str]:
    """What cannot be known of a corpus, a line each: an earlier version wrote fewer hashes down."""
    try:
        rows = _rows(corpus)
    except ValueError:
        return
    kept = [row for row in rows if row["status"] == KEPT]
    if bare := sum(row.get("json_sha256") is None for row in kept):
        sound = " and sound" if any(row.get("sound") for row in kept) else ""
        yield f"an earlier version made this: the records{sound} beside {bare} pieces have no hash; only their names were checked"
    if rows and not isinstance(_report(corpus).get("sha256"), dict):
        yield f"an earlier version made this: {PLAN} and {manifest.LINES} have no hash; only their consistency was checked"


def damaged_pieces(corpus: Corpus) -> set[str]:
    """Ids of the pieces of which a file is gone or changed; of a damaged tar, of all that are in it.

    Raises InputError where the manifest is damaged itself: nothing says then what the files were.
    """
    try:
        rows = _rows(corpus)
        digests = _report(corpus).get("sha256")
        known = digests.get(manifest.LINES) if isinstance(digests, dict) else None
        if known is not None and sha256_of(corpus.store.read(manifest.LINES)) != known:
            raise ValueError("it does not match its recorded SHA-256")
    except ValueError as error:
        where = corpus.store.where
        raise InputError(
            f"{where}/{manifest.LINES}: cannot be relied on ({_why(error)}); composer generate --out {where} writes it"
            " again, then repair"
        ) from None
    there = set(corpus.store.everything())
    together: dict[str, list[Row]] = {}
    for row in rows:
        together.setdefault(str(row["file"] if row["member"] else row["id"]), []).append(row)
    return {row["id"] for group in together.values() if any(_pieces(corpus, group, there)) for row in group}


def _rows(corpus: Corpus) -> list[Row]:
    """The manifest. Raises ValueError where it is none."""
    return list(manifest.read(corpus.store))


def _report(corpus: Corpus) -> dict[str, Any]:
    """report.json; {} where there is none to be read."""
    try:
        told = json.loads(corpus.store.read(REPORT))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _reported(corpus: Corpus, rows: list[Row], report: Mapping[str, Any]) -> Iterator[str]:
    """The report against the manifest, and what it vouches for against that."""
    if not report:
        yield f"{REPORT}: is missing, or cannot be read"
        return
    counts = Counter(row["status"] for row in rows)
    for name, number in (("pieces", len(rows)), *((state, counts[state]) for state in STATES)):
        if report.get(name) != number:
            yield f"{REPORT}: {report.get(name)} {name}, the manifest has {number}"
    reasons = {row["id"]: row["reason"] for row in rows}
    failures = report.get("failures")
    if not isinstance(failures, list) or any(
        not isinstance(one, dict) or reasons.get(one.get("id")) != one.get("reason") for one in failures
    ):
        yield f"{REPORT}: its failures do not match the manifest"
    digests = report.get("sha256")
    if not isinstance(digests, dict):
        if any(row.get("json_sha256") for row in rows):
            yield f"{REPORT}: was changed: its hashes are missing"
        return
    for name in (PLAN, manifest.LINES):
        if sha256_of(corpus.store.read(name)) != digests.get(name):
            yield f"{name}: does not match its recorded SHA-256"


def _indexes(corpus: Corpus, rows: list[Row], there: set[str], report: Mapping[str, Any]) -> Iterator[str]:
    """The shards' indexes: what the report vouches for, else what the manifest was made of."""
    digests = report.get("sha256")
    names = {name for name in there if name.startswith(f"{FOLDER}/") and name.endswith(INDEX) and name.count("/") == 1}
    if isinstance(digests, dict):
        for name in sorted({name for name in digests if str(name).startswith(f"{FOLDER}/")} - names):
            yield f"{name}: is missing"
    latest: dict[int, Row] = {}
    sound = True
    for shard in in_order(name[len(FOLDER) + 1 : -len(INDEX)] for name in names):
        name = f"{FOLDER}/{shard}{INDEX}"
        if not SHARD_NAME.fullmatch(shard):
            continue
        data = corpus.store.read(name)
        if isinstance(digests, dict) and name in digests and sha256_of(data) != digests[name]:
            yield f"{name}: does not match its recorded SHA-256"
            sound = False
            continue
        try:
            latest |= {record["index"]: manifest.row_of(record) for record in records_of(data)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"{name}: cannot be read ({_why(error)})"
            sound = False
    for row in rows:
        record = latest.get(row["index"])
        if record is None and sound:
            yield f"{row['id']}: is missing from the shards' indexes"
        if record is not None and (differ := _differ(row, record)):
            yield f"{row['id']}: {manifest.LINES} and its shard's index do not agree on {', '.join(differ)}"


def _differ(row: Row, record: Row) -> list[str]:
    kept_as_made = row["status"] != DUPLICATE
    loose = SETTLED[-1:] if kept_as_made else SETTLED
    return [name for name in row if name not in loose and row[name] != record.get(name)]


def _pieces(corpus: Corpus, rows: list[Row], there: set[str]) -> Iterator[str]:
    tars: dict[str, list[Row]] = {}
    for row in rows:
        if row["status"] in (KEPT, ASIDE) and row["member"]:
            tars.setdefault(str(row["file"]), []).append(row)
        elif row["status"] in (KEPT, ASIDE):
            for name, digest in files_of(row).items():
                if name not in there:
                    yield f"{name}: is missing"
                    continue
                try:
                    data = corpus.store.read(name)
                except OSError as error:
                    yield f"{name}: cannot be read ({_why(error)})"
                    continue
                yield from _whole(name, data, digest, row)
    for name, pieces in tars.items():
        yield from _tar(corpus, name, pieces)


def _tar(corpus: Corpus, name: str, pieces: list[Row]) -> Iterator[str]:
    """A shard's tar: the members that its pieces have, each once, and nothing after them."""
    try:
        data = corpus.store.read(name)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            infos = tar.getmembers()
            members = {info.name: (file.read() if (file := tar.extractfile(info)) else None) for info in infos}
            end = tar.offset
    except FileNotFoundError:
        yield f"{name}: is missing"
        return
    except (OSError, tarfile.TarError, EOFError) as error:
        yield f"{name}: cannot be read ({_why(error)})"
        return
    if data[end:].strip(b"\0"):
        yield f"{name}: has extra data after its last member"
    for member, count in Counter(info.name for info in infos).items():
        if count > 1:
            yield f"{name}: {member} is in it {count} times"
    announced: set[str] = set()
    for row in pieces:
        for member, digest in files_of(row).items():
            announced.add(member)
            content = members.get(member)
            if content is None:
                yield f"{name}: {member} is missing from it"
            else:
                yield from _whole(f"{name} {member}", content, digest, row)
    for member in members:
        if member not in announced:
            yield f"{name}: {member} is not in the manifest"


def _whole(what: str, data: bytes, digest: str | None, row: Row) -> Iterator[str]:
    """One file against its hash; the music also against what the manifest tells of it."""
    if digest is not None and sha256_of(data) != digest:
        yield f"{what}: does not match its recorded SHA-256"
    elif what.endswith(".mid"):
        yield from _reads(what, data, row)
    elif digest is None and what.endswith(BESIDE):
        try:
            told = json.loads(data)
        except ValueError:
            told = None
        if not isinstance(told, dict) or any(told.get(name) != row[name] for name in ("id", "sha256")):
            yield f"{what}: is not the record of this piece"


def _strangers(corpus: Corpus, rows: list[Row], there: set[str], report: Mapping[str, Any]) -> Iterator[str]:
    """Whatever nobody speaks of."""
    known = {PLAN, REPORT, manifest.LINES, manifest.PARQUET}
    for row in rows:
        if row["status"] in (KEPT, ASIDE):
            known |= {str(row["file"])} if row["member"] else set(files_of(row))
    digests = report.get("sha256")
    if isinstance(digests, dict):
        known |= set(digests)
    shards = {
        name.removesuffix(INDEX)
        for name in there
        if name.endswith(INDEX) and SHARD_NAME.fullmatch(name[len(FOLDER) + 1 : -len(INDEX)])
        if not isinstance(digests, dict) or name in digests
    }
    known |= {shard + INDEX for shard in shards}
    for name in sorted(there - known):
        if not (name.removesuffix(".tar") in shards and _is_empty(corpus, name)):
            yield f"{name}: is not in the manifest"


def _is_empty(corpus: Corpus, name: str) -> bool:
    """A shard out of which every piece was taken."""
    try:
        return name.endswith(".tar") and not corpus.members(name)
    except (OSError, tarfile.TarError):
        return False


def _reads(what: str, data: bytes, row: Row) -> Iterator[str]:
    try:
        count = sum(len(part) for part in read_midi(data).parts)
    except ComposerError as error:
        yield f"{what}: {error}"
        return
    if count != row["notes"]:
        yield f"{what}: {count} notes, the manifest says {row['notes']}"


def _parquet(corpus: Corpus, rows: list[Row]) -> Iterator[str]:
    if manifest.PARQUET not in corpus.store.names(""):
        return
    try:
        found = manifest.parquet_rows(corpus.store)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        yield f"{manifest.PARQUET}: cannot be read ({_why(error)})"
        return
    if found is not None and found != rows:
        yield f"{manifest.PARQUET}: is not the same as {manifest.LINES}"


def _why(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
