"""A user's own folder: everything under it, labels, copies and versions."""

from __future__ import annotations

import numpy as np
import pytest

from composer.corpora.folder import Known, songs
from composer.corpora.song import with_form
from composer.errors import InputError
from composer.formats.midi import write_midi
from composer.score import Part, Score
from composer.timing import Meter, TempoMap

TICKS = 480


def a_band(seed, transposed=0, slower=1):
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 15, 128)
    waits = rng.choice([1, 1, 1, 2], 128)
    onsets = np.concatenate([[0], np.cumsum(waits)[:-1]]) * TICKS // 2 * slower
    tune = [(int(at), 200, int(60 + transposed + step), 90) for at, step in zip(onsets, steps, strict=True)]
    beats = range(int(onsets[-1]) // TICKS)
    bass = [(i * TICKS, TICKS, int(36 + transposed + rng.integers(0, 12)), 90) for i in beats]
    kit = [(i * TICKS, 60, 36 if i % 2 else 38, 90) for i in beats]
    parts = Part("Lead", tune, 80), Part("Bass", bass, 33), Part("Drums", kit, is_drum=True)
    return Score(parts, TempoMap.constant(100, TICKS), Meter(TICKS))


def put(folder, **files):
    for name, score in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_midi(score, path.with_suffix(".mid"))


def read(folder):
    skipped = {}
    return list(songs(folder, skipped.__setitem__)), skipped


def test_a_folder_like_lakh_s(tmp_path):
    put(tmp_path, a__aa01=a_band(1), a__aa01copy=a_band(1), b__bb02=a_band(2), hidden=a_band(3))
    (tmp_path / "hidden.mid").rename(tmp_path / ".hidden.mid")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "cc03.mid").write_bytes(b"MThd")
    found, skipped = read(tmp_path)
    assert [song.id for song in found] == ["own/a/aa01", "own/b/bb02"]
    assert skipped["own/a/aa01copy"] == "an exact copy of another file"
    assert set(skipped) == {"own/a/aa01copy", "own/c/cc03"}
    assert [part.role for part in found[0].score.parts] == ["melody", "drums", "bass"]
    assert found[0].lane is not None
    assert with_form(found[0]).phrases_by == "composer"


def test_versions_in_other_keys_and_note_values_are_one_work(tmp_path):
    put(tmp_path, one=a_band(1), two=a_band(1, transposed=3), three=a_band(1, slower=2), four=a_band(4))
    found, _ = read(tmp_path)
    works = {song.id: song.work for song in found}
    assert works["own/one"] == works["own/two"] == works["own/three"] != works["own/four"]
    assert len({song.split for song in found if song.id != "own/four"}) == 1


def test_styles_come_from_labels_or_folders(tmp_path):
    put(tmp_path, Rock__one=a_band(1), Rock__two=a_band(2), three=a_band(3))
    (tmp_path / "labels.csv").write_text("file,style\nRock/two.mid,Bossa Nova\n")
    found, _ = read(tmp_path)
    assert {song.id: song.style for song in found} == {"own/Rock/one": "rock", "own/Rock/two": "bossa", "own/three": ""}


def test_labels_that_are_wrong(tmp_path):
    (tmp_path / "labels.csv").write_text("name;style\n")
    with pytest.raises(InputError, match="needs the columns"):
        read(tmp_path)
    (tmp_path / "labels.csv").write_text("file,style\na.mid,sambba\n")
    with pytest.raises(InputError, match=r"line 2.*samba"):
        read(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read(tmp_path / "nowhere")


def test_copies_and_versions_are_found_across_folders(tmp_path):
    put(tmp_path / "a", one=a_band(1), two=a_band(2))
    put(tmp_path / "b", other_name=a_band(1), higher=a_band(2, transposed=3), three=a_band(3))
    known, skipped = Known(), {}
    found = [song for name in "ab" for song in songs(tmp_path / name, skipped.__setitem__, name, known=known)]
    assert [song.id for song in found] == ["a/one", "a/two", "b/higher", "b/three"]
    assert skipped == {"b/other_name": "an exact copy of another file"}
    assert [song.work for song in found] == ["a/one", "a/two", "a/two", "b/three"]
    assert found[1].split == found[2].split
