"""Near-duplicates: pieces whose bands have most of their figures in common, in whatever key. Owner of datasketch.

A figure is five notes of one part on end, as the intervals and times between them and where in the bar they begin. MinHash
(Broder 1997) makes a short signature of a piece's figures; locality-sensitive hashing finds the pairs worth comparing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from composer.errors import InputError
from composer.feel import straightened
from composer.score import Score

PERMUTATIONS = 128
SCHEME = "affine32"
RUN = 5
"""Notes in a figure."""
_PRIMES = np.array(
    [
        1_000_003,
        7_368_787,
        15_485_863,
        32_452_843,
        49_979_687,
        67_867_967,
        86_028_121,
        104_395_303,
        122_949_823,
        141_650_939,
    ],
    np.uint64,
)


def figures(score: Score, roles: Sequence[str]) -> np.ndarray:
    """Hashes of the figures of the parts of these roles, each once; uint64."""
    found = [np.zeros(0, np.uint64)]
    grid = max(1, score.ticks_per_beat // 12)
    for part in straightened(score).parts:
        if part.role not in roles or len(part) < RUN:
            continue
        onset = part.notes["onset"].astype(np.int64) // grid
        pitch = part.notes["pitch"].astype(np.int64)
        count = len(onset) - RUN + 1
        steps = [np.diff(onset), (pitch if part.is_drum else np.diff(pitch, prepend=pitch[0]))[1:] + 128]
        mark = np.full(count, sum(map(ord, part.role)), np.uint64) + (onset[:count] % 12).astype(np.uint64) * np.uint64(
            977
        )
        for row, step in enumerate(steps):
            for at in range(RUN - 1):
                mark = (
                    mark * np.uint64(6364136223846793005)
                    + step[at : at + count].astype(np.uint64) * _PRIMES[row * (RUN - 1) + at]
                )
        found.append(mark ^ (mark >> np.uint64(29)))
    return np.unique(np.concatenate(found))


def signature(marks: np.ndarray) -> str:
    """The MinHash of a set of figures as text; "" for none."""
    MinHash, _ = _library()
    if not len(marks):
        return ""
    made = MinHash(num_perm=PERMUTATIONS, hashfunc=_as_it_is, scheme=SCHEME)
    made.update_batch((marks & np.uint64(0xFFFFFFFF)).tolist())
    return base64.b64encode(np.asarray(made.hashvalues).astype("<u4").tobytes()).decode()


def near_duplicates(signatures: Sequence[str], limit: float) -> list[int]:
    """For every piece the earliest one it nearly is, itself where there is none. `limit` is the share of figures in common.

    Only pieces that are not copies themselves count as originals.
    """
    MinHash, MinHashLSH = _library()
    index = MinHashLSH(threshold=limit, num_perm=PERMUTATIONS)
    values: dict[int, np.ndarray] = {}
    original = list(range(len(signatures)))
    for number, text in enumerate(signatures):
        if not text:
            continue
        mine = np.frombuffer(base64.b64decode(text), "<u4")
        sketch = MinHash(num_perm=PERMUTATIONS, hashvalues=mine, scheme=SCHEME)
        alike = sorted(other for other in index.query(sketch) if (values[other] == mine).mean() >= limit)
        if alike:
            original[number] = alike[0]
        else:
            index.insert(number, sketch)
            values[number] = mine
    return original


def need_library() -> None:
    """Raises InputError where datasketch is missing."""
    _library()


def _library() -> tuple[type, type]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        raise InputError(
            "near-duplicates need datasketch: pip install 'melody-to-band[batch]', or set near_duplicates = 0 in [gate]"
        ) from None
    return MinHash, MinHashLSH


def _as_it_is(mark: int) -> int:
    return mark
