"""Batch-invariant matrix products: each row's bits are the same whatever the batch size.

A song must come out the same whatever it shares a batch with. BLAS promises nothing of the kind, so it is measured: each
matrix is tried with every number of rows that occurs, and where bits differ, rows of nought are added up to one fixed number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Product = Callable[[np.ndarray], np.ndarray]
"""(n, in) → (n, out)"""

TILE, SMALL_TILE = 128, 64
"""Most rows of a product, and of one with a matrix so small that BLAS takes other kernels for few rows than for many."""
STEP = 8
"""Rows come in multiples of this, where that is enough."""


def single_product(matrix: np.ndarray) -> Product:
    """For one song: rows @ matrix."""
    return lambda rows: rows @ matrix


def batched_product(matrix: np.ndarray) -> Product:
    """For songs together: rows @ matrix, some at a time, each row with the same bits whatever the others are."""
    tile, step = invariant_batch(matrix)

    def product(rows: np.ndarray) -> np.ndarray:
        count = len(rows)
        if short := -count % step:
            rows = np.concatenate([rows, np.zeros((short, rows.shape[1]), np.float32)])
        if len(rows) <= tile:
            return np.asarray((rows @ matrix)[:count])
        return np.concatenate([rows[at : at + tile] @ matrix for at in range(0, len(rows), tile)])[:count]

    return product


def invariant_batch(matrix: np.ndarray) -> tuple[int, int]:
    """The largest batch size, and the multiple it must be of, at which every row gets the same bits on this machine.

    Tried with rows in another order and in every number that occurs. A product of one fixed number of rows always will.
    """
    for tile in (TILE, SMALL_TILE):
        if all(_is_steady(matrix, count, tile) for count in range(STEP, tile, STEP)):
            return tile, STEP
    return SMALL_TILE, SMALL_TILE


def _is_steady(matrix: np.ndarray, count: int, tile: int) -> bool:
    rng = np.random.default_rng(count)
    x = rng.standard_normal((tile, len(matrix)), np.float32)
    chosen = rng.permutation(tile)[:count]
    return np.array_equal(x[chosen] @ matrix, (x @ matrix)[chosen])
