"""`composer corpus verify|stats|split|export DIR`: what to do with a corpus that `composer generate` made."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from composer.errors import InputError
from composer.wording import counted

if TYPE_CHECKING:
    from composer.batch.corpus import Corpus

EPILOG = """verify   every file is as the manifest says, byte for byte, and there are no others; exit code 1 if not
stats    counts and distributions; with --out also as stats.txt and stats.png
split    train.jsonl, valid.jsonl, test.jsonl: pieces of one seed, and near-duplicates, stay in one split
export   the kept pieces as midi, miditok, muspy, datasets (Hugging Face) or pack (composer train)

examples:
  composer corpus verify corpus
  composer corpus split corpus --shares 0.8,0.1,0.1 --out splits
  composer corpus export corpus --to datasets --out hf"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "what", choices=("verify", "stats", "split", "export"), metavar="WHAT", help="verify, stats, split or export"
    )
    parser.add_argument("corpus", metavar="DIR", help="the corpus: a folder or a URL")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where to write; split and export need it (default: nowhere)"
    )
    parser.add_argument(
        "--to",
        default="midi",
        metavar="LAYOUT",
        help="format for export: midi, miditok, muspy, datasets, pack (default: midi)",
    )
    parser.add_argument(
        "--shares", default="0.9,0.05,0.05", metavar="A,B,C", help="train, valid, test (default: 0.9,0.05,0.05)"
    )
    parser.add_argument("--force", action="store_true", help="replace outputs that are already there (default: refuse)")


def run(args: argparse.Namespace) -> int:
    from composer.batch.corpus import Corpus

    if args.what in ("split", "export") and args.out is None:
        raise InputError(f"{args.what}: say where to write with --out FOLDER")
    corpus = Corpus.open(args.corpus)
    do = {"verify": _verify, "stats": _stats, "split": _split, "export": _export}[args.what]
    return do(corpus, args)


def _verify(corpus: Corpus, args: argparse.Namespace) -> int:
    from composer.batch.verify import problems, unchecked

    found = list(problems(corpus))
    for line in found:
        print(line)
    for line in unchecked(corpus):
        print(f"note: {line}")
    if found:
        print(
            f"{args.corpus}: {counted(len(found), 'problem')}; composer generate --out {args.corpus} --repair mends pieces"
        )
        return 1
    print(f"{args.corpus}: intact, {counted(sum(1 for _ in corpus.kept()), 'piece')}")
    return 0


def _stats(corpus: Corpus, args: argparse.Namespace) -> int:
    from composer.batch import stats
    from composer.output import staging

    rows = list(corpus.rows())
    lines = stats.table(rows)
    print("\n".join(lines))
    if args.out is not None:
        with staging(args.out, ["stats.txt", "stats.png"], args.force) as folder:
            (folder / "stats.txt").write_text("\n".join(lines) + "\n", "utf-8")
            stats.draw(rows, folder / "stats.png")
        print(f"  {args.out / 'stats.txt'}\n  {args.out / 'stats.png'}")
    return 0


def _split(corpus: Corpus, args: argparse.Namespace) -> int:
    from composer.batch import split

    wanted = shares(args.shares)
    counts = split.write(corpus, wanted, args.out, args.force)
    for name, count in counts.items():
        print(f"{args.out / name}.jsonl: {counted(count, 'piece')}")
    tell_empty(counts, wanted)
    return 0


def _export(corpus: Corpus, args: argparse.Namespace) -> int:
    from composer.batch.export import export

    wanted = shares(args.shares)
    counts = export(corpus, args.to, args.out, wanted, args.force)
    print(f"{args.out}: {counted(sum(counts.values()), 'piece')} as {args.to}")
    tell_empty(counts, wanted)
    return 0


def tell_empty(counts: Mapping[str, int], wanted: Sequence[float]) -> None:
    """Seeds stay whole, so that of few of them a small share gets none: nobody should find that out in training."""
    empty = [name for (name, count), share in zip(counts.items(), wanted, strict=True) if share and not count]
    if empty:
        print(f"note: no pieces for {' and '.join(empty)}: too few seeds for these --shares", file=sys.stderr)


def shares(text: str) -> list[float]:
    """ "0.8,0.1,0.1" → three numbers. Raises InputError."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--shares: {text!r} is not a list of numbers; write 0.8,0.1,0.1") from None
