"""`composer demo`: the bundled seed melody, arranged with everything that `composer arrange` can write."""

from __future__ import annotations

import argparse
import importlib.resources

from composer.cli import Parser, arrange

SEED = "auld-lang-syne.mid"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--style", default="pop", help="a name from: composer styles (default: pop)")
    parser.add_argument("--seed", default="0", metavar="N", help="the dice, see: composer arrange --help (default: 0)")
    parser.add_argument(
        "--out", default="out", metavar="FOLDER", help="where to write; replaces an earlier demo (default: out)"
    )


def run(args: argparse.Namespace) -> int:
    parser = Parser(prog="composer demo")
    arrange.add_arguments(parser)
    with importlib.resources.as_file(importlib.resources.files("composer") / "seeds" / SEED) as seed_file:
        words = [str(seed_file), "--style", args.style, "--seed", args.seed, "--out", args.out, "--stems", "--force"]
        return arrange.run(parser.parse_args(words))
