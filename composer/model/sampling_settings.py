"""Sampling: its settings, and drawing for many songs at once, each with its own random generator."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from composer.errors import InputError
from composer.gm import ROLES
from composer.vocab import PARTS

BY_PART = "position_min_p", "pitch_min_p", "duration_min_p", "velocity_min_p", "least_in_chord"
FACTORS = "foreign", "passing"


def _by_role(usual: float, **other: float) -> tuple[float, ...]:
    return tuple(other.get(role, usual) for role in ROLES)


@dataclass(frozen=True)
class SamplingSettings:
    """Sampling settings: temperature, min-p (Nguyen et al. 2024) for each note field, and weights by harmonic function.

    Per-part values are in the order of gm.ROLES. They were chosen so that statistics of the band match human bands'
    (notebooks/LOG.md, 2026-11-22); model/harmonic_bias.py is what weighs pitches by chord and key.
    """

    temperature: float = 1.0
    """0 always takes the likeliest; 1 draws as the model believes; above 1 is wilder."""
    position_min_p: tuple[float, ...] = _by_role(0.07, strings=0.3)
    """Strings keep to their rhythm."""
    pitch_min_p: tuple[float, ...] = _by_role(0.07, bass=0.03, guitar=0.2, piano=0.002, strings=0.2)
    """Pianists and basses pass through notes foreign to the chord, each of them unlikely; guitars and strings say which chord it is."""
    duration_min_p: tuple[float, ...] = _by_role(0.02)
    """A part that is nearly sure to go on as it does would otherwise never change."""
    velocity_min_p: tuple[float, ...] = _by_role(0.02, drums=0.06, strings=0.25)
    """Likewise: pianists' velocities spread by 6 steps instead of 9 (people's by 13); but strings hold a loudness."""
    foreign: tuple[float, ...] = _by_role(1, bass=0.4, guitar=0.4, piano=1 / 7, strings=1 / 2)
    """Factor on the probability of a note foreign to chord and key, or of the chord's other third."""
    passing: tuple[float, ...] = _by_role(1, bass=2.6, guitar=1.5, piano=2)
    """The same for a note of the key that is not in the chord."""
    off_root: float = 0.2
    """The same for a bass note that is neither root nor slash note, where the chord changes."""
    least_in_chord: tuple[float, ...] = _by_role(0, bass=0.84, guitar=0.77, piano=0.7, strings=0.8)
    """Where less than this share of a part's last ten or so notes were in the chord, chord tones are favoured."""

    @classmethod
    def of(cls, parts: Collection[str], temperature: float = 1.0) -> SamplingSettings:
        """What suits these roles: without bass or drums it is the piano that says which chord it is, and strings sing and swell."""
        if {"bass", "drums"} & set(parts):
            return cls(temperature)
        return cls(
            temperature,
            position_min_p=_by_role(0.07),
            pitch_min_p=_by_role(0.07, guitar=0.2, piano=0.03),
            velocity_min_p=_by_role(0.02),
            passing=_by_role(1, piano=1.25, strings=1.4),
            least_in_chord=_by_role(0, guitar=0.75, piano=0.7, strings=0.6),
        )

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 4:
            raise InputError(f"temperature must be in range 0..4, got {self.temperature:g}")
        for names, low, high in ((BY_PART, 0.0, 1.0), (FACTORS, 1e-6, 1e6)):
            for name in names:
                each = getattr(self, name)
                if len(each) != PARTS:
                    raise InputError(f"{name} must have {PARTS} values, one a part, got {len(each)}")
                if not all(low <= value <= high for value in each):
                    got = ", ".join(f"{value:g}" for value in each)
                    raise InputError(f"{name} must be in range {low:g}..{high:g}, got {got}")
        if not 0 < self.off_root <= 1:
            raise InputError(f"off_root must be above 0 and at most 1, got {self.off_root:g}")

    @cached_property
    def floors(self) -> np.ndarray:
        """min-p of each choice and part, float32, (position, pitch, duration, velocity; PARTS)."""
        shares = (self.position_min_p, self.pitch_min_p, self.duration_min_p, self.velocity_min_p)
        return np.array(shares, np.float32)

    @cached_property
    def harmonic_biases(self) -> np.ndarray:
        """The logarithms of `foreign` and `passing` of each part, shape (2, PARTS)."""
        return np.log([self.foreign, self.passing])

    @property
    def is_exact(self) -> bool:
        """Whether nothing is left to chance."""
        return self.temperature < 1e-3


def sample_classes(
    logits: np.ndarray, temperature: np.ndarray, min_p: np.ndarray, rng: Sequence[np.random.Generator | None]
) -> list[int]:
    """One class of each row of logits (n, classes), with each row's temperature and min_p (n, 1), both positive, and random generator.

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
