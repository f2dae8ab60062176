"""The style listener: tells two ways of playing apart, says how sure it is, and is the card's or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import CheckpointError
from composer.model.style_features import style_features
from composer.model.style_fit import CARD_FIELD, FILE, StyleListener, load_listener, save_listener
from composer.vocab import GridSong
from tests.model.songs import toy_song


def listener() -> StyleListener:
    """Hears toy songs of seed 1 as pop and of seed 2 as rock."""
    pop, rock = (style_features(toy_song(8, seed=seed)).mean(axis=0) for seed in (1, 2))
    weights = np.stack([pop - rock, rock - pop], axis=1)
    return StyleListener(("pop", "rock"), (pop + rock) / 2, np.ones_like(pop), weights, np.zeros(2))


def silent(song: GridSong) -> GridSong:
    return replace(song, notes=song.notes[:0])


def test_it_hears_which_is_which() -> None:
    judge = listener()
    fit = judge.fit(toy_song(8, seed=2), {"rock": 1.0, "bossa": 0.5}, style_features(toy_song(8, seed=2)))
    assert next(iter(fit["heard_as"])) == "rock"
    assert fit["wanted"] == {"rock": fit["heard_as"]["rock"]}
    assert fit["like_the_reference"] == 1.0
    assert judge.fit(toy_song(8, seed=2), {}, style_features(toy_song(8, seed=1)))["like_the_reference"] < 0
    assert judge.fit(silent(toy_song(4)), {"pop": 1.0}, None) == {}


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    digest = save_listener(listener(), tmp_path)
    found = load_listener(tmp_path, {CARD_FIELD: digest})
    assert found is not None
    assert found.styles == ("pop", "rock")
    assert np.allclose(found.weights, listener().weights, atol=1e-2)
    assert load_listener(tmp_path, {}) is None
    (tmp_path / FILE).write_bytes(b"else")
    with pytest.raises(CheckpointError, match="does not match its hash"):
        load_listener(tmp_path, {CARD_FIELD: digest})
