"""The grid: there and back again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ScoreError
from composer.gm import ROLES
from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from composer.vocab import DURATIONS, bar_lengths, duration_class, from_grid, grid_notes

DIVISIONS = (24, 96, 120, 480, 960)


@given(
    division=st.sampled_from(DIVISIONS),
    meter=st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (2, 2)]),
    notes=st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, len(DURATIONS) - 1), st.integers(30, 90)), min_size=1, max_size=40
    ),
)
def test_what_is_on_the_grid_comes_back(
    division: int, meter: tuple[int, int], notes: list[tuple[int, int, int]]
) -> None:
    step = division // 12
    rows = [(position * step, int(DURATIONS[length]) * step, pitch, 64) for position, length, pitch in notes]
    score = Score((Part("Lead", rows, role="melody"),), TempoMap(division), Meter(division, ((0, *meter),)))
    bars = score.meter.bars(10**6 // 2)
    grid = grid_notes(score, bars)
    back = from_grid(grid, bars, division, 10**6, np.random.default_rng(0))
    wanted = {(onset, pitch) for onset, _, pitch, _ in rows}
    assert {(int(n["onset"]), int(n["pitch"])) for n in back} == wanted
    for pitch in set(back["pitch"].tolist()):
        mine = back[back["pitch"] == pitch]
        assert (mine["onset"][:-1] + mine["duration"][:-1] <= mine["onset"][1:]).all()


def test_a_late_note_belongs_to_the_next_bar() -> None:
    score = Score((Part("Lead", [(1915, 100, 60, 64)], role="melody"),))
    grid = grid_notes(score, score.meter.bars(4000))
    assert (grid["bar"][0], grid["position"][0]) == (1, 0)


def test_only_parts_with_a_role_are_on_the_grid() -> None:
    score = Score((Part("Lead", [(0, 480, 60, 64)]), Part("Bass", [(0, 480, 40, 64)], role="bass")))
    assert grid_notes(score, score.bars())["part"].tolist() == [ROLES.index("bass")]


def test_duration_classes_are_the_nearest() -> None:
    assert DURATIONS[duration_class(np.array([0.2, 1, 13, 47, 500]))].tolist() == [1, 1, 12, 46, 144]


def test_a_bar_too_long_for_the_grid_is_named() -> None:
    bars = Meter(480, ((0, 4, 4), (3840, 17, 8))).bars(6000)
    with pytest.raises(ScoreError, match=r"bar 3 is in 17/8: bars longer than eight quarter notes"):
        bar_lengths(bars, 480)
