"""Small sound files for listening pages: MP3, which every browser plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from composer.audio.wav import write_sound


def write_mp3(path: str | Path, audio: np.ndarray, sample_rate: int) -> Path:
    """Float samples, shape (frames, channels), full scale 1.0 → an MP3 of about 130 kbit/s. Raises AudioError.

    libsndfile has written MP3 since 1.1; the soundfile package brings its own.
    """
    return write_sound(path, audio, sample_rate, force=True)
