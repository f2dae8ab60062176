"""Weights as they are stored, in half precision, and in float32 when they are asked for: nobody needs all of them twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np


class StoredWeights(Mapping[str, np.ndarray]):
    """Arrays by name; each look gives a new one in float32."""

    def __init__(self, stored: Mapping[str, np.ndarray]) -> None:
        self._stored = stored

    def __getitem__(self, name: str) -> np.ndarray:
        return self._stored[name].astype(np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)
