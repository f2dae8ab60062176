"""A home of its own for keys and register, and a small checkpoint."""

from __future__ import annotations

import hashlib
import json

import pytest

from composer.trust import keys


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COMPOSER_PASSPHRASE", raising=False)
    monkeypatch.delenv("COMPOSER_KEY_PASSPHRASE", raising=False)
    return tmp_path / "home" / "composer"


@pytest.fixture
def folder(tmp_path):
    """Files like a checkpoint's; only `composer.model.checkpoint` asks that they be more."""
    place = tmp_path / "run"
    place.mkdir()
    (place / "weights.safetensors").write_bytes(b"weights")
    (place / "config.json").write_text("{}")
    card = {"model": "toy", "sha256": hashlib.sha256(b"weights").hexdigest()}
    (place / "card.json").write_text(json.dumps(card))
    return place


@pytest.fixture
def elsewhere(tmp_path):
    """A key pair that is not in the user's folder."""
    secret, _ = keys.generate("stranger", tmp_path / "elsewhere")
    return secret
