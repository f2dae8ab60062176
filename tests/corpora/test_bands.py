"""Band corpora: what is kept, what is left out and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from composer.corpora import bands
from composer.errors import InputError
from composer.formats.midi import write_midi
from composer.score import Part, Score
from composer.timing import Meter, TempoMap

TICKS = 480
BAR = 4 * TICKS


def a_band(bars=16, shift=0, transposed=0, seed=0, meter=((0, 4, 4),)):
    beats = range(4 * bars)
    tune = [(shift + i * 240, 240, 60 + transposed + (i * 7 + i // 3 + seed * i * i) % 24, 90) for i in range(8 * bars)]
    bass = [(shift + i * TICKS, TICKS, 36 + transposed + (i * 5 + seed) % 12, 90) for i in beats]
    kit = [(shift + i * TICKS, 60, 36 if i % 2 else 38, 90) for i in beats]
    parts = (Part("Lead", tune, 80), Part("Bass", bass, 36), Part("Drums", kit, is_drum=True))
    return Score(parts, TempoMap.constant(100, TICKS), Meter(TICKS, meter))


@pytest.fixture
def read(tmp_path):
    def _read(**files):
        folder = tmp_path / "simutrans"
        folder.mkdir(exist_ok=True)
        for name, score in files.items():
            write_midi(score, folder / f"{name}.mid")
        skipped = {}
        kept = list(bands.LOADERS["simutrans"](tmp_path, skipped.__setitem__))
        return kept, skipped

    return _read


def test_a_band_is_read_with_roles_chords_and_source(read):
    (song,), skipped = read(one=a_band())
    assert not skipped
    assert [part.role for part in song.score.parts] == ["melody", "drums", "bass"]
    assert (song.id, song.corpus, song.licence, song.groove) == (
        "simutrans/one",
        "simutrans",
        "Artistic-1.0",
        "simutrans",
    )
    assert song.style == "funk"
    assert not song.synthetic
    assert len(song.sha256) == 64
    assert len(song.lane) == 64


def test_silence_before_the_music_is_cut_by_whole_bars(read):
    (song,), _ = read(one=a_band(shift=3 * BAR + TICKS))
    assert min(part.start for part in song.score.parts) == TICKS
    assert len(song.score.bars()) == 17


def test_the_longest_stretch_in_one_metre_is_kept(read):
    (song,), _ = read(one=a_band(bars=20, meter=((0, 1, 8), (240, 4, 4), (240 + 12 * BAR, 3, 4))))
    assert song.score.meter.changes == ((0, 4, 4),)
    assert len(song.score.bars()) == 12


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (a_band(bars=4), "shorter than 8 bars or 12 seconds"),
        (a_band(meter=((0, 7, 8),)), "a metre the model does not play"),
        (a_band().with_parts([a_band().parts[2]]), "fewer than two parts of a band"),
        (replace(a_band(), tempo=TempoMap.constant(100, 490), meter=Meter(490)), "off the grid"),
    ],
)
def test_what_cannot_be_used_is_named(read, score, reason):
    kept, skipped = read(one=score)
    assert not kept
    assert skipped == {"simutrans/one": reason}


def test_a_transposed_version_is_left_out(read):
    kept, skipped = read(one=a_band(), two=a_band(transposed=5), three=a_band(seed=1))
    assert {song.id for song in kept} == {"simutrans/one", "simutrans/three"}
    assert skipped == {"simutrans/two": "a version of another file"}


def test_an_unreadable_file_is_left_out_with_its_reason(read, tmp_path):
    (tmp_path / "simutrans").mkdir()
    (tmp_path / "simutrans" / "broken.mid").write_text("no music")
    kept, skipped = read(one=a_band())
    assert len(kept) == 1
    assert list(skipped) == ["simutrans/broken"]


def test_a_missing_folder_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"corpora/openmsx/README\.md"):
        list(bands.LOADERS["openmsx"](tmp_path, lambda song_id, reason: None))


def test_swing_is_told_from_straight():
    straight = Score((Part("", [(i * 240, 100, 60, 90) for i in range(64)]),))
    swung = Score((Part("", [(i * 480 + j * 320, 100, 60, 90) for i in range(32) for j in (0, 1)]),))
    assert bands.swing_share(straight) == 0
    assert bands.swing_share(swung) == 1


@pytest.mark.corpus
def test_most_of_openmsx_is_read():
    from composer.corpora import data_root

    skipped = {}
    kept = list(bands.LOADERS["openmsx"](data_root(), skipped.__setitem__))
    assert len(kept) > 4 * len(skipped)
    assert all("drums" in {part.role for part in song.score.parts} for song in kept if song.style == "funk")
