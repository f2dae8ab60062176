"""`composer generate PLAN.toml --out DIR`: a corpus of as many pieces as the plan says, exactly these, whatever happens in between."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli import options as opt
from composer.errors import InputError
from composer.wording import counted

if TYPE_CHECKING:
    from composer.batch.piece_maker import Setting
    from composer.batch.plan import BatchPlan
    from composer.batch.run import Makers, Outcome

EPILOG = """DIR gets shards/ (the pieces, and a record of each), manifest.jsonl and manifest.parquet, plan.json and report.json.
Run the same command again to resume: nothing is lost, duplicated or half-written.
The exit code is 0 if any piece is kept, 1 if none is. See docs/batch.md.

examples:
  composer generate plan.toml --out corpus --dry-run
  composer generate --seeds songs/ --styles pop,bossa --takes 2 --workers 2 --out corpus
  composer generate --own 100 --pieces 1000 --styles pop,swing,bossa --out corpus
  composer generate --out corpus                    resume what is in corpus
  composer generate --out corpus --repair           also make damaged pieces again
  composer generate plan.toml --out s3://bucket/corpus --ray auto"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "plan",
        metavar="PLAN",
        nargs="?",
        type=Path,
        help="a plan (.toml); the options below override it or take its place",
    )
    what = parser.add_argument_group("what")
    what.add_argument(
        "--seeds",
        action="append",
        default=[],
        metavar="PATH",
        help="a music file or a folder of them; may be repeated (default: none)",
    )
    what.add_argument(
        "--own",
        type=opt.whole(0, 10_000_000, "melodies"),
        metavar="N",
        help="additional seed melodies that the model writes (default: 0)",
    )
    what.add_argument(
        "--styles",
        action="append",
        default=[],
        metavar="STYLE,…",
        help="styles; a mixture such as bossa:0.6,funk:0.4 needs a --styles of its own (default: pop)",
    )
    what.add_argument(
        "--parts",
        action="append",
        default=[],
        metavar="PART,…",
        help="a set of parts, or the word style for the style's own; may be repeated (default: style)",
    )
    what.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="TASK",
        help="arrange, continue, infill, restyle or scratch; may be repeated (default: arrange)",
    )
    what.add_argument(
        "--takes", type=opt.whole(1, 1_000_000, "takes"), metavar="N", help="versions of each combination (default: 1)"
    )
    what.add_argument(
        "--pieces",
        type=opt.whole(0, 10_000_000, "pieces"),
        metavar="N",
        help="exact number of pieces, in as many takes as needed (default: every combination)",
    )
    what.add_argument(
        "--seed",
        type=opt.whole(0, 2**31 - 1, "a seed"),
        metavar="N",
        help="random seed of the whole corpus (default: 0)",
    )
    what.add_argument(
        "--temperature",
        type=opt.number(0.05, 4.0, "a temperature"),
        metavar="T",
        help="0.05 safe … 4 wild (default: 1.0)",
    )
    what.add_argument(
        "--licence", metavar="TEXT", help="licence of the seeds, recorded in the manifest (default: not stated)"
    )
    what.add_argument("--checkpoint", metavar="PATH", help="other weights (default: those shipped)")
    what.add_argument(
        "--training",
        metavar="PACK",
        help="pack of the model's training songs (.npz), to measure copying (default: not measured)",
    )
    form = parser.add_argument_group("form")
    form.add_argument("--layout", choices=("tar", "folder"), help="shards as tar files or folders (default: tar)")
    form.add_argument(
        "--shard",
        type=opt.whole(0, 10_000, "pieces"),
        metavar="N",
        help="pieces per shard (default: 4 to 64, depending on how many there are)",
    )
    form.add_argument("--audio", choices=("none", "wav", "flac"), help="a mix beside each piece (default: none)")
    form.add_argument("--stems", action="store_true", help="also write one audio file per part (default: no)")
    form.add_argument("--soundfont", metavar="FONT", help="for --audio (default: the best one here)")
    work = parser.add_argument_group("work")
    work.add_argument(
        "--out", required=True, metavar="DIR", help="a folder, or any URL that fsspec opens, such as s3://bucket/corpus"
    )
    work.add_argument(
        "--workers",
        type=opt.whole(1, 1024, "workers"),
        default=0,
        metavar="N",
        help="worker processes (default: one per core)",
    )
    work.add_argument(
        "--lanes",
        type=opt.whole(1, 1024, "lanes"),
        default=128,
        metavar="N",
        help="pieces each worker generates in one batch (default: 128)",
    )
    work.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster: its address, or auto, or local (default: processes here)",
    )
    work.add_argument(
        "--repair",
        action="store_true",
        help="read every file of the corpus, and make again what 'composer corpus verify' reports as damaged (default: only"
        " what is missing)",
    )
    work.add_argument(
        "--dry-run",
        action="store_true",
        help="generate a few pieces, keep none, and estimate the corpus's pieces, time and size (default: generate all)",
    )
    work.add_argument("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def run(args: argparse.Namespace) -> int:
    plan = plan_of(args)
    from composer.batch.run import estimate, generate, setting_of
    from composer.cli.progress_count import counting

    where = args.out if "://" in args.out else str(Path(args.out))
    setting, copies = setting_of(plan, where, args.lanes)
    note = check(setting)
    if not args.quiet:
        if note:
            print(f"note: {note}", file=sys.stderr)
        for line in copies:
            print(f"note: {line}", file=sys.stderr)
    workers = args.workers or cores()
    if args.dry_run:
        return dry(lambda: estimate(setting, workers), plan, workers)
    makers = makers_of(args, setting, workers)
    damaged = damaged_in(where) if args.repair else set()
    with counting(args.quiet) as tell:
        outcome = generate(setting, makers, tell, damaged)
    print("\n".join(told(outcome, where)))
    return 0 if outcome.counts["kept"] else 1


def damaged_in(where: str) -> set[str]:
    """Ids of a corpus's damaged pieces. Raises InputError where there is no finished corpus."""
    from composer.batch.corpus import Corpus
    from composer.batch.verify import damaged_pieces

    return damaged_pieces(Corpus.open(where))


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def makers_of(args: argparse.Namespace, setting: Setting, workers: int) -> Makers:
    """Processes here, or a Ray cluster's actors."""
    if args.ray:
        from composer.batch.ray_pool import RayPool

        return RayPool(setting, args.ray, args.workers)
    from composer.batch.worker_pool import WorkerPool

    return WorkerPool(setting, workers)


def plan_of(args: argparse.Namespace) -> BatchPlan:
    """The plan named, or that of the corpus that is there, changed by what the options say. Raises InputError."""
    from composer.batch.plan import BatchPlan, read_plan
    from composer.batch.run import read_plan_of
    from composer.batch.store import open_store

    said = options_of(args)
    if args.plan is not None:
        return settled(merged(read_plan(args.plan), said))
    if not said:
        there = read_plan_of(open_store(args.out))
        if there is None:
            raise InputError("nothing to generate: give a plan, --seeds or --own N (see: composer generate --help)")
        return BatchPlan.from_json(there["plan"])
    return settled(merged(None, said))


def settled(plan: BatchPlan) -> BatchPlan:
    """The plan with paths that mean the same from any folder: it may be gone on with from another."""

    def path(name: str) -> str:
        return str(Path(name).resolve()) if name and Path(name).exists() else name

    return dataclasses.replace(
        plan,
        seeds=tuple(map(path, plan.seeds)),
        checkpoint=path(plan.checkpoint),
        training=path(plan.training),
    )


def merged(plan: BatchPlan | None, said: dict[str, Any]) -> BatchPlan:
    """A plan with other words in place of some of its own."""
    from composer.batch.plan import BatchPlan

    values: dict[str, Any] = {} if plan is None else plan.to_json()
    for name, value in said.items():
        if name == "output":
            values[name] = values.get(name, {}) | value
        elif name == "temperature":
            wishes = values.get("controls") or [{}]
            values["controls"] = [dict(wish) | {"temperature": value} for wish in wishes]
        else:
            values[name] = value
    return BatchPlan.from_json(values)


def options_of(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say of the plan; {} where none is given."""
    said: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("own", "takes", "pieces", "seed", "temperature", "licence", "checkpoint", "training")
        if getattr(args, name) is not None
    }
    if args.seeds:
        said["seeds"] = list(args.seeds)
    if args.styles:
        said["styles"] = [style for text in args.styles for style in ([text] if ":" in text else opt.words(text))]
    if args.parts:
        said["parts"] = ["style" if text.strip() == "style" else list(opt.part_list(text)) for text in args.parts]
    if args.task:
        said["tasks"] = [task for text in args.task for task in opt.words(text)]
    output = {
        name: getattr(args, name)
        for name in ("layout", "shard", "audio", "soundfont")
        if getattr(args, name) is not None
    }
    if args.stems:
        output["stems"] = True
    return said | ({"output": output} if output else {})


def check(setting: Setting) -> str:
    """What is to be said of the weights. Raises InputError, before anything is made, for a style that nobody knows, and for
    controls of parts that a style does not play where the style's own are asked for.
    """
    from composer.model.checkpoint import load_checkpoint
    from composer.planning import named_style
    from composer.styles import parse_mixture

    checkpoint = load_checkpoint(setting.checkpoint)
    for style in setting.plan.styles:
        mixed = sorted(parse_mixture(style) if style else (), key=lambda entry: -entry[1])
        named = [named_style(checkpoint, name)[0] for name, _ in mixed]
        if named and () in setting.plan.parts:
            setting.plan.check_wishes(named[0].parts)
    if setting.plan.training and not Path(setting.plan.training).is_file():
        raise InputError(f"{setting.plan.training}: no such pack of songs (training)")
    return checkpoint.signature.note


def dry(measure: Callable[[], Any], plan: BatchPlan, workers: int) -> int:
    """Print what it will take."""
    found = measure()
    tasks, styles = counted(len(plan.tasks), "task"), counted(len(plan.styles), "style")
    combinations = (
        f"{tasks}, {styles}, {counted(len(plan.parts), 'set')} of parts, {counted(len(plan.controls), 'control')}"
    )
    pieces, shards = counted(found.pieces, "piece"), counted(found.shards, "shard")
    print(f"{pieces} in {shards}: {counted(found.seeds, 'seed')}, {combinations}")
    print(f"about {duration(found.seconds)} with {counted(workers, 'worker')}, about {size(found.bytes)} of disk")
    print(f"(estimated from {counted(found.measured, 'piece')} made on one worker)")
    for reason in found.trouble[:10]:
        print(f"will fail: {reason}")
    return 0


def told(outcome: Outcome, where: str) -> list[str]:
    """What became of it, in lines."""
    counts = ", ".join(f"{number} {state}" for state, number in outcome.counts.items() if number)
    rate = f", {outcome.notes / outcome.seconds:.0f} notes a second" if outcome.made and outcome.seconds else ""
    lines = [
        f"{where}: {counted(outcome.pieces, 'piece')}: {counts}",
        f"  made now: {outcome.made} in {duration(outcome.seconds)}{rate}",
    ]
    lines += [f"  failed: {piece} from {seed or 'no seed'}: {reason}" for piece, seed, reason in outcome.reasons[:10]]
    if len(outcome.reasons) > 10:
        lines.append("  … the others are in report.json")
    return lines + [f"  note: {line}" for line in outcome.told]


def duration(seconds: float) -> str:
    """ "2 h 5 min", "4 min 10 s", "12 s"."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{max(1, whole)} s"


def size(count: float) -> str:
    """Bytes as people say them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
