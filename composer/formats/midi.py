"""MIDI files in and out: `read_midi` and `write_midi`.

Events carry mido's names and order of values, so that `mido.Message` understands them, but files are read and written
by our own few hundred lines (`midi_track` says why); mido is the oracle in the tests.
"""

from __future__ import annotations

import os

from composer.formats.files import read_bytes, write_bytes
from composer.formats.midi_read import MOST_BYTES, parse_midi
from composer.formats.midi_write import midi_bytes
from composer.score import Score


def read_midi(source: str | os.PathLike[str] | bytes) -> Score:
    """A MIDI file, or its bytes, in its own ticks. Raises MusicFileError; lesser trouble stands in `score.problems`."""
    if isinstance(source, bytes):
        return parse_midi(source, "these bytes")
    return parse_midi(read_bytes(source, MOST_BYTES), os.fspath(source))


def write_midi(score: Score, path: str | os.PathLike[str], force: bool = False) -> None:
    """The score as a type-1 file; `read_midi` gives the same score back.

    Raises OutputError where it exists (unless `force`) or cannot be written, ScoreError for what MIDI cannot hold.
    """
    write_bytes(path, midi_bytes(score), force)
