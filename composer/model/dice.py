"""The dice: how daring choices are, and the choices of many songs thrown at once, each with its own dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from composer.errors import InputError

_LIKELIEST = 1e-3
"""Temperature under which nothing is left to chance."""


@dataclass(frozen=True)
class Sampling:
    """How daring the choices are."""

    temperature: float = 1.0
    """0 always takes the likeliest; 1 draws as the model believes; above 1 is wilder."""
    min_p: float = 0.05
    """Candidates under this share of the likeliest are never drawn (Nguyen et al. 2024)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 4:
            raise InputError(f"temperature must be in range 0..4, got {self.temperature:g}")
        if not 0 <= self.min_p <= 1:
            raise InputError(f"min_p must be in range 0..1, got {self.min_p:g}")


def draw(logits: np.ndarray, sampling: Sequence[Sampling], rng: Sequence[np.random.Generator]) -> list[int]:
    """One class of each row of logits (n, classes)."""
    number = logits.dtype.type
    temperature = np.array([[max(each.temperature, _LIKELIEST)] for each in sampling], number)
    least = np.array([[each.min_p] for each in sampling], number)
    weight = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    weight /= temperature
    np.exp(weight, out=weight)
    weight *= weight >= least
    so_far = np.add.accumulate(weight, axis=1)
    thrown = np.array([
        0.0 if each.temperature < _LIKELIEST else dice.random() for each, dice in zip(sampling, rng, strict=True)
    ], number)  # fmt: skip
    thrown *= so_far[:, -1]
    # A throw that is rounded up to 1 is still within the last class.
    np.minimum(thrown, np.nextafter(so_far[:, -1], number(0)), out=thrown)
    chosen: list[int] = np.add.reduce(so_far <= thrown[:, None], axis=1, dtype=np.intp).tolist()
    for row, each in enumerate(sampling):
        if each.temperature < _LIKELIEST:
            chosen[row] = int(logits[row].argmax())
    return chosen
