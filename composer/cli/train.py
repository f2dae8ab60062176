"""`composer train PACK --out RUN`: train a band model, or go on training it."""

from __future__ import annotations

import argparse
import importlib.util

from composer.errors import InputError
from composer.training import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    options.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    need_torch()
    from composer.training import train

    if args.pack.is_dir():
        from composer.batch.packing import pack_for_training
        from composer.batch.run import PLAN
        from composer.formats import MIDI_SUFFIXES

        if not (args.pack / PLAN).exists() and any(p.suffix.lower() in MIDI_SUFFIXES for p in args.pack.rglob("*")):
            raise InputError(
                f"{args.pack}: a folder of MIDI; pack it first (python -m composer.training.prepare --midi {args.pack} --out"
                f" songs.npz), or fine-tune the shipped model on it with composer finetune --files {args.pack}"
            )
        args.pack = pack_for_training(args.pack, args.out)
    return train.run(args)


def need_torch() -> None:
    """Raises InputError where PyTorch is missing."""
    if importlib.util.find_spec("torch") is None:
        raise InputError("training needs PyTorch, which is not installed: ./run setup dev, or pip install torch")
