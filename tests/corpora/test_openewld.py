"""OpenEWLD: lead sheets through the light MusicXML reader."""

import sqlite3
import zipfile
from pathlib import Path

import pytest

from composer.corpora import data_root, openewld
from composer.corpora.repeats import Barlines, played_order
from composer.corpora.sheet import read_sheet
from composer.corpora.sheet_chords import words_symbol
from composer.errors import MusicFileError

PLAIN = Barlines()


def note(step: str, quarters: float, tie: str = "", chord: bool = False, extra: str = "") -> str:
    inside = "<chord/>" if chord else ""
    ties = "".join(f'<tie type="{kind}"/>' for kind in tie.split())
    pitch = f"<pitch><step>{step[0]}</step><alter>{step.count('#')}</alter><octave>5</octave></pitch>"
    return f"<note>{inside}{pitch}<duration>{round(quarters * 12)}</duration>{ties}{extra}</note>"


def harmony(root: str, kind: str, text: str = "", more: str = "") -> str:
    alter = {"b": -1, "#": 1}.get(root[1:], 0)
    printed = f' text="{text}"' if text else ""
    return (
        f"<harmony><root><root-step>{root[0]}</root-step><root-alter>{alter}</root-alter></root>"
        f"<kind{printed}>{kind}</kind>{more}</harmony>"
    )


def sheet(path: Path, measures: list[str], time: str = "4/4") -> Path:
    beats, unit = time.split("/")
    head = (
        f"<attributes><divisions>12</divisions><key><fifths>1</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"
    )
    inside = "".join(f'<measure number="{i}">{head if i == 1 else ""}{m}</measure>' for i, m in enumerate(measures, 1))
    text = (
        "<score-partwise><work><work-title>A tune</work-title></work><part-list><score-part id='P1'>"
        f"<part-name>Lead</part-name></score-part></part-list><part id='P1'>{inside}</part></score-partwise>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("tune.xml", text)
    return path


def whole(step: str = "C") -> str:
    return note(step, 4)


def test_pick_up_ties_triplets_and_chords(tmp_path: Path) -> None:
    third = "".join(note(step, 2 / 3) for step in "CDE")
    measures = [
        note("G", 1),
        harmony("C", "major") + note("E", 4, "start"),
        note("E", 2, "stop") + harmony("Bb", "dominant", "7") + third,
    ]
    score = read_sheet(sheet(tmp_path / "a.mxl", measures)).score
    assert [tuple(row)[:3] for row in score.parts[0].notes] == [
        (0, 480, 79),
        (480, 2880, 76),
        (3360, 320, 72),
        (3680, 320, 74),
        (4000, 320, 76),
    ]
    assert score.meter.changes == ((0, 1, 4), (480, 4, 4))
    assert score.chords == ((480, "C"), (3360, "Bb7"))
    assert (score.key, score.title) == ("G", "A tune")


def test_grace_notes_cues_and_rests_make_no_notes(tmp_path: Path) -> None:
    grace = "<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>"
    rest = "<note><rest/><duration>12</duration></note>"
    bar = grace + note("E", 1, extra="<cue/>") + rest + note("C", 2)
    score = read_sheet(sheet(tmp_path / "a.mxl", [bar])).score
    assert [tuple(row)[:3] for row in score.parts[0].notes] == [(960, 960, 72)]


def test_repeats_and_endings_are_played_out(tmp_path: Path) -> None:
    def barline(content: str) -> str:
        return f"<barline>{content}</barline>"

    first = barline('<ending number="1" type="start"/>')
    stop = barline('<ending number="1" type="stop"/><repeat direction="backward"/>')
    measures = [whole("C"), first + whole("D") + stop, barline('<ending number="2" type="start"/>') + whole("E")]
    score = read_sheet(sheet(tmp_path / "a.mxl", measures)).score
    assert score.parts[0].notes["pitch"].tolist() == [72, 74, 72, 76]


@pytest.mark.parametrize(
    ("bars", "order"),
    [
        ([PLAIN, PLAIN], [0, 1]),
        ([PLAIN, Barlines(backward=2), PLAIN], [0, 1, 0, 1, 2]),
        ([PLAIN, Barlines(forward=True, backward=3), PLAIN], [0, 1, 1, 1, 2]),
        ([PLAIN, Barlines(backward=2, endings=(1, 2)), Barlines(endings=(3,)), PLAIN], [0, 1, 0, 1, 0, 2, 3]),
        ([PLAIN, Barlines(endings=(1,)), Barlines(backward=2), Barlines(endings=(2,)), PLAIN], [0, 1, 2, 0, 3, 4]),
        ([Barlines(backward=2), PLAIN, Barlines(backward=2)], [0, 0, 1, 2, 1, 2]),
        ([Barlines(forward=True), PLAIN], [0, 1]),
    ],
)
def test_the_order_bars_are_played_in(bars: list[Barlines], order: list[int]) -> None:
    assert played_order(bars) == order


@pytest.mark.parametrize(
    ("element", "symbol"),
    [
        (harmony("C", "minor-seventh", "m7"), "Cm7"),
        (harmony("F#", "half-diminished"), "F#m7b5"),
        (harmony("G", "dominant", "7b9", "<degree><degree-value>9</degree-value><degree-alter>-1</degree-alter>"
                 "<degree-type>add</degree-type></degree>"), "G7b9"),
        (harmony("C", "major", "", "<bass><bass-step>E</bass-step></bass>"), "C/E"),
        (harmony("C", "none"), "N.C."),
        (harmony("A", "augmented-seventh", "7+"), "A7#5"),
    ],
)  # fmt: skip
def test_harmony_elements_are_spelled(tmp_path: Path, element: str, symbol: str) -> None:
    score = read_sheet(sheet(tmp_path / "a.mxl", [element + whole()])).score
    assert score.chords == ((0, symbol),)


@pytest.mark.parametrize(
    ("words", "symbol"),
    [("N.C.", "N.C."), ("G7(b9)", "G7b9"), ("Cm(ma7)", "Cm(maj7)"), ("Fine", ""), ("A", ""), ("Chorus", ""), ("", "")],
)
def test_words_that_are_chords(words: str, symbol: str) -> None:
    assert words_symbol(words) == symbol


@pytest.mark.parametrize("content", [b"", b"not xml", b"<score-partwise/>"])
def test_broken_sheets_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mxl").write_bytes(content)
    with pytest.raises(MusicFileError, match=r"a\.mxl: "):
        read_sheet(tmp_path / "a.mxl")


def _corpus(root: Path) -> Path:
    folder = root / "openewld"
    folder.mkdir()
    sheet(folder / "José--Tune_One.mxl", [harmony("C", "major") + whole()] * 8)
    sheet(folder / "B--Short.mxl", [harmony("C", "major") + whole()] * 3)
    sheet(folder / "B--Bare.mxl", [whole()] * 8)
    sheet(folder / "B--Free.mxl", [harmony("C", "major") + note("C", 3)] * 8)
    (folder / "B--Broken.mxl").write_bytes(b"PK")
    with sqlite3.connect(folder / "OpenEWLD.db") as base:
        base.execute("create table works (id, path_leadsheet)")
        base.execute("create table work_genres (id, genre, occurrences)")
        base.execute("create table work_style (id, style, occurrences)")
        base.execute("insert into works values (1, 'dataset/Jose/Tune_One/Tune_One.mxl')")
        base.executemany("insert into work_genres values (1, ?, ?)", [("Rock", 1), ("Jazz", 5)])
        base.execute("insert into work_style values (1, 'Vocal', 2)")
    base.close()
    return root


def test_songs_have_lane_style_and_tempo(tmp_path: Path) -> None:
    reasons: dict[str, str] = {}
    (song,) = openewld.songs(_corpus(tmp_path), reasons.__setitem__)
    assert (song.id, song.style, song.groove) == ("openewld/José--Tune_One", "swing", "Vocal")
    assert song.lane is not None
    assert song.lane.chart(song.score.bars()) == " | ".join(["C"] * 8)
    assert song.score.tempo.bpm_at(0) != 120
    assert reasons["openewld/B--Short"] == "fewer than 8 bars"
    assert reasons["openewld/B--Bare"] == "no chord symbols"
    assert reasons["openewld/B--Free"] == "bars that are not as long as their metre"
    assert "not readable" in reasons["openewld/B--Broken"]


@pytest.mark.parametrize(
    ("genre", "label", "signature", "style"),
    [
        ("Jazz", "Tango", (4, 4), "tango"),
        ("Pop", "Vocal", (4, 4), "pop"),
        ("Pop", "Vocal", (3, 4), "waltz"),
        ("Folk, World, & Country", "", (3, 4), "folk"),
        ("", "", (4, 4), ""),
    ],
)
def test_styles_come_from_the_labels(genre: str, label: str, signature: tuple[int, int], style: str) -> None:
    assert openewld.style_of(genre, label, signature) == style


def _text(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.corpus
def test_the_readers_agree_with_music21() -> None:
    import music21

    sheets = sorted((data_root() / "openewld").glob("*.mxl"))
    for path in [path for path in sheets if "<repeat" not in _text(path)][:90:30]:
        theirs = music21.converter.parse(path).parts[0].stripTies().flatten().notes
        wanted = {(round(float(n.offset) * 480), n.pitch.midi) for n in theirs if n.isNote and not n.duration.isGrace}
        ours = read_sheet(path).score.parts[0].notes
        assert {(int(row["onset"]), int(row["pitch"])) for row in ours} == wanted
