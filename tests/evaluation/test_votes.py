"""Votes: sealed, counted once a listener, refused where damaged; and the page they come from."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio.soundfonts import bundled_font
from composer.cli import main
from composer.errors import InputError
from composer.evaluation import listening
from composer.evaluation.excerpts import windows
from composer.evaluation.study import Performance
from composer.evaluation.votes import seal, tally, unseal, wilson
from tests.evaluation.bands import plain_band, song

KEY = [("ours", "own"), ("own", "ours"), ("ours", "mma")]


def votes(path: Path, choices: str, listener: str = "x", page: str = "p") -> Path:
    said = [{"trial": number, "choice": choice} for number, choice in enumerate(choices)]
    path.write_text(json.dumps({"page": page, "listener": listener, "sealed": seal(KEY), "votes": said}))
    return path


def test_the_seal_opens() -> None:
    assert unseal(seal(KEY)) == KEY
    assert "ours" not in seal(KEY)


def test_votes_are_counted_from_whoever_was_behind_the_letter(tmp_path: Path) -> None:
    found, listeners = tally([votes(tmp_path / "1.json", "AB="), votes(tmp_path / "2.json", "AAB", "y")])
    assert listeners == 2
    by_pair = {(one.first, one.second): (one.wins, one.losses, one.ties) for one in found}
    assert by_pair == {("ours", "own"): (3, 1, 0), ("ours", "mma"): (0, 1, 1)}
    assert all(0 <= one.low <= one.share <= one.high <= 1 for one in found)


def test_a_listener_counts_once(tmp_path: Path) -> None:
    found, listeners = tally([votes(tmp_path / "1.json", "AB="), votes(tmp_path / "2.json", "BAA")])
    assert listeners == 1
    assert [(one.wins, one.losses) for one in found] == [(1, 0), (0, 2)]


def test_wilson_is_the_textbook_s() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"page": 1, "listener": 2, "sealed": "!", "votes": []}', "\x00"])
def test_damaged_votes_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "votes.json").write_text(text)
    with pytest.raises(InputError, match="votes file"):
        tally([tmp_path / "votes.json"])


def test_votes_for_a_piece_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        tally([votes(tmp_path / "votes.json", "ABAB")])


def test_tally_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--tally", str(votes(tmp_path / "1.json", "ABA"))]) == 0
    assert "ours against own: preferred 2 out of 2 times (100 %" in capsys.readouterr().out.replace("100%", "100 %")
    assert main(["evaluate", "--tally", str(tmp_path / "none.json")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def show() -> Performance:
    found = [
        one for work in ("a", "b") for one in windows(replace(song(plain_band(24), 24, work), tempo_bpm=320.0), 8, 2)
    ]
    bands = [one.cut(one.song.notes[one.song.notes["part"] > 0]) for one in found]
    return Performance("bands", tuple(found), {name: list(bands) for name in ("own", "shuffled", "mma", "ours")})


def test_questions_are_balanced_and_blind(show: Performance) -> None:
    asked = listening.pairs([show], 8, 0)
    assert all("ours" in one.systems for one in asked)
    assert {one.systems.index("ours") for one in asked} == {0, 1}
    assert [one.systems for one in asked] == [one.systems for one in listening.pairs([show], 8, 0)]


@pytest.mark.skipif(bundled_font() is None, reason="no soundfont in this checkout")
def test_the_page_opens_by_itself(show: Performance, tmp_path: Path) -> None:
    page = listening.write_page(tmp_path / "page", listening.pairs([show], 1, 0), None)
    text = page.read_text("utf-8")
    facts = json.loads(re.search(r"const facts = (\{.*\});", text)[1])  # type: ignore[index]
    assert not re.search(r"(src|href)=\"http|@import|url\(", text)
    assert set(unseal(facts["sealed"])) == {one.systems for one in listening.pairs([show], 1, 0)}
    for trial in facts["trials"]:
        for name in (trial["a"], trial["b"]):
            head = (page.parent / name).read_bytes()[:3]
            assert head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xfa") or head == b"ID3"
    assert np.isfinite(facts["trials"][0]["seconds"])
