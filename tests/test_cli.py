"""The command line as a whole: help, manners, exit codes."""

from __future__ import annotations

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from composer import formats
from composer.audio.synth import stem_names
from composer.cli import COMMANDS, Parser, main
from composer.score import Score

ROOT = Path(__file__).parent.parent


def started(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "composer", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_gives_every_option_its_default(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: composer {command}")
    parser = Parser()
    importlib.import_module(f"composer.cli.{command}").add_arguments(parser)
    for action in parser._actions:
        if action.option_strings and action.dest != "help" and not action.required:
            assert "(default:" in (action.help or ""), f"{command} {action.option_strings[0]} does not say its default"


def test_help_is_quick() -> None:
    """Under 0.3 s of processor time, start to end; the clock on the wall would measure the machine's other work."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert started("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert statistics.median(once() for _ in range(3)) < 0.3


@pytest.mark.parametrize(
    "words", [["arange"], ["arrange"], ["arrange", "x.mid", "--tempo", "fast"], ["render", "x.mid", "--bits", "3"]]
)
def test_wrong_words_are_one_line_and_exit_code_1(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.err.startswith("composer: ")
    assert said.err.count("\n") == 1
    assert "--help" in said.err
    assert said.out == ""


@pytest.mark.parametrize("command", ["arrange", "render", "inspect"])
def test_missing_and_broken_files_are_one_line(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "text.mid").write_text("not MIDI at all")
    (here / "empty.mid").write_bytes(b"")
    for name in ("missing.mid", "text.mid", "empty.mid", "."):
        assert main([command, name]) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"composer: {name}")
        assert said.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["empty.mid", "text.mid"]


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "composer demo" in capsys.readouterr().out


def test_a_closed_pipe_is_silent() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "composer", "styles"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert done.stderr == ""


def test_a_terminal_that_cannot_show_a_title_gets_it_spelt_out(tmp_path: Path) -> None:
    seed = tmp_path / "tune.abc"
    seed.write_text("X:1\nT:Ünï Song\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n", "utf-8")
    words = [sys.executable, "-m", "composer", "inspect", str(seed)]
    told = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "ascii"}
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "\\xdcn\\xef Song" in told.stdout


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("composer.cli.styles.run", interrupt)
    assert main(["styles"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_styles_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["styles"]) == 0
    assert "bossa" in capsys.readouterr().out
    assert main(["styles", "Bossa Nova", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"] == "bossa"
    assert main(["styles", "bosa"]) == 1
    assert "did you mean bossa" in capsys.readouterr().err


def test_soundfonts_are_listed_with_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soundfonts"]) == 0
    assert "MIT" in capsys.readouterr().out
    assert main(["soundfonts", "get"]) == 1
    assert "name one of" in capsys.readouterr().err
    assert main(["soundfonts", "verify", "stradivari"]) == 1


def test_doctor_names_a_fix_for_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMPOSER_DATA", raising=False)
    main(["doctor"])
    said = capsys.readouterr().out
    assert "fluidsynth" in said
    assert "fix: set COMPOSER_DATA" in said


def test_inspect_as_text_and_json(seed_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(seed_file)]) == 0
    assert "C major" in capsys.readouterr().out
    assert main(["inspect", str(seed_file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bars"] == 4


def test_render_of_nothing_is_told(seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formats.save(Score(), here / "empty.mid")
    assert main(["render", "empty.mid", "--quiet"]) == 1
    assert "empty.mid: has no notes to render" in capsys.readouterr().err
    assert not (here / "out").exists()
    names = ",".join(stem_names(formats.load(seed_file).parts))
    assert main(["render", str(seed_file), "--soundfont", "timgm6mb", "--quiet", "--mute", names]) == 0
    assert "note: the mix is silent: every part is muted" in capsys.readouterr().out


def test_render_writes_mix_and_stems_and_refuses_to_overwrite(
    seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", str(seed_file), "--stems", "--soundfont", "timgm6mb", "--quiet"]
    assert main(words) == 0
    assert {path.relative_to(here).as_posix() for path in here.rglob("*.wav")} == {
        "out/tune.wav",
        "out/tune-stems/Lead.wav",
    }
    assert main(words) == 1
    assert "already exists" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0
