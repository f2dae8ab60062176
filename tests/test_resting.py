"""Parts rest for a phrase as often as they are said to, never in the first or last, never too many at once."""

from __future__ import annotations

import numpy as np

from composer.gm import ROLES
from composer.resting import draw_rests, rest_spans
from composer.training.resting import phrases_played
from tests.model.songs import toy_song

BAND = ("drums", "bass", "guitar", "piano")
STARTS = [0, 8, 16, 24]


def test_nobody_rests_where_nothing_is_known_of_it() -> None:
    assert not draw_rests({}, STARTS, 32, BAND, np.random.default_rng(0)).any()


def test_rests_fill_inner_phrases_and_leave_half_of_the_band() -> None:
    habits = {part: {"leaves": 1.0, "stays": 1.0} for part in BAND}
    rests = draw_rests(habits, STARTS, 32, BAND, np.random.default_rng(1))
    assert not rests[:8].any()
    assert not rests[24:].any()
    away = rests[8:24].sum(axis=1)
    assert away.min() >= 1
    assert away.max() <= 2
    assert not rests[:, [ROLES.index("guitar"), ROLES.index("piano")]].all(axis=1).any()
    assert not rests[:, ROLES.index("melody")].any()


def test_they_come_as_often_as_they_should() -> None:
    starts = list(range(0, 4004, 4))
    habits = {"guitar": {"leaves": 0.1, "stays": 0.7}}
    rests = draw_rests(habits, starts, 4004, BAND, np.random.default_rng(2))[starts, ROLES.index("guitar")]
    assert abs(rests[1:][~rests[:-1]].mean() - 0.1) < 0.03
    assert abs(rests[1:][rests[:-1]].mean() - 0.7) < 0.08


def test_one_phrase_has_no_inner_one() -> None:
    habits = {part: {"leaves": 1.0, "stays": 1.0} for part in BAND}
    assert not draw_rests(habits, [0], 8, BAND, np.random.default_rng(0)).any()
    assert not draw_rests(habits, [0, 4], 8, BAND, np.random.default_rng(0)).any()


def test_phrases_played() -> None:
    song = toy_song(12)
    played = phrases_played(song)
    assert played.shape == (3, len(ROLES))
    assert played[:, 0].all()


def test_rest_spans() -> None:
    rests = np.zeros((12, len(ROLES)), bool)
    rests[4:8, ROLES.index("guitar")] = rests[10:, ROLES.index("guitar")] = True
    assert rest_spans(rests, 1) == {"guitar": ["5-8", "11-12"]}
