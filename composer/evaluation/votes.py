"""What listeners said: votes from the listening page, counted with a binomial interval."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from composer.errors import InputError

CHOICES = ("A", "B", "=")


@dataclass(frozen=True)
class Tally:
    """One pair of systems: how often each was preferred."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share of decided votes for the first, NaN without any."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else float("nan")

    def __str__(self) -> str:
        if not self.wins + self.losses:
            return f"{self.first} against {self.second}: no decided votes, {self.ties} ties"
        return (
            f"{self.first} against {self.second}: preferred {self.wins} out of {self.wins + self.losses} times"
            f" ({self.share:.0%}, 95 % interval {self.low:.0%}–{self.high:.0%}), {self.ties} ties"
        )


def seal(key: Sequence[tuple[str, str]]) -> str:
    """Which systems A and B are, trial by trial, so that nobody reads it by accident."""
    return base64.b64encode(json.dumps([list(pair) for pair in key]).encode()).decode()


def unseal(text: str) -> list[tuple[str, str]]:
    """The inverse of `seal`. Raises ValueError."""
    try:
        pairs = json.loads(base64.b64decode(text, validate=True))
        return [(str(a), str(b)) for a, b in pairs]
    except (binascii.Error, UnicodeDecodeError, TypeError) as error:
        raise ValueError(str(error)) from None


def tally(paths: Sequence[Path]) -> tuple[list[Tally], int]:
    """Votes files → one Tally a pair of systems, and how many listeners there were. Raises InputError.

    A listener who is there twice, in two downloads of one page, counts once: the later file's votes stand.
    """
    votes: dict[tuple[str, str, int], tuple[str, str, str]] = {}
    for path in paths:
        said, key = _read(path)
        for vote in said["votes"]:
            trial, choice = vote["trial"], vote["choice"]
            votes[said["page"], said["listener"], trial] = (*key[trial], choice)
    counts: dict[tuple[str, str], list[int]] = {}
    for a, b, choice in votes.values():
        first, second = sorted((a, b), key=lambda name: (name != "ours", name))
        row = counts.setdefault((first, second), [0, 0, 0])
        chosen = {"A": a, "B": b}.get(choice)
        row[2 if chosen is None else 0 if chosen == first else 1] += 1
    found = [
        Tally(first, second, wins, losses, ties, *wilson(wins, wins + losses))
        for (first, second), (wins, losses, ties) in sorted(counts.items())
    ]
    return found, len({(page, listener) for page, listener, _ in votes})


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Where the true share lies with 95 % confidence (Wilson 1927); (0, 1) without trials.

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _read(path: Path) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """A votes file, checked, and its key."""
    hint = "give the files that the listening page's download button saved"
    try:
        said = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {hint}") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise InputError(f"{path}: is no votes file; {hint}") from None
    try:
        key = unseal(said["sealed"])
        for vote in said["votes"]:
            if vote["choice"] not in CHOICES or not isinstance(vote["trial"], int) or not 0 <= vote["trial"] < len(key):
                raise ValueError(vote)
        return {name: said[name] for name in ("page", "listener", "votes")}, key
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: is damaged or not a votes file; {hint}") from None
