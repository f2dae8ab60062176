"""The shipped model does as it is told, and its report says how far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import composer
from composer.arrange import Arranger
from composer.heeded import missed
from composer.options import ArrangeOptions
from composer.rework import ReworkOptions, rework
from composer.score import Score

TUNE = Path(composer.__file__).parent / "seeds" / "auld-lang-syne.mid"


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger.load()


@pytest.fixture(scope="module")
def tune() -> Score:
    return composer.load(TUNE)


def heard(arranger: Arranger, tune: Score, **wishes: Any) -> dict[str, Any]:
    """What the report says of the one thing that was asked."""
    report = arranger.arrange(tune, ArrangeOptions(style="funk", parts=("drums", "bass", "piano"), **wishes)).report
    json.dumps(report["directions"])
    ((parts),) = report["directions"].values()
    ((one),) = parts.values()
    return dict(one)


def test_nothing_asked_nothing_said(arranger: Arranger, tune: Score) -> None:
    assert arranger.arrange(tune).report["directions"] == {}


@pytest.mark.parametrize(
    ("name", "part"),
    [("density", "drums"), ("density", "bass"), ("density", "piano"), ("register", "piano"), ("polyphony", "piano")],
)
def test_levels_are_followed(arranger: Arranger, tune: Score, name: str, part: str) -> None:
    means = [heard(arranger, tune, **{name: {part: level}})["heard"] for level in (1, 3, 5)]
    assert means[0] < means[1] < means[2]
    assert means[2] - means[0] > 1.5


@pytest.mark.parametrize(
    ("part", "role"),
    [("bass", "octaves"), ("bass", "roots"), ("piano", "arpeggio"), ("piano", "pad"), ("drums", "light")],
)
def test_roles_are_played(arranger: Arranger, tune: Score, part: str, role: str) -> None:
    one = heard(arranger, tune, roles={part: role})
    assert one["asked"] == role
    assert one["heard"] >= 0.5


def test_a_fill_where_one_is_asked_for(arranger: Arranger, tune: Score) -> None:
    band = arranger.arrange(tune, ArrangeOptions(style="pop", parts=("drums", "bass"))).score
    options = ReworkOptions(bars=(8, 8), parts=("drums",), wishes=ArrangeOptions(style="", roles={"drums": "fill"}))
    assert rework(arranger, band, options).report["directions"]["roles"]["drums"] == {"asked": "fill", "heard": 1.0}


def test_what_is_missed_is_remarked_on(arranger: Arranger, tune: Score) -> None:
    made = arranger.arrange(tune, ArrangeOptions(parts=("drums", "bass"), polyphony={"bass": 5}))
    assert made.report["directions"]["polyphony"]["bass"]["heard"] < 4
    assert missed(made.report["directions"])[0] in made.report["remarks"]


def test_who_is_told_nothing_does_not_drift(arranger: Arranger, tune: Score) -> None:
    """A pianist alone plays no thicker in the last of 48 bars than in the first of them."""
    first, last = [], []
    for seed in range(3):
        made = arranger.arrange(longer(tune), ArrangeOptions(parts=("piano",), seed=seed)).score
        onsets = made.part("piano").notes["onset"]
        edge = made.end // 4
        first.append(len(onsets[onsets < edge]))
        last.append(len(onsets[onsets >= 3 * edge]))
    assert np.mean(last) < 1.5 * np.mean(first)


def longer(tune: Score) -> Score:
    """The tune three times over."""
    bars = tune.bars()
    length = bars[-1].end
    notes = np.concatenate([tune.parts[0].notes] * 3)
    notes["onset"] += np.repeat(np.arange(3), len(tune.parts[0].notes)) * length
    return tune.with_parts([composer.Part(tune.parts[0].name, notes, tune.parts[0].program)])
