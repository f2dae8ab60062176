"""A folder of one's own MIDI becomes a pack."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from composer.cli import main as composer
from composer.corpora.__main__ import main as census
from composer.training import prepare
from composer.training.packing import open_pack
from tests.corpora.test_folder import a_band, put


def test_a_folder_of_midi_is_packed_where_no_corpora_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMPOSER_DATA", raising=False)
    midi, out = tmp_path / "my midi", tmp_path / "songs.npz"
    put(midi, rock__one=a_band(1), two=a_band(2), two_again=a_band(2))
    monkeypatch.setattr(sys, "argv", ["prepare", "--midi", str(midi), "--out", str(out)])
    assert prepare.main() == 0
    told = capsys.readouterr().out
    assert "2  own\n" in told
    assert "1  own left out: an exact copy of another file" in told
    assert sorted((about["meta"]["id"], about["style"]) for about in open_pack(out).about) == [
        ("own/rock/one", "rock"),
        ("own/two", ""),
    ]


def test_training_on_a_folder_of_midi_says_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "mine", one=a_band(1))
    assert composer(["train", str(tmp_path / "mine"), "--out", str(tmp_path / "run")]) == 1
    assert "a folder of MIDI; pack it first (python -m composer.training.prepare --midi" in capsys.readouterr().err


def test_a_folder_or_a_song_given_twice_is_packed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMPOSER_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "my", one=a_band(1), two=a_band(2))
    put(tmp_path / "other", renamed=a_band(1), three=a_band(3))
    monkeypatch.setattr(sys, "argv", ["prepare", "--midi", "my", str(tmp_path / "my"), "other", "--out", "songs.npz"])
    assert prepare.main() == 0
    assert "1  own-2 left out: an exact copy of another file" in capsys.readouterr().out
    ids = [about["meta"]["id"] for about in open_pack(tmp_path / "songs.npz").about]
    assert ids == ["own-1/one", "own-1/two", "own-2/three"]


def test_corpora_are_read_once_and_with_or_without_blanks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "data" / "easyrpg", one=a_band(1))
    put(tmp_path / "data" / "openmsx", two=a_band(2))
    put(tmp_path / "my", copy=a_band(1))
    words = ["--data", str(tmp_path / "data"), "--midi", str(tmp_path / "my"), "--out", str(tmp_path / "songs.npz")]
    monkeypatch.setattr(sys, "argv", ["prepare", "--corpora", "easyrpg, openmsx,easyrpg", *words])
    assert prepare.main() == 0
    told = capsys.readouterr().out
    assert "1  easyrpg\n" in told
    assert "1  openmsx\n" in told
    assert "1  own left out: an exact copy of another file" in told


def test_a_folder_of_corpora_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert census(["--data", str(tmp_path / "nope")]) == 1
    assert "nope: no such folder; name the one that holds the corpora" in capsys.readouterr().err
