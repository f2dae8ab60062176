"""Is there one melody in it? If not, what there is instead, in a line that helps."""

from __future__ import annotations

import numpy as np

from composer.errors import InputError
from composer.transcription.contour import FINE, HOP_S, Contour
from composer.transcription.notes import Notes

SILENT_DB = -60.0
FEWEST_NOTES = 3
LEAST_TONE_S = 0.5
LEAST_TONE = 0.12
"""Share of what is loud enough to hear that must have a pitch."""


def check_heard(contour: Contour) -> None:
    """Raises InputError where a recording is silent or has hardly a tone in it."""
    loudest_db = float(np.quantile(contour.level_db, 0.98))
    if loudest_db < SILENT_DB:
        raise InputError(
            f"nothing is heard (the loudest is {loudest_db:.0f} dBFS); is the microphone on? record it again, louder"
        )
    loud = contour.level_db.reshape(-1, FINE).max(axis=1) > loudest_db - 30
    if contour.voiced.sum() * HOP_S < LEAST_TONE_S or contour.voiced[loud].mean() < LEAST_TONE:
        raise InputError("no tone is heard in it, only noise or drums; hum, sing, whistle or play one melody")


def check_melody(notes: Notes, contour: Contour, audio: np.ndarray) -> None:
    """Raises InputError where the notes are no melody of one voice."""
    if len(notes) < FEWEST_NOTES:
        raise InputError(
            f"only {len(notes)} note{'s are' if len(notes) != 1 else ' is'} heard; a melody needs at least"
            f" {FEWEST_NOTES}: record more of it, or closer to the microphone"
        )
