"""`composer tune PACK --out DIR`: search for a better training recipe."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from composer.cli import options as opt
from composer.cli.progress import steps
from composer.cli.train import need_torch
from composer.errors import InputError
from composer.training.labels import SIZES

EPILOG = """DIR holds study.db (Optuna's), trials.md and trials.png. Run it again with more --trials to continue.

example:
  composer tune build/songs.npz --out build/tune --trials 20 --minutes 3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    add = parser.add_argument
    add("pack", type=Path, metavar="PACK", help="packed songs (.npz), made by python -m composer.training.prepare")
    add(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the search; a search already there is resumed"
    )
    add(
        "--trials",
        type=opt.whole(1, 10000, "trials"),
        default=20,
        metavar="N",
        help="number of trials in all (default: 20)",
    )
    add("--minutes", type=opt.number(0.01, 1e4, "minutes"), default=3.0, metavar="M",
        help="minutes of CPU time per trial (default: 3)")  # fmt: skip
    add("--size", choices=SIZES, default="tiny", help="model size around which widths are varied (default: tiny)")
    add("--seed", type=opt.whole(0, 2**31 - 1, "a seed"), default=1, metavar="N", help="random seed (default: 1)")
    add("--threads", type=opt.whole(0, 1024, "threads"), default=0, help="CPU threads (default: torch's choice)")
    add("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def run(args: argparse.Namespace) -> int:
    need_torch()
    if importlib.util.find_spec("optuna") is None:
        raise InputError("searching needs Optuna, which is not installed: pip install 'melody-to-band[tune]'")

    from composer.output import check_free
    from composer.training.options import check_pack
    from composer.training.packing import open_pack
    from composer.training.search import PICTURE, TABLE, search
    from composer.training.threads import use_threads

    use_threads(args.threads)
    check_free(args.out, [])
    pack = open_pack(check_pack(args.pack))
    with steps(args.quiet) as progress, progress.step("trying recipes") as tell:
        tried = search(
            pack, args.out, args.trials, args.minutes, args.size, args.seed, lambda done: tell(done / args.trials)
        )
    best = tried[0]
    chosen = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in best.chosen.items()
    )
    print(f"best of {len(tried)}: {best.bits:.3f} bits per note with {chosen}")
    print(f"  {args.out / TABLE}\n  {args.out / PICTURE}")
    return 0
