"""Score ↔ pretty_midi, for the tools of the field that take its objects."""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any

from composer.formats.midi import read_midi
from composer.formats.midi_write import midi_bytes
from composer.score import Score


def to_pretty_midi(score: Score) -> Any:
    """The score as a `pretty_midi.PrettyMIDI`; its ticks and tempo map come along."""
    import pretty_midi

    return pretty_midi.PrettyMIDI(io.BytesIO(midi_bytes(score)))


def from_pretty_midi(midi: Any) -> Score:
    """A `pretty_midi.PrettyMIDI` as a score, in its own resolution."""
    handle, name = tempfile.mkstemp(suffix=".mid")
    os.close(handle)
    try:
        midi.write(name)
        return read_midi(name)
    finally:
        os.unlink(name)
