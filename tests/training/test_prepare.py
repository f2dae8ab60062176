"""A folder of one's own MIDI becomes a pack."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from composer.cli import main as composer
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
