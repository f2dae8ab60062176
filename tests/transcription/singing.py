"""Melodies sung by the synthetic voice, and the measure of how well they were written down."""

from __future__ import annotations

import mir_eval
import numpy as np

from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from composer.transcription import hummer

SCALE = (60, 62, 64, 65, 67, 67, 65, 64, 62, 64, 60, 60)


def tune(pitches: tuple[int, ...] = SCALE, bpm: float = 100.0, meter: tuple[int, int] = (4, 4)) -> Score:
    """Quarter notes, the last of them long."""
    rows = [(480 * beat, 470, pitch, 90) for beat, pitch in enumerate(pitches)]
    rows[-1] = (rows[-1][0], 1900, pitches[-1], 90)
    return Score((Part("Lead", rows),), TempoMap.constant(bpm), Meter(480, ((0, *meter),)))


def sung(
    voice: hummer.Voice = hummer.OOH, score: Score | None = None, seed: int = 0, rate: int = 16_000
) -> hummer.Hummed:
    score = score or tune()
    return hummer.hum(score, score.parts[0], voice, np.random.default_rng(seed), rate)


def f1(truth: hummer.Hummed, onsets_s: np.ndarray, ends_s: np.ndarray, pitches: np.ndarray) -> float:
    """MIREX: onsets within 50 ms, pitches within 50 cents."""
    true_s = np.stack([truth.onsets_s, truth.ends_s], axis=1)
    heard_s = np.stack([onsets_s, ends_s], axis=1)
    true_hz, heard_hz = (440 * 2 ** ((np.asarray(p, float) - 69) / 12) for p in (truth.pitches, pitches))
    return float(
        mir_eval.transcription.precision_recall_f1_overlap(true_s, true_hz, heard_s, heard_hz, offset_ratio=None)[2]
    )
