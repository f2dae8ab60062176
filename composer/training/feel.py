"""Measure how drummers are timed: `python -m composer.training.feel --data DIR` writes composer/feel/drummers.json.

From the training takes of the Groove MIDI Dataset. Where a stroke was meant to be is found by corpora/snapping.py; what is left is
taken apart into pocket, drift and scatter.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from composer.atomic import atomic_file
from composer.corpora.groove import Take, takes
from composer.feel.drummers import LICENCE, PIECES, TABLE, Drummer, piece_of
from composer.feel.playing import KEEPS
from composer.vocab import POSITIONS_PER_QUARTER

LEAST_STROKES = 150
TRUST = 4.0
"""Strokes at one place that a pocket of nought counts for."""
MOST_SHARED = 0.7
"""The most of a take's variance that is believed to be shared."""


def measure(take: Take, style: str) -> Drummer:
    """A take's timing."""
    piece, place = piece_of(take.notes["pitch"]), take.places % POSITIONS_PER_QUARTER
    late_ms = take.late_s * 1000
    cell = piece * POSITIONS_PER_QUARTER + place
    count = np.bincount(cell, minlength=len(PIECES) * POSITIONS_PER_QUARTER)
    pocket = np.bincount(cell, late_ms, len(PIECES) * POSITIONS_PER_QUARTER) / (count + TRUST)
    left = late_ms - pocket[cell]
    shared = min(max(shared_variance(take.places, left), 0.0), MOST_SHARED * float(left.var()))
    return Drummer(
        take.id,
        style,
        take.bpm,
        drift_ms=round(float(np.sqrt(shared)), 1),
        scatter_ms=round(float(np.sqrt(left.var() - shared)), 1),
        pocket_ms=np.rint(pocket).reshape(len(PIECES), POSITIONS_PER_QUARTER),
    )


def shared_variance(places: np.ndarray, late_ms: np.ndarray) -> float:
    """Variance of what strokes at different times share: their covariance a quarter note apart and less, the drift's forgetting undone."""
    when, index = np.unique(places, return_inverse=True)
    mean = np.bincount(index, late_ms) / np.bincount(index)
    products = []
    for apart in (3, 4, 6, 12):
        products.append(products_apart(when, mean, apart) / KEEPS ** (apart / POSITIONS_PER_QUARTER))
    every = np.concatenate(products)
    return float(every.mean()) if len(every) else 0.0


def products_apart(places: np.ndarray, values: np.ndarray, apart: int) -> np.ndarray:
    """The product of every two values whose places, which rise, are `apart`."""
    _, earlier, later = np.intersect1d(places + apart, places, assume_unique=True, return_indices=True)
    return np.asarray(values[earlier] * values[later])


def measured(data: Path) -> Iterator[Drummer]:
    """Every training take in simple metre with enough strokes and a style."""
    for take in takes(data):
        if take.split == "train" and take.style and take.meter[0] == 4 and len(take.notes) >= LEAST_STROKES:
            yield measure(take, take.style)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("COMPOSER_DATA"),
        help="folder of the corpora (default: COMPOSER_DATA)",
    )
    parser.add_argument("--out", type=Path, default=TABLE, help="(default: the package's own table)")
    args = parser.parse_args()
    if args.data is None:
        parser.error("say where the corpora are: --data DIR, or COMPOSER_DATA")
    found = [
        {**drummer.__dict__, "pocket_ms": drummer.pocket_ms.astype(int).tolist()} for drummer in measured(args.data)
    ]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in found)
    about = {"licence": LICENCE, "pieces": PIECES}
    with atomic_file(args.out) as staged:
        staged.write_text(json.dumps(about)[:-1] + f', "takes": [\n{lines}\n]}}\n')
    sys.stdout.write(f"{len(found)} takes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
