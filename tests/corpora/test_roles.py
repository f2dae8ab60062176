"""Roles: told by name, by program and by what is played; a band has one part per role."""

from __future__ import annotations

import numpy as np
import pytest

from composer.corpora.roles import band_of, track_role
from composer.gm import BAND
from composer.score import Part, Score

TICKS = 480
END = 16 * 4 * TICKS


def line(pitches, step=TICKS // 2, held=TICKS // 2, start=0, end=END):
    return [(start + i * step, held, pitches[i % len(pitches)], 90) for i in range((end - start) // step)]


def chords(pitches, step=TICKS, held=TICKS // 2, start=0, end=END):
    return [(onset, held, pitch, 80) for onset in range(start, end, step) for pitch in pitches]


BASS = line([36, 36, 43, 41])
TUNE = line([72, 74, 76, 79, 77, 76, 74, 71])
PADS = chords([60, 64, 67], step=4 * TICKS, held=4 * TICKS)
COMP = chords([52, 57, 60, 64])
KIT = chords([36, 42], step=TICKS)


@pytest.mark.parametrize(
    ("name", "program", "notes", "role"),
    [
        ("Fingered Bass", 0, BASS, "bass"),
        ("", 33, BASS, "bass"),
        ("", 0, BASS, "bass"),
        ("Lead", 0, TUNE, "melody"),
        ("", 73, TUNE, "melody"),
        ("Strings", 0, PADS, "strings"),
        ("", 48, PADS, "strings"),
        ("Rhythm Guitar", 29, COMP, "guitar"),
        ("Piano", 0, COMP, "piano"),
        ("Drum Kit", 0, KIT, "drums"),
        ("Bassoon", 70, TUNE, "melody"),
    ],
)
def test_a_tracks_role(name, program, notes, role):
    assert track_role(Part(name, notes, program), TICKS, END).role == role


def test_what_is_played_is_enough_for_a_bass():
    found = track_role(Part("Lead", BASS, 73), TICKS, END, names=False, programs=False)
    assert found.role == "bass"
    assert 0 < found.confidence <= 1


def test_the_drum_channel_settles_it():
    assert track_role(Part("Bass", BASS, 33, is_drum=True), TICKS, END).role == "drums"


def band(*parts):
    return band_of(Score(parts))


def test_a_band_has_one_part_per_role_in_order():
    found = band(
        Part("Pads", PADS, 48),
        Part("Drums", KIT, is_drum=True),
        Part("Perc", chords([54], step=2 * TICKS), is_drum=True),
        Part("Bass", BASS, 33),
        Part("Flute", TUNE, 73),
        Part("Piano", COMP, 0),
        Part("Applause", COMP, 126),
    )
    assert [part.role for part in found.parts] == ["melody", "drums", "bass", "piano", "strings"]
    assert len(found.part("drums")) == len(KIT) + 32


def test_another_track_stands_in_where_the_first_is_silent():
    half = END // 2
    first = Part("Guitar 1", chords([52, 59], end=half), 27)
    second = Part("Guitar 2", chords([55, 62], start=half - 8 * TICKS), 27)
    found = band(first, second, Part("Bass", BASS, 33)).part("guitar")
    assert found.start == 0
    assert found.end > END - 2 * TICKS
    _onsets, counts = np.unique(found.notes["onset"], return_counts=True)
    assert counts.max() == 2


def test_a_doubled_melody_is_left_out():
    octave = [(onset, held, pitch - 12, 70) for onset, held, pitch, _ in TUNE]
    found = band(Part("Lead", TUNE, 80), Part("Violins", octave, 48), Part("Bass", BASS, 33))
    assert [part.role for part in found.parts] == ["melody", "bass"]


def test_pitches_are_within_reach():
    found = band(Part("Bass", line([20, 90, 40]), 33), Part("Lead", TUNE, 80))
    pitches = found.part("bass").notes["pitch"]
    assert pitches.min() >= BAND["bass"].low
    assert pitches.max() <= BAND["bass"].high


def test_a_score_without_notes_makes_an_empty_band():
    assert band(Part("Nothing")).parts == ()
