"""Which songs of different names are one work: found by `composer.corpora.report`, kept in same_works.json.

Splits go by work. The table joins versions across files and corpora (a level's music under two names, a dance in two
collections), so that nothing held out has been learned from under another name. A group's work is that of a member in the
training part, if there is one: a held-out song that turns out to be known moves to training, never the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from composer.corpora.song import Song
from composer.corpora.splits import SPLITS, split_of

TABLE = Path(__file__).with_name("same_works.json")


@lru_cache(maxsize=1)
def work_names() -> Mapping[str, str]:
    """Work → the work it is a version of, for all that are not their group's own."""
    groups: list[list[str]] = json.loads(TABLE.read_text("utf-8"))["groups"]
    return {work: group[0] for group in groups for work in group[1:]}


def one_work(song: Song) -> Song:
    """The song under the name, and in the split, of the work that it is a version of."""
    name = work_names().get(song.work)
    return song if name is None else replace(song, work=name, split=split_of(name))


def led(group: Iterable[str]) -> list[str]:
    """A group of works in order, its name first: one in train if there is one, else valid, else test."""
    return sorted(group, key=lambda work: (SPLITS.index(split_of(work)), work))


def write_table(groups: Iterable[Iterable[str]], path: Path = TABLE) -> None:
    """Keep the groups; a name's first is its work."""
    rows = ",\n  ".join(json.dumps(led(group), ensure_ascii=False) for group in groups)
    path.write_text(
        '{"about": "songs that are versions of one work; the first names it",\n "groups": [\n  ' + rows + "\n ]}\n",
        "utf-8",
    )
