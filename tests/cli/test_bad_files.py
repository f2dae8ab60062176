"""Damaged MIDI files through the command line: one line or a band, and never half of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from composer.arrange import Arranger
from composer.cli import main
from tests.formats.malformed import END, FILES, NOTE, chunk, header
from tests.model.songs import checkpoint_of, toy_network


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger(checkpoint_of(toy_network()))


def test_what_was_lost_of_a_file_is_said_where_it_is_missed(
    arranger: Arranger, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.arrange.Arranger.load", lambda checkpoint=None: arranger)
    (tmp_path / "cut.mid").write_bytes(
        header(2) + chunk(NOTE.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89") + END)
    )
    assert main(["arrange", str(tmp_path / "cut.mid"), "--no-audio", "--quiet", "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "only drums in this file" in error
    assert "(when it was read: the header promises 2 tracks, the file holds 1)" in error


@pytest.mark.parametrize("name", sorted(FILES))
def test_arrange(
    name: str, arranger: Arranger, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("composer.arrange.Arranger.load", lambda checkpoint=None: arranger)
    seed, out = tmp_path / name, tmp_path / "out"
    seed.write_bytes(FILES[name].data)
    code = main(["arrange", str(seed), "--no-audio", "--chords", "C", "--out", str(out)])
    error = capsys.readouterr().err
    left = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    if code == 0:
        assert {path.suffix for path in left} >= {".mid", ".json", ".png"}
    else:
        assert code == 1
        assert not left
        told = [line for line in error.splitlines() if line.startswith("composer: ")]
        assert len(told) == 1
        assert name in told[0]
    assert "Traceback" not in error
