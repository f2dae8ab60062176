"""A model soup: the mean of the weights of runs from one ancestor (Wortsman et al. 2022), often better than each of them.

    python -m composer.training.soup PACK OUT CHECKPOINT CHECKPOINT …

It is worth a try after runs of other rates, dropout or draws over the same songs: what each has learned by heart is mostly its
own. A mean of runs begun apart is noise, which the validation shows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from composer.errors import ComposerError, InputError
from composer.model.checkpoint import CARD, WEIGHTS, save_checkpoint
from composer.model.network import Network
from composer.output import check_free
from composer.training.card import Corpora, licence_of, with_corpora
from composer.training.evaluate import evaluate, held_out
from composer.training.float_lstm import leave_autocast
from composer.training.grow import read_weights
from composer.training.options import check_pack
from composer.training.packing import open_pack
from composer.training.sidecars import copy_sidecars
from composer.trust.register import resolve


def soup(folders: Sequence[Path], pack: Path, out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write the mean of checkpoints to `out`, with the last one's config, card and what stands beside it.

    Returns its validation on the pack's songs, and of each checkpoint its hash, bits a note and minutes, as on the card.

    Raises InputError where there are fewer than two, or of another shape or vocabulary; CheckpointError, OutputError.
    """
    if len(folders) < 2:
        raise InputError("a soup averages two checkpoints or more; name at least two")
    check_free(out, [WEIGHTS])
    folders = [resolve(folder) for folder in folders]
    read = [read_weights(folder) for folder in folders]
    config, last = read[-1]
    for folder, (other, weights) in zip(folders, read, strict=True):
        if replace(other, dropout=config.dropout) != config or weights.keys() != last.keys():
            raise InputError(
                f"{folder}: not the same network as {folders[-1]}; a soup averages runs that share one ancestor"
            )
    mean = {name: np.mean([weights[name] for _, weights in read], axis=0) for name in last}
    network = Network(config)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in mean.items()})
    leave_autocast(network)
    valid = evaluate(network, held_out(open_pack(check_pack(pack)), config))
    cards = [json.loads((folder / CARD).read_text()) for folder in folders]
    parts = [
        {"sha256": card["sha256"], "bits": card["valid"]["bits"], "minutes": card["training_minutes"]} for card in cards
    ]
    carried = copy_sidecars(folders[-1], out, cards[-1])
    corpora: Corpora = {}
    for card in cards:
        corpora = with_corpora(corpora, card.get("corpora", {}))
    told = cards[-1] | carried | {"corpora": corpora, "licence": licence_of(corpora)}
    if len({card.get("pack") for card in cards}) > 1:
        told.pop("pack", None)
    save_checkpoint(out, config, mean, told | {"valid": valid, "averaged": True, "soup": parts})
    return valid, parts


def main() -> int:
    """The soup's validation beside those of what it is made of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "pack", type=Path, metavar="PACK", help="pack of songs; the soup is validated on its held-out songs"
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the new checkpoint")
    parser.add_argument(
        "checkpoints", type=Path, nargs="+", metavar="CHECKPOINT", help="folders of trained checkpoints"
    )
    said = parser.parse_args()
    try:
        valid, parts = soup(said.checkpoints, said.pack, said.out)
        for folder, part in zip(said.checkpoints, parts, strict=True):
            sys.stdout.write(f"{folder}: {part['bits']:.3f} bits per note\n")
        sys.stdout.write(f"{said.out}: {valid['bits']:.3f}\n")
    except ComposerError as error:
        sys.stderr.write(f"composer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
