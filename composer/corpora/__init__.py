"""Corpora: songs to learn from, read from a user's own copies. Nothing is downloaded and nothing is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from composer.corpora import bands, groove, lieder, music21_corpus, nottingham, openewld, pop909
from composer.corpora.song import Loader, OnSkip, Song, ignore_skip, with_form
from composer.corpora.works import one_work
from composer.errors import InputError

__all__ = ["CORPORA", "DATA_VARIABLE", "Song", "data_root", "iter_songs"]

DATA_VARIABLE = "COMPOSER_DATA"

CORPORA: dict[str, Loader] = {
    "pop909": pop909.songs,
    "openewld": openewld.songs,
    "nottingham": nottingham.songs,
    "lieder": lieder.songs,
    **bands.LOADERS,
    "groove": groove.songs,
    "music21": music21_corpus.songs,
}
"""Corpus name → loader. Each takes the folder that holds all corpora, and a callback for what it leaves out.

music21's comes with its package where there is no folder of that name; it is read where it is asked for by name. A user's
own folder is read by `composer.corpora.folder.songs`.
"""


def data_root() -> Path:
    """The folder named by COMPOSER_DATA. Raises InputError where it is not set or no folder."""
    value = os.environ.get(DATA_VARIABLE, "")
    if not value:
        raise InputError(f"{DATA_VARIABLE} is not set; let it name the folder that holds the corpora")
    root = Path(value)
    if not root.is_dir():
        raise InputError(f"{DATA_VARIABLE} names {value}, which is not a folder; name the one that holds the corpora")
    return root


def iter_songs(
    names: Iterable[str] | None = None, data: Path | None = None, on_skip: OnSkip = ignore_skip
) -> Iterator[Song]:
    """Songs of the named corpora (None: all that are there), each once, in a fixed order, with their form.

    Raises InputError for a missing corpus, or folder of corpora.
    """
    root = data_root() if data is None else data
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; name the one that holds the corpora")
    there = [name for name in CORPORA if (root / name).is_dir()]
    wanted = there if names is None else list(dict.fromkeys(names))
    for name in wanted:
        if name not in CORPORA:
            raise InputError(f"no corpus called {name!r}; there are: {', '.join(CORPORA)}")
        if not (root / name).is_dir() and name != "music21":
            raise InputError(f"{root}: no folder {name} in it; corpora/{name}/README.md says where to get it")
        yield from map(one_work, map(with_form, CORPORA[name](root, on_skip)))
