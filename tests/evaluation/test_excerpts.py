"""Which bars are judged: held-out ones, with the melody playing, the same for everybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.errors import InputError
from composer.evaluation.excerpts import MARGIN_BARS, choose, held_out, kind_of, windows
from composer.evaluation.systems import own, play, shuffled
from composer.training.packing import Pack, open_pack, pack
from tests.evaluation.bands import plain_band, song


def small_pack(path: Path, songs: int = 6, bars: int = 40) -> Pack:
    made = [song(plain_band(bars), bars, f"song {i}", split=("test", "valid", "train")[i % 3]) for i in range(songs)]
    pack(made, path)
    return open_pack(path)


def test_kinds() -> None:
    band = plain_band()
    assert kind_of(song(band)) == "bands"
    assert kind_of(song(band, synthetic="True")) == "synthetic"
    assert kind_of(song(band[band["part"] == 4])) == "piano"
    assert kind_of(replace(song(band), notes=band)) == ""
    assert kind_of(song(band[band["part"] == 1])) == ""


def test_only_what_is_held_out(tmp_path: Path) -> None:
    whole = small_pack(tmp_path / "songs.npz")
    assert len(held_out(whole, ["test"])) == 2
    assert len(held_out(whole, ["test", "valid"])) == 4
    with pytest.raises(InputError, match="train is not held out"):
        held_out(whole, ["train"])


def test_excerpts_do_not_meet_and_have_room_around_them() -> None:
    found = windows(song(plain_band(60), 60), 16, 3)
    spans = []
    for one in found:
        assert one.heard.bar_count == 16
        assert one.first >= MARGIN_BARS
        assert one.song.bar_count - one.last >= MARGIN_BARS
        spans.append(one.heard.notes["bar"].max())
    assert len(found) == 3 or len(found) == 2


def test_excerpts_lie_where_the_melody_plays() -> None:
    whole = song(plain_band(40), 40)
    late = replace(whole, notes=whole.notes[(whole.notes["part"] > 0) | (whole.notes["bar"] >= 20)])
    (one,) = windows(late, 16, 1)
    assert (np.unique(one.song.notes["bar"][one.song.notes["part"] == 0])[0]) == 0
    assert windows(replace(whole, notes=whole.notes[whole.notes["part"] > 0]), 16, 1) == []


def test_one_draw_a_work_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    songs = held_out(small_pack(tmp_path / "songs.npz", 12), ["test", "valid"])
    first, again, other = (choose(songs, "bands", 4, 16, 1, seed) for seed in (0, 0, 1))
    assert [one.work for one in first] == [one.work for one in again]
    assert len({one.work for one in first}) == 4
    assert [one.work for one in first] != [one.work for one in other]


def test_shuffled_has_the_same_bars_in_another_order() -> None:
    band = plain_band(24)
    band["velocity"] = band["bar"] % 16
    (one,) = windows(song(band, 24), 16, 1)
    theirs, mine = play(own, one, 0), play(shuffled, one, 0)
    assert isinstance(theirs, np.ndarray)
    assert isinstance(mine, np.ndarray)
    assert sorted(mine["pitch"].tolist()) == sorted(theirs["pitch"].tolist())
    assert not np.array_equal(mine, theirs)
    assert np.array_equal(mine, play(shuffled, one, 0))
