"""Silences libraries that write to standard error without going through Python."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = threading.RLock()
"""Whoever silences it: two threads at once would put back each other's silence."""


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Nothing on standard error meanwhile, whoever writes there."""
    with _STDERR:
        if sys.stderr is not None:
            sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)
