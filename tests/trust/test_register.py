"""The register of models, the record of songs, stamps and the vault."""

from __future__ import annotations

import json
import shutil

import pytest

from composer.errors import CheckpointError, InputError
from composer.trust import record, register, vault
from composer.trust.stamp import Stamp


def test_names_are_kept_and_chosen(folder):
    assert register.used_folder() is None
    register.add(folder, "mine")
    assert register.used_folder() is None
    register.use("mine")
    assert register.used_folder() == folder
    assert register.resolve("mine") == folder
    assert str(register.resolve("other")) == "other"
    register.use(register.SHIPPED)
    assert register.used_folder() is None
    register.use("mine")
    register.remove("mine")
    assert register.used_folder() is None


def test_a_name_means_one_model(folder, tmp_path):
    register.add(folder, "mine")
    register.add(folder, "mine")
    assert len(register.read_register().entries) == 1
    card = folder / "card.json"
    card.write_text(json.dumps({"model": "toy", "sha256": "other"}))
    with pytest.raises(InputError, match="another model of this name"):
        register.add(folder, "mine")
    for name in ("", "shipped", "a/b"):
        with pytest.raises(InputError, match="cannot be called"):
            register.add(folder, name)
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        register.add(tmp_path / "nowhere", "new")
    with pytest.raises(InputError, match="there are: shipped, mine"):
        register.use("new")


def test_weights_that_are_not_their_card_s_are_not_registered(folder):
    (folder / "weights.safetensors").write_bytes(b"others")
    with pytest.raises(CheckpointError, match="the weights do not match their card"):
        register.add(folder, "mine")
    assert register.read_register().entries == ()


def test_runs_are_called_by_their_own_names(folder, tmp_path):
    assert register.usual_name(folder) == "run"
    for name in ("first", "second"):
        shutil.copytree(folder, tmp_path / name / "checkpoint")
        register.add(tmp_path / name / "checkpoint", register.usual_name(tmp_path / name / "checkpoint"))
    assert [entry.name for entry in register.read_register().entries] == ["first", "second"]


def test_a_damaged_register_says_so(home):
    home.mkdir(parents=True)
    (home / "models.json").write_text("{")
    with pytest.raises(CheckpointError, match="register of models is damaged"):
        register.used_folder()


SONG = {
    "id": "a/1",
    "corpus": "a",
    "work": "a/1",
    "split": "train",
    "licence": "MIT",
    "sha256": "ab",
    "synthetic": "True",
}


def test_the_record_comes_back_and_is_the_same_every_time(folder):
    songs = [SONG, {**SONG, "id": "a/2", "licence": "CC0-1.0", "synthetic": False, "bars": 9}]
    assert record.write_songs(folder, songs) == 2
    first = (folder / "songs.jsonl.gz").read_bytes()
    record.write_songs(folder, reversed(songs))
    assert (folder / "songs.jsonl.gz").read_bytes() == first
    back = list(record.read_songs(folder))
    assert [song["synthetic"] for song in back] == [True, False]
    assert record.licences(back) == [("a", "CC0-1.0", 1, 1), ("a", "MIT", 1, 1)]


def test_a_damaged_record_says_so(folder):
    assert list(record.read_songs(folder)) == []
    (folder / "songs.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(CheckpointError, match="record of songs is damaged"):
        list(record.read_songs(folder))


def test_stamps():
    stamp = Stamp("0.1.0", "band lstm, v2", "0f" * 32, 12)
    assert Stamp.read(f"… {stamp.text} …") == stamp
    assert Stamp.read("written by composer") is None
    report = {"model": {"model": "m", "sha256": "0f" * 32}, "seed": 3}
    assert Stamp.of_report(report, "0.1.0") == Stamp("0.1.0", "m", "0f" * 32, 3)
    assert Stamp.of_report({"model": {"model": "m", "sha256": "toy"}}, "0.1.0") is None
    assert Stamp.of_report({}, "0.1.0") is None


def test_the_vault_opens_with_its_passphrase_only():
    locked = vault.lock(b"weights", "sesame")
    assert b"weights" not in locked
    assert vault.unlock(locked, "sesame", "w") == b"weights"
    with pytest.raises(CheckpointError, match="wrong passphrase"):
        vault.unlock(locked, "Sesame", "w")
    with pytest.raises(CheckpointError, match="wrong passphrase"):
        vault.unlock(locked[:-1] + b"\0", "sesame", "w")
    for damaged in (b"", b"other", locked[:20]):
        with pytest.raises(CheckpointError, match="damaged"):
            vault.unlock(damaged, "sesame", "w")
    with pytest.raises(InputError, match="empty"):
        vault.lock(b"weights", "")


def test_the_passphrase_comes_from_the_environment(monkeypatch):
    with pytest.raises(CheckpointError, match="COMPOSER_PASSPHRASE"):
        vault.ask_passphrase("w")
    monkeypatch.setenv("COMPOSER_PASSPHRASE", "sesame")
    assert vault.ask_passphrase("w") == "sesame"


def test_of_a_training_run_its_checkpoint_is_meant(folder, tmp_path):
    run = tmp_path / "tr1"
    run.mkdir()
    folder.rename(run / "checkpoint")
    assert register.resolve(run) == run / "checkpoint"
    assert register.resolve(run / "checkpoint") == run / "checkpoint"
    assert register.read_card(register.resolve(run))["model"] == "toy"
