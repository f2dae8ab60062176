"""`composer demo`: a bundled seed melody, arranged with everything that `composer arrange` can write."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from composer.cli import Parser, arrange, take
from composer.digest import sha256_of
from composer.errors import OutputError

TUNE = "auld-lang-syne"
SEEDS = Path(__file__).parents[1] / "seeds"


def tunes() -> list[str]:
    """The bundled melodies, all in the public domain."""
    return sorted(path.stem for path in SEEDS.glob("*.mid"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    tune = parser.add_argument("tune", nargs="?", choices=tunes(), default=TUNE, metavar="TUNE")
    tune.help = f"one of {', '.join(tunes())} (default: {TUNE})"
    parser.add_argument("--style", default="pop", help="a name from: composer styles (default: pop)")
    parser.add_argument(
        "--seed", default="5", metavar="N", help="random seed, see: composer arrange --help (default: 5)"
    )
    parser.add_argument(
        "--out",
        default="out",
        metavar="FOLDER",
        help="where to write; replaces an earlier demo, unless it was edited (default: out)",
    )


def check_unedited(folder: Path, name: str) -> None:
    """Raise OutputError where a file of an earlier demo is no longer as its JSON says that it was written: it is the user's now."""
    record = folder / f"{name}.json"
    try:
        written = dict(json.loads(record.read_text("utf-8"))["files"])
    except (OSError, ValueError, LookupError, TypeError):
        written = {}
    for path in take.files_of(folder, name):
        if path != record and written.get(path.relative_to(folder).as_posix()) != sha256_of(path):
            raise OutputError(
                f"{path}: was edited since the demo wrote it; choose another --out, or move it away to keep it"
            )


def run(args: argparse.Namespace) -> int:
    check_unedited(Path(args.out), args.tune)
    parser = Parser(prog="composer demo")
    arrange.add_arguments(parser)
    words = [str(SEEDS / f"{args.tune}.mid"), "--style", args.style, "--seed", args.seed, "--out", args.out]
    return arrange.run(parser.parse_args([*words, "--stems", "--force"]))
