"""The style classifier hears how a band plays, not in which key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.evaluation import style
from composer.evaluation.excerpts import windows
from composer.evaluation.restyling import trials
from composer.training.packing import open_pack, pack
from composer.vocab import GridSong
from tests.evaluation.bands import plain_band, song


def styled(name: str, number: int, split: str) -> GridSong:
    """Pop bands play on one and three, ska bands off the beat."""
    band = plain_band(16)
    rng = np.random.default_rng([number, name == "ska"])
    band = band[rng.random(len(band)) < 0.9]
    if name == "ska":
        band["position"][band["part"] == 4] += 6
    return replace(song(band, 16, f"{name} {number}", split=split), style=name)


def test_styles_are_told_apart_on_held_out_songs(tmp_path: Path) -> None:
    songs = [styled(name, i, "train" if i < 12 else "test") for name in ("pop", "ska") for i in range(16)]
    pack(songs, tmp_path / "songs.npz")
    whole = open_pack(tmp_path / "songs.npz")
    classifier = style.learn(whole.split("train"), 12)
    assert classifier.styles == ("pop", "ska")
    right = style.ceiling(classifier, whole.split("test"), 12)
    assert {name: len(each) for name, each in right.items()} == {"pop": 4, "ska": 4}
    assert style.balanced(right) == 1.0
    assert style.meters_of(whole.split("train"), ["pop"]) == {"pop": {"4/4"}}
    other = styled("ska", 99, "test")
    up = other.notes[other.notes["part"] > 0].copy()
    assert classifier.guess(other, up) == "ska"


def test_features_do_not_know_the_key() -> None:
    whole = song(plain_band(16), 16)
    band = whole.notes[whole.notes["part"] > 0]
    higher = band.copy()
    higher["pitch"][higher["part"] > 1] += 3
    moved = replace(
        whole, roots=(whole.roots + 3) % 12, basses=(whole.basses + 3) % 12, tones=np.roll(whole.tones, 3, axis=1)
    )
    assert np.allclose(style.style_features(whole, band), style.style_features(moved, higher), equal_nan=True)


def test_balanced_counts_styles_not_songs() -> None:
    assert style.balanced({"pop": [True] * 9, "ska": [False]}) == 0.5


def test_trials_ask_only_for_what_is_known_in_that_metre() -> None:
    charts = windows(song(plain_band(24), 24), 8, 2)
    found = trials(charts, {"pop": {"4/4"}, "waltz": {"3/4"}, "ska": {"4/4"}, "rock": {"4/4"}, "funk": {"4/4"}}, 0)
    assert len(found) == 3 * len(charts)
    assert "waltz" not in {one.style for one in found}
    assert {one.style for one in found} == {"pop", "ska", "rock", "funk"}


def test_songs_of_no_style_teach_none(tmp_path: Path) -> None:
    pack(
        [styled("", i, "train") for i in range(9)] + [styled("pop", i, "train") for i in range(3)],
        tmp_path / "songs.npz",
    )
    with pytest.raises(style.NoStyles, match="no style has 8 training songs"):
        style.learn(open_pack(tmp_path / "songs.npz"), 12)
