"""Writing bars anew: the hole changes, nothing else does; another style keeps the tune and the chords."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer import planning
from composer.arrange import ArrangeOptions, Arranger
from composer.errors import InputError
from composer.formats import save
from composer.options import ReworkOptions
from composer.restyle import restyle
from composer.rework import filled, rework
from composer.score import Part, Score, as_notes
from composer.timing import Meter
from tests.model.songs import checkpoint_of, toy_network
from tests.test_arrange import seed_score


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger(checkpoint_of(toy_network()))


@pytest.fixture(scope="module")
def song(arranger: Arranger) -> Score:
    wishes = ArrangeOptions(parts=("drums", "bass", "piano"), chords="C | Am7 | F | G")
    made = arranger.arrange(seed_score(12, 4, 4), wishes)
    # As it comes back from a file: nobody says who plays what.
    return made.score.with_parts(replace(part, role="") for part in made.score.parts)


def inside(part: Part, start: int, end: int) -> np.ndarray:
    return (part.notes["onset"] >= start) & (part.notes["onset"] < end)


def test_only_the_hole_changes(arranger: Arranger, song: Score) -> None:
    made = rework(arranger, song, ReworkOptions((5, 6), ("bass", "drums"), ArrangeOptions(style="pop", seed=3)))
    start, end = song.bars()[4].start, song.bars()[5].end
    for old, new in zip(song.parts, made.score.parts, strict=True):
        target = new.name in ("Bass", "Drums")
        outside = ~inside(old, start, end), ~inside(new, start, end)
        assert old.notes[outside[0]].tobytes() == new.notes[outside[1]].tobytes()
        assert (old.notes.tobytes() != new.notes.tobytes()) == target
        assert (old.name, old.program, old.events) == (new.name, new.program, new.events)
    assert (made.score.tempo, made.score.meter, made.score.chords) == (song.tempo, song.meter, song.chords)
    proof = made.report["proof"]
    assert proof["untouched"]
    assert [part["rewritten"] for part in proof["parts"]] == [False, True, True, False]


def test_a_part_that_is_not_there_is_added(arranger: Arranger, song: Score) -> None:
    made = rework(arranger, song, ReworkOptions((3, 4), ("strings",), ArrangeOptions(style="ballad")))
    *old, strings = made.score.parts
    assert tuple(old) == song.parts
    assert inside(strings, song.bars()[2].start, song.bars()[3].end).all()
    assert len(strings)


def test_of_two_parts_that_are_added_each_is_reported(arranger: Arranger, song: Score) -> None:
    made = rework(arranger, song, ReworkOptions((3, 4), ("strings", "guitar"), ArrangeOptions(style="ballad")))
    named = {role: (told["part"], told["instrument"]) for role, told in made.report["parts"].items()}
    assert named == {"strings": ("Strings", "String Ensemble 1"), "guitar": ("Guitar", "Steel Guitar")}


@pytest.mark.parametrize(
    ("bars", "parts", "why"),
    [
        ((11, 13), ("bass",), "the piece has 12 bars"),
        ((1, 2), ("harp",), "no part called 'harp'; this piece has Drums"),
        ((1, 2), ("Melody",), "'Melody' is the melody, which is never rewritten; choose from: drums, bass"),
        ((1, 2), ("Tune",), "'Tune' is the melody, which is never rewritten"),
    ],
)
def test_what_is_not_there_is_said(
    arranger: Arranger, song: Score, bars: tuple[int, int], parts: tuple[str, ...], why: str
) -> None:
    with pytest.raises(InputError, match=why):
        rework(arranger, song, ReworkOptions(bars, parts))


def test_a_note_that_rings_into_the_hole_is_not_struck_again() -> None:
    held = Part("Pad", [(0, 1000, 60, 80), (0, 100, 64, 80), (480, 10, 64, 80), (960, 10, 62, 80)])
    fresh = as_notes([(480, 100, 60, 70), (700, 100, 64, 70)])
    assert filled(held, fresh, 480, 960).notes.tolist() == [
        (0, 1000, 60, 80), (0, 100, 64, 80), (700, 100, 64, 70), (960, 10, 62, 80)
    ]  # fmt: skip


def test_restyled_the_tune_is_the_tune(arranger: Arranger, song: Score) -> None:
    made = restyle(arranger, song, ArrangeOptions(style="rock", seed=2))
    content = made.report["content_kept"]
    assert content["melody_untouched"]
    assert 0 <= content["roots_heard"] <= 1
    assert made.score.parts[0].notes.tobytes() == song.parts[0].notes.tobytes()
    assert [part.name for part in made.score.parts] == [part.name for part in song.parts]
    assert made.score.parts[2].notes.tobytes() != song.parts[2].notes.tobytes()
    assert made.score.parts[2].program == 34


def test_restyled_around_another_part_than_the_track_called_melody(arranger: Arranger, song: Score) -> None:
    called = song.with_parts([replace(song.parts[0], name="Melody"), *song.parts[1:3]])
    assert called.parts[2].name == "Bass"
    made = restyle(arranger, called, ArrangeOptions(style="rock", seed=2, melody="3"))
    bass = next(part for part in made.score.parts if part.name == "Bass")
    assert bass.notes.tobytes() == called.parts[2].notes.tobytes()


def test_a_reference_alone_says_the_style_and_the_sounds(arranger: Arranger, song: Score) -> None:
    reference = song.with_parts(replace(part, program=part.program if part.is_drum else 35) for part in song.parts[1:3])
    made = restyle(arranger, song, ArrangeOptions(style="", style_from=reference))
    assert made.report["style"] == ""
    assert made.score.part("bass").program == 35


def test_a_reference_needs_a_band(arranger: Arranger) -> None:
    tune = seed_score(1, 4, 4)
    with pytest.raises(InputError, match="reference has"):
        arranger.arrange(seed_score(4, 4, 4), ArrangeOptions(style_from=tune, chords="C"))


def test_a_style_is_sought_for_the_band_without_the_melody(
    arranger: Arranger, song: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def find_styles(checkpoint, text, meter, parts, rng):
        asked.append(list(parts))
        return planning.find_styles(checkpoint, text, meter, parts, rng)

    monkeypatch.setattr("composer.rework.find_styles", find_styles)
    rework(arranger, song, ReworkOptions((5, 6), ("strings",), ArrangeOptions(style="pop", seed=3)))
    assert asked == [["drums", "bass", "piano", "strings"]]


def with_pickup(score: Score) -> Score:
    """The same after a pick-up of a beat."""
    beat = score.ticks_per_beat
    parts = []
    for part in score.parts:
        notes = part.notes.copy()
        notes["onset"] += beat
        upbeat = as_notes([(0, beat, 60, 80)]) if part.name == "Tune" else notes[:0]
        parts.append(replace(part, notes=np.concatenate([upbeat, notes])))
    return replace(score, parts=tuple(parts), meter=Meter(beat, ((0, 1, 4), (beat, 4, 4))), chords=())


def test_bars_are_those_that_musicians_count(arranger: Arranger, song: Score) -> None:
    piece = with_pickup(song)
    first = piece.bars()[1]
    made = rework(arranger, piece, ReworkOptions((1, 1), ("bass",), ArrangeOptions(style="pop", seed=3)))
    assert made.report["rework"]["bars"] == [1, 1]
    assert made.report["rework"]["ticks"] == [first.start, first.end]
    assert made.report["rework"]["opening_bar"] == 0
    assert made.told[0] == "  rewritten: bar 1 of bass"
    pickup = rework(arranger, piece, ReworkOptions((0, 0), ("bass",), ArrangeOptions(style="pop", seed=3)))
    assert pickup.report["rework"]["ticks"] == [0, first.start]
    with pytest.raises(InputError, match="bars 12-13: the piece has 12 bars and a pick-up"):
        rework(arranger, piece, ReworkOptions((12, 13), ("bass",)))
    with pytest.raises(InputError, match="bar 0: the piece has no pick-up; its first bar is 1"):
        rework(arranger, song, ReworkOptions((0, 0), ("bass",)))


def test_a_pickup_belongs_to_the_melody(arranger: Arranger, song: Score) -> None:
    piece = with_pickup(song)
    beat = piece.ticks_per_beat
    made = restyle(arranger, piece, ArrangeOptions(style="bossa", seed=1))
    alone = arranger.arrange(piece.with_parts(piece.parts[:1]), ArrangeOptions(seed=1, chords="C"))
    for score in (made.score, alone.score):
        for part in score.parts:
            assert part.role == "melody" or part.start >= beat - 10, part.name
    assert (alone.report["bars"], alone.report["pickup"]) == (12, True)


def test_wishes_that_have_no_effect_are_said(arranger: Arranger, song: Score) -> None:
    wishes = ArrangeOptions(style="pop", density={"strings": 5, "bass": 2}, programs={"bass": 35, "piano": 4})
    made = rework(arranger, song, ReworkOptions((5, 6), ("bass",), wishes))
    assert made.report["unheeded"] == {"density": {"strings": 5}, "programs": {"piano": 4}}
    assert made.report["density"] == {"bass": 2}
    assert made.report["remarks"] == [
        "ignored, because these parts are not being written: density of strings, program of piano",
        "existing parts keep their sound: the program given for bass is ignored",
    ]
    again = restyle(arranger, song, replace(wishes, density={}))
    assert again.report["remarks"] == []
    assert again.score.part("bass").program == 35


def test_the_chords_that_were_heard_are_in_the_score_and_a_files_own_stay(
    arranger: Arranger, song: Score, tmp_path: Path
) -> None:
    bare, pop = replace(song, chords=()), ArrangeOptions(style="pop")
    for number, made in enumerate(
        (restyle(arranger, bare, pop), rework(arranger, bare, ReworkOptions((5, 6), ("bass",), pop)))
    ):
        assert made.score.chords == made.lane.to_symbols(bare.bars()) != ()
        save(made.score, tmp_path / f"{number}.musicxml")
        assert (tmp_path / f"{number}.musicxml").read_text().count("<harmony") == len(made.score.chords)
    own = replace(song, chords=((0, "C6"), (1920, "Am7")))
    assert restyle(arranger, own, pop).score.chords == own.chords
    assert restyle(arranger, own, replace(pop, chords="F")).score.chords == ((0, "F"),)
    drums = bare.with_parts([bare.part("drums")])
    assert rework(arranger, drums, ReworkOptions((5, 6), ("drums",), pop)).score.chords == ()


def test_where_no_chord_is_written_pitched_parts_rest_unless_it_is_all_that_is_asked(
    arranger: Arranger, song: Score
) -> None:
    options = ArrangeOptions(style="pop", chords="C | N.C. | " + "F | " * 10)
    made = restyle(arranger, song, options)
    assert made.report["remarks"] == ["no chord (N.C.) is written in bar 2: pitched parts rest there"]
    alone = rework(arranger, song, ReworkOptions((2, 2), ("bass",), options))
    assert alone.report["remarks"] == []
    for done, playing in ((made, False), (alone, True)):
        notes = done.score.part("bass").notes
        assert ((notes["onset"] < 3840) & (notes["onset"] + notes["duration"] > 1920)).any() == playing


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        (" | ".join("CFGC" * 4), ["the chart has 16 bars, the piece 12: the extra bars are not used"]),
        ("C | F | G | C", ["the chart has 4 bars, the piece 12: the chart is repeated"]),
        ("C | F | G | C | C", ["the chart has 5 bars, the piece 12: the chart is repeated and cut at the end"]),
        (" | ".join("CFG" * 4), []),
    ],
)
def test_a_chart_of_another_length_is_said(arranger: Arranger, song: Score, chart: str, said: list[str]) -> None:
    options = ArrangeOptions(style="pop", chords=chart)
    assert rework(arranger, song, ReworkOptions((5, 6), ("bass",), options)).report["remarks"] == said
    assert arranger.arrange(with_pickup(song), replace(options, parts=("bass",))).report["remarks"] == said
