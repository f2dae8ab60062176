"""Fine-tuning on one composer's or one corpus's songs: what it learns of them, and what it forgets of the others.

    python benchmarks/finetune.py PACK [--corpus lieder] [--songs 20] [--minutes 4] [--checkpoint DIR]

The corpus's songs play the user: a fifth of them is kept back, and their label is new to the model. Bits a note on what was kept back, and
on all other corpora's held-out songs, before and after: adapters with a replay of those others, adapters alone, a style vector
alone. A corpus that the checkpoint was trained on tells less than one that it was not.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from composer.model.checkpoint import default_checkpoint
from composer.training.finetune import FinetuneConfig, finetune
from composer.training.own_songs import own_pack, with_splits
from composer.training.packing import open_pack

WAYS = (
    ("adapters, replay", FinetuneConfig()),
    ("adapters, no replay", FinetuneConfig(replay=0.0)),
    ("style vector alone", FinetuneConfig(only_style=True, replay=0.0)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--corpus", default="lieder")
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--checkpoint", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=1)
    said = parser.parse_args()
    torch.set_num_threads(said.threads)
    pack = open_pack(said.pack)
    mine = np.array([about["meta"]["corpus"] == said.corpus for about in pack.about])
    songs = [pack[int(i)] for i in np.flatnonzero(mine)[: said.songs]]
    songs = [replace(song, groove="mine", style="", meta=song.meta | {"split": "train"}) for song in songs]
    others = replace(pack, rows=pack.rows[~mine])
    print("| | kept back, before | after | others, before | after | steps | minutes | numbers learned |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        own = own_pack(with_splits(songs, np.random.default_rng(1)), Path(folder) / "own.npz")
        for name, settings in WAYS:
            settings = replace(settings, minutes=said.minutes)
            start = said.checkpoint or default_checkpoint()
            got = finetune(own, start, Path(folder) / "out", settings, others)
            print(
                f"| {name} | {got.own_before:.3f} | {got.own_after:.3f} | {got.others_before:.3f} | {got.others_after:.3f} | {got.steps}"
                f" | {got.minutes:.1f} | {got.learned:,} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
