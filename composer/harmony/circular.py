"""A network that turns with the pitch classes: what it learns of one root it knows of all twelve. Plain numpy.

Its hidden layer holds `width` numbers for each pitch class, and every layer is a circular convolution over pitch classes
(a group convolution over transpositions, Cohen & Welling 2016): moving all notes up a tone moves all chords up a tone. What
is not so symmetrical, the key, comes in as what each place in the scale adds (`key`, `shift`, `bias`). In time it is a
dilated convolution with gates, as in `melody_model`. Seldom-seen chords (E7 in C) learn from common ones (G7).
"""

from __future__ import annotations

import numpy as np

from composer.harmony.melody_features import PITCHED

_EPSILON = 1e-5
_TURNS = (np.arange(12)[None] - np.arange(12)[:, None]) % 12
"""(12, 12): semitones up from pitch class (row) to pitch class (column)."""


def circular_logits(weights: dict[str, np.ndarray], dilations: tuple[int, ...], features: np.ndarray) -> np.ndarray:
    """Features (beats, WIDTH) → logits (beats, qualities, 12 roots)."""
    beats = len(features)
    pitched = features[:, : 12 * PITCHED].reshape(beats, PITCHED, 12).transpose(0, 2, 1).reshape(beats, -1)
    plain = features[:, 12 * PITCHED :] @ weights["plain.weight"].T + weights["plain.bias"]
    hidden = np.maximum(pitched @ circulant(weights["inp.weight"]) + weights["key"].reshape(-1) + plain, 0.0)
    for index, dilation in enumerate(dilations):
        name = f"blocks.{index}."
        normal = _normal(hidden, weights[name + "scale"], weights[name + "shift"])
        edge = np.zeros((dilation, normal.shape[1]), np.float32)
        padded = np.concatenate([edge, normal, edge])
        mixed = sum(
            padded[tap * dilation : tap * dilation + beats] @ circulant(kernel)
            for tap, kernel in enumerate(weights[name + "kernel"])
        )
        value, gate = np.split(np.reshape(mixed, (beats, 12, -1)) + weights[name + "bias"], 2, axis=2)
        hidden = hidden + (value / (1.0 + np.exp(-gate))).reshape(beats, -1)
    normal = _normal(hidden, weights["scale"], np.float32(0.0))
    logits = (normal @ circulant(weights["out.weight"])).reshape(beats, 12, -1) + weights["out.bias"]
    return np.asarray(logits.transpose(0, 2, 1))


def circulant(kernel: np.ndarray) -> np.ndarray:
    """Kernel (12 semitones up, into, out of) → the matrix (12 · into, 12 · out of) that applies it to every pitch class."""
    _, into, out_of = kernel.shape
    return np.asarray(kernel[_TURNS].transpose(0, 2, 1, 3).reshape(12 * into, 12 * out_of))


def _normal(hidden: np.ndarray, scale: np.ndarray, shift: np.ndarray | np.float32) -> np.ndarray:
    """Every beat to mean 0 and variance 1, then by pitch class: scale (width,), shift (12, width)."""
    centred = hidden - hidden.mean(1, keepdims=True)
    even = centred / np.sqrt((centred**2).mean(1, keepdims=True) + _EPSILON)
    return np.asarray((even.reshape(len(hidden), 12, -1) * scale + shift).reshape(len(hidden), -1))
