"""The words of `composer train`, shared with `python -m composer.training.train` (which is what torchrun starts). No torch here."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

from composer.errors import InputError
from composer.training.labels import SIZES
from composer.training.recipe import OPTIMIZERS, Recipe

MOST_WORKERS = 256
EPILOG = """The run's folder holds checkpoint/ (the best so far), resume.pt, log.jsonl, curves.png and TensorBoard's files.
Run the same command again to resume, bit for bit, where it stopped.

examples:
  composer train build/songs.npz --out build/run --minutes 60
  composer train build/songs.npz --out build/run --size base --device cuda --workers 4
  torchrun --nproc-per-node 2 -m composer.training.train build/songs.npz --out build/run"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option with its unit and default."""
    parser.epilog = EPILOG
    add, base = parser.add_argument, Recipe()
    add(
        "pack",
        type=Path,
        metavar="PACK",
        help="packed songs (.npz), made by python -m composer.training.prepare; or a corpus of composer generate",
    )
    add("--out", type=Path, required=True, metavar="RUN", help="run folder; a run already there is resumed")
    group = parser.add_argument_group("network")
    add = group.add_argument
    add("--size", choices=SIZES, help="size of the model (default: small)")
    add("--trunk", choices=("lstm", "transformer"), help="sequence model (default: lstm)")
    add(
        "--from",
        dest="start",
        type=Path,
        metavar="CHECKPOINT",
        help="start from a checkpoint, extended to the current network; sets size and trunk (default: none)",
    )
    add(
        "--dropout",
        type=float,
        metavar="SHARE",
        help="dropout rate of the trunk; raise it where the model memorises its training songs"
        " (default: the checkpoint's, else 0.1)",
    )
    group = parser.add_argument_group("length")
    add = group.add_argument
    add(
        "--minutes",
        type=float,
        help="length of the whole run, in minutes of training (default: 60)",
    )
    add(
        "--steps",
        type=int,
        help="length in steps instead of minutes: exactly reproducible (default: by minutes)",
    )
    add(
        "--slice",
        type=float,
        default=1e9,
        metavar="MIN",
        help="stop after this many minutes, to resume later (default: never)",
    )
    add(
        "--patience",
        type=int,
        default=base.patience,
        metavar="N",
        help="stop after N validations without improvement (default: 0, never)",
    )
    add(
        "--validate-every",
        type=float,
        default=base.validate_minutes,
        metavar="MIN",
        help="minutes between validations (default: 5)",
    )
    group = parser.add_argument_group("learning")
    add = group.add_argument
    add("--batch", type=int, default=base.batch, help="batch size in songs, over all processes (default: 16)")
    add(
        "--accumulate",
        type=int,
        default=base.accumulate,
        metavar="N",
        help="cut each batch into N parts to save memory (default: 1)",
    )
    add("--window", type=int, default=base.window, help="events of each song per step (default: 256)")
    add("--optimizer", choices=OPTIMIZERS, default=base.optimizer, help="(default: adamw)")
    add("--rate", type=float, default=base.learning_rate, help="peak learning rate (default: 2e-3)")
    add(
        "--warmup",
        type=int,
        default=base.warmup_steps,
        metavar="STEPS",
        help="warm-up steps (default: 100)",
    )
    add(
        "--weight-decay",
        type=float,
        default=base.weight_decay,
        help="weight decay of matrices and embeddings (default: 0.02)",
    )
    add(
        "--ema",
        type=float,
        default=base.ema,
        metavar="SHARE",
        help="decay of the moving average of the weights, 0 for none (default: 0.998)",
    )
    add(
        "--real-share",
        type=float,
        default=base.real_share,
        help="share of training examples from real music (default: 0.4)",
    )
    add(
        "--band-share",
        type=float,
        default=base.band_share,
        metavar="SHARE",
        help="share of training examples from human bands, at most --real-share (default: 0, their natural share)",
    )
    add(
        "--context-noise",
        type=float,
        default=base.context_noise,
        metavar="SHARE",
        help="share of songs with wrong notes injected into the context, to learn to recover (default: 0)",
    )
    add("--seed", type=int, default=base.seed, help="random seed (default: 1)")
    group = parser.add_argument_group("machine")
    add = group.add_argument
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: a GPU if there is one)")
    add("--precision", choices=("bf16", "float32"), default=base.precision, help="(default: bf16)")
    add("--threads", type=int, default=0, help="CPU threads; never more than are free (default: torch's choice)")
    add("--workers", type=int, default=0, help="data-loader processes, for a GPU (default: 0, none)")
    add("--compile", action="store_true", help="torch.compile the network: slow to start (default: no)")
    add(
        "--pieces",
        type=Path,
        metavar="DIR",
        help="also save the run in files of at most 16 MB, and resume from them (default: no)",
    )


def recipe_of(args: argparse.Namespace) -> Recipe:
    """The words as a recipe. Raises InputError for what does not fit together."""
    if not args.slice > 0:
        raise InputError(f"--slice {args.slice:g}: too short; give more than 0 minutes")
    if not 0 <= args.workers <= MOST_WORKERS:
        raise InputError(f"--workers {args.workers}: give 0..{MOST_WORKERS} processes")
    if args.dropout is not None and not 0 <= args.dropout < 1:
        raise InputError(f"--dropout {args.dropout:g}: must be at least 0 and below 1")
    if args.steps is not None and args.steps < 1:
        raise InputError(f"--steps {args.steps}: too few to train with; give 1 or more, or --minutes")
    recipe = Recipe(
        minutes=Recipe.minutes if args.minutes is None else args.minutes,
        steps=args.steps or 0,
        batch=args.batch,
        accumulate=args.accumulate,
        window=args.window,
        optimizer=args.optimizer,
        learning_rate=args.rate,
        warmup_steps=args.warmup,
        weight_decay=args.weight_decay,
        ema=args.ema,
        real_share=args.real_share,
        band_share=args.band_share,
        context_noise=args.context_noise,
        precision=args.precision,
        validate_minutes=args.validate_every,
        patience=args.patience,
        seed=args.seed,
    )
    if args.steps is not None and args.minutes is not None:
        raise InputError("--steps and --minutes are both the length of the run; give one of them")
    return recipe


def check_pack(path: Path) -> Path:
    """The path of what looks like a pack of songs. Raises InputError where something else is there."""
    if path.is_file() and not _is_pack(path):
        raise InputError(f"{path}: is not a pack of songs; make one with 'python -m composer.training.prepare'")
    return path


def _is_pack(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "header.npy" in archive.namelist()
