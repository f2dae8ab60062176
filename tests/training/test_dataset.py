"""Training examples: what stands before an excerpt is a groove's other song, given and never asked; the library is of typical bars."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.gm import ROLES
from composer.model.config import ModelConfig
from composer.model.examples import CARD_FIELD, load_examples
from composer.model.style_features import WIDTH
from composer.model.style_fit import CARD_FIELD as LISTENER
from composer.model.style_fit import StyleListener, save_listener
from composer.training.briefs import ConditioningDropout
from composer.training.dataset import Stream
from composer.training.example_library import holds_up
from composer.training.example_library import main as choose_examples
from composer.training.packing import Pack, open_pack, pack
from composer.vocab import GridSong
from tests.model.songs import toy_song

CONFIG = ModelConfig.tiny(styles=("pop",), grooves=("g", "people"))


def labelled(song: GridSong, index: int) -> GridSong:
    meta = {
        "id": f"toy/{index}", "corpus": "toy", "work": f"toy/{index}", "licence": "CC0-1.0", "sha256": "",
        "synthetic": str(index < 3), "meter": "4/4", "split": "train",
    }  # fmt: skip
    return replace(song, notes=rooted(song), meta=meta)


def rooted(song: GridSong, octave: int = 36) -> np.ndarray:
    """The song's notes with a bass on the roots."""
    notes = song.notes.copy()
    bass = notes["part"] == ROLES.index("bass")
    notes["pitch"][bass] = octave + song.roots[song.beat_at(notes["bar"][bass], notes["position"][bass])]
    return notes


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "toy.npz"
    pack([labelled(toy_song(16, seed), seed) for seed in range(5)], path)
    return path


def lessons(songs: Pack, hiding: ConditioningDropout, count: int) -> list[int]:
    """Example bars of some lessons' briefs."""
    stream = iter(Stream(songs, np.array([1.0, 0, 0, 0, 0]), CONFIG, np.random.default_rng(0), 4096, hiding))
    found = []
    for _ in range(count):
        lesson, song, brief, _ = next(stream)
        bars = brief.example_bars
        assert not brief.asked[:bars].any()
        assert set(lesson.event["kind"][lesson.event["bar"] < bars].tolist()) <= {0, 1}
        assert song.bar_count == 16 + bars
        found.append(bars)
    return found


def test_half_of_the_lessons_have_one(songs: Path) -> None:
    heard = lessons(open_pack(songs), ConditioningDropout(), 24)
    assert 0 in heard
    assert {2, 3, 4} & set(heard)
    assert set(lessons(open_pack(songs), ConditioningDropout(example=1.0), 6)) == {0}


def test_a_bass_that_is_none_holds_nothing_up() -> None:
    song = toy_song(8)
    assert not holds_up(song), "a toy's bass plays anything"
    assert holds_up(replace(song, notes=rooted(song)))
    assert not holds_up(replace(song, notes=rooted(song, 60))), "a second guitar"
    assert holds_up(replace(song, notes=song.notes[song.notes["part"] != ROLES.index("bass")]))
    thirds = rooted(song)[rooted(song)["part"] == ROLES.index("bass")].copy()
    thirds["pitch"] += 4
    both = np.sort(np.concatenate([rooted(song), thirds]), order=["bar", "part", "position", "pitch"])
    assert not holds_up(replace(song, notes=both)), "in thirds"


def test_the_library_holds_bars_of_every_groove(songs: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    everything_is_pop = StyleListener(("pop",), np.zeros(WIDTH), np.ones(WIDTH), np.zeros((WIDTH, 1)), np.zeros(1))
    card = {LISTENER: save_listener(everything_is_pop, tmp_path)}
    (tmp_path / "card.json").write_text(json.dumps(card))
    monkeypatch.setattr("sys.argv", ["example_library", str(songs), str(tmp_path)])
    choose_examples()
    assert "of 2 grooves in 1 styles" in capsys.readouterr().out
    found = load_examples(tmp_path, json.loads((tmp_path / "card.json").read_text()))
    assert CARD_FIELD in json.loads((tmp_path / "card.json").read_text())
    by_groove = {groove: [e for e in found.entries if e.song.groove == groove] for groove in ("g", "people")}
    assert [len(each) for each in by_groove.values()] == [2, 2]
    assert {e.licence for e in by_groove["g"]} == {"synthetic"}
    assert all(e.song.bar_count == 4 and not (e.song.notes["part"] == 0).any() for e in found.entries)
