"""Copies, versions, and the table that keeps them on one side of a split."""

from __future__ import annotations

import json

from composer.corpora import works
from composer.corpora.duplicates import groups, notes_digest, tune_shingles, version_pairs
from composer.corpora.report import Census
from composer.corpora.song import Song
from composer.corpora.splits import split_of
from composer.score import Part, Score


def a_song(name, tune, role="melody", start=0):
    notes = [(start + i * 480 + 120 * (i % 3), 100, 60 + pitch, 80) for i, pitch in enumerate(tune)]
    score = Score((Part("Tune", notes, role=role),))
    return Song(name, "a", name, split_of(name), "MIT", "", False, "", "", score, None)


def tune(seed, length=60):
    return [(seed * i * i + 5 * i // 2 + seed) % 17 for i in range(length)]


def test_a_scale_and_a_repeated_note_say_nothing():
    assert not tune_shingles(a_song("a", range(40)).score)
    assert not tune_shingles(a_song("a", [0] * 40).score)
    assert not tune_shingles(a_song("a", tune(3), role="drums").score)


def test_versions_are_found_in_any_key():
    tunes = {
        "one": tune_shingles(a_song("one", tune(3)).score),
        "up": tune_shingles(a_song("up", [pitch + 4 for pitch in tune(3, 50)]).score),
        "other": tune_shingles(a_song("other", tune(7)).score),
    }
    ((one, other, share),) = version_pairs(tunes)
    assert (one, other) == ("one", "up")
    assert share > 0.9


def test_groups():
    assert groups([("b", "a"), ("c", "b"), ("x", "y")]) == [["a", "b", "c"], ["x", "y"]]


def test_a_copy_is_a_copy_wherever_it_starts():
    assert notes_digest(a_song("a", tune(3))) == notes_digest(a_song("b", tune(3), start=960))
    assert notes_digest(a_song("a", tune(3))) != notes_digest(a_song("b", tune(4)))


def test_a_leak_is_found_and_the_table_mends_it(tmp_path, monkeypatch):
    train = next(f"a/{i}" for i in range(100) if split_of(f"a/{i}") == "train")
    test = next(f"a/{i}" for i in range(100) if split_of(f"a/{i}") == "test")
    monkeypatch.setattr(works, "work_names", dict)
    monkeypatch.setattr("composer.corpora.report.work_names", dict)
    census = Census()
    for name in (test, train):
        census.see(a_song(name, tune(3)))
    assert "both sides of a split: 1" in census.text()
    found = census.work_groups(census.version_groups())
    works.write_table(found, tmp_path / "table.json")
    assert json.loads((tmp_path / "table.json").read_text())["groups"] == [[train, test]]
    monkeypatch.setattr(works, "work_names", lambda: {test: train})
    moved = works.one_work(a_song(test, tune(3)))
    assert (moved.work, moved.split) == (train, "train")


def test_the_shipped_table_moves_nothing_out_of_training():
    for work, name in works.work_names().items():
        assert work != name
        assert name not in works.work_names()
        assert split_of(work) != "train" or split_of(name) == "train"
