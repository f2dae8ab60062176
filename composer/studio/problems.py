"""Mistakes as JSON: what is wrong, where, and what to do, from the one line that every error here is."""

from __future__ import annotations

from composer.errors import AudioError, CheckpointError, ComposerError, InputError, OutputError
from composer.studio.shapes import Problem

TOO_MANY_REQUESTS, TOO_LARGE, CONFLICT, NOT_FOUND = 429, 413, 409, 404
_STATUS = ((InputError, 422), (OutputError, 507), (CheckpointError, 503), (AudioError, 422))


class NotHere(InputError):
    """Nothing of that id, or no longer."""


class Busy(ComposerError):
    """The queue is full."""


class NotNow(ComposerError):
    """It can be done, but something is in the way."""


class TooLarge(InputError):
    """A request body over the limit."""


def status_of(error: ComposerError) -> int:
    """The HTTP status that goes with an error."""
    own = {NotHere: NOT_FOUND, NotNow: CONFLICT, Busy: TOO_MANY_REQUESTS, TooLarge: TOO_LARGE}
    if type(error) in own:
        return own[type(error)]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_of(error: ComposerError, where: str = "") -> Problem:
    """The line taken apart: what stands behind its last semicolon says what to do."""
    line = " ".join(str(error).split())
    what, semicolon, remedy = line.rpartition("; ")
    return Problem(what=what if semicolon else line, where=where, what_to_do=remedy if semicolon else "", message=line)
