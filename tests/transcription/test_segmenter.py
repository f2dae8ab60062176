"""The segmenter on contours that we draw: vibrato, glides, repeats, breaths, slips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.transcription.contour import FINE, HOP_S, Contour
from composer.transcription.segmenter import Costs, beginnings, best_path
from composer.transcription.tuning import tuning_curve


def drawn(pitch: np.ndarray, tone_db: np.ndarray | None = None, voicing: np.ndarray | None = None) -> Contour:
    """A contour of a clear tone at -10 dB, but for what is given."""
    count = len(pitch)
    tone = np.full(count * FINE, -10.0) if tone_db is None else np.repeat(tone_db, FINE)
    sure = np.full(count, 0.95) if voicing is None else voicing
    return Contour(pitch, sure, tone, tone, np.zeros(count * FINE), np.full(count, 0.9))


def semitones(contour: Contour, offset: float = 0.0) -> list[int]:
    path = best_path(contour, np.full(len(contour), offset), beginnings(contour, Costs()))
    return path.spans()[:, 2].tolist()


def held(pitch: float, seconds: float = 0.5) -> np.ndarray:
    return np.full(round(seconds / HOP_S), float(pitch))


def without_repeats(pitches: list[int]) -> list[int]:
    return [pitch for pitch, _ in itertools.groupby(pitches)]


@settings(max_examples=25)
@given(
    st.lists(st.integers(45, 84), min_size=1, max_size=6).map(without_repeats),
    st.floats(0, 0.45),
    st.floats(4.5, 7),
)
def test_steps_come_out_whatever_the_vibrato(pitches: list[int], depth: float, rate_hz: float) -> None:
    pitch = np.concatenate([held(p) for p in pitches])
    wave = depth * np.sin(2 * np.pi * rate_hz * HOP_S * np.arange(len(pitch)))
    assert semitones(drawn(pitch + wave)) == pitches


def test_wide_vibrato_stays_one_note() -> None:
    at = np.arange(125)
    assert semitones(drawn(64 + 0.9 * np.sin(2 * np.pi * 5.5 * HOP_S * at))) == [64]


@settings(max_examples=15)
@given(st.integers(-9, 9).filter(lambda step: abs(step) > 1), st.integers(3, 8))
def test_a_glide_has_no_notes_of_its_own(step: int, frames: int) -> None:
    glide = np.linspace(60, 60 + step, frames)
    assert semitones(drawn(np.concatenate([held(60), glide, held(60 + step)]))) == [60, 60 + step]


def test_a_dip_in_loudness_parts_repeated_notes_and_a_breath_does() -> None:
    steady = np.full(90, -10.0)
    dipped = steady.copy()
    dipped[44:47] = -26.0
    assert semitones(drawn(np.full(90, 60.0), steady)) == [60]
    assert semitones(drawn(np.full(90, 60.0), dipped)) == [60, 60]
    silent, voicing = steady.copy(), np.full(90, 0.95)
    silent[40:52], voicing[40:52] = -50.0, 0.02
    assert semitones(drawn(np.full(90, 60.0), silent, voicing)) == [60, 60]


def test_silence_has_no_notes() -> None:
    nothing = Contour(
        np.full(50, 60.0), np.zeros(50), np.full(100, -60.0), np.full(100, -60.0), np.zeros(100), np.zeros(50)
    )
    path = best_path(nothing, np.zeros(50), np.zeros(50))
    assert len(path.spans()) == 0


@pytest.mark.parametrize(("cents", "drift"), [(0, 0), (40, 0), (-40, 0), (30, 60), (-20, -90)])
def test_tuning_is_found_and_followed(cents: float, drift: float) -> None:
    pitch = np.concatenate([held(p, 1.0) for p in (60, 62, 64, 65, 67, 65, 64, 62, 60, 67) * 4])
    off = (cents + drift * np.linspace(0, 1, len(pitch))) / 100
    found = tuning_curve(drawn(pitch + off))
    assert np.abs(found - off).max() < 0.12


@pytest.mark.parametrize("depth", [0.3, 0.5, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("rate_hz", [5.0, 6.0, 7.0])
def test_the_turning_points_of_vibrato_are_no_tuning(depth: float, rate_hz: float) -> None:
    """It begins anew with each note, always upward, so that the tops are heard most."""
    swing = depth * np.sin(2 * np.pi * rate_hz * HOP_S * np.arange(round(0.6 / HOP_S)))
    pitch = np.concatenate([held(p, 0.6) + swing for p in (60, 62, 64, 65, 67, 65, 64, 62, 60, 67)])
    assert np.abs(tuning_curve(drawn(pitch + 0.1)) - 0.1).max() < 0.15
