"""The public names are there, importing them is instant, and each says what it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

import composer


@pytest.mark.parametrize("name", composer.__all__)
def test_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(composer, name)
    assert name in dir(composer)
    if callable(value):
        assert (value.__doc__ or "").strip(), f"{name} has no docstring"


def test_names_live_where_the_types_say() -> None:
    assert sorted(composer._HOMES) == sorted(composer.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'arange'"):
        composer.arange  # noqa: B018


def test_import_composer_loads_nothing_else() -> None:
    code = "import sys, composer; print(*[m for m in sys.modules if m.startswith('composer.') or m == 'numpy'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []
