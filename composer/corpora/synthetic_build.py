"""`python -m composer.corpora.synthetic_build`: arrange lead sheets in bulk, as shards of pickled Songs.

Shards are a build artefact like object files: made here, read here, never passed on. Each holds a list of Songs; one
that is there is not made again, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from composer.corpora.ringing import damped
from composer.corpora.song import OnSkip, Song, ignore_skip, with_form
from composer.corpora.synthetic import songs
from composer.corpora.works import one_work
from composer.errors import ComposerError, InputError

SHARD = 50
"""Lead sheets to a shard."""


def lead_sheets(data: Path, corpora: Sequence[str]) -> Iterator[Song]:
    """The named corpora's songs that have a melody and chords, taken in turn so that every shard is a mixture."""
    sources = []
    for name in corpora:
        try:
            loader = importlib.import_module(f"composer.corpora.{name}")
        except ModuleNotFoundError:
            raise InputError(f"no corpus called {name!r}; try pop909, openewld or nottingham") from None
        sources.append(loader.songs(data, ignore_skip))
    for row in itertools.zip_longest(*sources):
        for song in row:
            if song is not None and song.lane is not None and any(part.role == "melody" for part in song.score.parts):
                yield one_work(with_form(song))


def build(
    data: Path, out: Path, per_song: int, corpora: Sequence[str], limit: int | None, seed: int, mma: str
) -> Counter[str]:
    """Writes `out`/mma-00000.pickle and so on. Returns how many songs were made and why others were not."""
    out.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    sheets = itertools.islice(lead_sheets(data, corpora), limit)
    began = time.monotonic()
    for index in itertools.count():
        batch = list(itertools.islice(sheets, SHARD))
        if not batch:
            break
        target = out / f"mma-{index:05d}.pickle"
        if target.exists():
            counts["in shards already there"] += len(batch)
            continue
        skipped: Counter[str] = Counter()
        made = list(songs(batch, per_song, seed + index, _counting(skipped), mma))
        partial = target.with_suffix(".part")
        partial.write_bytes(pickle.dumps(made, protocol=5))
        partial.replace(target)
        counts["songs"] += len(made)
        counts.update({f"left out: {reason}": count for reason, count in skipped.items()})
        pace = 1000 * (time.monotonic() - began) / max(counts["songs"], 1)
        sys.stderr.write(f"{target.name}: {len(made)} songs, {pace:.0f} ms each\n")
    return counts


def _counting(reasons: Counter[str]) -> OnSkip:
    return lambda _, reason: reasons.update([reason])


def read(out: Path) -> Iterator[Song]:
    """The songs of every shard in a folder this machine has built, each with its form. Pickles: never open others'."""
    for shard in sorted(out.glob("mma-*.pickle")):
        for song in pickle.loads(shard.read_bytes()):
            yield one_work(with_form(damped(song)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m composer.corpora.synthetic_build", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora's folders")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards, outside the repository")
    parser.add_argument("--per-song", type=int, default=4, help="grooves a song (default 4)")
    parser.add_argument(
        "--corpora", default="pop909,openewld,nottingham", help="which, with commas (default: all three)"
    )
    parser.add_argument("--limit", type=int, help="lead sheets at most (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--mma", default="mma", help="the program (default: mma)")
    said = parser.parse_args(arguments)
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        counts = build(said.data, said.out, said.per_song, said.corpora.split(","), said.limit, said.seed, said.mma)
    except ComposerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for what, count in counts.most_common():
        sys.stdout.write(f"{count:7d}  {what}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
