"""Every figure means what it says, on music one can count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from composer.evaluation import form, harmony, rhythm, texture
from composer.evaluation.measures import FAMILIES, all_measures, measure
from tests.evaluation.bands import notes, plain_band, song


def test_notes_in_the_chord_are_counted_over_the_chord_they_begin_on() -> None:
    band = notes([("bass", 0, 0, 36), ("bass", 0, 24, 38), ("bass", 1, 0, 45), ("bass", 2, 0, 40)])
    assert harmony.in_chord(song(), band, "bass") == 0.5
    assert math.isnan(harmony.in_chord(song(), band, "guitar"))


def test_the_bass_is_judged_only_where_the_chord_changes() -> None:
    band = notes([("bass", 0, 0, 36), ("bass", 0, 12, 37), ("bass", 1, 0, 40), ("bass", 2, 3, 41)])
    assert harmony.bass_on_changes(song(), band) == 0.5  # C right, Am's third wrong, nothing on F's beat, G silent


def test_a_clash_is_a_semitone_from_the_sounding_melody_in_any_octave() -> None:
    band = notes([("piano", 0, 0, 61), ("piano", 0, 12, 59), ("piano", 0, 24, 60), ("piano", 0, 36, 62)])
    assert harmony.clashes(song(), band) == 0.5


def test_out_of_key_knows_the_song_s_own_key() -> None:
    whole = song(plain_band())
    assert harmony.key_of(whole).name == "C major"
    assert harmony.out_of_key(whole, notes([("piano", 0, 0, 61), ("piano", 0, 12, 62)])) == 0.5


def test_chords_are_heard_in_the_band_alone() -> None:
    assert harmony.implied_chords(song(), plain_band()) == 1.0
    wrong = plain_band()
    wrong["pitch"][wrong["part"] != 1] += 1
    assert harmony.implied_chords(song(), wrong) == 0.0


def test_a_power_chord_says_nothing_of_major_and_minor() -> None:
    roots = (36, 45, 41, 43)  # C Am F G
    fifths = [
        ("guitar", bar, 12 * beat, root + up) for bar, root in enumerate(roots) for beat in range(4) for up in (12, 19)
    ]
    assert harmony.implied_chords(song(), notes(fifths)) == 1.0
    wrong_third = notes([*fifths, ("piano", 1, 0, 61)])
    assert harmony.implied_chords(song(), wrong_third) == 0.75


def test_parts_with_the_same_notes_have_no_tonal_distance() -> None:
    unison = notes(("piano", bar, 12 * beat, 60 + (0, 9, 5, 7)[bar]) for bar in range(4) for beat in range(4))
    far = unison.copy()
    far["pitch"] += 6
    assert harmony.tonal_distance(song(), unison) == pytest.approx(0, abs=1e-9)
    assert harmony.tonal_distance(song(), far) > 1


def test_kick_and_bass() -> None:
    band = notes(
        [("drums", 0, 0, 36), ("drums", 0, 24, 36), ("bass", 0, 0, 36), ("bass", 0, 6, 36), ("bass", 0, 9, 36)]
    )
    assert rhythm.kick_with_bass(song(), band) == 0.5
    assert rhythm.bass_with_kick(song(), band) == pytest.approx(1 / 3)
    assert rhythm.together(song(), band) == pytest.approx(1 / 4)


def test_the_drummer() -> None:
    band = notes([("drums", 0, 12, 38), ("drums", 0, 36, 38), ("drums", 0, 0, 38), ("drums", 0, 4, 42)])
    assert rhythm.backbeat(song(), band) == pytest.approx(2 / 3)
    assert rhythm.on_sixteenths(band) == 0.75
    assert rhythm.kit_pieces(band) == 2


def test_groove_density_and_rests() -> None:
    band = notes([("bass", 0, 0, 36), ("bass", 0, 24, 36), ("bass", 1, 0, 40), ("bass", 1, 30, 41)])
    assert rhythm.groove_kept(song(bars=2), band, "bass") == pytest.approx(1 / 3)
    assert rhythm.density(song(), band, "bass") == 2
    assert rhythm.empty_bars(song(), band, "bass") == 0.5
    assert rhythm.off_beat(song(), band, "bass") == 0.25


def test_texture() -> None:
    band = notes([("piano", 0, 0, 60), ("piano", 0, 0, 64), ("piano", 0, 24, 67)])
    assert texture.polyphony(band, "piano") == 1.5
    assert texture.register(band, "piano") == pytest.approx(191 / 3)
    assert texture.leaps(band, "piano") == 3
    assert texture.length(band, "piano") == 1.0
    assert texture.legato(song(bars=1), band, "piano") == 0.5  # quarters, a half bar apart


def test_touch() -> None:
    band = notes(
        [("bass", 0, 0, 36, 11, 10), ("bass", 0, 6, 36, 11, 8), ("bass", 0, 12, 36, 11, 10), ("bass", 0, 18, 36, 11, 8)]
    )
    assert texture.velocity_spread(band, "bass") == 8
    assert texture.velocity_moves(band, "bass") == 1
    assert texture.accent(song(), band, "bass") == 16


def test_the_band_repeats_where_the_melody_does() -> None:
    whole = song(bars=8)
    assert form.repeats(whole) == [(4, 0), (5, 1), (6, 2), (7, 3)]
    assert form.repeats_with_melody(whole, plain_band(8)) == 1.0
    other = plain_band(8)
    other["pitch"][(other["bar"] >= 4) & (other["part"] > 1)] += 12
    assert form.repeats_with_melody(whole, other) == pytest.approx(1 / 3)  # only the drums came back


def test_bars_heard_before_are_compared_over_the_root() -> None:
    roots_only = notes(("bass", bar, 0, 36 + (0, 9, 5, 7)[bar]) for bar in range(4))
    assert form.old_bars(song(), roots_only, "bass") == 1.0
    fixed = notes(("bass", bar, 0, 36) for bar in range(4))
    assert form.old_bars(song(), fixed, "bass") == 0.0
    assert form.old_bars(song(), fixed, "bass", pitched=False) == 1.0


def test_all_measures_have_a_family_and_survive_silence() -> None:
    measures = all_measures()
    assert {one.family for one in measures} == set(FAMILIES)
    assert len({one.name for one in measures}) == len(measures)
    silent = measure(song(), song().notes[:0], measures)
    assert all(np.isnan(value) or value in (0.0, 1.0) for value in silent.values())
