"""The room: one stereo reverb for the whole band, a convolution with a response made here.

The response is noise that decays, slower in the bass than in the treble, behind a few early reflections. Its first sound comes
PRE_DELAY frames after the direct one, which is also the time that the live convolution takes: so it costs no latency, and
what is heard live is what is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from composer.audio.loudness import k_weight
from composer.audio.spill import rest

PRE_DELAY = 1024
"""Frames, 23 ms at 44.1 kHz, and the partition of the live convolution."""
BLOCK = 1 << 18


@dataclass(frozen=True)
class Room:
    """A room by its reverberation times (-60 dB), in seconds, low, middle and high."""

    low_s: float = 1.5
    middle_s: float = 1.3
    high_s: float = 0.7
    seed: int = 1


@lru_cache(maxsize=4)
def response(room: Room, sample_rate: int) -> np.ndarray:
    """The room's response after the pre-delay, float32, shape (2, frames). A part's reverb sounds as loud as what is sent:
    for pink noise the response has no gain after K-weighting."""
    from scipy.fft import irfft, rfft, rfftfreq

    rng = np.random.default_rng(room.seed)
    frames = int(1.05 * room.low_s * sample_rate)
    hz = rfftfreq(frames, 1 / sample_rate)
    spectrum = rfft(rng.standard_normal((2, frames)))
    seconds = np.arange(frames) / sample_rate
    tail = np.zeros((2, frames))
    middle_share = np.clip(np.log2(np.maximum(hz, 1) / 250), 0, 1)
    high_share = np.clip(np.log2(np.maximum(hz, 1) / 2_500), 0, 1)
    bands = (1 - middle_share, middle_share - high_share, high_share)
    for share, decay_s in zip(bands, (room.low_s, room.middle_s, room.high_s), strict=True):
        tail += irfft(spectrum * share, frames) * 10 ** (-3 * seconds / decay_s)
    tail *= 1 - np.exp(-seconds / 0.018)  # density builds up, as walls answer walls
    for side in range(2):
        for at_s in np.sort(rng.uniform(0.0, 0.045, 8)):
            tail[side, int(at_s * sample_rate)] += rng.choice([-1, 1]) * 14 * np.exp(-at_s / 0.03)
    # no mud under 150 Hz, walls eat the treble, and the last tenth fades to nothing
    shape = (hz / 150) ** 2 / (1 + (hz / 150) ** 2) / np.sqrt(1 + (hz / 7_000) ** 2)
    tail = irfft(rfft(tail) * shape, frames)
    fade = frames // 10
    tail[:, -fade:] *= np.linspace(1, 0, fade)
    audible = (hz > 40) & (hz < 0.45 * sample_rate)
    weight = k_weight(hz, sample_rate)[audible] / hz[audible]
    power = np.abs(rfft(tail)[:, audible]) ** 2
    tail /= np.sqrt((power * weight).sum(axis=1, keepdims=True) / weight.sum())
    return np.asarray(tail, np.float32)


def whole(send: np.ndarray, room: Room, sample_rate: int, side: int, out: np.ndarray) -> None:
    """Add what the room gives back of one side's send (frames,) to `out` (frames,), in big pieces."""
    from scipy.fft import irfft, next_fast_len, rfft

    impulse = response(room, sample_rate)[side]
    size = next_fast_len(BLOCK + len(impulse), real=True)
    spectrum = rfft(impulse, size)
    for at in range(0, len(send), BLOCK):
        piece = send[at : at + BLOCK]
        if piece.any():
            echo = irfft(rfft(piece, size) * spectrum, size)[: len(piece) + len(impulse) - 1]
            there = out[at + PRE_DELAY : at + PRE_DELAY + len(echo)]
            there += echo[: len(there)]
        rest(send)


class ReverbRun:
    """The same, block after block: a convolution in partitions of PRE_DELAY frames, worked off as each fills up."""

    def __init__(self, room: Room, sample_rate: int) -> None:
        from scipy.fft import rfft

        impulse = response(room, sample_rate)
        count = -(-impulse.shape[1] // PRE_DELAY)
        padded = np.zeros((2, count * PRE_DELAY), np.float32)
        padded[:, : impulse.shape[1]] = impulse
        parts = padded.reshape(2, count, PRE_DELAY)
        # the newest spectrum meets the first partition; the ring runs backwards, so both are read in one run
        self._filter = np.ascontiguousarray(rfft(parts, 2 * PRE_DELAY).transpose(1, 0, 2))
        self._count, self._at = count, 0
        self._ring = np.zeros((2 * count, 2, PRE_DELAY + 1), np.complex64)
        self._product = np.zeros_like(self._filter)
        """A megabyte that is not asked of the system anew for every partition."""
        self._input = np.zeros((2, 2 * PRE_DELAY), np.float32)
        self._output = np.zeros((2, PRE_DELAY), np.float32)
        self._filled = 0
        self._silent = 0
        """Partitions of silence in a row; after `count` of them the room is silent too."""

    def process(self, send: np.ndarray, out: np.ndarray) -> None:
        """Add what the room gives back of send (2, frames) to `out`, same shape."""
        done, frames = 0, send.shape[1]
        while done < frames:
            take = min(PRE_DELAY - self._filled, frames - done)
            here = slice(self._filled, self._filled + take)
            out[:, done : done + take] += self._output[:, here]
            self._input[:, PRE_DELAY + here.start : PRE_DELAY + here.stop] = send[:, done : done + take]
            self._filled += take
            done += take
            if self._filled == PRE_DELAY:
                self._turn()

    def _turn(self) -> None:
        from scipy.fft import irfft, rfft

        self._silent = 0 if self._input.any() else self._silent + 1
        self._filled = 0
        if self._silent <= self._count:
            self._at = (self._at - 1) % self._count
            spectrum = rfft(self._input)
            self._ring[self._at] = self._ring[self._at + self._count] = spectrum
            np.multiply(self._ring[self._at : self._at + self._count], self._filter, out=self._product)
            self._output = irfft(self._product.sum(axis=0))[:, PRE_DELAY:]
        else:
            self._output[:] = 0
        self._input[:, :PRE_DELAY] = self._input[:, PRE_DELAY:]
