"""How to train: one value, every figure of which ends up on the checkpoint's card."""

from __future__ import annotations

import math
from dataclasses import dataclass

from composer.errors import InputError

OPTIMIZERS = ("adamw", "muon")


@dataclass(frozen=True)
class Recipe:
    """The recipe of a run. Its length is `minutes` of training or, if not 0, `steps`: the rate falls to its end over that."""

    minutes: float = 60.0
    """Length of the whole run, over all its slices, in minutes of training."""
    steps: int = 0
    """Length in optimiser steps instead. Two half runs then equal one whole run bit for bit (float32, CPU)."""
    batch: int = 16
    """Songs side by side, over all processes."""
    accumulate: int = 1
    """Parts a batch is cut into to save memory; their gradients add up to the whole batch's."""
    window: int = 256
    """Events a step sees of each song; an LSTM's state goes on from window to window."""
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    final_rate: float = 5e-5
    warmup_steps: int = 100
    weight_decay: float = 0.02
    clip: float = 1.0
    """Longest gradient, in Euclidean norm."""
    ema: float = 0.998
    """Share that a moving average of the weights keeps at each step; 0 for none."""
    adversary: float = 0.1
    """Weight of what the style ear gives away of key and chords (training/adversary.py)."""
    real_share: float = 0.4
    """Share of draws that are real music rather than the synthetic band."""
    band_share: float = 0.0
    """Share of draws that are people's bands, of which there are few; 0 for as many as come among real music."""
    context_noise: float = 0.0
    """Share of songs in which the model hears wrong notes of its own and is to go on rightly (training/context_noise.py)."""
    precision: str = "bf16"
    """"bf16" (autocast) or "float32"."""
    validate_minutes: float = 5.0
    patience: int = 0
    """Stop after so many validations without a better one; 0 goes on to the end."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise InputError(f"optimiser {self.optimizer!r}: choose one of {', '.join(OPTIMIZERS)}")
        for name in (
            "minutes",
            "learning_rate",
            "weight_decay",
            "ema",
            "real_share",
            "band_share",
            "context_noise",
            "validate_minutes",
        ):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"{name.replace('_', ' ')}: must be a number, got {getattr(self, name)}")
        for name, low in (
            ("minutes", 0.0),
            ("batch", 1),
            ("accumulate", 1),
            ("window", 2),
            ("warmup_steps", 1),
            ("steps", 0),
        ):
            value = getattr(self, name)
            if value < low or (name == "minutes" and not value):
                raise InputError(
                    f"{name.replace('_', ' ')} {value:g}: too low to train with; give {low if low else 'more'}"
                )
        for name in ("learning_rate", "weight_decay", "validate_minutes", "patience", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name.replace('_', ' ')} {getattr(self, name):g}: must not be negative")
        for name in ("ema", "real_share", "band_share", "context_noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name.replace('_', ' ')} {getattr(self, name):g}: must be in range 0..1")
        if self.band_share > self.real_share:
            raise InputError(
                f"band share {self.band_share:g}: human bands are part of the real music; give at most {self.real_share:g}"
            )
        if self.batch % self.accumulate:
            raise InputError(
                f"a batch of {self.batch} cannot be cut into {self.accumulate} equal parts; change one of them"
            )
        if self.precision not in ("bf16", "float32"):
            raise InputError(f"precision {self.precision!r}: choose bf16 or float32")

    def done(self, step: int, spent_s: float) -> float:
        """Share of the run that is over, 0..1."""
        return min(1.0, step / self.steps if self.steps else spent_s / (60 * self.minutes))


def rate_at(recipe: Recipe, step: int, done: float) -> float:
    """Learning rate at a step, with `done` the share of the run that is over: warm-up, then cosine."""
    ramp = min(1.0, (step + 1) / recipe.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return ramp * (recipe.final_rate + (recipe.learning_rate - recipe.final_rate) * cosine)
