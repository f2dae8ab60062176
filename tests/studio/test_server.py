"""`composer studio` where it cannot start: one line, no traceback."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from composer.cli import main
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio


def test_a_taken_folder_or_port_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Studio(StudioSettings(tmp_path)), socket.socket() as taken:
        assert main(["studio", "--port", "0", "--folder", str(tmp_path)]) == 1
        assert "another studio works in this folder; choose another with --folder" in capsys.readouterr().err
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["studio", "--port", str(taken.getsockname()[1]), "--folder", str(tmp_path / "other")]) == 1
        assert "cannot listen on 127.0.0.1" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "composer.studio.server", raising=False)
    assert main(["studio"]) == 1
    assert capsys.readouterr().err == 'composer: the studio needs uvicorn; pip install "melody-to-band[studio]"\n'
