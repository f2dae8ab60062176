"""Small sound files for listening pages: MP3, which every browser plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from composer.errors import AudioError


def write_mp3(path: str | Path, audio: np.ndarray, sample_rate: int) -> Path:
    """Float samples, shape (frames, channels), full scale 1.0 → an MP3 of about 130 kbit/s. Raises AudioError.

    libsndfile has written MP3 since 1.1; the soundfile package brings its own.
    """
    import soundfile

    path = Path(path)
    if "MP3" not in soundfile.available_formats():
        raise AudioError(
            f"{path}: this libsndfile cannot write MP3; install a newer soundfile: pip install -U soundfile"
        )
    try:
        soundfile.write(path, np.clip(audio, -1, 1), sample_rate, format="MP3", subtype="MPEG_LAYER_III")
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(f"{path}: cannot be written ({error}); is the disk full?") from None
    return path
