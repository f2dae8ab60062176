"""The dice: how daring choices are, and the choices of many songs thrown at once, each with its own dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from composer.errors import InputError


@dataclass(frozen=True)
class Sampling:
    """How daring the choices are."""

    temperature: float = 1.0
    """0 always takes the likeliest; 1 draws as the model believes; above 1 is wilder."""
    min_p: float = 0.07
    """Candidates under this share of the likeliest are never drawn (Nguyen et al. 2024)."""
    touch_min_p: float = 0.02
    """The same of lengths and loudness. A part that is nearly sure to go on as it does would otherwise never change: pianists'
    velocities spread by 6 steps instead of 9 (people's by 13)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 4:
            raise InputError(f"temperature must be in range 0..4, got {self.temperature:g}")
        for name in ("min_p", "touch_min_p"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be in range 0..1, got {getattr(self, name):g}")

    @property
    def is_exact(self) -> bool:
        """Whether nothing is left to chance."""
        return self.temperature < 1e-3


def draw(
    logits: np.ndarray, temperature: np.ndarray, min_p: np.ndarray, rng: Sequence[np.random.Generator | None]
) -> list[int]:
    """One class of each row of logits (n, classes), with the row's own temperature and min_p (n, 1), above nought both, and dice.

    A row without dice takes the likeliest, if its temperature is next to nothing.
    """
    weight = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    weight /= temperature
    np.exp(weight, out=weight)
    weight *= weight >= min_p
    so_far = np.add.accumulate(weight, axis=1)
    thrown = np.array([0.0 if dice is None else dice.random() for dice in rng], logits.dtype)
    thrown *= so_far[:, -1]
    chosen: list[int] = np.add.reduce(so_far <= thrown[:, None], axis=1, dtype=np.intp).tolist()
    for row, each in enumerate(chosen):
        if each == logits.shape[1]:  # the throw was rounded up to 1
            chosen[row] = int(weight[row].nonzero()[0][-1])
    return chosen
