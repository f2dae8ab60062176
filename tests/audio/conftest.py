"""Scores to play and the small soundfont that is always there."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.audio import soundfonts
from composer.audio.synth import Stems, render
from composer.score import Part, Score
from composer.timing import TempoMap

BEAT = 480


@pytest.fixture(scope="session")
def small_font() -> Path:
    """The font inside the pretty_midi package: a dependency, so that its absence is a failure and not a skip."""
    font = soundfonts.bundled_font()
    assert font is not None
    return font


@pytest.fixture(scope="session")
def band() -> Score:
    """Two bars of six parts at 120 BPM."""
    bar = 4 * BEAT
    parts = {
        "melody": (73, [(beat * BEAT, 440, 72 + beat % 5, 90) for beat in range(8)]),
        "drums": (0, [(beat * BEAT, 60, 36 if beat % 2 == 0 else 38, 100) for beat in range(8)]),
        "bass": (33, [(beat * BEAT, 450, 36, 90) for beat in range(8)]),
        "guitar": (25, [(beat * BEAT // 2, 200, pitch, 70) for beat in range(16) for pitch in (52, 55, 60)]),
        "piano": (0, [(start, bar - 20, pitch, 75) for start in (0, bar) for pitch in (60, 64, 67)]),
        "strings": (48, [(0, 2 * bar, pitch, 70) for pitch in (55, 60, 64)]),
    }
    return Score(
        tuple(Part(role.title(), rows, program, role == "drums", role) for role, (program, rows) in parts.items()),
        TempoMap.constant(120),
    )


@pytest.fixture(scope="session")
def stems(band: Score, small_font: Path) -> Stems:
    return render(band, small_font, tail_s=0.5)
