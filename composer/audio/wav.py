"""Sound files: float samples ↔ WAV, FLAC, OGG and MP3. soundfile's one owner."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from composer.atomic import atomic_file
from composer.errors import AudioError, OutputError
from composer.given import PATH, given

SUBTYPES = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}
FORMATS = ("wav", "flac", "ogg", "mp3")
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
PIECE = 1 << 16


def write_sound(path: str | Path, audio: np.ndarray, sample_rate: int, bits: int = 24, force: bool = False) -> Path:
    """Write float samples, shape (frames,) or (frames, channels), full scale 1.0, in the format of the path's suffix.

    .wav has 16 or 24 bits or 32-bit float, .flac 16 or 24, .ogg (Vorbis) and .mp3 their own. The file appears whole or not
    at all. Samples over full scale are clipped, but in 32-bit float. Raises OutputError where the file exists (unless
    `force`) or cannot be written, AudioError on bad samples, bits or formats.
    """
    import soundfile

    given(path, PATH, "path", "the path of a sound file")
    given(audio, np.ndarray, "audio", "an array of samples, shape (frames, 2), such as the audio of a Mix")
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    check_format(path, bits, sample_rate)
    if audio.ndim not in (1, 2) or not np.isfinite(audio).all():
        raise AudioError(f"{path}: samples must be finite numbers of shape (frames, channels), got shape {audio.shape}")
    if path.exists() and not force:
        raise OutputError(f"{path}: already exists; use --force to overwrite it")
    subtype = SUBTYPES[bits] if kind in ("wav", "flac") else {"ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}[kind]
    channels = 1 if audio.ndim == 1 else audio.shape[1]
    try:
        # Opened by its name: a file of Python's is written to in callbacks, where Ctrl-C is lost.
        with (
            atomic_file(path) as scratch,
            soundfile.SoundFile(scratch, "w", sample_rate, channels, subtype, format=kind.upper()) as sound,
        ):
            for at in range(0, len(audio), PIECE):
                piece = audio[at : at + PIECE]
                sound.write(piece if subtype == "FLOAT" else np.clip(piece, -1, 1))
    except (OSError, soundfile.SoundFileError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: cannot be written ({why}); choose another folder, or is the disk full?") from None
    return path


def write_wav(path: str | Path, audio: np.ndarray, sample_rate: int, bits: int = 24, force: bool = False) -> Path:
    """`write_sound` for a name that ends in .wav or in nothing that is known."""
    given(path, PATH, "path", "a path that ends in .wav")
    path = Path(path)
    if path.suffix.lower() == ".wav":
        return write_sound(path, audio, sample_rate, bits, force)
    raise AudioError(f"{path}: a WAV file's name ends in .wav; write_sound takes {', '.join(FORMATS)}")


class SoundWriter:
    """A 24-bit stereo WAV that grows as it is written, for sound whose end nobody knows. Raises OutputError."""

    def __init__(self, path: Path, sample_rate: int) -> None:
        import soundfile

        try:
            self._file = soundfile.SoundFile(path, "w", sample_rate, 2, SUBTYPES[24], format="WAV")
        except (OSError, soundfile.SoundFileError) as error:
            raise OutputError(f"{path}: cannot be written ({error}); choose another folder") from None

    def write(self, audio: np.ndarray) -> None:
        """audio (frames, 2); samples over full scale are clipped."""
        self._file.write(np.clip(audio, -1, 1))

    def close(self) -> None:
        self._file.close()


def check_format(path: Path, bits: int, sample_rate: int) -> None:
    """Raises AudioError where a sound file of this suffix cannot have these samples."""
    import soundfile

    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise AudioError(f"{path}: no format called {kind!r}; choose one of: {', '.join(FORMATS)}")
    if kind.upper() not in soundfile.available_formats():
        raise AudioError(f"{path}: this libsndfile cannot write {kind.upper()}; pip install -U soundfile")
    if kind == "wav" and bits not in SUBTYPES:
        raise AudioError(f"{path}: WAV samples have 16, 24 or 32 bits, not {bits}")
    if kind == "flac" and bits not in (16, 24):
        raise AudioError(f"{path}: FLAC samples have 16 or 24 bits, not {bits}")
    if kind == "mp3" and sample_rate not in MP3_RATES:
        raise AudioError(
            f"{path}: MP3 knows {', '.join(map(str, MP3_RATES))} Hz, not {sample_rate}; choose another rate"
        )


def read_wav(path: str | Path) -> tuple[np.ndarray, int]:
    """Samples, float32, shape (frames, channels), and their rate in Hz. Raises AudioError."""
    import soundfile

    if not Path(path).exists():
        raise AudioError(f"{path}: no such file; check the name and the folder")
    try:
        audio, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(f"{path}: cannot be read as sound ({error}); is it a WAV file?") from None
    if not np.isfinite(audio).all():
        raise AudioError(f"{path}: contains samples that are not finite numbers; record or export it again")
    return audio, int(sample_rate)
