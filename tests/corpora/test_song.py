"""The Song value, the counted walk over corpora, and lines of melody."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.corpora import CORPORA, data_root, iter_songs
from composer.corpora.__main__ import main
from composer.corpora.blocks import block_lane, block_symbols, name_block
from composer.corpora.lines import top_line
from composer.corpora.song import Song, hash_files, on_grid
from composer.errors import InputError
from composer.harmony.lane import ChordLane
from composer.score import Part, Score, as_notes


def _song(score: Score, lane: ChordLane | None = None) -> Song:
    return Song("test/1", "test", "test/1", "train", "CC0-1.0", "", False, "pop", "", score, lane)


def test_a_song_holds_one_part_per_role() -> None:
    part = Part("a", as_notes([(0, 480, 60, 80)]), role="melody")
    assert _song(Score((part,))).score.part("melody") == part
    with pytest.raises(AssertionError):
        _song(Score((part, replace(part, name="b"))))


def test_the_lane_has_one_chord_for_each_beat() -> None:
    score = Score((Part("a", as_notes([(0, 1920 * 2, 60, 80)]), role="melody"),))
    lane = ChordLane.from_chart("C | G", score.bars())
    assert _song(score, lane).lane == lane
    with pytest.raises(AssertionError, match="3 chords over 8 beats"):
        _song(score, ChordLane(lane.chords[:3]))


def test_the_hash_is_of_the_files_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"ab")
    (tmp_path / "b").write_bytes(b"c")
    assert hash_files(tmp_path / "a", tmp_path / "b").startswith("ba7816bf8f01cfea")  # SHA-256 of "abc"


@pytest.mark.parametrize(("onsets", "share"), [((0, 120, 160, 320, 475), 1.0), ((60, 80, 200, 210), 0.0)])
def test_on_grid_counts_sixteenths_and_triplets(onsets: tuple[int, ...], share: float) -> None:
    score = Score((Part("a", as_notes([(onset, 10, 60, 80) for onset in onsets])),))
    assert on_grid(score) == share


def test_a_silent_score_is_on_the_grid() -> None:
    assert on_grid(Score()) == 1.0


def test_top_line_keeps_the_highest_and_cuts_overlaps() -> None:
    line = top_line(as_notes([(0, 480, 60, 80), (0, 480, 67, 80), (240, 480, 64, 80)]))
    assert [tuple(note) for note in line] == [(0, 240, 67, 80), (240, 480, 64, 80)]
    assert len(top_line(as_notes([]))) == 0


@pytest.mark.parametrize(
    ("pitches", "symbol"),
    [
        ((48, 52, 55), "C"),
        ((52, 57, 60), "Am/E"),
        ((48, 52, 55, 57), "C6"),
        ((55, 60, 64, 69), "Am7/G"),
        ((47, 50, 53, 57), "Bm7b5"),
        ((43, 53, 57, 60), "Fadd9/G"),
        ((49, 52, 56), "C#m"),
        ((), "N.C."),
    ],
)
def test_blocks_are_named_as_lead_sheets_would(pitches: tuple[int, ...], symbol: str) -> None:
    assert name_block(pitches).symbol == symbol


def test_a_short_gap_holds_the_chord_and_a_long_one_is_silent() -> None:
    triads = [(0, 960, 48), (1440, 480, 43), (5760, 1920, 48)]
    notes = [(onset, length, low + step, 80) for onset, length, low in triads for step in (0, 4, 7)]
    part = Part("chords", as_notes(notes))
    bars = Score((part,)).bars()
    lane = block_lane(block_symbols(part, 10), bars)
    assert lane.chart(bars) == "C / / G | N.C. | N.C. | C"


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder pop909"):
        list(iter_songs(["pop909"], tmp_path))
    with pytest.raises(InputError, match="no corpus called 'pop'"):
        list(iter_songs(["pop"], tmp_path))
    assert list(iter_songs(None, tmp_path)) == []


def test_data_root_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("COMPOSER_DATA", raising=False)
    with pytest.raises(InputError, match="COMPOSER_DATA is not set"):
        data_root()
    monkeypatch.setenv("COMPOSER_DATA", str(tmp_path / "none"))
    with pytest.raises(InputError, match="is not a folder"):
        data_root()
    monkeypatch.setenv("COMPOSER_DATA", str(tmp_path))
    assert data_root() == tmp_path


def test_the_table_counts_what_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nottingham").mkdir()
    (tmp_path / "nottingham" / "broken1.mid").write_bytes(b"MThd")
    assert main(["nottingham", "--data", str(tmp_path), "--report"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[1].split()[:2] == ["nottingham", "0"]
    assert table[1].split()[-1] == "1"
    assert any("exact copies" in line for line in table)
    assert main(["nothing", "--data", str(tmp_path)]) == 1


def test_every_corpus_has_a_name_and_a_loader() -> None:
    assert {"pop909", "openewld", "nottingham", "lieder"} <= set(CORPORA)
    assert all(callable(loader) for loader in CORPORA.values())


def test_notes_stay_read_only() -> None:
    assert not Part("a", top_line(as_notes([(0, 1, 60, 80)]))).notes.flags.writeable
    assert np.array_equal(as_notes([]), top_line(as_notes([])))
