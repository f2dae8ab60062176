"""Music files ↔ Score, chosen by suffix."""

from __future__ import annotations

import os
from pathlib import Path

from composer.audio.recording import FOREIGN, SUFFIXES
from composer.errors import MusicFileError, OutputError
from composer.formats.midi import read_midi, write_midi
from composer.given import PATH, given
from composer.score import Score

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".smf", ".rmi")
XML_SUFFIXES = (".musicxml", ".xml", ".mxl")
ABC_SUFFIXES = (".abc",)
AUDIO_SUFFIXES = SUFFIXES

__all__ = [
    "ABC_SUFFIXES",
    "AUDIO_SUFFIXES",
    "MIDI_SUFFIXES",
    "XML_SUFFIXES",
    "is_recording",
    "load",
    "read_midi",
    "save",
    "write_midi",
]


def load(path: str | os.PathLike[str]) -> Score:
    """The score in a MIDI, MusicXML or ABC file, or the melody heard in a recording (see `composer.transcribe`).

    Raises MusicFileError, or AudioError of a recording; lesser trouble is named in `score.problems`.
    """
    given(path, PATH, "path", "the path of a music file; formats.read_midi reads bytes")
    suffix = Path(path).suffix.lower()
    if Path(path).is_dir():
        raise MusicFileError(f"{os.fspath(path)}: is a folder; give one music file in it")
    if suffix in XML_SUFFIXES + ABC_SUFFIXES:
        from composer.formats.musicxml import read_musicxml

        return read_musicxml(path)
    if suffix in MIDI_SUFFIXES or _is_midi(path):
        return read_midi(path)
    if is_recording(path):
        from composer.transcription.transcribe import transcribe

        return transcribe(Path(path)).score
    if not Path(path).exists():
        raise MusicFileError(f"{os.fspath(path)}: no such file; check the name and the folder")
    raise MusicFileError(
        f"{os.fspath(path)}: a file ending in {suffix or 'nothing'} cannot be read; give .mid, .musicxml, .mxl or .abc,"
        " or a recording: .wav, .flac, .ogg, .mp3"
    )


def is_recording(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name says that it is sound, of a kind that can be read or is told how to be converted."""
    return Path(path).suffix.lower() in AUDIO_SUFFIXES + FOREIGN


def save(score: Score, path: str | os.PathLike[str], force: bool = False) -> None:
    """The score as MIDI or MusicXML, by the suffix of `path`. Raises OutputError; overwrites only with `force`."""
    given(score, Score, "score", "a Score, such as the score of an Arrangement")
    given(path, PATH, "path", "a path that ends in .mid or .musicxml")
    suffix = Path(path).suffix.lower()
    if suffix in MIDI_SUFFIXES:
        write_midi(score, path, force)
    elif suffix in XML_SUFFIXES:
        from composer.formats.musicxml import write_musicxml

        write_musicxml(score, path, force)
    else:
        raise OutputError(
            f"{os.fspath(path)}: files ending in {suffix or 'nothing'} cannot be written; use .mid, .musicxml or .mxl"
        )


def _is_midi(path: str | os.PathLike[str]) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"MThd"
    except FileNotFoundError:
        raise MusicFileError(f"{os.fspath(path)}: no such file; check the name and the folder") from None
    except OSError:
        return False
