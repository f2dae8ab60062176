"""A network that turns with the pitch classes: what it learns of one root it knows of all twelve. Plain numpy.

Its hidden layer holds `width` numbers for each pitch class, and every layer is a circular convolution over pitch classes
(a group convolution over transpositions, Cohen & Welling 2016): moving all notes up a tone moves all chords up a tone. What
is not so symmetrical, the key, comes in as what each place in the scale adds (`key`, `shift`, `bias`). Seldom-seen chords
(E7 in C) learn from common ones (G7). In time it is a dilated convolution: residual blocks of layer norm → convolution over
three beats, `dilation` apart → gate (WaveNet's, van den Oord et al. 2016, without tanh). Some blocks also see the mean over
the whole song (`whole`).

A circular convolution is a product in Fourier's terms, of 7 complex numbers rather than 12 times 12 real ones: so the
kernels are kept as their spectra, which is a sixth of the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from composer.harmony.melody_features import PITCHED

_EPSILON = 1e-5
_WAVES = 7
"""Of twelve real numbers' spectrum; the other five are conjugates."""
_ANGLES = 2 * np.pi / 12 * np.outer(np.arange(_WAVES), np.arange(12))
_FORTH = np.concatenate([np.cos(_ANGLES), -np.sin(_ANGLES)]).astype(np.float32)
_TWICE = np.array([1, 2, 2, 2, 2, 2, 1])[:, None] / 12
_BACK = np.concatenate([_TWICE * np.cos(_ANGLES), -_TWICE * np.sin(_ANGLES)]).T.astype(np.float32)


class CircularNetwork:
    """One network's weights, their kernels as spectra."""

    def __init__(self, weights: Mapping[str, np.ndarray], dilations: Sequence[int]) -> None:
        """Weights by the names of `composer.training.harmony_network`, float32."""
        self._weights, self._dilations = weights, tuple(dilations)
        self._kernels = {
            name: _kernel_spectrum(array)
            for name, array in weights.items()
            if name.rsplit(".", 1)[-1] in ("kernel", "whole") or name in ("inp.weight", "out.weight")
        }

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Features (beats, WIDTH) → (beats, qualities, 12 roots)."""
        weights, beats = self._weights, len(features)
        width = weights["key"].shape[1]
        pitched = features[:, : 12 * PITCHED].T.reshape(PITCHED, 12, beats).transpose(1, 0, 2)
        plain = weights["plain.weight"] @ features[:, 12 * PITCHED :].T + weights["plain.bias"][:, None]
        hidden = (
            self._turned("inp.weight", _spectrum(pitched)) + weights["key"][..., None] + plain.reshape(12, width, beats)
        )
        np.maximum(hidden, 0.0, out=hidden)
        for index, dilation in enumerate(self._dilations):
            name = f"blocks.{index}."
            normal = _spectrum(_normal(hidden) * weights[name + "scale"][:, None] + weights[name + "shift"][..., None])
            padded = np.pad(normal, ((0, 0), (0, 0), (dilation, dilation)))
            taps = np.concatenate([padded[..., tap * dilation : tap * dilation + beats] for tap in range(3)], axis=1)
            mixed = self._turned(name + "kernel", taps) + weights[name + "bias"][..., None]
            if name + "whole" in weights:
                mixed += self._turned(name + "whole", normal.mean(2, keepdims=True))
            hidden += mixed[:, :width] / (1.0 + np.exp(-mixed[:, width:]))
        normal = _normal(hidden) * weights["scale"][:, None]
        logits = self._turned("out.weight", _spectrum(normal)) + weights["out.bias"][..., None]
        return np.asarray(logits.transpose(2, 1, 0))

    def _turned(self, name: str, spectrum: np.ndarray) -> np.ndarray:
        """The circular convolution of values, given as their spectrum (7, into, beats), with a kernel: (12, out of, beats)."""
        product = self._kernels[name] @ spectrum
        parts = np.stack([product.real, product.imag]).reshape(2 * _WAVES, -1)
        return np.asarray(_BACK @ parts).reshape(12, -1, spectrum.shape[2])


def _spectrum(values: np.ndarray) -> np.ndarray:
    """(12, …) float32 → (7, …) complex64."""
    parts = (_FORTH @ np.ascontiguousarray(values, np.float32).reshape(12, -1)).reshape(2, _WAVES, *values.shape[1:])
    found = np.empty(parts.shape[1:], np.complex64)
    found.real, found.imag = parts
    return found


def _kernel_spectrum(kernel: np.ndarray) -> np.ndarray:
    """Kernel ([taps,] 12 semitones up, into, out of) → (7, out of, taps · into) complex64."""
    taps = kernel if kernel.ndim == 4 else kernel[None]
    found = _spectrum(taps.transpose(1, 3, 0, 2))
    return found.reshape(_WAVES, kernel.shape[-1], -1)


def _normal(hidden: np.ndarray) -> np.ndarray:
    """Every beat, over its pitch classes and numbers, to mean 0 and variance 1."""
    centred = hidden - hidden.mean((0, 1))
    return np.asarray(centred / np.sqrt((centred**2).mean((0, 1)) + _EPSILON))
