"""Contour → notes as a player would be credited with them: onset, end, semitone, velocity. Times stay human."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from composer.transcription.contour import FINE, FINE_S, HOP_S, Contour
from composer.transcription.joining import join_slips, join_strokes
from composer.transcription.onsets import refine
from composer.transcription.segmenter import Costs, beginnings, best_path
from composer.transcription.tuning import tuning_curve

SHORTEST_S = 0.06
TOUCHING_S = 0.05
"""What is nearer to a note than this is part of it: its attack, or how it dies away."""
USUAL_VELOCITY = 80
SOFTEST, LOUDEST = 25, 120
LOUDNESS_S = 0.25
"""A note is as loud as its loudest moment in this time."""


@dataclass(frozen=True, eq=False)
class Notes:
    """One voice, in order; arrays of shape (notes,)."""

    onsets_s: np.ndarray
    ends_s: np.ndarray
    pitches: np.ndarray
    """MIDI pitches."""
    velocities: np.ndarray
    cents: np.ndarray
    """By how much each note is off its semitone, with the singer's tuning taken off."""
    tuning: np.ndarray
    """Semitones sharp in each frame of the contour, shape (frames,)."""
    dropped: int = 0
    """Sounds on their own that are too short to have been meant."""
    outside: int = 0
    """Left out by `within`."""

    def __len__(self) -> int:
        return len(self.pitches)

    def within(self, lowest: int, highest: int) -> Notes:
        """Only the notes of these MIDI pitches.

        The tracker is not held to them: it would take a harmonic of what lies outside for a note inside.
        """
        kept = (self.pitches >= lowest) & (self.pitches <= highest)
        return replace(
            self,
            onsets_s=self.onsets_s[kept],
            ends_s=self.ends_s[kept],
            pitches=self.pitches[kept],
            velocities=self.velocities[kept],
            cents=self.cents[kept],
            outside=self.outside + int((~kept).sum()),
        )


def find_notes(audio: np.ndarray, contour: Contour, prices: Costs = Costs()) -> Notes:  # noqa: B008 (frozen)
    """The notes in float32 samples at 16 kHz whose contour is known."""
    tuning = tuning_curve(contour)
    evidence = beginnings(contour, prices)
    spans = join_slips(audio, best_path(contour, tuning, evidence, prices).spans(), evidence)
    spans = join_strokes(spans)
    onsets_s = refine(audio, contour, spans, tuning)
    ends_s = spans[:, 1] * HOP_S
    if len(spans):
        bound = spans[:-1, 1] >= spans[1:, 0]
        ends_s[:-1] = np.where(bound, onsets_s[1:], np.minimum(ends_s[:-1], onsets_s[1:]))
    long = ends_s - onsets_s >= SHORTEST_S
    dropped = _alone(spans, long)
    spans, onsets_s, ends_s = spans[long], onsets_s[long], ends_s[long]
    return Notes(
        onsets_s,
        ends_s,
        np.clip(spans[:, 2], 0, 127),
        _velocities(contour, onsets_s, ends_s),
        np.array([_cents(contour, tuning, *span) for span in spans.tolist()]),
        tuning,
        dropped,
    )


def _alone(spans: np.ndarray, kept: np.ndarray) -> int:
    """How many runs of spans (first frame, frame after the last, semitone) that touch each other have none that is kept."""
    gaps_s = (spans[1:, 0] - spans[:-1, 1]) * HOP_S
    runs = np.concatenate([[0], np.cumsum(gaps_s >= TOUCHING_S)])[: len(spans)]
    return len(set(runs.tolist()) - set(runs[kept].tolist()))


def _velocities(contour: Contour, onsets_s: np.ndarray, ends_s: np.ndarray) -> np.ndarray:
    """General MIDI 2 has a note's level at 40 log10(velocity / 127) dB; the usual note is given velocity 80."""
    peaks_db = []
    for onset_s, end_s in zip(onsets_s, ends_s, strict=True):
        first = int(onset_s / FINE_S)
        last = max(first + 1, int(min(end_s, onset_s + LOUDNESS_S) / FINE_S))
        peaks_db.append(float(contour.tone_db[min(first, len(contour) * FINE - 1) : last].max()))
    levels_db = np.array(peaks_db)
    usual_db = np.median(levels_db) if len(levels_db) else 0.0
    return np.clip(np.rint(USUAL_VELOCITY * 10 ** ((levels_db - usual_db) / 40)), SOFTEST, LOUDEST).astype(np.int64)


def _cents(contour: Contour, tuning: np.ndarray, first: int, last: int, semitone: int) -> float:
    sung = (contour.pitch - tuning)[first:last][contour.voiced[first:last]]
    return float(np.median(sung) - semitone) * 100 if len(sung) else 0.0
