"""`python -m composer.corpora [NAME …]`: what the corpora hold, as a table, and what was left out and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from composer.corpora import CORPORA, data_root, iter_songs
from composer.errors import ComposerError

_COLUMNS = ("songs", "train", "valid", "test", "notes", "bars", "chords", "phrases", "skipped")


def counts_table(names: Sequence[str], data: Path) -> str:
    """One line per corpus, then the reasons for what was left out."""
    lines = [f"{'corpus':14}" + "".join(f"{column:>9}" for column in _COLUMNS)]
    reasons: list[str] = []
    for name in names:
        counts: Counter[str] = Counter()
        skipped: Counter[str] = Counter()
        for song in iter_songs([name], data, lambda _, reason, to=skipped: to.update([reason])):  # type: ignore[misc]
            counts.update(["songs", song.split])
            counts["notes"] += sum(len(part) for part in song.score.parts)
            counts["bars"] += len(song.score.bars())
            counts["chords"] += song.lane is not None
            counts["phrases"] += bool(song.phrases)
        counts["skipped"] = skipped.total()
        lines.append(f"{name:14}" + "".join(f"{counts[column]:9}" for column in _COLUMNS))
        reasons += [f"{name}: {count} left out: {reason}" for reason, count in skipped.most_common()]
    return "\n".join([*lines, *reasons])


def main(arguments: Sequence[str]) -> int:
    """Print the table for the named corpora, or for all that are there."""
    try:
        data = data_root()
        names = list(arguments) or [name for name in CORPORA if (data / name).is_dir()]
        sys.stdout.write(counts_table(names, data) + "\n")
    except ComposerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
