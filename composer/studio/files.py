"""The files of a take under the names that the API gives them: a fixed list, so that no name leads anywhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from composer import formats
from composer.studio.problems import NotHere
from composer.studio.sounding import EARLY, SOUND
from composer.studio.store import Store, Take
from composer.studio.views import take_score
from composer.studio.writing import CHART, MIDI, RECORD

SCORE = "band.musicxml"
PIECE = 1 << 18
_STEM = re.compile(rf"({SOUND}|{EARLY})(?:-\d{{1,3}}\.flac|\.json)")
_MADE = re.compile(r"((?:mix|export)-[0-9a-f]{16})\.(wav|json|zip)")
_KINDS = {
    ".mid": "audio/midi",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".zip": "application/zip",
}


@dataclass(frozen=True)
class File:
    """One file to hand out."""

    path: Path
    media_type: str
    ending: str
    """What follows the piece's title in the name that a browser saves it under."""

    def read(self) -> tuple[int, Iterator[bytes]]:
        """How many bytes it has, and those: all of them, whatever becomes of the file meanwhile. Raises NotHere."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            raise NotHere("this arrangement has just been deleted; GET /api/trash lists what can be restored") from None
        return os.fstat(file.fileno()).st_size, _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def take_file(store: Store, take: Take, name: str) -> File:
    """Raises NotHere for any other name, and for what has not been made yet."""
    folder = store.take_folder(take)
    made = _MADE.fullmatch(name)
    if name in (MIDI, CHART, RECORD):
        path = folder / name
    elif name == SCORE:
        path = _score(store, take)
    elif stem := _STEM.fullmatch(name):
        path = folder / stem[1] / name
    elif made:
        path = folder / made[1] / f"{made[1].split('-')[0]}.{made[2]}"
    else:
        path = folder / "none"
    if not path.is_file():
        raise NotHere(f"no file {name!r} of this arrangement; POST sound, mix or export makes what is not there")
    return File(path, _KINDS[path.suffix], name.removeprefix("band"))


def _score(store: Store, take: Take) -> Path:
    """The MusicXML, engraved when it is first asked for."""
    path = store.take_folder(take) / "score" / SCORE
    if not path.is_file():
        with store.add_made(take, "score") as folder:
            formats.save(take_score(take, store), folder / SCORE)
    return path
