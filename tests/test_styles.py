"""Style names: complete, unambiguous, and helpful when misspelt."""

from __future__ import annotations

import pytest

from composer.errors import InputError
from composer.gm import BAND
from composer.styles import STYLES, resolve

WANTED = "pop ballad rock metal swing bossa samba country funk soul blues reggae ska tango march waltz folk classical"


def test_the_promised_styles_exist():
    assert set(WANTED.split()) <= set(STYLES)


@pytest.mark.parametrize("style", STYLES.values(), ids=lambda style: style.name)
def test_every_style_is_complete(style):
    assert set(style.programs) == set(BAND)
    assert set(style.parts) <= set(BAND)
    assert style.parts
    assert all(0 <= program <= 127 for program in style.programs.values())
    low, high = style.tempo_bpm
    assert 30 <= low < high <= 260
    assert all(meter in ("4/4", "3/4", "6/8", "2/4") for meter in style.meters)
    assert style.description
    assert len(style.description) < 80


def test_names_and_aliases_are_unambiguous():
    names = [*STYLES, *(alias for style in STYLES.values() for alias in style.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("said", "meant"),
    [("pop", "pop"), ("Bossa Nova", "bossa"), ("jazz_waltz", "jazz-waltz"), ("R&B", "rnb"), ("EDM", "dance")],
)
def test_resolve(said, meant):
    assert resolve(said).name == meant


def test_a_misspelt_style_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"did you mean bossa"):
        resolve("bosa")


def test_an_unknown_style_lists_them_all():
    with pytest.raises(InputError, match=r"try one of: pop, .*waltz"):
        resolve("xyzzy")
