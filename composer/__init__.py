"""A seed melody becomes a band.

>>> import composer
>>> score = composer.load("seed.mid")                                                  # doctest: +SKIP
>>> band = composer.Arranger.load().arrange(score, composer.ArrangeOptions(style="bossa"))   # doctest: +SKIP
>>> composer.save(band.score, "band.mid")                                              # doctest: +SKIP
>>> mix = composer.mix(composer.render(band.score))                                    # doctest: +SKIP
>>> composer.write_wav("band.wav", mix.audio, mix.sample_rate)                         # doctest: +SKIP

Names are looked up when first used, so that `import composer` and `composer --help` are instant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composer.arrange import Arrangement, ArrangeOptions, Arranger
    from composer.audio.mixer import Mix, mix
    from composer.audio.synth import Stems, render
    from composer.audio.wav import write_wav
    from composer.errors import ComposerError
    from composer.formats import load, save
    from composer.harmony.chord import Chord
    from composer.harmony.lane import ChordLane
    from composer.melody import MelodyChoice, find_melody
    from composer.picture import save_piano_roll
    from composer.score import Event, Part, Score
    from composer.styles import STYLES
    from composer.timing import Meter, TempoMap
    from composer.transcription.transcribe import TranscribeOptions, Transcription, transcribe

__version__ = "0.1.0"

_HOMES = {
    "ArrangeOptions": "arrange",
    "Arrangement": "arrange",
    "Arranger": "arrange",
    "Chord": "harmony.chord",
    "ChordLane": "harmony.lane",
    "ComposerError": "errors",
    "Event": "score",
    "MelodyChoice": "melody",
    "Meter": "timing",
    "Mix": "audio.mixer",
    "Part": "score",
    "STYLES": "styles",
    "Score": "score",
    "Stems": "audio.synth",
    "TempoMap": "timing",
    "TranscribeOptions": "transcription.transcribe",
    "Transcription": "transcription.transcribe",
    "find_melody": "melody",
    "load": "formats",
    "mix": "audio.mixer",
    "render": "audio.synth",
    "save": "formats",
    "save_piano_roll": "picture",
    "transcribe": "transcription.transcribe",
    "write_wav": "audio.wav",
}

__all__ = [
    "STYLES",
    "ArrangeOptions",
    "Arrangement",
    "Arranger",
    "Chord",
    "ChordLane",
    "ComposerError",
    "Event",
    "MelodyChoice",
    "Meter",
    "Mix",
    "Part",
    "Score",
    "Stems",
    "TempoMap",
    "TranscribeOptions",
    "Transcription",
    "find_melody",
    "load",
    "mix",
    "render",
    "save",
    "save_piano_roll",
    "transcribe",
    "write_wav",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'composer' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"composer.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
