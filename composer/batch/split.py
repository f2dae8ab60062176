"""Train, valid and test: pieces of one seed, and near-duplicates, on one side. By hashes, so that it is the same everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from composer.batch.corpus import Corpus
from composer.corpora.splits import SPLITS
from composer.errors import InputError
from composer.output import staging


def sides(corpus: Corpus, shares: Sequence[float]) -> dict[str, str]:
    """Id → "train", "valid" or "test" of every piece that is kept. `shares` sum to 1 and are kept to as well as whole seeds allow."""
    if len(shares) != len(SPLITS) or any(share < 0 for share in shares) or not abs(sum(shares) - 1) <= 1e-6:
        raise InputError(f"--shares: write {len(SPLITS)} shares that sum to 1, such as 0.8,0.1,0.1")
    members: dict[str, list[str]] = {}
    for row in corpus.kept():
        members.setdefault(corpus.groups[row["id"]], []).append(row["id"])
    # In the order of their hashes, which is nobody's; each group goes where most is missing.
    total = sum(map(len, members.values()))
    filled = dict.fromkeys(SPLITS, 0)
    found: dict[str, str] = {}
    for group in sorted(members, key=lambda name: hashlib.sha256(name.encode()).digest()):
        wanted = {name: share * total - filled[name] for name, share in zip(SPLITS, shares, strict=True) if share}
        side = max(wanted, key=lambda name: wanted[name])
        filled[side] += len(members[group])
        found |= dict.fromkeys(members[group], side)
    return found


def write(corpus: Corpus, shares: Sequence[float], out: Path, force: bool) -> dict[str, int]:
    """A manifest for each side, out/train.jsonl and so on; returns how many pieces each has."""
    side = sides(corpus, shares)
    names = [f"{name}.jsonl" for name in SPLITS]
    count = dict.fromkeys(SPLITS, 0)
    with staging(out, names, force) as folder:
        files = {name: (folder / f"{name}.jsonl").open("w", encoding="utf-8") for name in SPLITS}
        for row in corpus.kept():
            name = side[row["id"]]
            count[name] += 1
            files[name].write(json.dumps(row, ensure_ascii=False) + "\n")
        for file in files.values():
            file.close()
    return count
