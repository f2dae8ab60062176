"""composer models: what a user would do with weights, from keys to the trace of a file."""

from __future__ import annotations

import hashlib
import json

import pytest

from composer.cli import main
from composer.formats import save
from composer.score import Event, Part, Score
from composer.trust import record
from composer.trust.stamp import Stamp

SONG = {
    "id": "a/1",
    "corpus": "a",
    "work": "a/1",
    "split": "train",
    "licence": "MIT",
    "sha256": "ab",
    "synthetic": False,
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COMPOSER_PASSPHRASE", "sesame")
    return tmp_path / "home" / "composer"


@pytest.fixture
def run(tmp_path):
    """A folder that looks like weights of another kind, so that only hashes and signature count."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}")
    digest = hashlib.sha256(b"weights").hexdigest()
    (folder / "card.json").write_text(json.dumps({"model": "toy", "sha256": digest, "licence": "MIT", "commit": "abc"}))
    return folder


def told(capsys, *words):
    code = main(["models", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_sign_and_verify(run, home, capsys):
    assert told(capsys, "keygen")[0] == 0
    code, out = told(capsys, "sign", run, "--key", home / "keys" / "me.key")
    assert (code, "signed by me" in out) == (0, True)
    assert "intact, signed by me" in told(capsys, "verify", run)[1]
    (run / "weights.safetensors").write_bytes(b"others")
    code, out = told(capsys, "verify", run)
    assert (code, "do not match their card" in out) == (1, True)
    assert out.count("\n") == 1


def test_the_register(run, capsys):
    code, out = told(capsys, "add", run, "--name", "mine")
    assert (code, "not signed" in out) == (0, True)
    assert "mine" in told(capsys)[1]
    assert told(capsys, "use", "other")[0] == 1
    assert told(capsys, "remove", "mine")[0] == 0
    assert "mine" not in told(capsys, "list")[1]


def test_a_file_is_traced_to_its_weights(run, tmp_path, capsys):
    record.write_songs(run, [SONG])
    digest = json.loads((run / "card.json").read_text())["sha256"]
    stamp = Stamp("0.1.0", "toy", digest, 3)
    part = Part("Piano", [(0, 480, 60, 90)], role="piano")
    save(Score((part,), events=(Event(0, "text", (stamp.text,)),)), tmp_path / "song.mid")
    report = {"composer": "0.1.0", "seed": 3, "model": {"model": "toy", "sha256": digest}}
    report["files"] = {"song.mid": hashlib.sha256((tmp_path / "song.mid").read_bytes()).hexdigest()}
    (tmp_path / "song.json").write_text(json.dumps(report))
    for name in ("song.mid", "song.json"):
        code, out = told(capsys, "trace", tmp_path / name, "--model", run)
        assert code == 0
        assert "seed 3" in out
        assert "a: 1 songs from 1 sources, MIT" in out
        assert "commit abc" in out
    assert "unchanged since it was written" in told(capsys, "trace", tmp_path / "song.mid")[1]
    save(Score((part,), title="new", events=(Event(0, "text", (stamp.text,)),)), tmp_path / "song.mid", force=True)
    code, out = told(capsys, "trace", tmp_path / "song.mid")
    assert "changed since" in out
    assert "not on this machine" in out


def test_a_file_of_somebody_else_s(tmp_path, capsys):
    save(Score((Part("Piano", [(0, 480, 60, 90)]),)), tmp_path / "other.mid")
    (tmp_path / "other.json").write_text("[]")
    for name in ("other.mid", "other.json", "missing.json"):
        code, out = told(capsys, "trace", tmp_path / name)
        assert (code, out.count("\n")) == (1, 1)


def test_songs_and_card(run, capsys):
    assert told(capsys, "songs", run)[0] == 1
    record.write_songs(run, [SONG])
    assert told(capsys, "songs", run)[1].splitlines() == [
        "id,corpus,work,split,licence,sha256,synthetic",
        "a/1,a,a/1,train,MIT,ab,False",
    ]
    assert '"model": "toy"' in told(capsys, "show", run)[1]


def test_encrypt(run, tmp_path, capsys):
    code, out = told(capsys, "encrypt", run, "--out", tmp_path / "locked")
    assert (code, "encrypted" in out) == (0, True)
    assert sorted(path.name for path in (tmp_path / "locked").iterdir()) == [
        "card.json",
        "config.json",
        "weights.safetensors.aes",
    ]
    assert told(capsys, "encrypt", run, "--out", tmp_path / "locked")[0] == 1


def test_a_take_carries_its_stamp():
    from types import SimpleNamespace

    from composer.record import stamped

    old = Event(0, "text", (Stamp("0.0.9", "old", "1" * 64, 1).text,))
    words = Event(0, "text", ("hello",))
    made = SimpleNamespace(
        score=Score(events=(old, words)), report={"seed": 2, "model": {"model": "toy", "sha256": "2" * 64}}
    )
    events = stamped(made).events  # type: ignore[arg-type]
    first = Stamp.read(str(events[0].data[0]))
    assert first is not None
    assert first.seed == 2
    assert words in events
    assert old not in events
