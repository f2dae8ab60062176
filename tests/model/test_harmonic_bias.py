"""Leaning: foreign notes are rarer, whoever strays is drawn back, and the bass says where the chord changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.gm import ROLES
from composer.model.decoder import Decoder
from composer.model.harmonic_bias import HarmonicBias
from composer.model.sampling import stream
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import Brief, cells
from composer.vocab import GRID_NOTE_DTYPE, GridSong
from tests.model.songs import checkpoint_of, toy_network

MELODY, DRUMS, BASS, GUITAR, PIANO, STRINGS = range(len(ROLES))
C_MAJOR, F_MAJOR, G7, A_MINOR = (0, 4, 7), (5, 9, 0), (7, 11, 2, 5), (9, 0, 4)
NEITHER = SamplingSettings(
    pitch_min_p=(0,) * 6, foreign=(1,) * 6, passing=(1,) * 6, off_root=1, least_in_chord=(0,) * 6
)
EVERY_BAR = (C_MAJOR, A_MINOR, F_MAJOR, G7)


def song_over(
    chords: tuple[tuple[int, ...], ...], melody: tuple[int, ...] = (), basses: tuple[int, ...] = ()
) -> GridSong:
    """A bar of 4/4 for each chord, of which the first tone is the root; the melody sings quarters, pitch classes."""
    bars = len(chords)
    notes = [(MELODY, at // 4, 12 * (at % 4), 60 + step, 11, 10) for at, step in enumerate(melody)]
    tones = np.zeros((4 * bars, 12), bool)
    for beat in range(4 * bars):
        tones[beat, list(chords[beat // 4])] = True
    roots = np.repeat([chord[0] if chord else -1 for chord in chords], 4)
    unknown = np.full(bars, -1)
    return GridSong(
        np.array(notes, GRID_NOTE_DTYPE), np.full(bars, 48), np.full(bars, 12), roots,
        np.repeat(basses, 4) if basses else roots, tones, unknown, unknown, np.zeros(bars, np.int64),
    )  # fmt: skip


def by_class(harmonic_bias: HarmonicBias, part: int, beat: int, changes: bool = False) -> np.ndarray:
    harmonic_bias.turn(SamplingSettings(), part, beat // 4)
    weights = harmonic_bias.weights(beat, changes)
    assert weights.shape == (128,)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights[60:72], weights[36:48])
    return np.asarray(weights[60:72])


def test_chord_passing_and_foreign() -> None:
    weights = by_class(HarmonicBias(song_over(EVERY_BAR)), PIANO, 0)
    foreign, passing = np.log(SamplingSettings().foreign[PIANO]), np.log(SamplingSettings().passing[PIANO])
    wanted = [0, foreign, passing, foreign, 0, passing, foreign, 0, foreign, passing, foreign, passing]
    np.testing.assert_allclose(weights, wanted, rtol=1e-6)


def test_a_chord_out_of_the_key_is_at_home_and_its_other_third_is_not() -> None:
    secondary = by_class(HarmonicBias(song_over((C_MAJOR, (2, 6, 9, 0), G7, C_MAJOR))), STRINGS, 4)
    assert secondary[6] == 0
    assert secondary[5] == pytest.approx(np.log(SamplingSettings().foreign[STRINGS]))


def test_a_slash_bass_is_of_the_chord_and_no_chord_is_no_fault() -> None:
    assert by_class(HarmonicBias(song_over((C_MAJOR, F_MAJOR, C_MAJOR, G7), basses=(10, 5, 0, 7))), BASS, 0)[10] == 0
    silent = by_class(HarmonicBias(song_over(((), C_MAJOR, F_MAJOR, G7))), BASS, 0)
    assert silent[[0, 2, 4, 5, 7, 9, 11]].tolist() == [0] * 7
    assert not by_class(HarmonicBias(song_over(((), ()))), BASS, 3, changes=False).any()


def test_a_chromatic_melody_lets_the_band_be_chromatic_too() -> None:
    plain = song_over(EVERY_BAR, (0, 2, 4, 5) * 4)
    strange = song_over(EVERY_BAR, (0, 1, 4, 6) * 4)
    assert by_class(HarmonicBias(plain), PIANO, 0)[3] < by_class(HarmonicBias(strange), PIANO, 0)[3] == 0


def test_what_the_melody_will_sing_is_heard_only_where_it_is_known() -> None:
    later = song_over(EVERY_BAR, (0, 2, 4, 5) * 2 + (0, 1, 4, 6) * 2)
    assert by_class(HarmonicBias(later), PIANO, 0)[3] == 0
    assert by_class(HarmonicBias(later, ahead=False), PIANO, 0)[3] < 0


def test_only_the_bass_and_only_where_the_chord_changes() -> None:
    harmonic_bias = HarmonicBias(song_over(EVERY_BAR))
    for part in (GUITAR, PIANO, STRINGS):
        np.testing.assert_array_equal(by_class(harmonic_bias, part, 4, True), by_class(harmonic_bias, part, 4, False))
    extra = by_class(harmonic_bias, BASS, 4, True) - by_class(harmonic_bias, BASS, 4, False)
    assert extra[9] == 0
    np.testing.assert_allclose(np.delete(extra, 9), np.log(SamplingSettings().off_root), rtol=1e-5)


def test_who_strays_is_drawn_back_until_the_part_keeps_to_the_chord_again() -> None:
    harmonic_bias = HarmonicBias(song_over(EVERY_BAR))
    before = by_class(harmonic_bias, GUITAR, 0)
    for _ in range(10):
        harmonic_bias.hear(GUITAR, 0, 0, 62)
    astray = by_class(harmonic_bias, GUITAR, 0)
    assert (astray[[1, 2, 5, 9]] < before[[1, 2, 5, 9]] - 1).all()
    assert not astray[[0, 4, 7]].any()
    np.testing.assert_array_equal(
        by_class(harmonic_bias, PIANO, 0), by_class(HarmonicBias(song_over(EVERY_BAR)), PIANO, 0)
    )
    for _ in range(20):
        harmonic_bias.hear(GUITAR, 0, 0, 64)
    np.testing.assert_array_equal(by_class(harmonic_bias, GUITAR, 0), before)


def test_an_example_is_not_held_against_the_band() -> None:
    harmonic_bias = HarmonicBias(song_over(EVERY_BAR), first_bar=2)
    before = by_class(harmonic_bias, BASS, 8)
    for _ in range(10):
        harmonic_bias.hear(BASS, 1, 0, 61)
    np.testing.assert_array_equal(by_class(harmonic_bias, BASS, 8), before)


def test_drums_have_no_key() -> None:
    harmonic_bias = HarmonicBias(song_over(EVERY_BAR))
    harmonic_bias.hear(DRUMS, 0, 0, 37)
    assert not by_class(harmonic_bias, DRUMS, 0, True).any()


@pytest.mark.parametrize("lookahead", [2, -1])
def test_a_band_of_chance_keeps_to_chord_and_key_if_told_to(lookahead: int) -> None:
    decoder = Decoder(checkpoint_of(toy_network()))
    song = song_over(EVERY_BAR * 3, (0, 2, 4, 5) * 12)
    brief = Brief(cells(12, (BASS, PIANO)), cells(12, (MELODY,)), lookahead)

    def classes(sampling: SamplingSettings) -> set[int]:
        notes = np.concatenate(list(stream(decoder, song, brief, sampling, np.random.default_rng(1))))
        return set((notes["pitch"] % 12).tolist())

    home = {0, 2, 4, 5, 7, 9, 11}
    assert classes(NEITHER) - home
    assert classes(replace(NEITHER, foreign=(1e-6,) * 6)) <= home
