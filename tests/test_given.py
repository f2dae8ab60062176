"""What is wrong with what Python gives is one line, that says what it is called and what to give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import composer
from composer.errors import InputError
from composer.options import ArrangeOptions, ReworkOptions
from composer.score import Score
from tests.model.songs import checkpoint_of, toy_network


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"seed": 1.5}, "seed must be a whole number 0 or more, got 1.5"),
        ({"seed": "7"}, "seed must be a whole number 0 or more, got '7'"),
        ({"seed": True}, "seed must be a whole number"),
        ({"programs": {"bass": "Acoustic Bass"}}, "program of bass must be a whole number 0..127, got 'Acoustic Bass'"),
        ({"programs": {"bass": 200}}, "program of bass must be in range 0..127, got 200"),
        ({"programs": [33]}, 'programs must be a mapping from part to programs, such as {"piano": 4}, got [33]'),
        ({"density": {"bass": "2"}}, "density of bass must be a whole number 1..5, got '2'"),
        ({"density": {"bass": 2.5}}, "density of bass must be a whole number 1..5, got 2.5"),
        ({"density": {"bass": 9}}, "density of bass must be in range 1..5, got 9"),
        ({"density": 2.5}, 'density must be a mapping from part to density, such as {"drums": 4}, got 2.5'),
        ({"density": ["bass"]}, "density must be a mapping"),
        ({"roles": "walking"}, "roles must be a mapping"),
        ({"tempo_bpm": "90"}, "tempo_bpm must be a number 20..400, got '90'"),
        ({"tempo_bpm": 0}, "tempo_bpm must be in range 20..400, got 0"),
        ({"tempo_bpm": float("nan")}, "tempo_bpm must be in range 20..400, got nan"),
        ({"temperature": "1"}, "temperature must be a number 0..4, got '1'"),
        ({"temperature": -1}, "temperature must be in range 0..4, got -1"),
        ({"style_strength": None}, "style strength must be a number 0..2, got None"),
        ({"chords": ["C", "G"]}, "chords must be a chart such as \"C | Am7 D7 | G\", or a ChordLane, got ['C', 'G']"),
        ({"parts": "bass"}, 'parts must be a list of names such as ["drums", "bass"], got \'bass\''),
        ({"parts": [1]}, "parts must be a list of names"),
        ({"parts": ()}, "no parts given"),
        ({"parts": None}, "parts must be a list of names"),
        ({"style": None}, 'style must be a text such as "bossa"'),
        ({"style_from": "band.mid"}, "style_from must be a Score; composer.load reads one from a file, got 'band.mid'"),
        ({"form": 3}, "form must be a text"),
        ({"melody": 1.5}, "melody must be a part's name or number, got 1.5"),
    ],
)
def test_options(asked: Mapping[str, Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        ArrangeOptions(**asked)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_meant_is_taken() -> None:
    options = ArrangeOptions(
        parts=["bass", "drums"], melody=2, seed=np.int64(7), tempo_bpm=90, density={"bass": np.int8(2)}
    )  # type: ignore[arg-type]
    assert options.parts == ("bass", "drums")
    assert options.melody == "2"
    assert ReworkOptions((5, 6), ["bass"]).parts == ("bass",)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="bars must be the first and the last"):
        ReworkOptions(5, ("bass",))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a bar must be a whole number"):
        ReworkOptions(("5", "6"), ("bass",))  # type: ignore[arg-type]


def test_the_facade(tmp_path: Path) -> None:
    arranger = composer.Arranger(checkpoint_of(toy_network()))
    wrong: Any
    for wrong in (None, 3, b"MThd", ["seed.mid"]):
        with pytest.raises(InputError, match="path must be the path of a music file"):
            composer.load(wrong)
    wrong = "seed.mid"
    for use in (composer.render, composer.find_melody, arranger.arrange):
        with pytest.raises(
            InputError, match=r"score must be a Score; composer\.load reads one from a file, got 'seed\.mid'"
        ):
            use(wrong)
    for wrong in (None, {"style": "bossa"}):
        with pytest.raises(InputError, match="options must be ArrangeOptions"):
            arranger.arrange(Score(), wrong)
    with pytest.raises(InputError, match="stems must be Stems"):
        composer.mix(wrong)
    with pytest.raises(InputError, match="score must be a Score"):
        composer.save(wrong, tmp_path / "x.mid")
    with pytest.raises(InputError, match="path must be a path"):
        composer.save(Score(), wrong)
    with pytest.raises(InputError, match="audio must be an array"):
        composer.write_wav(tmp_path / "x.wav", wrong, 44_100)
    assert not list(tmp_path.iterdir())
