"""The search: it goes on where it stopped, and leaves a table and a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.cli import main as composer
from composer.training.packing import pack
from tests.model.songs import toy_song
from tests.training.test_train import labelled


def test_it_searches_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack([labelled(toy_song(8, 0), index) for index in range(4)], tmp_path / "toy.npz")
    words = ["tune", str(tmp_path / "toy.npz"), "--out", str(tmp_path / "tune"), "--minutes", "0.01", "--quiet"]
    words += ["--threads", "1"]
    for trials in ("1", "2", "2"):
        assert composer([*words, "--trials", trials]) == 0
        assert f"best of {trials}" in capsys.readouterr().out
    table = (tmp_path / "tune" / "trials.md").read_text().splitlines()
    assert len(table) == 4
    assert table[0].startswith("| trial | bits a note | trunk | width, × size | batch | rate |")
    assert (tmp_path / "tune" / "trials.png").stat().st_size > 5000


def test_a_search_is_not_gone_on_with_on_another_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, count in (("one", 4), ("other", 5)):
        pack([labelled(toy_song(8, 0), index) for index in range(count)], tmp_path / f"{name}.npz")
    words = ["--out", str(tmp_path / "tune"), "--minutes", "0.01", "--quiet", "--threads", "1", "--trials", "1"]
    assert composer(["tune", str(tmp_path / "one.npz"), *words]) == 0
    assert composer(["tune", str(tmp_path / "other.npz"), *words]) == 1
    assert "holds a search on another pack of songs" in capsys.readouterr().err


def test_a_study_that_is_no_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack([labelled(toy_song(8, 0), index) for index in range(4)], tmp_path / "toy.npz")
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "study.db").write_bytes(b"garbage" * 1000)
    assert composer(["tune", str(tmp_path / "toy.npz"), "--out", str(tmp_path / "tune"), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "study.db: cannot be read" in said
    assert said.count("\n") == 1


def test_without_optuna_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "optuna" else True)
    assert composer(["tune", str(tmp_path / "toy.npz"), "--out", str(tmp_path / "tune")]) == 1
    assert "pip install 'melody-to-band[tune]'" in capsys.readouterr().err
