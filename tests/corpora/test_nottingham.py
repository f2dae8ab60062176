"""Nottingham: melody and block chords from MIDI."""

from pathlib import Path

import pytest

from composer.corpora import data_root, nottingham
from composer.formats.midi import write_midi
from composer.score import Part, Score, as_notes
from composer.timing import Meter, TempoMap


def tune(path: Path, bars: int = 8, meter: Meter | None = None, chords: bool = True) -> None:
    meter = meter or Meter(1024)
    score = Score((), TempoMap(1024), meter)
    length = meter.bars(1)[0].length
    melody = [(i * length + at, length // 4, 60 + i, 90) for i in range(bars) for at in (0, length // 2)]
    blocks = [(i * length, length, pitch + 5 * (i % 2), 90) for i in range(bars) for pitch in (48, 52, 55)]
    parts = [Part("", as_notes(melody))] + ([Part("", as_notes(blocks))] if chords else [])
    write_midi(score.with_parts(parts), path)


def test_tunes_have_melody_lane_and_dance(tmp_path: Path) -> None:
    folder = tmp_path / "nottingham"
    folder.mkdir()
    tune(folder / "jigs7.mid", meter=Meter(1024, ((0, 6, 8),)))
    tune(folder / "reelsa-c2.mid")
    tune(folder / "waltzes3.mid", meter=Meter(1024, ((0, 3, 4),)))
    found = {song.work: song for song in nottingham.songs(tmp_path)}
    labels = {work: (song.style, song.groove) for work, song in found.items()}
    assert labels == {
        "nottingham/jigs7": ("folk", "jig"),
        "nottingham/reelsa-c2": ("folk", "reel"),
        "nottingham/waltzes3": ("waltz", "waltz"),
    }
    reel = found["nottingham/reelsa-c2"]
    assert reel.lane is not None
    assert reel.lane.chart(reel.score.bars()) == " | ".join(["C", "F"] * 4)
    assert reel.score.tempo.bpm_at(0) == 120
    assert found["nottingham/jigs7"].score.bars()[0].beat_count == 2


@pytest.mark.parametrize(("options", "reason"), [({"chords": False}, "no chords"), ({"bars": 3}, "fewer than 8 bars")])
def test_what_is_left_out_is_said(tmp_path: Path, options: dict[str, int], reason: str) -> None:
    (tmp_path / "nottingham").mkdir()
    tune(tmp_path / "nottingham" / "xmas1.mid", **options)  # type: ignore[arg-type]
    reasons: dict[str, str] = {}
    assert list(nottingham.songs(tmp_path, reasons.__setitem__)) == []
    assert reasons == {"nottingham/xmas1": reason}


@pytest.mark.corpus
def test_most_tunes_are_kept() -> None:
    skipped: list[str] = []
    songs = list(nottingham.songs(data_root(), lambda song_id, _: skipped.append(song_id)))
    assert len(skipped) < 0.02 * len(songs)
    assert all(song.lane is not None and song.lane.chords for song in songs)
