"""Chord symbols: every usual spelling is read, one is written, and mistakes are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import ChordError
from composer.harmony.chord import NO_CHORD, Chord

SPELLINGS = {
    "C": "C CM Cmaj Cmajor",
    "Cm": "Cm C- Cmin Cmi Cminor",
    "C7": "C7",
    "Cmaj7": "Cmaj7 CM7 CMaj7 Cma7 CΔ7 C△7 C△ C7M Cmajor7",
    "Cm7": "Cm7 C-7 Cmin7 Cmi7",
    "Cm(maj7)": "Cm(maj7) CmM7 Cmmaj7 C-Δ7 C-maj7",
    "Cm7b5": "Cm7b5 Cm7♭5 Cm7(b5) Cø Cø7 CØ Ch7 C-7b5",
    "Cdim": "Cdim C° Co",
    "Cdim7": "Cdim7 C°7 Co7",
    "Caug": "Caug C+ C(#5)",
    "C7#5": "C7#5 C+7 C7+ Caug7 C7(♯5)",
    "Csus4": "Csus4 Csus C4",
    "Csus2": "Csus2",
    "C7sus4": "C7sus4 C7sus Csus7",
    "C69": "C69 C6/9 C6add9",
    "Cadd9": "Cadd9 C(add9) Cadd2 C2",
    "C7alt": "C7alt Calt",
    "C7b9#11": "C7b9#11 C7(b9,#11) C7-9+11",
    "C13#11": "C13#11 C13(♯11)",
    "C5": "C5",
    "N.C.": "N.C. NC N n.c.",
}
TONES = {
    "Bb": (2, 5, 10),
    "F#m7b5/C": (0, 4, 6, 9),
    "Cmaj9": (0, 2, 4, 7, 11),
    "C9": (0, 2, 4, 7, 10),
    "C11": (0, 2, 5, 7, 10),
    "Cm11": (0, 2, 3, 5, 7, 10),
    "C13": (0, 2, 4, 7, 9, 10),
    "C7b9": (0, 1, 4, 7, 10),
    "C7#9": (0, 3, 4, 7, 10),
    "C7b13": (0, 4, 7, 8, 10),
    "Cm6": (0, 3, 7, 9),
    "C6": (0, 4, 7, 9),
    "C5": (0, 7),
    "Cdim7": (0, 3, 6, 9),
    "C7alt": (0, 1, 3, 4, 6, 8, 10),
}
SUFFIXES = """m 7 maj7 m7 6 m6 69 9 m9 maj9 11 m11 13 dim dim7 m7b5 aug sus2 sus4 7sus4 add9 5 7b5 7#5 7b9 7#9 7#11
7b13 7alt m(maj7)"""
suffixes = st.sampled_from(["", *SUFFIXES.split()])
symbols = st.builds(
    lambda letter, sign, suffix, bass: letter + sign + suffix + bass,
    st.sampled_from("CDEFGAB"),
    st.sampled_from(["", "#"]),
    suffixes,
    st.sampled_from(["", "/G", "/Bb", "/F#"]),
)


@pytest.mark.parametrize(("written", "spelling"), [(w, s) for w, many in SPELLINGS.items() for s in many.split()])
def test_every_usual_spelling_is_read(written: str, spelling: str) -> None:
    assert Chord.parse(spelling).symbol == written


@pytest.mark.parametrize(("symbol", "tones"), TONES.items())
def test_tones(symbol: str, tones: tuple[int, ...]) -> None:
    assert Chord.parse(symbol).tones == tones


def test_slash_bass_and_classes() -> None:
    chord = Chord.parse("Am7/g")
    assert (chord.root, chord.bass, chord.symbol, chord.majmin) == (9, 7, "Am7/G", (9, "min"))
    assert Chord.parse("C6/9/E").bass == 4
    assert [Chord.parse(s).third for s in ("C7#9", "Cdim", "C5", "Csus4", "NC")] == ["maj", "min", "", "", "N"]
    assert Chord.parse("N.C.") is NO_CHORD


@given(symbols, st.integers(-12, 12))
def test_round_trip_and_transposition(symbol: str, semitones: int) -> None:
    chord = Chord.parse(symbol)
    assert Chord.parse(chord.symbol) == chord
    moved = chord.transpose(semitones)
    assert Chord.parse(moved.symbol) == moved
    assert moved.tones == tuple(sorted((tone + semitones) % 12 for tone in chord.tones))
    assert moved.transpose(-semitones).tones == chord.tones


@given(st.text("ABCDEFGHb#m7majdinsu459/()+-°øΔ ", max_size=10))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        chord = Chord.parse(text)
    except ChordError as error:
        chord, message = NO_CHORD, str(error)
    else:
        message = ""
    assert "\n" not in message
    assert Chord.parse(chord.symbol) == chord


@pytest.mark.parametrize(
    ("symbol", "match"),
    [
        ("Cmja7", r"character 3: 'ja7' .* did you mean Cmaj7\?"),
        ("Hm", "German H is B here: Bm"),
        ("am", r"did you mean Am\?"),
        ("C/", "not a bass note"),
        ("C7/H", "character 4: 'H'"),
        ("%", "repeats a bar"),
        ("", "empty"),
        ("X", "begins with A to G"),
    ],
)
def test_mistakes_are_named(symbol: str, match: str) -> None:
    with pytest.raises(ChordError, match=match):
        Chord.parse(symbol)
