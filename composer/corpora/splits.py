"""Train, valid and test by work: every version of a song falls on the same side, on every machine, in every run."""

from __future__ import annotations

import hashlib

SPLITS = ("train", "valid", "test")
VALID_PERCENT = 5
TEST_PERCENT = 5


def split_of(work: str) -> str:
    """ "train" (90 %), "valid" (5 %) or "test" (5 %), from a hash of the work's name alone.

    >>> split_of("pop909/002") == split_of("pop909/002")
    True
    """
    percent = int.from_bytes(hashlib.sha256(work.encode()).digest()[:8], "big") % 100
    if percent < VALID_PERCENT:
        return "valid"
    return "test" if percent < VALID_PERCENT + TEST_PERCENT else "train"
