"""Sound files: float samples ↔ WAV. soundfile's one owner."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from composer.errors import AudioError, OutputError

SUBTYPES = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}
PIECE = 1 << 16


def write_wav(path: str | Path, audio: np.ndarray, sample_rate: int, bits: int = 24, force: bool = False) -> Path:
    """Write float samples, shape (frames,) or (frames, channels), full scale 1.0, as 16 or 24 bits or 32-bit float.

    The file appears whole or not at all. Samples over full scale are clipped in 16 and 24 bits, kept in 32.
    Raises OutputError where the file exists (unless `force`) or cannot be written, AudioError on bad samples.
    """
    import soundfile

    path = Path(path)
    if bits not in SUBTYPES:
        raise AudioError(f"{path}: WAV samples have 16, 24 or 32 bits, not {bits}")
    if audio.ndim not in (1, 2) or not np.isfinite(audio).all():
        raise AudioError(f"{path}: samples must be finite numbers of shape (frames, channels), got shape {audio.shape}")
    if path.exists() and not force:
        raise OutputError(f"{path}: exists already; use --force to write over it")
    try:
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".wav")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None
    try:
        with os.fdopen(handle, "wb") as file:
            channels = 1 if audio.ndim == 1 else audio.shape[1]
            with soundfile.SoundFile(file, "w", sample_rate, channels, SUBTYPES[bits], format="WAV") as sound:
                for at in range(0, len(audio), PIECE):
                    sound.write(audio[at : at + PIECE])
        os.chmod(scratch, 0o666 & ~_umask())
        os.replace(scratch, path)
    except (OSError, soundfile.SoundFileError) as error:
        raise OutputError(f"{path}: cannot be written ({error}); is the disk full?") from None
    finally:
        Path(scratch).unlink(missing_ok=True)
    return path


def read_wav(path: str | Path) -> tuple[np.ndarray, int]:
    """Samples, float32, shape (frames, channels), and their rate in Hz. Raises AudioError."""
    import soundfile

    try:
        audio, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(f"{path}: cannot be read as sound ({error}); is it a WAV file?") from None
    return audio, int(sample_rate)


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
