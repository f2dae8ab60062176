"""A whole corpus: what is missing is made, copies are made again, and the manifest is written. Run again, it goes on."""

from __future__ import annotations

import hashlib
import json
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from composer import __version__
from composer.batch import manifest, near_duplicates
from composer.batch.making import ASIDE, DUPLICATE, FAILED, KEPT
from composer.batch.piece_maker import PieceMaker, Setting
from composer.batch.pieces import Pieces
from composer.batch.plan import UNBOUND, BatchPlan
from composer.batch.seeds import find_seeds
from composer.batch.shards import (
    FOLDER,
    INDEX,
    Finished,
    Unit,
    all_records,
    drop_from_shard,
    files_of,
    finished_shards,
    in_order,
    read_index,
)  # fmt: skip
from composer.batch.store import FolderStore, Store, locked, open_store, sweep
from composer.digest import sha256_of
from composer.errors import InputError, OutputError
from composer.model.checkpoint import default_checkpoint
from composer.trust import register
from composer.vocab import vocabulary_hash

PLAN, REPORT = "plan.json", "report.json"
MOST_REASONS = 100
"""Failures told one by one in the report."""
ROUNDS = 2
"""How often copies of earlier pieces are made again."""
RECORD_BYTES = 3500
"""What is written of a piece beside its music: in its shard, its index and the manifest."""
SAMPLES = 3
"""Pieces that a dry run makes to see how long one takes."""

OnEvent = Callable[[str, Any], None]


class Makers(Protocol):
    """Whoever makes units: processes here, or actors of a Ray cluster."""

    def run(self, units: Sequence[Unit], tell: OnEvent) -> None: ...


@dataclass
class Outcome:
    """What became of a corpus."""

    pieces: int
    counts: dict[str, int]
    """Pieces in each of making.STATES."""
    notes: int = 0
    seconds: float = 0.0
    """Of this run."""
    made: int = 0
    """Pieces made in this run."""
    reasons: list[tuple[str, str, str]] = field(default_factory=list)
    """(id, seed, reason) of what failed, no more than a hundred."""
    told: list[str] = field(default_factory=list)
    """Lines for people: what was noticed on the way."""


def setting_of(plan: BatchPlan, where: str, lanes: int) -> tuple[Setting, list[str]]:
    """All that workers need, and a line for each seed that is there twice. Raises InputError, CheckpointError."""
    if plan.gate.longest_run and not plan.training:
        raise InputError(
            "gate: longest_run has no effect without the songs to compare with; name their pack (training = ...), or leave it out"
        )
    seeds, copies = find_seeds(plan.seeds, plan.own)
    if plan.gate.near_duplicates:
        near_duplicates.need_library()
    checkpoint = str(register.resolve(plan.checkpoint)) if plan.checkpoint else str(default_checkpoint())
    return Setting(plan, tuple(seeds), where, checkpoint, lanes), copies


def generate(setting: Setting, makers: Makers, tell: OnEvent, damaged: AbstractSet[str] = frozenset()) -> Outcome:
    """Make everything that is not there yet, and these damaged pieces, by their ids, again.

    Raises OutputError where the store refuses, or holds another plan's corpus.
    """
    began = time.monotonic()
    store, plan = open_store(setting.where), setting.plan
    pieces = Pieces(plan, setting.seeds)
    with locked(store):
        _check_plan(store, setting, pieces)
        sweep(store)
        counted: Counter[str] = Counter()

        def listen(what: str, value: Any) -> None:
            if what == "piece":
                counted["pieces"] += 1
                counted["notes"] += value["notes"] or 0
            tell(what, value)

        units = [Unit(f"{number:05d}", tuple(pieces.of_shard(number))) for number in range(pieces.shards())]
        lost = _lost(store, damaged)
        for again in range(ROUNDS + 1):
            there = set(finished_shards(store)) - lost
            missing = [unit for unit in units if unit.name not in there]
            tell("round", (again, sum(len(unit.indexes) for unit in missing), sum(len(unit.indexes) for unit in units)))
            if missing:
                makers.run(missing, listen)
                lost -= {unit.name for unit in missing}
            # As they were before the round was begun: what a killed run made of it changes no shard's pieces.
            copies = [index for index, original in _copies(store, plan, again).items() if original != index]
            if again == ROUNDS or not copies:
                break
            size = pieces.shard_size()
            units = [
                Unit(
                    f"again-{again + 1}-{at // size:05d}", tuple(copies[at : at + size]), plan.gate.tries * (again + 1)
                )
                for at in range(0, len(copies), size)
            ]
        outcome = seal(store, plan, len(pieces), tell)
        sweep(store)
    return replace(outcome, seconds=time.monotonic() - began, made=counted["pieces"], notes=counted["notes"])


def _copies(store: Store, plan: BatchPlan, rounds: int = ROUNDS) -> dict[int, int]:
    """Index → index of the earliest piece it nearly is, itself for most, for all pieces that passed the gate.

    rounds: how often pieces made again are counted in.
    """
    if not plan.gate.near_duplicates:
        return {}
    # Pieces made again come after their first making, and so take its place.
    marks = {record["index"]: record.get("minhash", "") for record in all_records(store, rounds)}
    order = sorted(index for index, mark in marks.items() if mark)
    found = near_duplicates.near_duplicates([marks[index] for index in order], plan.gate.near_duplicates)
    return {index: order[original] for index, original in zip(order, found, strict=True)}


def _lost(store: Store, damaged: AbstractSet[str]) -> set[str]:
    """Shards that are made again: of damaged pieces, of those a file of which has gone that the manifest, where there is
    one, tells of, and those whose index is not as the report, where there is one, says.
    """
    vouched = _vouched(store)
    lost = set()
    for name in finished_shards(store):
        file = f"{FOLDER}/{name}{INDEX}"
        if file in vouched and sha256_of(store.read(file)) != vouched[file]:
            lost.add(name)
    there: dict[str, set[str]] = {}
    gone = set(damaged)
    try:
        for row in manifest.read(store):
            if row["status"] not in (KEPT, ASIDE):
                continue
            for file in [row["file"]] if row["member"] else files_of(row):
                folder, _, name = file.rpartition("/")
                if folder not in there:
                    there[folder] = set(store.names(folder))
                if name not in there[folder]:
                    gone.add(row["id"])
    except (FileNotFoundError, ValueError):
        pass  # it is about to be written
    return lost | _shards_of(store, gone, lost)


def _vouched(store: Store) -> dict[str, str]:
    """File → the hash that the report has of it; {} where there is no report, or it cannot be read."""
    try:
        digests = json.loads(store.read(REPORT).decode("utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return digests if isinstance(digests, dict) else {}


def _shards_of(store: Store, ids: AbstractSet[str], lost: AbstractSet[str]) -> set[str]:
    """Shards in which these pieces were made last: only the indexes tell, of which those of lost shards are not to be read."""
    found: dict[str, str] = {}
    for name in in_order(finished_shards(store)) if ids else ():
        if name not in lost:
            found |= {record["id"]: name for record in read_index(store, name) if record["id"] in ids}
    return set(found.values())


@dataclass(frozen=True)
class _Making:
    """One time a piece was made."""

    shard: str
    id: str
    status: str


def seal(store: Store, plan: BatchPlan, pieces: int, tell: OnEvent) -> Outcome:
    """Settle what became of each piece, take copies out of the shards, and write manifest and report."""
    tell("seal", None)
    copies = _copies(store, plan)
    makings: dict[int, list[_Making]] = {}
    for name in in_order(finished_shards(store)):
        for record in read_index(store, name):
            makings.setdefault(record["index"], []).append(_Making(name, record["id"], record["status"]))
    dropped: dict[str, set[str]] = {}
    for index, made in makings.items():
        is_copy = copies.get(index, index) != index
        for making in made if is_copy else made[:-1]:
            if making.status == KEPT:
                dropped.setdefault(making.shard, set()).add(making.id)
    for name, gone in dropped.items():
        drop_from_shard(store, name, gone, plan.output.layout)
    outcome = Outcome(pieces, dict.fromkeys((KEPT, ASIDE, DUPLICATE, FAILED), 0))

    def counted() -> Iterator[dict[str, Any]]:
        for record in _settled(store, copies, makings):
            outcome.counts[record["status"]] += 1
            if record["status"] == FAILED and len(outcome.reasons) < MOST_REASONS:
                outcome.reasons.append((record["id"], record.get("seed", ""), record["reason"]))
            yield record

    outcome.told += manifest.write(store, counted())
    report = {
        "composer": __version__,
        "plan": plan.name,
        "pieces": pieces,
        **outcome.counts,
        "sha256": {name: sha256_of(store.read(name)) for name in _tables(store)},
        "failures": [{"id": piece, "seed": seed, "reason": reason} for piece, seed, reason in outcome.reasons],
    }
    store.write(REPORT, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    return outcome


def _tables(store: Store) -> list[str]:
    """The files that tell of the pieces: what the report vouches for."""
    return [PLAN, manifest.LINES, *(f"{FOLDER}/{name}{INDEX}" for name in in_order(finished_shards(store)))]


def _settled(store: Store, copies: dict[int, int], makings: dict[int, list[_Making]]) -> Iterator[dict[str, Any]]:
    """The last record of every piece, told what became of it; in order of index where nothing was made again."""
    originals = {original for index, original in copies.items() if original != index}
    for name in in_order({made[-1].shard for made in makings.values()}):
        for record in read_index(store, name):
            index = record["index"]
            if makings[index][-1].shard != name:
                continue
            original = copies.get(index, index)
            first = makings[original][-1].id
            if original != index:
                record |= {"status": DUPLICATE, "reason": f"near-duplicate of {first}", "file": "", "member": ""}
            yield record | {"near_duplicate_group": first if original != index or index in originals else ""}


def _check_plan(store: Store, setting: Setting, pieces: Pieces) -> None:
    """Write the plan down, or see that the one there is the same. Raises OutputError where it is not."""
    card = register.read_card(register.resolve(str(setting.checkpoint)))
    told = {
        "composer": __version__,
        "digest": setting.plan.digest,
        "seeds_digest": hashlib.sha256("\n".join(seed.key for seed in setting.seeds).encode()).hexdigest()[:16],
        "pieces": len(pieces),
        "shard": pieces.shard_size(),
        "model": card.get("model", ""),
        "model_sha256": card.get("sha256", ""),
        "vocabulary": vocabulary_hash(),
        "plan": setting.plan.to_json(),
    }
    there = read_plan_of(store)
    # Paths of seeds may be no UTF-8; json.loads reads them back as they were.
    text = (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
    if there is None:
        vouched = _vouched(store).get(PLAN)
        if vouched is not None and vouched != sha256_of(text):
            raise OutputError(
                f"{store.where}: {PLAN} is missing, and this is not, word for word, what its corpus was made with; restore it, or"
                " choose another --out"
            )
        if (
            vouched is None
            and isinstance(store, FolderStore)
            and any(not path.name.startswith(".") for path in store.root.iterdir())
        ):
            raise OutputError(f"{store.where}: is not empty and holds no corpus; choose another --out")
        store.write(PLAN, text)
        return
    sides = {
        "digest": "another plan",
        "seeds_digest": "other seeds",
        "model_sha256": "another model",
        "vocabulary": "another vocabulary",
    }
    for name, what in sides.items():
        if there.get(name) != told[name]:
            how = "; ".join(_changes(there["plan"], told["plan"])) if name == "digest" else ""
            how = how or f"{str(there.get(name))[:12]}, now {str(told[name])[:12]}"
            raise OutputError(f"{store.where}: holds a corpus made with {what} ({how}); choose another --out")


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What two plans differ in, "seed: 0, now 5"; of tables "gate.tries: 3, now 1"."""
    for name, value in json.loads(json.dumps(now)).items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            yield from (f"{name}.{line}" for line in _changes(old, value))
        elif value != old and name not in UNBOUND:
            yield f"{name}: {_short(old)}, now {_short(value)}"


def _short(value: Any) -> str:
    return textwrap.shorten(json.dumps(value, ensure_ascii=False), 60, placeholder=" …")


def read_plan_of(store: Store) -> dict[str, Any] | None:
    """What a corpus says of its plan; None where there is none. Raises OutputError where it cannot be read."""
    try:
        told: dict[str, Any] = json.loads(store.read(PLAN).decode("utf-8", "surrogatepass"))
        if not isinstance(told, dict) or not isinstance(told.get("plan"), dict):
            raise ValueError("no plan is in it")
        return told
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{store.where}/{PLAN}: cannot be read ({error}); restore it from a backup, or choose another --out"
        ) from None


@dataclass(frozen=True)
class Estimate:
    """What a dry run found out."""

    pieces: int
    shards: int
    seeds: int
    seconds: float
    """For all of it, on the workers asked for."""
    bytes: int
    measured: int
    """Pieces made to find out."""
    trouble: tuple[str, ...] = ()


def estimate(setting: Setting, workers: int) -> Estimate:
    """Make a few pieces from all over the plan, keep none, and reckon what all of them will take."""
    piece_maker = PieceMaker(setting)
    pieces = piece_maker.pieces
    count = min(len(pieces), max(SAMPLES, setting.lanes if piece_maker.lockstep else SAMPLES))
    chosen = sorted({round(at * (len(pieces) - 1) / max(1, count - 1)) for at in range(count)})
    finished: list[Finished] = []
    began = time.monotonic()
    for index, made in piece_maker.make_only(chosen):
        piece_maker.finish(index, made, finished, lambda _what, _value: None)
    took = time.monotonic() - began
    size = 0
    for one in finished:
        size += RECORD_BYTES
        for content in one.files.values():
            size += len(content) if isinstance(content, bytes) else content.stat().st_size
    trouble = sorted({one.record["reason"] for one in finished if one.record["status"] == FAILED})
    for path in (path for one in finished for path in one.files.values() if not isinstance(path, bytes)):
        path.unlink(missing_ok=True)
    sweep(piece_maker.store)
    each = took / max(1, len(chosen))
    return Estimate(
        len(pieces), pieces.shards(), len(setting.seeds), each * len(pieces) / workers, size * len(pieces) // max(1, len(chosen)),
        len(chosen), tuple(trouble),
    )  # fmt: skip
