"""Training: a tiny model learns a tiny corpus, stops, and goes on from where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from composer.errors import CheckpointError, InputError
from composer.model.checkpoint import load_checkpoint
from composer.model.config import ModelConfig
from composer.model.decoder import Decoder
from composer.training.packing import open_pack, pack
from composer.training.train import Recipe, Trainer, rate_at
from composer.vocab import GridSong
from tests.model.songs import toy_song

CONFIG = ModelConfig.tiny(styles=("pop",), grooves=("g",))


def labelled(song: GridSong, index: int) -> GridSong:
    meta = {
        "id": f"toy/{index}",
        "corpus": "toy",
        "work": f"toy/{index}",
        "licence": "CC0",
        "sha256": "",
        "synthetic": "False",
        "meter": "4/4",
    }
    return replace(song, meta=meta | {"split": "valid" if index == 3 else "train"})


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "toy.npz"
    assert pack([labelled(toy_song(16, 0), index) for index in range(4)], path) == 4
    return path


def test_a_pack_gives_back_what_went_in(packed: Path) -> None:
    song, found = labelled(toy_song(16, 0), 1), open_pack(packed)[1]
    assert np.array_equal(found.notes, song.notes)
    for name in ("bar_length", "beat_length", "roots", "basses", "tones", "phrase_position", "phrase_left"):
        assert np.array_equal(getattr(found, name), getattr(song, name)), name
    assert (found.style, found.groove, found.meta) == (song.style, song.groove, song.meta)


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
def test_it_learns_and_goes_on(trunk: str, packed: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    config = replace(CONFIG, trunk=trunk)
    recipe = Recipe(minutes=1, batch=4, window=128, learning_rate=5e-3, warmup_steps=5)
    trainer = Trainer(open_pack(packed), tmp_path, config, recipe)
    before = sum(trainer._learn()[0]).item() / max(trainer.notes, 1)
    for _ in range(60):
        total, notes = trainer._learn()
    assert sum(total).item() / notes < 0.75 * before
    valid = trainer._check()
    assert valid["by_corpus"].keys() == {"toy"}

    again = Trainer(open_pack(packed), tmp_path, config, recipe)
    assert (again.step, again.notes) == (61, trainer.notes)
    for mine, theirs in zip(trainer.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)

    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    assert checkpoint.card["corpora"] == {"toy": {"licence": "CC0", "songs": 4}}
    Decoder(checkpoint)


def test_a_damaged_checkpoint_is_refused(packed: Path, tmp_path: Path) -> None:
    trainer = Trainer(open_pack(packed), tmp_path, CONFIG, Recipe(batch=1))
    trainer.save({})
    folder = tmp_path / "checkpoint"
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="do not match their card"):
        load_checkpoint(folder)
    (folder / "weights.safetensors").write_bytes(weights)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocabulary": "other"}))
    with pytest.raises(CheckpointError, match="made for vocabulary other, this version of composer has"):
        load_checkpoint(folder)
    with pytest.raises(CheckpointError, match=r"not a checkpoint, weights.safetensors is missing"):
        load_checkpoint(tmp_path / "nowhere")


def test_the_rate_warms_up_and_ends_low() -> None:
    recipe = Recipe()
    assert rate_at(recipe, 0, 0) < rate_at(recipe, 99, 0) == recipe.learning_rate
    assert rate_at(recipe, 10**6, 1.0) == pytest.approx(recipe.final_rate)


def test_a_pack_of_another_vocabulary_is_refused(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.training.packing.vocabulary_hash", lambda: "other")
    with pytest.raises(InputError, match="pack it again"):
        open_pack(packed)
    with pytest.raises(InputError, match="no such pack"):
        open_pack(tmp_path / "none.npz")
