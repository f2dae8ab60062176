"""What the audio process and everybody else share: faders one way, meters the other. Plain numbers in shared memory, each
written by one side only, so that no locks are needed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np

STARTING, PLAYING, PAUSED, DONE, FAILED = range(5)
STATES = ("starting", "playing", "paused", "done", "failed")
FADERS = ("gain_db", "pan", "low_db", "mid_db", "high_db", "reverb_db", "mute", "solo")
LIMITS = {
    "gain_db": (-90.0, 24.0), "pan": (-1.0, 1.0), "low_db": (-24.0, 24.0), "mid_db": (-24.0, 24.0),
    "high_db": (-24.0, 24.0), "reverb_db": (-90.0, 24.0), "mute": (0.0, 1.0), "solo": (0.0, 1.0),
}  # fmt: skip
WISHES = ("master_db", "pause", "seek", "seeks", "stop")
"""seek: a frame; seeks: counted up with each."""
STATUS = ("state", "frame", "blocks", "late", "worst_ms", "busy_ms", "limited_db", "peak", "seeks_done")


class Board:
    """Faders (parts, FADERS), wishes, meters (parts,) and status, as views of one piece of shared memory.

    A gain of -90 dB is silence; gain, equaliser and reverb are added to what the mix says, pan takes its place (NaN: stays).
    """

    def __init__(self, parts: int, memory: Any = None, context: BaseContext | None = None) -> None:
        count = parts * len(FADERS) + len(WISHES) + parts + len(STATUS)
        self.memory = memory if memory is not None else (context or multiprocessing).RawArray("d", count)
        values = np.frombuffer(self.memory, np.float64)
        ends = np.cumsum([parts * len(FADERS), len(WISHES), parts])
        faders, self._wishes, self.peaks, self._status = np.split(values, ends)
        self.faders = faders.reshape(parts, len(FADERS))
        if memory is None:
            self.faders[:, FADERS.index("pan")] = np.nan

    def set(self, part: int, fader: str, value: float) -> float:
        """Move a fader, within its limits; returns where it stands."""
        low, high = LIMITS[fader]
        self.faders[part, FADERS.index(fader)] = value = min(max(value, low), high)
        return value

    def get(self, part: int, fader: str) -> float:
        return float(self.faders[part, FADERS.index(fader)])

    def wish(self, name: str, value: float) -> None:
        self._wishes[WISHES.index(name)] = value

    def wished(self, name: str) -> float:
        return float(self._wishes[WISHES.index(name)])

    def tell(self, name: str, value: float) -> None:
        self._status[STATUS.index(name)] = value

    def told(self, name: str) -> float:
        return float(self._status[STATUS.index(name)])

    @property
    def state(self) -> str:
        return STATES[int(self.told("state"))]


def audible(faders: np.ndarray) -> Sequence[bool]:
    """Which parts are neither muted nor left out by another's solo."""
    mute, solo = faders[:, FADERS.index("mute")] > 0.5, faders[:, FADERS.index("solo")] > 0.5
    return [bool(one) for one in (~mute & (solo if solo.any() else True))]
