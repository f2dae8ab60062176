"""Keep the training songs' long runs beside a checkpoint: `python -m composer.training.ngram_filter PACK CHECKPOINT`.

Of every band part, real and synthetic; a minute for thirteen million notes. Writes them beside the weights and their hash into the card.
A model that began with another's weights knows that one's songs too: name it with --ancestor.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from composer.gm import ROLES
from composer.model.ngram_filter import (
    CARD_FIELD,
    EVERY,
    NgramFilter,
    load_ngram_filter,
    longest_run,
    runs_of,
    steps_kept,
    steps_of,
)
from composer.training.card import add_to_card
from composer.training.packing import Pack, open_pack
from composer.trust.register import read_card


def runs_in(pack: Pack) -> np.ndarray:
    """Every EVERY-th run of every part of the songs, each once: uint64."""
    found = [
        runs_of(steps_of(song.notes, song.bar_length, part), steps_kept(part))[::EVERY]
        for song in pack
        for part in range(1, len(ROLES))
    ]
    return np.unique(np.concatenate(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--ancestor", type=Path, help="the checkpoint it began with (default: none)")
    args = parser.parse_args()
    runs = runs_in(open_pack(args.pack).split("train"))
    known = NgramFilter.of(runs)
    if args.ancestor is not None:
        inherited = load_ngram_filter(args.ancestor, read_card(args.ancestor))
        known = known if inherited is None else known.beside(inherited)
    add_to_card(args.checkpoint, **{CARD_FIELD: known.save(args.checkpoint)})
    most = {ROLES[part]: longest_run(part) for part in range(1, len(ROLES))}
    full = np.unpackbits(known.filters[0]).mean()
    sys.stdout.write(f"{len(runs)} runs, {full:.0%} of the places taken; at most {most} notes on end are shared\n")


if __name__ == "__main__":
    main()
