"""Loading a seed: a score as it stands in its file, or a melody written down from a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli.progress import Steps

if TYPE_CHECKING:
    from composer.arrange import Arrangement
    from composer.score import Score
    from composer.transcription.transcribe import TranscribeOptions, Transcription

SEED = "-seed.mid"
"""What a recording's name is followed by when its melody is written down beside the arrangement."""


@dataclass(frozen=True)
class Seed:
    """A score, and how it was heard where it came from a recording."""

    score: Score
    transcription: Transcription | None = None

    def tell(self, made: Arrangement) -> Arrangement:
        """The arrangement, whose report says how the recording was heard."""
        if self.transcription is None:
            return made
        return replace(made, report=made.report | {"transcription": self.transcription.report})

    def lines(self) -> list[str]:
        """How it was heard, for people; [] of a score."""
        return [f"  {line}" for line in self.transcription.lines()] if self.transcription else []


def load_seed(
    path: Path, progress: Steps, tempo_bpm: float | None = None, meter: tuple[int, int] | None = None
) -> Seed:
    """The seed in a file; tempo and metre are those a recording was sung in. Raises what `formats.load` raises."""
    from composer import formats
    from composer.errors import InputError

    if formats.is_recording(path):
        from composer.transcription.transcribe import TranscribeOptions

        return listen(path, TranscribeOptions(tempo_bpm, meter), progress)
    if meter is not None:
        raise InputError(f"{path}: --meter is for recordings; this file has its own metre")
    return Seed(formats.load(path))


def listen(path: Path, options: TranscribeOptions, progress: Steps) -> Seed:
    """A recording's melody, with progress while it is listened to."""
    from composer.transcription.transcribe import transcribe

    with progress.step("listening to the recording", "listen") as tell:
        found = transcribe(path, options, lambda _, done: tell(done))
    return Seed(found.score, found)
