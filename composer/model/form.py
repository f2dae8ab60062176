"""Form: which section a bar is in, how often that section has come, and which earlier bar it repeats."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np

from composer.errors import InputError

SECTIONS = ("", "intro", "A", "B", "C", "D", "E", "interlude", "outro")
"""What the model knows a bar's section as; letters stand in order of appearance, so a song's first theme is always A."""
OCCURRENCES = 5
"""Unknown, first, second, third, fourth or later."""
INTRO, FIRST_LETTER, LAST_LETTER, INTERLUDE, OUTRO = 1, 2, 6, 7, 8
_SMALL = {"i": INTRO, "o": OUTRO}

Phrase = tuple[int, str]
"""(first bar, letter): capitals are themes, i an intro, o an outro, other small letters interludes (POP909's labels)."""


def section_classes(count: int, phrases: Sequence[Phrase]) -> np.ndarray:
    """The section of each of `count` bars, 0 before the first phrase or where there are none; int64, shape (count,).

    >>> section_classes(5, [(0, "i"), (1, "C"), (2, "B"), (3, "C"), (4, "o")]).tolist()
    [1, 2, 3, 2, 8]
    """
    classes = np.zeros(count, np.int64)
    themes: dict[str, int] = {}
    for start, letter in phrases:
        if letter[:1].isupper():
            number = min(themes.setdefault(letter, FIRST_LETTER + len(themes)), LAST_LETTER)
        else:
            number = _SMALL.get(letter, INTERLUDE)
        classes[start:] = number
    return classes


def phrase_places(count: int, starts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Bars since each bar's phrase began and bars left in it, (count,) each; -1 before the first phrase or with none."""
    position, left = np.full(count, -1), np.full(count, -1)
    edges = [min(start, count) for start in starts] + [count]
    for start, stop in itertools.pairwise(edges):
        position[start:stop] = np.arange(max(0, stop - start))
        left[start:stop] = np.arange(max(0, stop - start))[::-1]
    return position, left


def section_starts(section: np.ndarray, phrase_position: np.ndarray) -> list[int]:
    """Bars where a section begins."""
    starts: list[int] = np.flatnonzero((section > 0) & (phrase_position == 0)).tolist()
    return starts


def occurrences(section: np.ndarray, phrase_position: np.ndarray) -> np.ndarray:
    """The how-manieth time each bar's section comes, 1..4, 0 unknown; shape (B,)."""
    count = np.zeros(len(section), np.int64)
    times: dict[int, int] = {}
    starts = section_starts(section, phrase_position)
    for start, stop in itertools.pairwise([*starts, len(section)]):
        letter = int(section[start])
        times[letter] = times.get(letter, 0) + 1
        count[start:stop] = min(times[letter], OCCURRENCES - 1)
    return count


def form_reference(section: np.ndarray, phrase_position: np.ndarray) -> np.ndarray:
    """For each bar the same bar of the last section of its name before this one, -1 where there is none; shape (B,)."""
    reference = np.full(len(section), -1)
    last: dict[int, tuple[int, int]] = {}
    starts = section_starts(section, phrase_position)
    for start, stop in itertools.pairwise([*starts, len(section)]):
        letter = int(section[start])
        if letter in last:
            begun, ended = last[letter]
            common = min(stop - start, ended - begun)
            reference[start : start + common] = np.arange(begun, begun + common)
        last[letter] = (start, stop)
    return reference


def parse_form(text: str, bars: int, head: int = 0) -> tuple[Phrase, ...]:
    """A form such as "AABA" or "i4 A8 A8 B8 A8 o2" over `bars` bars, of which `head` come before the form.

    Lengths are in bars; letters without one share what is left evenly. Raises InputError.

    >>> parse_form("AABA", 32)
    ((0, 'A'), (8, 'A'), (16, 'B'), (24, 'A'))
    """
    compact = re.sub(r"[\s,|-]", "", text)
    found = re.findall(r"([A-Za-z])(\d*)", compact)
    if not found or "".join(letter + digits for letter, digits in found) != compact:
        raise InputError(f"form {text!r}: write letters with or without lengths in bars, such as AABA or i4A8A8B8A8")
    lengths = [int(digits) if digits else 0 for _, digits in found]
    open_ended = lengths.count(0)
    left = bars - head - sum(lengths)
    if left < open_ended or (not open_ended and left < 0):
        raise InputError(f"form {text!r} is longer than the music, which has {bars - head} bars")
    share, extra = divmod(left, open_ended) if open_ended else (0, 0)
    phrases, at = [], head
    for (letter, _), length in zip(found, lengths, strict=True):
        phrases.append((at, letter))
        if length == 0:
            length = share + (extra > 0)
            extra -= 1
        at += length
    return tuple(phrases)
