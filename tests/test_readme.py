"""The README keeps its word: its commands exist, its Python runs, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from composer import formats
from composer.cli import COMMANDS, build_parser
from composer.score import Score

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "docs/README.md")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    inline = re.findall(r"`((?:\./run|composer) [a-z][^`]*)`", (ROOT / "README.md").read_text("utf-8"))
    return [shlex.split(line, comments=True) for line in [*lines, *inline] if not line.startswith(".venv")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_command_exists(words: list[str]) -> None:
    if words[:2] == ["./run", "composer"]:
        words = words[1:]
    if words[0] == "./run":
        usage = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True).stdout
        assert re.search(rf"^  {words[1]}\b", usage, re.MULTILINE), f"./run has no command {words[1]}"
        return
    assert words[0] == "composer"
    assert words[1] in COMMANDS
    if len(words) > 2 and words[-1] not in ("--help", "FILE"):
        build_parser(words[1]).parse_args(words[1:])


def test_python_runs(melody: Score, here: Path) -> None:
    formats.save(melody, here / "my-song.mid")
    for block in blocks("README.md", "python"):
        exec(compile(block, "README.md", "exec"), {})
    assert (here / "band.mid").stat().st_size > 0
    assert (here / "band.wav").stat().st_size > 0


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8"))
    assert [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()] == []


def test_the_first_screen_has_a_command_and_a_picture() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:45])
    assert "./run demo" in first_screen
    assert "](docs/images/arrangement.png)" in first_screen
