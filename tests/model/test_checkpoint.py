"""Opening a checkpoint: the whole hand-shake, with signature, register and encryption."""

from __future__ import annotations

import json

import numpy as np
import pytest

from composer.errors import CheckpointError
from composer.model import checkpoint
from composer.model.checkpoint import default_checkpoint, load_checkpoint, save_checkpoint, shipped_checkpoint
from composer.model.config import ModelConfig
from composer.trust import keys, register, signature, vault


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSER_PASSPHRASE", raising=False)


@pytest.fixture
def folder(tmp_path):
    save_checkpoint(tmp_path / "run", ModelConfig.tiny(), {"a": np.arange(6.0).reshape(2, 3)}, {"model": "toy"})
    return tmp_path / "run"


@pytest.fixture
def signed(folder):
    secret, _ = keys.generate("me", keys.keys_folder())
    signature.sign(folder, secret, "me")
    return folder


def test_one_s_own_run_loads_with_a_note(folder):
    found = load_checkpoint(folder)
    assert found.signature.note
    assert found.weights["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert "commit" in found.card


def test_a_signed_one_loads_without(signed):
    assert load_checkpoint(signed).signature.state == "trusted"


def test_a_card_changed_since_signed_never_loads(signed):
    card = json.loads((signed / "card.json").read_text())
    (signed / "card.json").write_text(json.dumps(card | {"licence": "mine"}))
    with pytest.raises(CheckpointError, match=r"card\.json changed"):
        load_checkpoint(signed)


def test_training_on_removes_the_old_signature(signed):
    save_checkpoint(signed, ModelConfig.tiny(), {"a": np.ones(2)}, {"model": "toy"})
    assert load_checkpoint(signed).signature.state == "unsigned"


def test_what_is_shipped_must_be_signed_by_the_project(signed, monkeypatch):
    monkeypatch.setattr(checkpoint, "shipped_checkpoint", lambda: signed)
    with pytest.raises(CheckpointError, match="must be signed by the project"):
        load_checkpoint()
    with pytest.raises(CheckpointError, match="must be signed by the project"):
        load_checkpoint(str(signed))


def test_the_shipped_weights_are_as_the_project_signed_them():
    assert signature.check(shipped_checkpoint(), shipped=True).state == "project"


def test_a_registered_name_loads_and_may_be_the_default(folder):
    register.add(folder, "mine")
    assert load_checkpoint("mine").card["model"] == "toy"
    register.use("mine")
    assert default_checkpoint() == folder
    assert load_checkpoint().card["model"] == "toy"
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_checkpoint("yours")


def test_encrypted_weights_open_in_memory_only(signed, monkeypatch):
    plain = signed / "weights.safetensors"
    (signed / "weights.safetensors.aes").write_bytes(vault.lock(plain.read_bytes(), "sesame"))
    plain.unlink()
    with pytest.raises(CheckpointError, match="COMPOSER_PASSPHRASE"):
        load_checkpoint(signed)
    monkeypatch.setenv("COMPOSER_PASSPHRASE", "open")
    with pytest.raises(CheckpointError, match="wrong passphrase"):
        load_checkpoint(signed)
    monkeypatch.setenv("COMPOSER_PASSPHRASE", "sesame")
    assert load_checkpoint(signed).signature.state == "trusted"
    assert not plain.exists()
