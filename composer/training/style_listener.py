"""Teach the style listener: `python -m composer.training.style_listener PACK CHECKPOINT` — seconds, no network.

Writes it beside the checkpoint's weights, its hash into the card, and prints how often it is right about held-out songs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from composer.model.style_features import style_features
from composer.model.style_fit import CARD_FIELD, StyleListener, save_listener
from composer.training.card import add_to_card
from composer.training.packing import Pack, open_pack

FEWEST_SONGS = 12
"""Training songs a style needs to be told from others."""
DECAY = 3e-4


def features_of(pack: Pack) -> tuple[np.ndarray, list[str]]:
    """Mean style features of every song that has a style and at least two band parts: (n, WIDTH), and the styles."""
    rows, names = [], []
    for index, about in enumerate(pack.about):
        if about["style"]:
            song = pack[index]
            if len(set(song.notes["part"].tolist()) - {0}) >= 2:
                rows.append(style_features(song).mean(axis=0))
                names.append(str(about["style"]))
    return np.array(rows), names


def teach(pack: Pack, steps: int = 200) -> StyleListener:
    """A listener from the training songs; every style weighs the same, however many songs it has."""
    rows, names = features_of(pack)
    styles = tuple(sorted({name for name in names if names.count(name) >= FEWEST_SONGS}))
    keep = np.array([name in styles for name in names])
    x = rows[keep]
    mean, scale = x.mean(axis=0), x.std(axis=0) + 0.05
    wanted = torch.tensor([styles.index(name) for name in names if name in styles])
    inputs = torch.from_numpy(((x - mean) / scale).astype(np.float32))
    balance = 1 / torch.bincount(wanted).float()
    weights = torch.zeros(inputs.shape[1], len(styles), requires_grad=True)
    bias = torch.zeros(len(styles), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missed = F.cross_entropy(inputs @ weights + bias, wanted, weight=balance) + DECAY * weights.square().sum()
        missed.backward()  # type: ignore[no-untyped-call]
        return missed

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return StyleListener(styles, mean, scale, weights.detach().numpy(), bias.detach().numpy())


def right(listener: StyleListener, pack: Pack) -> dict[str, float]:
    """Share of a pack's songs it is right about, by style."""
    rows, names = features_of(pack)
    found: dict[str, list[bool]] = {}
    for row, name in zip(rows, names, strict=True):
        if name in listener.styles:
            found.setdefault(name, []).append(next(iter(listener.probabilities(row[None]))) == name)
    return {name: float(np.mean(hits)) for name, hits in sorted(found.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    args = parser.parse_args()
    pack = open_pack(args.pack)
    listener = teach(pack.split("train"))
    held_out = {split: right(listener, pack.split(split)) for split in ("valid", "test")}
    judged = {
        split: {"balanced_accuracy": round(float(np.mean([*by.values()])), 3), "styles": len(by)}
        for split, by in held_out.items()
    }
    add_to_card(args.checkpoint, style_listener=judged, **{CARD_FIELD: save_listener(listener, args.checkpoint)})
    sys.stdout.write(json.dumps(judged) + "\n")


if __name__ == "__main__":
    main()
