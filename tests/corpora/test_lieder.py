"""Lieder: the voice is the melody, whatever stands on two staves is the piano."""

from pathlib import Path

import pytest

from composer.corpora import data_root, lieder

LOUD = "<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>"
SLOW = (
    "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
    "<per-minute>40</per-minute></metronome></direction-type></direction>"
)


def note(step: str, octave: int, quarters: int, more: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{quarters}</duration>{more}</note>"


def lied(path: Path, bars: int = 8, words: bool = True, keyboard: str = "Piano") -> None:
    head = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    lyric = "<lyric><text>la</text></lyric>" if words else ""
    voice = note("G", 4, 4, lyric)
    back = "<backup><duration>4</duration></backup>"
    piano = note("C", 4, 4, "<staff>1</staff>") + back + note("C", 2, 4, "<staff>2</staff>")

    def part(number: int, first: str, bar: str) -> str:
        inside = "".join(f"<measure>{head + first if i == 0 else ''}{bar}</measure>" for i in range(bars))
        return f"<part id='P{number}'>{inside}</part>"

    players = ((1, "Voice"), (2, keyboard))
    names = "".join(f"<score-part id='P{i}'><part-name>{name}</part-name></score-part>" for i, name in players)
    parts = part(1, SLOW, voice) + part(2, LOUD, piano)
    text = f"<score-partwise><part-list>{names}</part-list>{parts}</score-partwise>"
    path.write_text(text)


def test_voice_and_piano(tmp_path: Path) -> None:
    folder = tmp_path / "lieder"
    folder.mkdir()
    lied(folder / "lc1.mxl")
    (song,) = lieder.songs(tmp_path)
    assert [(part.role, len(part)) for part in song.score.parts] == [("melody", 8), ("piano", 16)]
    assert song.lane is not None
    assert (song.style, song.licence) == ("classical", "CC0-1.0")
    assert song.score.tempo.bpm_at(0) == pytest.approx(60)
    assert set(song.score.part("piano").notes["velocity"].tolist()) == {106}


@pytest.mark.parametrize(
    ("options", "reason"), [({"words": False}, "no part with words"), ({"bars": 4}, "fewer than 8 bars")]
)
def test_what_is_left_out_is_said(tmp_path: Path, options: dict[str, int], reason: str) -> None:
    (tmp_path / "lieder").mkdir()
    lied(tmp_path / "lieder" / "lc1.mxl", **options)  # type: ignore[arg-type]
    reasons: dict[str, str] = {}
    assert list(lieder.songs(tmp_path, reasons.__setitem__)) == []
    assert reasons == {"lieder/lc1": reason}


@pytest.mark.corpus
def test_the_first_songs_read() -> None:
    songs = [song for song, _ in zip(lieder.songs(data_root()), range(5), strict=False)]
    assert len(songs) == 5
    assert all(len(song.score.part("piano")) > len(song.score.part("melody")) / 2 for song in songs)
