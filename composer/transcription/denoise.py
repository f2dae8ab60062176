"""Taking steady noise out of a recording: spectral gating by noisereduce. Owner of noisereduce."""

from __future__ import annotations

import numpy as np

from composer.errors import AudioError
from composer.transcription.pitch import RATE

PIECE_S = 30
AMOUNT = 0.9
"""Share of the noise to take away; all of it takes soft tones with it."""


def reduce_noise(audio: np.ndarray) -> np.ndarray:
    """Float32 samples at 16 kHz, shape (samples,), with less of what sounds all the time. Raises AudioError."""
    try:
        import noisereduce
    except ImportError:
        raise AudioError('--denoise needs the extra "audio": pip install "melody-to-band[audio]"') from None
    # One thread and pieces: no more memory than a minute takes, and no processes beside ours.
    cleaned = noisereduce.reduce_noise(
        y=audio, sr=RATE, stationary=True, prop_decrease=AMOUNT, chunk_size=PIECE_S * RATE, n_jobs=1, use_tqdm=False
    )
    return np.asarray(cleaned, np.float32)
