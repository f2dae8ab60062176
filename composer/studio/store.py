"""The studio's folder: seeds and takes, each a folder that appears whole or not at all, and never changes afterwards.

    seeds/ID/seed.json, file/NAME                arrangements/ID/take.json, band.mid, band.chords.txt, band.json
                                                 arrangements/ID/sound/…, what can be made again from these

An upload lies in a folder of its own, where its name meets no other. The one thing that changes is which take a project keeps:
seeds/ID/kept, replaced in one step. Paths are made of ids that the store itself has given out, and of names from a fixed list.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from composer.atomic import atomic_file
from composer.audio.stem_files import file_name
from composer.errors import InputError, OutputError
from composer.studio.problems import NotHere

_T = TypeVar("_T", "Seed", "Take")
SCRATCH = ".new-"
NAME_BYTES = 180
UPLOAD, KEPT = "file", "kept"


@dataclass(frozen=True)
class Seed:
    """An uploaded piece: a melody to arrange, or a reference to play in the manner of."""

    id: str
    name: str
    file: str
    """Its file's name, the user's own."""
    reference: bool
    created: float


@dataclass(frozen=True)
class Take:
    """A finished arrangement. `parent` is the take that it was reworked or restyled from."""

    id: str
    seed_id: str
    parent: str | None
    kind: str
    label: str
    created: float
    seed: int
    wishes: dict[str, Any]


def new_id() -> str:
    """16 characters that cannot be guessed."""
    return secrets.token_urlsafe(12)


def short_name(name: str) -> str:
    """A file's name without folders and control characters, as long as any file system takes, with its ending."""
    path = Path("".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cs")))
    return cut(path.stem) + "".join(letter for letter in path.suffix.lower() if letter.isalnum() or letter == ".")[:10]


def cut(text: str) -> str:
    """Its beginning, between two characters: file systems count bytes, and endings are still to come."""
    return text[:80].encode()[:NAME_BYTES].decode("utf-8", "ignore")


@contextmanager
def _writing() -> Iterator[None]:
    """Trouble with the disk as a line that does not say where the studio keeps things."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"the studio's folder: cannot be written ({error.strerror}); is the disk full?") from None


class Store:
    """`with Store(folder) as store:`; one studio a folder. Raises OutputError where it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._seeds: dict[str, Seed] = {}
        self._takes: dict[str, Take] = {}
        self._alone: IO[str] | None = None

    def __enter__(self) -> Store:
        try:
            for kind in ("seeds", "arrangements"):
                (self.folder / kind).mkdir(parents=True, exist_ok=True)
            self._alone = (self.folder / ".lock").open("w")
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.__exit__()
            raise InputError(
                f"{self.folder}: another studio works in this folder; choose another with --folder"
            ) from None
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written ({error.strerror}); choose another folder") from None
        for scratch in self.folder.rglob(f"{SCRATCH}*"):  # what a kill has left half-written
            shutil.rmtree(scratch, ignore_errors=True)
        self._seeds = {seed.id: seed for seed in self._read("seeds", "seed.json", Seed)}
        takes = self._read("arrangements", "take.json", Take)
        self._takes = {take.id: take for take in takes if take.seed_id in self._seeds}
        return self

    def __exit__(self, *_: object) -> None:
        if self._alone is not None:
            self._alone.close()

    def _read(self, kind: str, name: str, shape: type[_T]) -> list[_T]:
        found = []
        for path in (self.folder / kind).glob(f"*/{name}"):
            try:
                found.append(shape(**json.loads(path.read_text("utf-8"))))
            except (ValueError, TypeError, OSError):
                continue  # somebody has written into it by hand: it is left as it is, and not listed
        return sorted(found, key=lambda one: one.created)

    @contextmanager
    def _new(self, place: Path, name: str) -> Iterator[Path]:
        """A folder to fill, which becomes place/name when the block ends well; nothing happens where another was quicker."""
        with _writing():
            scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=place))
            try:
                yield scratch
                if not (place / name).exists():
                    scratch.rename(place / name)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    # --- seeds ---

    def add_seed(self, name: str, content: bytes, reference: bool = False) -> Seed:
        """Keep an upload under its own name, as far as a file system takes it."""
        named = Path(short_name(name))
        seed = Seed(new_id(), named.stem or "untitled", file_name(named.stem) + named.suffix, reference, time.time())
        with self._new(self.folder / "seeds", seed.id) as folder:
            (folder / UPLOAD).mkdir()
            (folder / UPLOAD / seed.file).write_bytes(content)
            (folder / "seed.json").write_text(json.dumps(asdict(seed), ensure_ascii=False), "utf-8")
        with self._lock:
            self._seeds[seed.id] = seed
        return seed

    def remove_seed(self, seed_id: str) -> None:
        """Take back an upload that turned out to be no music."""
        with self._lock:
            self._seeds.pop(seed_id, None)
        shutil.rmtree(self.folder / "seeds" / seed_id, ignore_errors=True)

    def seeds(self) -> list[Seed]:
        """The newest first."""
        with self._lock:
            return sorted(self._seeds.values(), key=lambda seed: -seed.created)

    def seed(self, seed_id: str) -> Seed:
        """Raises NotHere."""
        with self._lock:
            if seed_id not in self._seeds:
                raise NotHere(f"no seed {seed_id}; GET /api/seeds lists them")
            return self._seeds[seed_id]

    def seed_file(self, seed: Seed) -> Path:
        place = self.folder / "seeds" / seed.id
        path = place / UPLOAD / seed.file
        return path if path.is_file() else place / seed.file  # where the version before has put it

    def kept(self, seed: Seed) -> str | None:
        """The take that stands for the project: the one chosen, else the newest."""
        try:
            chosen = (self.folder / "seeds" / seed.id / KEPT).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            chosen = ""
        takes = self.takes(seed.id)
        return chosen if any(take.id == chosen for take in takes) else takes[-1].id if takes else None

    def keep(self, seed: Seed, take: Take) -> None:
        """Choose the take that stands for the project."""
        if take.seed_id != seed.id:
            raise NotHere(f"arrangement {take.id} belongs to another seed; choose one of this seed's")
        place = self.folder / "seeds" / seed.id
        with _writing():
            if self.seed_file(seed) == place / KEPT:  # an upload of this name, from the version before: out of the way
                (place / UPLOAD).mkdir()
                os.replace(place / KEPT, place / UPLOAD / seed.file)
            with atomic_file(place / KEPT) as scratch:
                scratch.write_text(take.id, "ascii")

    # --- takes ---

    @contextmanager
    def add_take(self, take: Take) -> Iterator[Path]:
        """A folder for the take's files; it is listed once the block has ended well."""
        with self._new(self.folder / "arrangements", take.id) as folder:
            yield folder
            (folder / "take.json").write_text(json.dumps(asdict(take), ensure_ascii=False), "utf-8")
        with self._lock:
            self._takes[take.id] = take

    def takes(self, seed_id: str) -> list[Take]:
        """A seed's takes, the oldest first."""
        with self._lock:
            return sorted(
                (take for take in self._takes.values() if take.seed_id == seed_id), key=lambda take: take.created
            )

    def take(self, take_id: str) -> Take:
        """Raises NotHere."""
        with self._lock:
            if take_id not in self._takes:
                raise NotHere(f"no arrangement {take_id}; GET /api/seeds/ID/arrangements lists them")
            return self._takes[take_id]

    def take_folder(self, take: Take) -> Path:
        return self.folder / "arrangements" / take.id

    def add_made(self, take: Take, name: str) -> AbstractContextManager[Path]:
        """A folder beside a take's notes for what is made from them; nothing happens where another was quicker."""
        return self._new(self.take_folder(take), name)
