"""Signing and checking: what loads, what loads with a word, what never loads."""

from __future__ import annotations

import json
import stat

import pytest

from composer.errors import CheckpointError, InputError, OutputError
from composer.trust import keys, signature


def test_unsigned_loads_with_a_note(folder):
    verdict = signature.check(folder)
    assert verdict.state == "unsigned"
    assert "not signed" in verdict.note


def test_a_key_of_one_s_own_is_trusted(folder):
    secret, public = keys.generate("me", keys.keys_folder())
    signature.sign(folder, secret, "me")
    verdict = signature.check(folder)
    assert (verdict.state, verdict.fingerprint, verdict.note) == ("trusted", public.fingerprint, "")


def test_a_stranger_s_key_is_named_until_it_is_trusted(folder, elsewhere):
    assert signature.sign(folder, elsewhere, "stranger").state == "unknown"
    assert "models trust" in signature.check(folder).note
    keys.trust(elsewhere.with_suffix(".pub"))
    assert signature.check(folder).state == "trusted"


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json", "card.json", "songs.jsonl.gz"])
def test_a_changed_file_never_loads(folder, elsewhere, name):
    (folder / "songs.jsonl.gz").write_bytes(b"songs")
    signature.sign(folder, elsewhere, "stranger")
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(CheckpointError, match=f"{name} changed"):
        signature.check(folder)


def test_a_record_removed_or_added_never_loads(folder, elsewhere):
    signature.sign(folder, elsewhere, "stranger")
    (folder / "songs.jsonl.gz").write_bytes(b"songs")
    with pytest.raises(CheckpointError, match="changed since signed"):
        signature.check(folder)
    signature.sign(folder, elsewhere, "stranger")
    (folder / "songs.jsonl.gz").unlink()
    with pytest.raises(CheckpointError, match="changed since signed"):
        signature.check(folder)


def edited(folder, **fields):
    path = folder / signature.SIGNATURE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"signer": "the project"}, "not genuine"),
        ({"files": {"weights.safetensors": "0"}}, "signs no"),
        ({"signature": "AAAA"}, "not genuine"),
        ({"public_key": "***"}, "damaged"),
        ({"format": "another 9"}, "unsupported signature format"),
        ({"files": 3}, "damaged"),
    ],
)
def test_an_edited_signature_never_loads(folder, elsewhere, fields, says):
    signature.sign(folder, elsewhere, "stranger")
    edited(folder, **fields)
    with pytest.raises(CheckpointError, match=says):
        signature.check(folder)


def test_the_shipped_weights_load_under_the_project_s_key_only(folder, monkeypatch):
    with pytest.raises(CheckpointError, match="must be signed by the project"):
        signature.check(folder, shipped=True)
    secret, public = keys.generate("me", keys.keys_folder())
    signature.sign(folder, secret, "me")
    with pytest.raises(CheckpointError, match="signed by me"):
        signature.check(folder, shipped=True)
    monkeypatch.setattr(signature, "project_keys", lambda: (public,))
    assert signature.check(folder, shipped=True).state == "project"


def test_keys_are_private_and_never_replaced(home):
    secret, _ = keys.generate("me", keys.keys_folder())
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="never replaced"):
        keys.generate("me", keys.keys_folder())
    with pytest.raises(InputError, match="file name"):
        keys.generate("../me", keys.keys_folder())


def test_an_encrypted_key_needs_its_passphrase(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COMPOSER_KEY_PASSPHRASE", "open sesame")
    secret, _ = keys.generate("me", tmp_path)
    assert signature.sign(folder, secret, "me").state == "unknown"
    monkeypatch.delenv("COMPOSER_KEY_PASSPHRASE")
    with pytest.raises(InputError, match="COMPOSER_KEY_PASSPHRASE"):
        signature.sign(folder, secret, "me")


@pytest.mark.parametrize("text", ["", "ssh-ed25519 AAAA me", "composer-ed25519 AAAA me", "composer-ed25519 *** me"])
def test_what_is_no_public_key(tmp_path, text):
    path = tmp_path / "x.pub"
    path.write_text(text)
    with pytest.raises(InputError, match=r"x\.pub"):
        keys.trust(path)
    with pytest.raises(InputError):
        keys.read_private(path)


def test_the_project_ships_a_key():
    assert keys.project_keys()
