"""Forms: letters to classes, what repeats what, and how people write them."""

from __future__ import annotations

import numpy as np
import pytest

from composer.errors import InputError
from composer.model.form import form_reference, occurrences, parse_form, phrase_places, section_classes


def places(phrases: list[tuple[int, str]], bars: int) -> tuple[np.ndarray, np.ndarray]:
    return section_classes(bars, phrases), phrase_places(bars, [start for start, _ in phrases])[0]


def test_a_section_refers_to_its_last_time() -> None:
    section, position = places([(0, "i"), (1, "A"), (3, "B"), (5, "A"), (8, "A")], 10)
    assert form_reference(section, position).tolist() == [-1, -1, -1, -1, -1, 1, 2, -1, 5, 6]
    assert occurrences(section, position).tolist() == [1, 1, 1, 1, 1, 2, 2, 2, 3, 3]


def test_no_form_refers_to_nothing() -> None:
    section, position = places([], 4)
    assert form_reference(section, position).tolist() == [-1] * 4
    assert occurrences(section, position).tolist() == [0] * 4


@pytest.mark.parametrize(
    ("text", "bars", "head", "wanted"),
    [
        ("AABA", 33, 1, ((1, "A"), (9, "A"), (17, "B"), (25, "A"))),
        ("i4 A8 A8 B8 A8 o", 38, 0, ((0, "i"), (4, "A"), (12, "A"), (20, "B"), (28, "A"), (36, "o"))),
        ("A|B", 5, 0, ((0, "A"), (3, "B"))),
    ],
)
def test_forms_as_people_write_them(text: str, bars: int, head: int, wanted: tuple[tuple[int, str], ...]) -> None:
    assert parse_form(text, bars, head) == wanted


@pytest.mark.parametrize("text", ["", "8A", "A8?", "ABCDEFGH", "A40"])
def test_what_is_no_form_is_said(text: str) -> None:
    with pytest.raises(InputError, match=r"form .*(write letters|longer than the music)"):
        parse_form(text, 7)
