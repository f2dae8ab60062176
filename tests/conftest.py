"""Fixtures for the whole suite: a small seed as a value and as a file, and an empty working folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from composer.score import Part, Score
from composer.timing import Meter, TempoMap

# Machines are shared: how long one example takes says nothing.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


# A job in the background begins deaf to Ctrl-C, and what it starts is deaf, too: tests of Ctrl-C would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over the corpora run only where COMPOSER_DATA names them."""
    if not os.environ.get("COMPOSER_DATA"):
        reason = pytest.mark.skip(reason="COMPOSER_DATA is not set")
        for item in items:
            if item.get_closest_marker("corpus"):
                item.add_marker(reason)


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are drawn without a screen, and output is judged as a pipe of a known width."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def melody() -> Score:
    """Four bars of 4/4 in C major, 480 ticks a quarter note, one part."""
    rows = [
        (beat * 480, 440, pitch, 80)
        for beat, pitch in enumerate([60, 64, 67, 64, 65, 69, 72, 69, 67, 71, 74, 71, 72, 67, 64, 60])
    ]
    return Score((Part("Lead", rows, 73),), TempoMap.constant(120), Meter(), title="Small tune")


@pytest.fixture
def seed_file(melody: Score, tmp_path: Path) -> Path:
    """`melody` as a MIDI file in a folder of its own."""
    from composer import formats

    folder = tmp_path / "songs"
    folder.mkdir()
    formats.save(melody, folder / "tune.mid")
    return folder / "tune.mid"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
