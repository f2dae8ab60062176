"""A plain dilated convolution over beats, without the symmetry of `circular`: unlike it, it errs elsewhere, which a mean gains by.

Residual blocks of layer norm → convolution over three beats, `dilation` apart → gate (WaveNet's, van den Oord et al. 2016,
without tanh), a layer norm and a linear layer to qualities times 12 roots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_EPSILON = 1e-5


class ConvolutionNetwork:
    """One network's weights, float32, by name."""

    def __init__(self, weights: Mapping[str, np.ndarray], dilations: Sequence[int]) -> None:
        self._weights, self._dilations = weights, tuple(dilations)

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Features (beats, WIDTH) → (beats, qualities, 12 roots)."""
        weights = self._weights
        hidden = np.maximum(features @ weights["inp.weight"].T + weights["inp.bias"], 0.0)
        for index, dilation in enumerate(self._dilations):
            name = f"blocks.{index}."
            normal = _layer_norm(hidden, weights[name + "norm.weight"], weights[name + "norm.bias"])
            edge = np.zeros((dilation, normal.shape[1]), np.float32)
            padded = np.concatenate([edge, normal, edge])
            kernel = weights[name + "conv.weight"]
            mixed = weights[name + "conv.bias"] + sum(
                padded[tap * dilation : tap * dilation + len(normal)] @ kernel[:, :, tap].T for tap in range(3)
            )
            value, gate = np.split(mixed, 2, axis=1)
            hidden = hidden + value / (1.0 + np.exp(-gate))
        normal = _layer_norm(hidden, weights["norm.weight"], weights["norm.bias"])
        return np.asarray(normal @ weights["out.weight"].T + weights["out.bias"]).reshape(len(features), -1, 12)


def _layer_norm(values: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    centred = values - values.mean(1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(1, keepdims=True) + _EPSILON) * scale + shift)
