"""MusicXML and ABC in, MusicXML out; music21 is the judge of what we write."""

from __future__ import annotations

import time
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from composer.errors import MusicFileError, OutputError
from composer.formats import load, save
from composer.formats.musicxml_bars import meter_of
from composer.formats.musicxml_names import kind_of, signature, spell
from composer.score import Event, Part, Score, as_notes
from composer.timing import Meter, TempoMap

DATA = Path(__file__).parent.parent / "data"


def test_abc_with_pickup_repeat_chords_and_triplet(tmp_path: Path) -> None:
    score = load(DATA / "scarborough.abc")
    (part,) = score.parts
    assert score.title == "Scarborough Fair"
    assert score.meter.changes == ((0, 3, 4),)
    assert score.tempo.bpm_at(0) == pytest.approx(108)
    assert score.chords[:2] == ((0, "Dm"), (2880, "C"))
    assert score.key == "Am"
    assert [note[:3] for note in part.notes.tolist()[:3]] == [(0, 960, 62), (960, 480, 62), (1440, 720, 69)]


def test_musicxml_with_pickup_ties_tuplets_repeats_and_lyrics() -> None:
    score = load(DATA / "pickup.musicxml")
    voice, piano = score.parts
    assert score.meter.changes == ((0, 1, 4), (480, 3, 4))
    assert [note[:3] for note in voice.notes.tolist()] == [
        (0, 480, 67),
        (480, 2160, 72),
        (2640, 160, 74),
        (2800, 160, 76),
        (2960, 160, 77),
        (3120, 240, 79),
        *(
            (480 + 2880 + onset, duration, pitch)
            for onset, duration, pitch in (
                (0, 2160, 72),
                (2160, 160, 74),
                (2320, 160, 76),
                (2480, 160, 77),
                (2640, 240, 79),
            )
        ),
    ]
    assert voice.events[0] == Event(0, "lyrics", ("A-",))
    assert (voice.program, piano.program) == (73, 0)
    assert len(piano) == 4, "two staves are one player"
    assert score.chords == ((480, "Bbmaj7"), (1920, "F/A"), (3360, "Bbmaj7"), (4800, "F/A"))
    assert score.key == "F"
    assert score.tempo.changes == ((0, 600_000),)


REEL = """X:1
T:Reel
M:4/4
L:1/8
Q:1/4=120
K:G
|:D2|"G"G2AB c2BA|"D"A2Bc d2cB|"Em"G2AB "C"c2BA|"D"A4 "G"G2:|
|:B2|"G"d2Bd "C"e2dc|"G"B2GB "D"A2B2|"G"d2Bd "C"e2dc|"D"B2A2 "G"G2:|
"""


def test_a_tune_of_repeated_strains_with_pickups_has_whole_bars(tmp_path: Path) -> None:
    (tmp_path / "reel.abc").write_text(REEL)
    score = load(tmp_path / "reel.abc")
    assert score.meter.changes == ((0, 1, 4), (480, 4, 4))
    assert len(score.bars()) == 1 + 16
    assert score.tempo.changes == ((0, 500_000),), "a repeat says the same tempo again"
    assert score.key == "G"
    assert not [event for event in score.events if event.kind == "key_signature"]
    onsets, lengths = score.parts[0].notes["onset"], score.parts[0].notes["duration"]
    np.testing.assert_array_equal(onsets[1:], (onsets + lengths)[:-1])
    assert (len(onsets), score.end) == (84, 64 * 480)


def test_abc_changes_metre_tempo_and_key_inside_a_tune(tmp_path: Path) -> None:
    head = "X:1\nT:A\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\n"
    on_lines = "CDEF|\nM:5/4\nGAGAB|\nQ:1/4=60\nCDECD|\nM:3/4\nK:G\nCDE|F3|\n"
    inline = "CDEF|[M:5/4]GAGAB|[Q:1/4=60]CDECD|[M:3/4] [K:G]CDE|F3|\n"
    for name, body in (("lines", on_lines), ("inline", inline)):
        (tmp_path / f"{name}.abc").write_text(head + body)
        score = load(tmp_path / f"{name}.abc")
        assert score.meter.changes == ((0, 4, 4), (4 * 480, 5, 4), (14 * 480, 3, 4))
        assert score.tempo.changes == ((0, 500_000), (9 * 480, 1_000_000))
        assert score.parts[0].notes["pitch"].tolist()[-2:] == [64, 66]
        assert len(score.parts[0]) == 18


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    body = "<grace/><pitch><step>D</step><octave>5</octave></pitch><voice>1</voice><type>eighth</type>"
    whole = "<pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><voice>1</voice><type>whole</type>"
    bar = f'<measure number="1"><attributes><divisions>1</divisions></attributes>{{}}<note>{whole}</note></measure>'
    listed = '<part-list><score-part id="P1"><part-name>Tune</part-name></score-part></part-list>'
    for count, said in ((1, "1 grace note"), (2, "2 grace notes")):
        part = f'<part id="P1">{bar.format(f"<note>{body}</note>" * count)}</part>'
        (tmp_path / "grace.musicxml").write_text(f'<score-partwise version="4.0">{listed}{part}</score-partwise>')
        assert load(tmp_path / "grace.musicxml").problems == (f"left out, taking no time of its own: {said}",)


@pytest.mark.parametrize(
    ("tune", "numbers"),
    [
        ("M:3/4\nK:C\nCDE|[M:4/4]CDEF|GAGF|", [1, 2, 3]),  # a change of metre
        ("M:3/4\nK:C\nCDE|\nM:4/4\nCDEF|GAGF|", [1, 2, 3]),
        ("M:3/4\nK:C\nDE|[M:4/4]CDEF|GAGF|", [0, 1, 2]),  # a pick-up before a change of metre
        ("M:4/4\nK:C\nCDE|CDEF|GAGF|", [0, 1, 2]),
        ("M:4/4\nK:C\nCDEF|CDEFG|GAGF|", [1, 2, 3, 4]),  # music21 makes two bars of one that is too long
    ],
)
def test_a_pickup_is_shorter_than_its_metre_says(tune: str, numbers: list[int], tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text(f"X:1\nT:A\nL:1/4\n{tune}\n")
    score = load(tmp_path / "a.abc")
    assert [bar.number for bar in score.bars()] == numbers
    for name in ("a.mid", "a.musicxml"):
        save(score, tmp_path / name)
        assert load(tmp_path / name).meter == score.meter


def test_words_that_abc_loses_are_missed(tmp_path: Path) -> None:
    (tmp_path / "sung.abc").write_text("X:1\nT:Sung\nM:4/4\nL:1/4\nK:C\nCDEF|GFEC|\nw:la la la la la la la la\n")
    score = load(tmp_path / "sung.abc")
    words = [event.data[0] for event in score.parts[0].events if event.kind == "lyrics"]
    assert words == ["la"] * 8 or "its words (w: lines) are not read" in score.problems


@pytest.mark.parametrize(
    ("lengths", "changes"),
    [
        ((1, 4, 3, 1, 4, 4), ((0, 1, 4), (480, 4, 4))),
        ((4, 3, 4, 4), ((0, 4, 4), (1920, 3, 4), (3360, 4, 4))),  # a bar cut short with no pick-up after it stays so
        ((1, 3, 4), ((0, 4, 4),)),
        ((4, 2, 1, 4), ((0, 4, 4), (1920, 2, 4), (2880, 1, 4), (3360, 4, 4))),
    ],
)
def test_bars_cut_in_two_become_one(lengths: tuple[int, ...], changes: tuple[tuple[int, int, int], ...]) -> None:
    begins = [Fraction(sum(lengths[:index])) for index in range(len(lengths))]
    shown = [(4, 4), *[None] * (len(lengths) - 1)]
    assert meter_of(list(zip(begins, shown, strict=True)), 480).changes == changes


def song() -> Score:
    beat = 480
    melody = [(beat + i * 240 + i % 3, 230, 60 + (i * 5) % 13, 80) for i in range(60)]
    triplets = [(beat * 33 + i * 160, 160, 67 + i, 80) for i in range(3)]
    keys = [(beat + i * beat, beat, p, 70) for i in range(40) for p in (41, 60, 64)]
    kit = [(beat + i * 240, 60, p, 90) for i in range(80) for p in ((36, 42) if i % 4 == 0 else (42,))]
    return Score(
        (
            Part("Melody", as_notes(melody + triplets), 73, events=(Event(480, "lyrics", ("la <&>",)),)),
            Part("Piano", as_notes(keys), 0),
            Part("Drums", as_notes(kit), is_drum=True),
        ),
        TempoMap(480, ((0, 500_000), (480 * 9, 600_000))),
        Meter(480, ((0, 1, 4), (480, 4, 4))),
        "Song & Dance",
        "Eb",
        ((480, "Ebmaj7"), (480 * 3, "C7b9"), (480 * 5, "Bb7sus4/F"), (480 * 9, "N.C.")),
    )


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl"])
def test_what_is_written_reads_back(suffix: str, tmp_path: Path) -> None:
    score = song()
    save(score, tmp_path / f"a{suffix}")
    again = load(tmp_path / f"a{suffix}")
    assert again.title == score.title
    assert (again.key, again.meter.changes, again.tempo.changes) == (
        score.key,
        score.meter.changes,
        score.tempo.changes,
    )
    assert again.chords == score.chords
    assert [(part.name, part.program, part.is_drum) for part in again.parts] == [
        (part.name, part.program, part.is_drum) for part in score.parts
    ]
    for before, after in zip(score.parts, again.parts, strict=True):
        np.testing.assert_array_equal(before.notes["pitch"], after.notes["pitch"])
        assert np.abs(before.notes["onset"] - after.notes["onset"]).max() <= 2
    assert again.parts[0].events[0] == Event(480, "lyrics", ("la <&>",))
    with pytest.raises(OutputError, match="already exists"):
        save(score, tmp_path / f"a{suffix}")


def test_every_bar_is_full(tmp_path: Path) -> None:
    import music21

    save(song(), tmp_path / "a.musicxml")
    parsed = music21.converter.parse(tmp_path / "a.musicxml", forceSource=True)
    for part in parsed.parts:
        for measure in part.getElementsByClass("Measure"):
            expected = 1.0 if measure.number == 0 else 4.0
            assert measure.duration.quarterLength == expected, (part.partName, measure.number)


RHYTHMS = {
    "plain": (480, 240, 240, 120, 120, 120, 120, 960),
    "eighth triplets": (*[160] * 6, 480, 240, *[160] * 3, 240),
    "quarter triplets": (*[320] * 6, 480),
    "sixteenth triplets": (*[80] * 6, 240, *[80] * 3, 240, 480),
    "swing": (320, 160) * 4,
    "duplets": (360, 360, 240, 240, 240, 360, 360),
    "dotted": (720, 240, 360, 120, 360, 120, 720),
    "over the beat": (240, 480, 480, 240, 600, 360),
    "over the bar": (1200,) * 6,
    "triplet tied on": (160, 160, 640, 160, 160, 160),
}
"""Lengths in ticks of notes one after another, 480 a quarter."""
VALUES = {"half": 96, "quarter": 48, "eighth": 24, "16th": 12, "32nd": 6, "64th": 3}
"""In the divisions of what we write."""


def rhythm(lengths: tuple[int, ...], metre: tuple[int, int], sounding: float = 1.0) -> Score:
    rows = [(sum(lengths[:i]), round(length * sounding), 60 + i % 7, 80) for i, length in enumerate(lengths)]
    return Score((Part("Flute", as_notes(rows), 73),), meter=Meter(480, ((0, *metre),)))


def assert_well_written(root: ElementTree.Element) -> None:
    """Every note's name, dots and triplet make its length, and every bracket that opens closes in its bar."""
    for measure in root.iter("measure"):
        brackets = []
        for note in measure.iter("note"):
            brackets += [tuplet.get("type") for tuplet in note.iter("tuplet")]
            if note.find("rest[@measure]") is not None:
                continue
            length = VALUES[note.findtext("type", "")] * (2 - Fraction(1, 2 ** len(note.findall("dot"))))
            if (timing := note.find("time-modification")) is not None:
                assert brackets[-1] == "start" or note.find("notations/tuplet[@type='stop']") is not None
                length *= Fraction(int(timing.findtext("normal-notes", "")), int(timing.findtext("actual-notes", "")))
            assert length == int(note.findtext("duration", ""))
        assert brackets == ["start", "stop"] * (len(brackets) // 2)


@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (6, 8), (9, 8), (12, 8), (7, 8)])
@pytest.mark.parametrize("name", RHYTHMS)
def test_rhythms_in_every_metre_are_read_as_they_are(name: str, metre: tuple[int, int], tmp_path: Path) -> None:
    import music21

    score = rhythm(RHYTHMS[name], metre)
    assert_well_written(written(score, tmp_path))
    parsed = music21.converter.parse(tmp_path / "a.musicxml", forceSource=True)
    found = [
        (note.offset * 480, note.quarterLength * 480, note.pitch.midi) for note in parsed.stripTies().flatten().notes
    ]
    assert found == [row[:3] for row in score.parts[0].notes.tolist()]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("eighth triplets", "3:eighth 3:eighth 3:eighth 3:eighth 3:eighth 3:eighth quarter"),
        ("sixteenth triplets", "3:16th 3:16th 3:16th 3:16th 3:16th 3:16th eighth 3:16th 3:16th 3:16th eighth eighth"),
        ("duplets", "eighth. eighth. eighth eighth eighth"),
    ],
)
def test_triplets_in_six_eight_have_their_own_note_values(name: str, values: str, tmp_path: Path) -> None:
    bar = next(written(rhythm(RHYTHMS[name], (6, 8)), tmp_path).iter("measure"))
    shown = [
        "3:" * (note.find("time-modification") is not None) + note.findtext("type", "") + "." * len(note.findall("dot"))
        for note in bar.iter("note")
    ]
    assert " ".join(shown) == values


@pytest.mark.parametrize("metre", [(4, 4), (6, 8)])
@pytest.mark.parametrize("name", ["plain", "eighth triplets", "swing"])
def test_short_notes_last_a_step_of_their_grid(name: str, metre: tuple[int, int], tmp_path: Path) -> None:
    score = rhythm(RHYTHMS[name], metre, sounding=0.05)
    assert_well_written(written(score, tmp_path))
    again = load(tmp_path / "a.musicxml")
    assert again.parts[0].notes["onset"].tolist() == score.parts[0].notes["onset"].tolist()


def test_a_natural_is_tied_on(tmp_path: Path) -> None:
    """Its accidental stands only where the tie begins: here E and a chord with E, in E flat, through two bar lines."""
    rows = [(1440, 2880, 64, 80), (5760, 2880, 64, 80), (5760, 2880, 67, 80)]
    score = Score((Part("Flute", as_notes(rows), 73),), key="Eb")
    root = written(score, tmp_path)
    assert [note.text for note in root.iter("accidental")] == ["natural", "natural"]
    assert [note[:3] for note in load(tmp_path / "a.musicxml").parts[0].notes.tolist()] == [row[:3] for row in rows]
    for pitch in root.iter("pitch"):
        if (alter := pitch.find("alter")) is not None and alter.text == "0":
            pitch.remove(alter)  # as other programs write it
    ElementTree.ElementTree(root).write(tmp_path / "other.musicxml")
    assert [note[:3] for note in load(tmp_path / "other.musicxml").parts[0].notes.tolist()] == [row[:3] for row in rows]


def test_sixty_four_bars_of_five_parts_are_written_in_a_second(tmp_path: Path) -> None:
    rows = as_notes([(i * 120 + i % 7, 110, 40 + i % 30, 80) for i in range(1024)])
    began = time.perf_counter()
    save(Score(tuple(Part(str(i), rows, i) for i in range(5))), tmp_path / "a.musicxml")
    assert time.perf_counter() - began < 2


def test_an_empty_score_is_written(tmp_path: Path) -> None:
    save(Score((Part("x"),)), tmp_path / "a.musicxml")
    assert load(tmp_path / "a.musicxml").end == 0


def written(score: Score, tmp_path: Path) -> ElementTree.Element:
    save(score, tmp_path / "a.musicxml")
    return ElementTree.parse(tmp_path / "a.musicxml").getroot()


def clefs(score: Score, tmp_path: Path) -> list[str]:
    return ["".join(text.strip() for text in clef.itertext()) for clef in written(score, tmp_path).iter("clef")]


LINE = as_notes([(i * 240, 250, 52 + i % 17, 80) for i in range(64)])
HANDS = as_notes([(i * 480, 480, pitch, 80) for i in range(32) for pitch in (45 + i % 5, 67 + i % 7)])


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Part("Lead", LINE, 0), ["G2"]),  # on both sides of middle C, and legato, but a single line
        (Part("Lead", HANDS, 0, role="melody"), ["G2"]),
        (Part("Piano", HANDS, 0, role="piano"), ["G2", "F4"]),
        (Part("Low guitar", LINE, 27), ["G2-1"]),
        (Part("High guitar", LINE, 24).transpose(24), ["G2-1"]),
        (Part("High bass", LINE, 33).transpose(12), ["F4"]),
    ],
)
def test_staves_and_clefs(part: Part, expected: list[str], tmp_path: Path) -> None:
    assert clefs(Score((part,)), tmp_path) == expected
    again = load(tmp_path / "a.musicxml")
    assert again.parts[0].notes["pitch"].tolist() == part.notes["pitch"].tolist(), "a clef moves no sounding note"


def test_keys_change_where_they_change(tmp_path: Path) -> None:
    bar = 1920
    keys = (Event(2 * bar, "key_signature", ("Eb",)), Event(4 * bar - 10, "key_signature", ("F#m",)))
    # Db4 over the bar line into Eb, F# and Eb in Eb and F# minor.
    rows = [(2 * bar - 480, 960, 61, 80), (3 * bar, 480, 63, 80), (4 * bar, 480, 66, 80), (5 * bar, 480, 63, 80)]
    score = Score((Part("Melody", as_notes(rows), 73),), key="D", events=keys)
    root = written(score, tmp_path)
    shown = {
        int(measure.get("number", "")): [int(key.findtext("fifths", "")) for key in measure.iter("key")]
        for measure in root.iter("measure")
    }
    assert shown == {1: [2], 2: [], 3: [-3], 4: [], 5: [3], 6: []}
    names = ["".join(pitch.itertext()) for pitch in root.iter("pitch")]
    assert names == ["C14", "C14", "E-14", "F14", "D14"], "a tied note keeps its name"
    assert [note.text for note in root.iter("accidental")] == ["sharp"], "all but the D# is in its key"
    again = load(tmp_path / "a.musicxml")
    assert again.key == "D"
    assert again.events == (Event(2 * bar, "key_signature", ("Eb",)), Event(4 * bar, "key_signature", ("F#m",)))


@pytest.mark.parametrize(
    ("pitch", "fifths", "name"),
    [(61, 2, ("C", 1, 4)), (61, -3, ("D", -1, 4)), (60, 7, ("B", 1, 3)), (71, -7, ("C", -1, 5)), (66, 0, ("F", 1, 4))],
)
def test_spelling(pitch: int, fifths: int, name: tuple[str, int, int]) -> None:
    assert spell(pitch, fifths) == name


def test_signatures() -> None:
    assert [signature(step, 2) for step in "FCG"] == [1, 1, 0]
    assert [signature(step, -2) for step in "BEA"] == [-1, -1, 0]


def test_kinds() -> None:
    assert kind_of("m7") == ("minor-seventh", "")
    assert kind_of("7b9")[0] == "dominant"
    assert kind_of("weird") == ("other", "")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.musicxml", b"", "is empty"),
        ("text.musicxml", b"Dear Sir", "is not MusicXML .it begins with 'Dear Sir'"),
        ("other.xml", b"<?xml version='1.0'?><html/>", "is not MusicXML"),
        ("cut.musicxml", b"<score-partwise><part-list>", "cannot be read as MusicXML"),
        ("damaged.mxl", b"PK\x03\x04 no zip", "compressed contents are damaged"),
        ("text.abc", b"Dear Sir", "has no K: line"),
    ],
)
def test_malformed(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MusicFileError, match=says) as caught:
        load(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_zip_without_a_score(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.mxl", "w") as archive:
        archive.writestr("readme.txt", "no")
    with pytest.raises(MusicFileError, match="holds no MusicXML"):
        load(tmp_path / "a.mxl")


def test_a_hand_that_rests_for_a_bar_rests_on_its_own_staff(tmp_path: Path) -> None:
    both_hands = [(beat * 480, 480, pitch, 80) for beat in range(4) for pitch in (48, 72)]
    right_hand = [(1920 + beat * 480, 480, 72, 80) for beat in range(4)]
    save(Score((Part("Piano", as_notes(both_hands + right_hand)),)), tmp_path / "piano.musicxml")
    second = ElementTree.parse(tmp_path / "piano.musicxml").findall("part/measure")[1]
    staves = [(note.find("rest") is not None, note.findtext("staff")) for note in second.iter("note")]
    assert staves == [(False, "1")] * 4 + [(True, "2")]


def test_what_xml_cannot_say_is_left_out_of_names(tmp_path: Path) -> None:
    save(Score((Part("Vo\ufffeice\x07", as_notes([(0, 480, 60, 80)])),), title="A\uffff B"), tmp_path / "odd.musicxml")
    again = load(tmp_path / "odd.musicxml")
    assert (again.title, again.parts[0].name) == ("A B", "Voice")
