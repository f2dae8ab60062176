"""Second-order sections at work, without the ceremony: scipy checks its arguments for longer than a live block takes to filter."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

Kernel = Callable[[np.ndarray, np.ndarray, np.ndarray], None]


def run(sections: np.ndarray, audio: np.ndarray, state: np.ndarray) -> np.ndarray:
    """audio (signals, frames) through sections (n, 6) → float64, same shape; state (signals, n, 2) is carried on in place.

    In double precision: poles of low filters lie close to 1.
    """
    out = np.array(audio, np.float64, order="C")
    _kernel()(sections, out, state)
    return out


@lru_cache(maxsize=1)
def _kernel() -> Kernel:
    """scipy's own loop where it can be reached, else the way through its front door."""
    try:
        from scipy.signal._sosfilt import _sosfilt
    except ImportError:
        return _front_door
    loop: Kernel = _sosfilt
    return loop


def _front_door(sections: np.ndarray, audio: np.ndarray, state: np.ndarray) -> None:
    from scipy.signal import sosfilt

    audio[:], after = sosfilt(sections, audio, axis=-1, zi=state.transpose(1, 0, 2))
    state[:] = after.transpose(1, 0, 2)
