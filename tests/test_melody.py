"""Finding the tune: named, alone, among many, on top of chords, or not there."""

from __future__ import annotations

import importlib.resources

import numpy as np
import pytest

from composer.errors import InputError
from composer.formats import load, read_midi
from composer.formats.midi_write import midi_bytes
from composer.inspecting import polyphony
from composer.melody import find_melody, top_line
from composer.score import Part, Score, as_notes

SCALE = (60, 62, 64, 65, 67, 65, 64, 62)


def tune(name: str = "", program: int = 0, octave: int = 1) -> Part:
    return Part(name, as_notes([(i * 240, 230, SCALE[i % 8] + 12 * octave, 90) for i in range(64)]), program)


def chords(name: str = "", program: int = 0) -> Part:
    return Part(name, as_notes([(bar * 960, 950, p, 70) for bar in range(16) for p in (48, 52, 55)]), program)


def bass(name: str = "") -> Part:
    return Part(name, as_notes([(i * 480, 400, 36 + i % 3, 90) for i in range(32)]), 33)


def drums() -> Part:
    return Part("Kit", as_notes([(i * 240, 100, 42, 90) for i in range(64)]), is_drum=True)


def test_a_single_part_is_the_melody() -> None:
    choice = find_melody(Score((tune(),)))
    assert (choice.index, choice.part.role) == (0, "melody")
    assert "only pitched part" in choice.why
    np.testing.assert_array_equal(choice.part.notes, tune().notes)


@pytest.mark.parametrize("place", range(4))
def test_one_of_many_is_found_without_names(place: int) -> None:
    parts = [bass(), chords(program=48), drums()]
    parts.insert(place, tune(program=73))
    choice = find_melody(Score(tuple(parts)))
    assert choice.index == place
    assert f"part {place + 1} is the melody" in choice.why


def test_a_name_or_role_decides() -> None:
    named = Score((tune("Counter"), tune("Lead Vocal"), bass("Bass")))
    assert find_melody(named).index == 1
    assert "its name says so" in find_melody(named).why
    assert find_melody(Score((tune(), Part("x", tune().notes, role="melody")))).index == 1


@pytest.mark.parametrize("wanted", ["2", "flute", "FLU", "melody"])
def test_the_user_names_it(wanted: str) -> None:
    score = Score((bass("Bass"), Part("Flute 1", tune().notes, 73, role="melody"), chords("Pad")))
    choice = find_melody(score, wanted)
    assert choice.index == 1
    assert f"you asked for {wanted!r}" in choice.why


def test_what_the_user_names_and_is_not_there() -> None:
    score = Score((tune("Flute 1"), tune("Flute 2"), drums(), Part("Empty")))
    with pytest.raises(InputError, match=r"no part called 'oboe'.*1 Flute 1, 2 Flute 2"):
        find_melody(score, "oboe")
    with pytest.raises(InputError, match="no part 9; this score has 4"):
        find_melody(score, "9")
    with pytest.raises(InputError, match="fits several parts"):
        find_melody(score, "flute")
    with pytest.raises(InputError, match="plays drums"):
        find_melody(score, "kit")
    with pytest.raises(InputError, match="plays no note"):
        find_melody(score, "empty")


def test_the_top_line_of_a_piano() -> None:
    left = [(i * 480, 480, p, 60) for i in range(32) for p in (43, 47, 50)]
    right = tune(octave=0).notes
    piano = Part("Piano", as_notes(np.concatenate([as_notes(left), right])))
    choice = find_melody(Score((piano,)))
    assert "the top line of part 1 (Piano)" in choice.why
    assert "64 of 160 notes" in choice.why
    np.testing.assert_array_equal(choice.part.notes, right)


def test_the_top_line_keeps_its_notes_as_they_are() -> None:
    line = top_line(Part("x", as_notes([(3, 777, 72, 81), (0, 480, 60, 50), (480, 100, 62, 50)])), 480)
    assert line.notes.tolist() == [(3, 777, 72, 81)]
    assert len(top_line(Part("x"), 480)) == 0


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((), "no notes in this file"),
        ((Part("x"),), "no notes in this file"),
        ((drums(),), "only drums"),
        ((chords("Pad"),), "only chords.*1 Pad"),
        ((chords(), drums()), "only chords"),
        ((Part("x", as_notes([(0, 9, 60, 9)])),), "only 1 note; a melody needs"),
    ],
)
def test_nothing_to_sing(parts: tuple[Part, ...], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        find_melody(Score(parts))
    assert "\n" not in str(caught.value)


def test_chords_asked_for_by_name_give_their_top_line() -> None:
    assert find_melody(Score((chords("Pad"),)), "Pad").part.notes["pitch"].tolist() == [55] * 16


@pytest.mark.parametrize(("name", "bars"), [("londonderry-air", 17), ("greensleeves", 33), ("amazing-grace", 33)])
def test_the_bundled_seeds(name: str, bars: int) -> None:
    with importlib.resources.as_file(importlib.resources.files("composer") / "seeds" / f"{name}.mid") as path:
        score = load(path)
    assert not score.problems
    assert len(score.bars()) == bars
    assert len(find_melody(score).part) == len(score.parts[0])


def test_notes_struck_twice_at_once_are_no_chords() -> None:
    """A track laid over itself: told once by the reader, and the melody comes back as it was read."""
    part = tune()
    doubled = Part("", np.concatenate([part.notes, part.notes]))
    score = read_midi(midi_bytes(Score((doubled, chords()))))
    assert [line for line in score.problems if "twice" in line] == [
        "part 1 strikes 64 notes twice at once; each counts as one, and both are kept"
    ]
    choice = find_melody(score)
    assert choice.index == 0
    assert "top line" not in choice.why
    np.testing.assert_array_equal(choice.part.notes, doubled.notes)
    assert polyphony(doubled) == 1


def test_a_name_of_raised_figures_is_a_name() -> None:
    with pytest.raises(InputError, match="no part called '²'"):
        find_melody(Score((tune("Flute"),)), "²")
