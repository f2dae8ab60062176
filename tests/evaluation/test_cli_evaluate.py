"""`composer evaluate` from pack to page, with a model of chance: what is written, repeated, refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from composer.arrange import Arranger
from composer.cli import main
from composer.evaluation import plots, systems
from composer.evaluation.systems import Asked, arranged
from composer.training.packing import pack
from tests.evaluation.bands import plain_band, song
from tests.model.songs import checkpoint_of, toy_network

SMALL = ["--songs", "3", "--bars", "8", "--excerpts", "1", "--kinds", "bands", "--no-style", "--quiet"]


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    made = [song(plain_band(12), 12, f"song {i}", split=("test", "train")[i % 2]) for i in range(8)]
    pack(made, tmp_path / "songs.npz")
    return tmp_path / "songs.npz"


@pytest.fixture
def arranger(monkeypatch: pytest.MonkeyPatch) -> Arranger:
    made = Arranger(checkpoint_of(toy_network()))
    monkeypatch.setattr(Arranger, "load", lambda checkpoint=None: made)
    return made


@pytest.mark.slow
def test_everything_is_written_and_the_same_again(
    songs: Path, arranger: Arranger, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", str(songs), *SMALL, "--systems", "own,ours"]
    assert main([*words, "--out", "one"]) == 0
    monkeypatch.setattr(plots, "write_plots", lambda folder, result: [])
    assert main([*words, "--out", "two"]) == 0
    report = (here / "one" / "evaluation.md").read_text()
    assert "| bass: in chord | 1.00 (1.00–1.00) |" in report
    for picture in re.findall(r"\]\(([\w-]+\.png)\)", report):
        assert (here / "one" / picture).stat().st_size > 1000
    result = json.loads((here / "one" / "evaluation.json").read_text())
    assert result["kinds"]["bands"]["songs"] == 3
    assert result["originality"]["bands"]["pitched parts"]["own"]["bands"] == 3
    assert set(result["kinds"]["bands"]["told_apart"]) == {"ours"}
    assert (here / "two" / "evaluation.json").read_text() == (here / "one" / "evaluation.json").read_text()


def test_mma_is_left_out_with_a_word_where_it_is_missing(
    songs: Path, arranger: Arranger, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(systems, "mma_is_there", lambda program="mma": False)
    words = ["evaluate", str(songs), *SMALL, "--systems", "own,mma", "--no-originality"]
    monkeypatch.setattr(plots, "write_plots", lambda folder, result: [])
    assert main(words) == 0
    assert capsys.readouterr().out.count("mma is not installed") == 1


def test_the_melody_comes_out_untouched(songs: Path, arranger: Arranger) -> None:
    from composer.evaluation.excerpts import windows

    (one,) = windows(song(plain_band(12), 12), 8, 1)
    notes, untouched = arranged(arranger, one, 0, Asked())
    assert untouched
    assert set(notes["part"].tolist()) <= {1, 2, 4}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no songs to evaluate on"),
        (["nowhere.npz"], "nowhere.npz: no such pack"),
        (["PACK", "--split", "train"], "train is not held out"),
        (["PACK", "--systems", "own,theirs"], "no system called theirs"),
        (["PACK", "--kinds", "choirs"], "cannot read choirs"),
        (["PACK", "--kinds", "piano"], "no held-out songs to compare on"),
        (["PACK", "--strengths", "much"], "'much' is not a number"),
        (["PACK", "--bars", "2"], "--bars"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], said: str, songs: Path, arranger: Arranger, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *(str(songs) if word == "PACK" else word for word in words), "--quiet"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (here / "out").exists()
