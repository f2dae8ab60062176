"""Where exactly a note begins: to a few milliseconds, once it is known that there is one."""

from __future__ import annotations

import numpy as np

from composer.transcription.contour import HOP_S, Contour
from composer.transcription.pitch import RATE

BEFORE_S, AFTER_S = 0.1, 0.08
STEP = 64
"""4 ms."""
WINDOW = 512
PARTIALS = 3
RANGE_DB = 30.0
LEAST_RISE_DB = 4.0
RISEN = 0.35
"""Share of the way up, in decibels, at which a note is said to begin."""


def refine(audio: np.ndarray, contour: Contour, spans: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Onsets in seconds, shape (notes,), of spans (first frame, frame after the last, semitone).

    A note begins where its own partials have risen some way, in decibels, from what was there before. Between two notes
    sung on one breath it begins in the middle of the glide, if that is earlier. No onset comes before the one before it.
    """
    onsets_s: list[float] = []
    for index, (first, last, semitone) in enumerate(spans.tolist()):
        rough_s = first * HOP_S
        glide_s = _crossing(contour, spans, index, offset)
        rise_s = _rise(audio, semitone + float(offset[first]), glide_s or rough_s, (last - first) * HOP_S)
        onset_s = min((found for found in (glide_s, rise_s) if found is not None), default=rough_s)
        earliest_s = onsets_s[-1] + 0.02 if onsets_s else 0.0
        onsets_s.append(max(onset_s, earliest_s))
    return np.array(onsets_s)


def _crossing(contour: Contour, spans: np.ndarray, index: int, offset: np.ndarray) -> float | None:
    """When the pitch passes the middle between the note before and this one; None after a rest or a repeated note."""
    if index == 0 or spans[index - 1, 1] < spans[index, 0] or spans[index - 1, 2] == spans[index, 2]:
        return None
    first = int(spans[index, 0])
    start, stop = max(0, first - 3), min(len(contour), first + 8)
    way = int(np.sign(spans[index, 2] - spans[index - 1, 2]))
    middle = (spans[index, 2] + spans[index - 1, 2]) / 2
    beyond = (contour.pitch[start:stop] - offset[start:stop] - middle) * way
    for at in range(1, len(beyond)):
        if beyond[at - 1] < 0 <= beyond[at]:
            return float(start + at - 1 + beyond[at - 1] / (beyond[at - 1] - beyond[at])) * HOP_S
    return None


def _rise(audio: np.ndarray, pitch: float, about_s: float, length_s: float) -> float | None:
    """When the partials of `pitch` have risen; None where they hardly rise."""
    begin = round((about_s - BEFORE_S) * RATE)
    count = int((BEFORE_S + min(AFTER_S, length_s)) * RATE) // STEP
    lead = WINDOW // 2 - begin
    piece = audio[max(0, -lead) : max(0, begin + count * STEP + WINDOW // 2)]
    piece = np.pad(piece, (max(0, lead), max(0, count * STEP + WINDOW - len(piece) - max(0, lead))))
    frames = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[: count * STEP : STEP]
    partials_hz = 440 * 2 ** ((pitch - 69) / 12) * np.arange(1, PARTIALS + 1)
    waves = np.exp(-2j * np.pi * np.arange(WINDOW)[:, None] * partials_hz / RATE) * np.hanning(WINDOW)[:, None]
    power = (np.abs(frames @ waves) ** 2).sum(axis=1)
    level_db = 10 * np.log10(power + 1e-9)
    here = int(BEFORE_S * RATE) // STEP
    top = here + int(level_db[here:].argmax()) if count > here else count - 1
    high = float(level_db[top])
    low = max(float(level_db[: top + 1].min()), high - RANGE_DB)
    if high - low < LEAST_RISE_DB:
        return None
    under = np.flatnonzero(level_db[: top + 1] < low + RISEN * (high - low))
    return (begin + (int(under[-1]) + 1) * STEP) / RATE if len(under) else None
