"""The record of what weights learned from: every song with its licence and hash, beside the weights; and the code's commit."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from composer.errors import CheckpointError
from composer.trust.places import write_file
from composer.trust.signature import SONGS

FIELDS = ("id", "corpus", "work", "split", "licence", "sha256", "synthetic")
"""What is told of each song; `sha256` is of the files it was read from."""


def write_songs(folder: Path, songs: Iterable[Mapping[str, Any]]) -> int:
    """`folder`/songs.jsonl.gz, a line a song, sorted: the same songs make the same bytes. Returns how many.

    A mapping has at least the FIELDS; `synthetic` may be a bool or its name, as packs hold it.
    """
    rows = []
    for song in songs:
        row = {name: song[name] for name in FIELDS}
        row["synthetic"] = str(row["synthetic"]) == "True"
        rows.append(row)
    rows.sort(key=lambda row: (row["sha256"], row["id"]))  # one source's songs side by side pack well
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    write_file(folder / SONGS, gzip.compress(text.encode(), 9, mtime=0))
    return len(rows)


def read_songs(folder: Path) -> Iterator[dict[str, Any]]:
    """The songs of a checkpoint's record, none where it has no record. Raises CheckpointError where it is damaged."""
    path = folder / SONGS
    if not path.is_file():
        return
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise CheckpointError(f"{path}: the record of songs is damaged ({error}); get the checkpoint again") from None


def licences(songs: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int, int]]:
    """(corpus, licence, songs, sources) for every pair; sources are different files, of which one may be many songs."""
    count: Counter[tuple[str, str]] = Counter()
    sources: dict[tuple[str, str], set[str]] = {}
    for song in songs:
        pair = str(song["corpus"]), str(song["licence"])
        count[pair] += 1
        sources.setdefault(pair, set()).add(str(song["sha256"]))
    return [(*pair, number, len(sources[pair])) for pair, number in sorted(count.items())]


def commit() -> str:
    """The commit of the source tree this runs from, "+" appended where files differ from it, "" outside of one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return described.stdout.strip() if described.returncode == 0 else ""
