"""`python -m composer.corpora`: what the corpora hold, as tables, and what was left out and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from composer.corpora import CORPORA, data_root, iter_songs
from composer.corpora.folder import songs as folder_songs
from composer.corpora.report import Census
from composer.corpora.song import with_form
from composer.corpora.works import write_table
from composer.errors import ComposerError


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m composer.corpora", description=__doc__.partition("\n")[0])
    made.add_argument("names", nargs="*", help=f"which, of {', '.join(CORPORA)} (default: all that are there)")
    made.add_argument("--data", type=Path, help="folder that holds the corpora (default: COMPOSER_DATA)")
    made.add_argument("--folder", type=Path, action="append", default=[], help="also a folder of your own MIDI")
    made.add_argument("--report", action="store_true", help="also copies, versions, and leaks between splits")
    made.add_argument(
        "--join", type=Path, metavar="FILE", help="write the table of works that are versions of one (.json)"
    )
    return made


def main(arguments: Sequence[str]) -> int:
    """Print the tables for the named corpora, or for all that are there."""
    said = parser().parse_args(arguments)
    census = Census()
    try:
        if said.names or not said.folder:
            data = said.data or data_root()
            for song in iter_songs(said.names or None, data, census.skip):
                census.see(song)
        for folder in said.folder:
            for song in folder_songs(folder, census.skip):
                census.see(with_form(song))
        sys.stdout.write((census.text() if said.report else census.summary()) + "\n")
        if said.join:
            write_table(census.work_groups(census.version_groups()), said.join)
    except ComposerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
