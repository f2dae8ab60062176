"""`composer studio` where it cannot start, and when it ends: one line, no traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from composer.cli import main
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio

ROOT = Path(__file__).parents[2]


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


@pytest.mark.slow
def test_ctrl_c_while_the_model_is_loaded_ends_it_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "composer", "studio", "--port", "0", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "composer: stopped; nothing was left half-written\n")
