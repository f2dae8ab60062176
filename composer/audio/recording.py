"""Recordings as they come, any rate, any channels, any length → one channel at a rate to listen at. In blocks throughout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.errors import AudioError
from composer.quiet import silenced_stderr

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64", ".rf64")
"""What libsndfile reads."""
FOREIGN = (".m4a", ".aac", ".mp4", ".wma", ".webm", ".amr", ".3gp", ".mkv", ".mov")
"""What telephones and browsers record, and libsndfile does not read."""
LONGEST_S = 30 * 60.0
BLOCK_S = 10.0
CONTEXT_S = 0.05
"""Beyond a block's ends, for the resampling filter."""
CANCELLED = 0.1
"""The power of the channels' sum, against theirs together: unlike channels have 1, one of them turned about has 0."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One channel of sound, and what had to be done to it."""

    audio: np.ndarray
    """Float32, shape (samples,), full scale 1.0."""
    sample_rate: int
    source_rate: int
    channels: int
    clipped: float
    """Share of samples at full scale, 0..1."""
    problems: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return len(self.audio) / self.sample_rate


def read_recording(path: str | Path, sample_rate: int, on_progress: Callable[[float], None] | None = None) -> Recording:
    """The sound in a file as one channel at `sample_rate` Hz: the mean of its channels, or the loudest where they cancel.

    What it stands off zero by on average is taken off: an offset of the sound card is neither tune nor noise.

    Only the result is ever whole in memory: half an hour at 16 kHz is 115 MB. Raises AudioError where the file is no
    sound, is empty, or lasts longer than half an hour.
    """
    import soundfile

    path = Path(path)
    _check(path)
    try:
        with silenced_stderr():  # libmpg123 says there what it makes of a file that is no MP3
            opened = soundfile.SoundFile(path)
        with opened as file:
            rate, channels, frames = int(file.samplerate), int(file.channels), int(file.frames)
            if frames / rate > LONGEST_S:
                raise AudioError(
                    f"{path}: lasts {frames / rate / 60:.0f} minutes; cut it to at most {LONGEST_S / 60:.0f}"
                )
            channel = None
            if channels > 1:
                channel = _loudest_of_cancelling(file)
                file.seek(0)
            pieces, bad, full = [], 0, 0
            for mono, broken, at_full in _resampled(file, rate, sample_rate, channel):
                pieces.append(mono)
                bad, full = bad + broken, full + at_full
                if on_progress is not None:
                    on_progress(min(1.0, file.tell() / max(1, frames)))
    except soundfile.SoundFileError:  # whose words, such as "File does not exist", need not be true
        raise AudioError(f"{path}: cannot be read as sound; is it a recording? export it as WAV or FLAC") from None
    audio = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if not len(audio):
        raise AudioError(f"{path}: holds no sound (0 samples); record it again")
    audio -= audio.mean(dtype=np.float64).astype(np.float32)
    problems = (f"{bad} samples are not numbers and were treated as silence",) if bad else ()
    return Recording(audio, sample_rate, rate, channels, full / max(1, frames * channels), problems)


def _check(path: Path) -> None:
    """Raises AudioError with better words than libsndfile has."""
    if path.suffix.lower() in FOREIGN:
        raise AudioError(
            f"{path}: {path.suffix.lower()} cannot be read; convert it first: ffmpeg -i {path.name} {path.stem}.wav"
        )
    if path.is_dir():
        raise AudioError(f"{path}: is a folder; give one recording in it")
    if not path.exists():
        raise AudioError(f"{path}: no such file; check the name and the folder")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: is empty (0 bytes); record or export it again")
    try:
        with path.open("rb") as file:
            begin = file.read(4)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    if begin == b"MThd":
        raise AudioError(
            f"{path}: is a MIDI file, not a recording; rename it to {path.stem}.mid: composer arrange {path.stem}.mid"
        )


def _loudest_of_cancelling(file: object) -> int | None:
    """Which channel to take alone since they cancel each other, as where one was wired the wrong way round; None: all."""
    count, sums, squares, squares_of_sum = 0, np.zeros(1), np.zeros(1), 0.0
    frames = round(BLOCK_S * file.samplerate)  # type: ignore[attr-defined]
    while len(sound := file.read(frames, dtype="float32", always_2d=True)):  # type: ignore[attr-defined]
        sound = np.clip(_without_broken(sound)[0], -4, 4).astype(np.float64)
        count += len(sound)
        sums = sums + sound.sum(axis=0)
        squares = squares + (sound**2).sum(axis=0)
        squares_of_sum += float((sound.sum(axis=1) ** 2).sum())
    if not count:
        return None
    power = squares / count - (sums / count) ** 2
    power_of_sum = squares_of_sum / count - float(sums.sum() / count) ** 2
    return int(power.argmax()) if power_of_sum < CANCELLED * power.sum() else None


def _resampled(file: object, rate: int, wanted: int, channel: int | None) -> Iterator[tuple[np.ndarray, int, int]]:
    """(one channel at the wanted rate, samples that were no numbers, samples at full scale), a block at a time."""
    from scipy.signal import resample_poly

    shared = math.gcd(rate, wanted)
    up, down = wanted // shared, rate // shared
    block = max(1, round(BLOCK_S * rate / down)) * down
    context = max(1, round(CONTEXT_S * rate / down)) * down
    before = np.zeros(0, np.float32)
    ahead, broken, full = _mono_block(file, context, channel)
    while len(ahead):
        new, more_broken, more_full = _mono_block(file, block, channel)
        last = len(new) < block
        held = np.concatenate([ahead, new])
        own = held if last else held[:block]
        if up == down:
            mono = own
        else:
            spread = resample_poly(np.concatenate([before, held]), up, down, padtype="edge").astype(np.float32)
            skip = len(before) * up // down
            mono = spread[skip : skip + math.ceil(len(own) * up / down)]
        yield mono, broken + more_broken, full + more_full
        broken = full = 0
        before, ahead = own[-context:], held[len(own) :]


def _mono_block(file: object, frames: int, channel: int | None) -> tuple[np.ndarray, int, int]:
    """The next frames of one channel or (None) as the mean of all, how many samples were no numbers, how many at full scale."""
    sound = file.read(frames, dtype="float32", always_2d=True)  # type: ignore[attr-defined]
    sound, broken = _without_broken(sound)
    full = int((np.abs(sound) >= 0.9999).sum())
    mono = sound.mean(axis=1, dtype=np.float32) if channel is None else sound[:, channel]
    return np.clip(mono, -4, 4), broken, full


def _without_broken(sound: np.ndarray) -> tuple[np.ndarray, int]:
    """The samples with silence for those that are no numbers, and how many these are."""
    good = np.isfinite(sound)
    broken = int(sound.size - good.sum())
    return (np.where(good, sound, np.float32(0)) if broken else sound), broken
