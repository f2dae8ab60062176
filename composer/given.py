"""Validation of arguments from Python: one-line errors naming the argument, what is expected, and what was got."""

from __future__ import annotations

import math
import os
import reprlib
from typing import Any

import numpy as np

from composer.errors import InputError

PATH = (str, os.PathLike)


def given(value: object, kinds: type | tuple[type, ...], name: str, wanted: str) -> None:
    """Raises InputError where `value` is of none of these kinds."""
    if not isinstance(value, kinds):
        raise InputError(f"{name} must be {wanted}, got {shortly(value)}")


def whole(value: Any, name: str, low: int, high: int | None = None) -> None:
    """Raises InputError for what is no whole number in this range; numpy's are, True and False are not."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise InputError(f"{name} must be a whole number {_range(low, high)}, got {shortly(value)}")
    if value < low or (high is not None and value > high):
        raise InputError(f"{name} must be {'in range ' if high is not None else ''}{_range(low, high)}, got {value}")


def number(value: Any, name: str, low: float, high: float) -> None:
    """Raises InputError for what is no number in this range."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        raise InputError(f"{name} must be a number {_range(low, high)}, got {shortly(value)}")
    if not math.isfinite(value) or not low <= value <= high:
        raise InputError(f"{name} must be in range {_range(low, high)}, got {float(value):g}")


def shortly(value: object) -> str:
    """A value as one would write it, in one short line."""
    return " ".join(reprlib.repr(value).split())


def _range(low: float, high: float | None) -> str:
    return f"{low:g} or more" if high is None else f"{low:g}..{high:g}"
