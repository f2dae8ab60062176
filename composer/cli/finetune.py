"""`composer finetune --files my/*.mid --out DIR`: teach the model a user's own music."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import options as opt
from composer.cli.progress import steps
from composer.cli.train import need_torch

EPILOG = """Afterwards:  composer arrange song.mid --checkpoint DIR --style NAME

examples:
  composer finetune --files my/*.mid --out models/mine
  composer finetune --files my/ --replay build/songs.npz --minutes 10 --name mine --out models/mine
  composer finetune --files one.mid --only style --out models/one"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    add = parser.add_argument
    add(
        "--files",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="MIDI or MusicXML files, or folders of them",
    )
    add(
        "--from",
        dest="start",
        type=Path,
        metavar="CHECKPOINT",
        help="checkpoint to start from (default: the model in use, see: composer models)",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="where to write the new checkpoint")
    add("--name", default="mine", help="what your style is called, for --style (default: mine)")
    add(
        "--only",
        choices=("style",),
        help="train only a style vector (default: also low-rank adapters on every matrix)",
    )
    add(
        "--replay",
        type=Path,
        metavar="PACK",
        help="pack of songs to replay against forgetting (default: none)",
    )
    add(
        "--minutes",
        type=opt.number(0.05, 600, "minutes"),
        default=4.0,
        metavar="MIN",
        help="time limit in minutes (default: 4)",
    )
    add("--rank", type=opt.whole(1, 256, "a rank"), default=8, help="rank of the adapters (default: 8)")
    add("--seed", type=opt.whole(0, 2**31 - 1, "a seed"), default=1, metavar="N", help="random seed (default: 1)")
    add("--threads", type=opt.whole(0, 1024, "threads"), default=0, help="CPU threads (default: torch's choice)")
    add("--force", action="store_true", help="replace a checkpoint that is already there (default: refuse)")
    add("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def run(args: argparse.Namespace) -> int:
    need_torch()
    import shlex
    import shutil

    import numpy as np

    from composer.model.checkpoint import FILES, default_checkpoint
    from composer.output import staging
    from composer.training.finetune import FinetuneConfig, finetune
    from composer.training.options import check_pack
    from composer.training.own_songs import files_in, own_pack, read_own, with_splits
    from composer.training.packing import open_pack
    from composer.training.threads import use_threads
    from composer.trust.register import resolve
    from composer.trust.signature import SONGS

    use_threads(args.threads)
    settings = FinetuneConfig(
        minutes=args.minutes, label=args.name, only_style=args.only == "style", rank=args.rank, seed=args.seed
    )
    others = open_pack(check_pack(args.replay)) if args.replay else None
    with steps(args.quiet) as progress, staging(args.out, (*FILES, SONGS), args.force) as folder:
        with progress.step("reading your files"):
            files = files_in(args.files)
            songs, trouble, copies = read_own(files, args.name)
            own = own_pack(with_splits(songs, np.random.default_rng(args.seed)), folder / "own" / "songs.npz")
            shutil.rmtree(folder / "own")
        with progress.step("learning") as tell:
            result = finetune(
                own, resolve(args.start) if args.start else default_checkpoint(), folder, settings, others, tell
            )
    for line in trouble:
        print(f"left out: {line}")
    if copies:
        shown = ", ".join(copies[:5]) + (" …" if len(copies) > 5 else "")
        print(f"duplicates of other files, left out: {len(copies)} ({shown})")
    judged = len(own.split("valid"))
    print(
        f"{len(files) - len(trouble) - len(copies)} files, {judged} held out for validation;"
        f" {result.learned} parameters trained in {result.steps} steps"
    )
    print(f"your held-out music:   {result.own_before:.3f} → {result.own_after:.3f} bits per note (lower is better)")
    if result.others_before is not None:
        print(f"other held-out songs:  {result.others_before:.3f} → {result.others_after:.3f}")
    if result.own_after >= result.own_before:
        print("no improvement, so the weights are unchanged; more files or more --minutes may help")
    words = f"--checkpoint {shlex.quote(str(args.out))} --style {shlex.quote(args.name)}"
    print(f"{args.out}: composer arrange SEED {words}")
    return 0
