"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """How many there are of a thing whose plural ends in s.

    >>> counted(1, "bar"), counted(0, "note"), counted(3, "listener")
    ('1 bar', '0 notes', '3 listeners')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
