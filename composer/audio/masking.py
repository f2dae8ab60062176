"""How much of a part is heard beside others: partial loudness, in bands and tenths of a second.

After Moore, Glasberg and Baer, "A Model for the Prediction of Thresholds, Loudness, and Partial Loudness" (1997), much
simplified: a third of an octave stands for a critical band, masking spreads over its neighbours at fixed slopes, and
loudness grows with the power of 0.3 of the energy. What lies far under a moment's loudest band does not count: it is no
part of the sound's character.
"""

from __future__ import annotations

import numpy as np

from composer.audio.spectra import BANDS

EXPONENT = 0.3
AUDIBLE = 10**-2.5
"""Relative to the loudest band of its moment."""
UP_DB, DOWN_DB = 10.0, 24.0
"""A masker's slopes, per band."""
FLOOR = 1e-3
"""Relative to a part's mean step, steps with less energy than this are rests."""


def spread(energies: np.ndarray) -> np.ndarray:
    """What each band's energy is worth as a masker in all bands; shape (…, BANDS) as given."""
    distance = np.arange(BANDS)[None] - np.arange(BANDS)[:, None]
    slopes_db = np.where(distance >= 0, -UP_DB * distance, DOWN_DB * distance)
    return np.asarray(energies @ (10 ** (slopes_db / 10)).astype(np.float32))


def audibility(part: np.ndarray, others: np.ndarray, bands: slice = slice(None)) -> float:
    """The share of a part's loudness that is left beside others, 0..1; both energies of shape (steps, BANDS).

    Only steps in which the part sounds count, and only the given bands. A part that is silent there has 1.
    """
    power = part.sum(axis=1)
    playing = power > FLOOR * power.mean()
    if not playing.any():
        return 1.0
    heard, masker = part[playing], spread(others[playing])[:, bands]
    heard = np.maximum(heard - AUDIBLE * heard.max(axis=1, keepdims=True), 0)[:, bands]
    alone = heard**EXPONENT
    left = (heard + masker) ** EXPONENT - masker**EXPONENT
    return float(left.sum() / alone.sum()) if alone.any() else 1.0


def overlap(one: np.ndarray, other: np.ndarray, bands: slice) -> tuple[float, int]:
    """How far two parts sit in the same bands while both sound, 0..1, and the band where they meet most."""
    both = np.minimum(one, other)[:, bands].sum(axis=0, dtype=np.float64)
    either = np.maximum(one, other)[:, bands].sum(axis=0, dtype=np.float64)
    if not either.any():
        return 0.0, bands.indices(BANDS)[0]
    return float(both.sum() / either.sum()), bands.indices(BANDS)[0] + int(both.argmax())
