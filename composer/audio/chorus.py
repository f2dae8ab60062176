"""A chorus: what is sent, delayed by a few milliseconds that sway, a quarter of a turn apart on the two sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Chorus:
    """How it sways."""

    delay_s: float = 0.012
    depth_s: float = 0.003
    speed_hz: float = 0.6


class ChorusRun:
    """Block after block; a block of any size gives the same sound."""

    def __init__(self, settings: Chorus, sample_rate: int) -> None:
        self._settings, self._rate = settings, sample_rate
        self._past = np.zeros((2, int((settings.delay_s + settings.depth_s) * sample_rate) + 2), np.float32)
        self._frame = 0

    def process(self, send: np.ndarray, out: np.ndarray) -> None:
        """Add the chorus of send (2, frames) to `out`, same shape."""
        frames, past = send.shape[1], self._past.shape[1]
        sound = np.concatenate([self._past, send], axis=1)
        at = self._frame + np.arange(frames)
        for side in range(2):
            turn = 2 * np.pi * self._settings.speed_hz * at / self._rate + side * np.pi / 2
            back = (self._settings.delay_s + self._settings.depth_s * np.sin(turn)) * self._rate
            place = past + np.arange(frames) - back
            first = place.astype(np.int64)
            share = (place - first).astype(np.float32)
            out[side] += sound[side, first] * (1 - share) + sound[side, first + 1] * share
        self._past = sound[:, -past:].copy()
        self._frame += frames
