"""Any folder of a user's own MIDI: read recursively, in the Lakh dataset's layout (hash/xx.mid) too.

Files are kept and made into bands as `composer.corpora.bands` does it. Styles come from `labels.csv` in the folder
(columns file and style; file is a path under the folder, with or without suffix), else from the name of a folder a file
is in, where that is the name of a style.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from composer.corpora.bands import usable
from composer.corpora.duplicates import TuneIndex, tune_shingles
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip
from composer.corpora.splits import split_of
from composer.errors import InputError
from composer.formats import MIDI_SUFFIXES
from composer.formats.midi import read_midi
from composer.harmony.infer import chords_from_notes
from composer.styles import STYLES, resolve

LABELS = "labels.csv"
OWN = "the user's own"


@dataclass
class Known:
    """Songs already read, by which copies and versions are told, in this folder or in others."""

    digests: set[str] = field(default_factory=set)
    """SHA-256 of their files."""
    tunes: TuneIndex = field(default_factory=TuneIndex)
    works: dict[str, str] = field(default_factory=dict)
    """Song → the work that it is a version of."""


def songs(
    folder: Path,
    on_skip: OnSkip = ignore_skip,
    corpus: str = "own",
    licence: str = OWN,
    known: Known | None = None,
) -> Iterator[Song]:
    """Every usable MIDI file under `folder`, in order of path. Raises InputError for no folder, or labels that are wrong.

    known: what was read of other folders, to which this one's songs are added.

    Exact copies are left out, whatever their names; versions of one piece are one work, so that they fall on one side of
    the split. In a folder laid out as Lakh's (16 folders by the first digit of a hash, or a folder a hash) this holds too.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    labels = _labels(folder / LABELS)
    known = Known() if known is None else known
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        song_id = f"{corpus}/{name.rpartition('.')[0]}"
        try:
            digest = hash_files(path)
            if digest in known.digests:
                on_skip(song_id, "an exact copy of another file")
                continue
            known.digests.add(digest)
            score = usable(read_midi(path))
        except OSError as error:
            on_skip(song_id, f"cannot be read ({error.strerror})")
            continue
        except InputError as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))
            continue
        tune = tune_shingles(score)
        twins = known.tunes.versions(tune)
        known.tunes.add(song_id, tune)
        known.works[song_id] = work = known.works[twins[0][0]] if twins else song_id
        yield Song(
            id=song_id,
            corpus=corpus,
            work=work,
            split=split_of(work),
            licence=licence,
            sha256=digest,
            synthetic=False,
            style=labels.get(name) or labels.get(name.rpartition(".")[0]) or _folder_style(path.relative_to(folder)),
            groove=corpus,
            score=score,
            lane=chords_from_notes(score),
        )


def _files(folder: Path) -> list[Path]:
    """MIDI files under a folder, hidden ones not, in order of path."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _folder_style(path: Path) -> str:
    """The style that the nearest folder is named after, "" where none is."""
    return next((name.lower() for name in reversed(path.parts[:-1]) if name.lower() in STYLES), "")


def _labels(path: Path) -> dict[str, str]:
    """File → style, empty without a labels file."""
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if not {"file", "style"} <= set(table.fieldnames or ()):
                raise InputError(f"{path}: needs the columns file and style, has {', '.join(table.fieldnames or ())}")
            found: dict[str, str] = {}
            for row in table:
                try:
                    found[row["file"] or ""] = resolve(row["style"] or "").name
                except InputError as error:
                    raise InputError(f"{path}, line {table.line_num}: {error}") from None
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a table ({error})") from None
