"""Products of rows with a matrix, and how to have every row's bits not depend on its company.

A song must come out the same whatever it shares a batch with. BLAS promises nothing of the kind, so it is measured: each
matrix is tried with every number of rows that occurs, and where bits differ, rows of nought are added up to one fixed number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Product = Callable[[np.ndarray], np.ndarray]
"""(n, in) → (n, out)"""

TILE = 64
"""Most rows of a product."""
STEP = 8
"""Rows come in multiples of this, where that is enough."""


def alone(matrix: np.ndarray) -> Product:
    """For one song: rows @ matrix."""
    return lambda rows: rows @ matrix


def in_company(matrix: np.ndarray) -> Product:
    """For songs together: rows @ matrix, TILE rows at a time, each row with the same bits whatever the others are."""
    step = row_step(matrix)

    def product(rows: np.ndarray) -> np.ndarray:
        count = len(rows)
        if short := -count % step:
            rows = np.concatenate([rows, np.zeros((short, rows.shape[1]), np.float32)])
        if len(rows) <= TILE:
            return np.asarray((rows @ matrix)[:count])
        return np.concatenate([rows[at : at + TILE] @ matrix for at in range(0, len(rows), TILE)])[:count]

    return product


def row_step(matrix: np.ndarray) -> int:
    """Multiples of which number of rows give every row the same product as TILE of them, bit for bit, on this machine.

    STEP, else TILE. Tried with rows in another order and in every number that occurs.
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TILE, len(matrix)), np.float32)
    whole = x @ matrix
    for count in range(STEP, TILE + 1, STEP):
        chosen = rng.permutation(TILE)[:count]
        if not np.array_equal(x[chosen] @ matrix, whole[chosen]):
            return TILE
    return STEP
