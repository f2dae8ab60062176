"""What is played off the grid is written on it: scores, reworked bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.arrange import ArrangeOptions, Arranger
from composer.feel import Drummer, Feel, is_straight
from composer.feel.drummers import PIECES
from composer.formats.musicxml_write import musicxml
from composer.options import ReworkOptions
from composer.rework import rework
from composer.score import Score
from composer.vocab import POSITIONS_PER_QUARTER
from tests.model.songs import checkpoint_of, toy_network
from tests.test_arrange import seed_score


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger(checkpoint_of(toy_network()))


@pytest.fixture(scope="module")
def seed(arranger: Arranger) -> Score:
    return seed_score(8, 4, 4)


LOOSE = Drummer("test", "rock", 100.0, 15.0, 20.0, np.full((len(PIECES), POSITIONS_PER_QUARTER), 9.0))


def test_the_score_is_written_on_the_grid(arranger: Arranger, seed: Score) -> None:
    band = arranger.arrange(seed, ArrangeOptions(style="rock", feel=0, chords="C | G | Am | F")).score
    loose = Feel(LOOSE, band.bars(), band.tempo, 3)
    parts = [
        part if part.role == "melody" else replace(part, notes=loose.play(part.notes, part.role, band.bars()[-1].end))
        for part in band.parts
    ]
    played = band.with_parts(parts)
    assert is_straight(band)
    assert not is_straight(played)
    assert musicxml(played) == musicxml(band)


def test_bars_are_whole_again_and_again(arranger: Arranger, seed: Score) -> None:
    """Notes ahead of a bar line belong to the bar after it: none is doubled, none is lost."""
    song = arranger.arrange(seed, ArrangeOptions(style="rock", feel=2, chords="C | G | Am | F", seed=4)).score
    for take in range(3):
        done = rework(arranger, song, ReworkOptions((3, 4), ("drums", "bass"), ArrangeOptions(style="", seed=take)))
        assert done.report["feel"]["strength"] == 1, "a loose piece stays loose"
        assert done.report["proof"]["untouched"]
        song = done.score
        for part in song.parts:
            for pitch in np.unique(part.notes["pitch"]):
                mine = np.sort(part.notes[part.notes["pitch"] == pitch], order="onset")
                assert (mine["onset"][:-1] + mine["duration"][:-1] <= mine["onset"][1:]).all()
            if part.is_drum:
                places = np.rint(part.notes["onset"] * 12 / song.ticks_per_beat)
                struck = np.stack([places, part.notes["pitch"]], axis=1)
                assert len(np.unique(struck, axis=0)) == len(struck)


def test_a_straight_piece_stays_straight(arranger: Arranger, seed: Score) -> None:
    song = arranger.arrange(seed, ArrangeOptions(style="rock", feel=0, chords="C | G | Am | F")).score
    done = rework(arranger, song, ReworkOptions((1, 4), ("drums",), ArrangeOptions(style="")))
    assert is_straight(done.score)
    assert done.report["feel"] == {"strength": 0}
