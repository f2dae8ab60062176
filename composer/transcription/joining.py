"""Mending what the tracker broke: one tone heard as two, since its octave was taken for it or its stroke for another note."""

from __future__ import annotations

import numpy as np

from composer.transcription.contour import HOP_S
from composer.transcription.pitch import RATE

SLIPS = (12, 19, 24, 28, 31, 34, 36)
"""Semitones from a tone to its partials."""
LONGEST_SLIP_S = 0.4
CLOSE_S = 0.05
LATEST_PITCH_S = 0.1
"""After its stroke, by which a note's own pitch has won over the one that still rings."""
LEAST_EVIDENCE = 3.0
"""Nats: with more, something did begin there."""
AUDIBLE_DB = -25.0
WINDOW = 2048


def join_slips(audio: np.ndarray, spans: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """Spans (first frame, frame after the last, semitone) with slips joined to the tone they belong to."""
    joined: list[list[int]] = []
    for span in spans.tolist():
        before = joined[-1] if joined else None
        if before is None or not _one_tone(before, span, evidence):
            joined.append(span)
            continue
        if before[2] != span[2]:
            low, high = sorted((before, span), key=lambda item: int(item[2]))
            heard = _own_partials_db(audio, high, low[2]) > AUDIBLE_DB
            before[2] = low[2] if heard else max(before, span, key=lambda item: int(item[1] - item[0]))[2]
        before[1] = span[1]
    return np.array(joined, np.int64).reshape(-1, 3)


def join_strokes(spans: np.ndarray) -> np.ndarray:
    """Spans without the seeming repeats that are the stroke of the note after, heard before its pitch is."""
    kept = spans.tolist()
    for index in range(len(kept) - 2, 0, -1):
        before, span, after = kept[index - 1 : index + 2]
        bound = before[1] == span[0] and span[1] == after[0]
        if bound and before[2] == span[2] != after[2] and (span[1] - span[0]) * HOP_S <= LATEST_PITCH_S:
            after[0] = span[0]
            del kept[index]
    return np.array(kept, np.int64).reshape(-1, 3)


def _one_tone(before: list[int], span: list[int], evidence: np.ndarray) -> bool:
    step = abs(span[2] - before[2])
    if step not in (0, *SLIPS) or (span[0] - before[1]) * HOP_S > CLOSE_S:
        return False
    if step and min(before[1] - before[0], span[1] - span[0]) * HOP_S > LONGEST_SLIP_S:
        return False
    return float(evidence[max(0, span[0] - 1) : span[0] + 2].max()) < LEAST_EVIDENCE


def _own_partials_db(audio: np.ndarray, span: list[int], low: int) -> float:
    """While `span` lasts: the power on partials of `low` that `span` does not share, against that on span's own."""
    middle = int((span[0] + span[1]) / 2 * HOP_S * RATE)
    piece = audio[max(0, middle - WINDOW // 2) : middle + WINDOW // 2]
    power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), WINDOW)) ** 2
    low_hz, high_hz = (440 * 2 ** ((pitch - 69) / 12) for pitch in (low, span[2]))
    shared, own = 1e-9, 1e-9
    for partial in range(1, 9):
        at_hz = partial * low_hz
        centre = round(at_hz * WINDOW / RATE)
        heard = float(power[max(0, centre - 2) : centre + 3].sum())
        nearest = max(1, round(at_hz / high_hz)) * high_hz
        if abs(at_hz - nearest) < 0.03 * at_hz:
            shared += heard
        else:
            own += heard
    return float(10 * np.log10(own / shared))
