"""The studio's folder: seeds and takes, each a folder that appears whole or not at all, and never changes afterwards.

    seeds/ID/seed.json, file/NAME                arrangements/ID/take.json, band.mid, band.chords.txt, band.json
                                                 arrangements/ID/sound/…, what can be made again from these
    trash/seeds/ID/…                             trash/arrangements/ID/…

An upload lies in a folder of its own, where its name meets no other. The one thing that changes is which take a project keeps:
seeds/ID/kept, replaced in one step. Paths are made of ids that the store itself has given out, and of names from a fixed list.

What is deleted is moved to trash/, and nothing ever leaves that but to be restored. A seed goes there in one step, whatever it
has of takes: those stay where they are, and are not there as long as their seed is not.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from composer.atomic import atomic_file
from composer.audio.stem_files import file_name
from composer.errors import InputError, OutputError
from composer.studio.names import new_id, short_name
from composer.studio.problems import NotHere, NotNow
from composer.studio.shelf import Shelf

SCRATCH = ".new-"
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


@dataclass(frozen=True)
class Trashed:
    """A seed or a take in the trash."""

    thing: Seed | Take
    seed: Seed
    """The project: the thing itself, or whose take it is."""
    deleted: float
    """Seconds since 1970."""


@contextmanager
def _writing() -> Iterator[None]:
    """Trouble with the disk as a line that does not say where the studio keeps things."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some room on the disk and try again" if full else "see who may write into it"
        raise OutputError(f"the studio's folder: cannot be written ({error.strerror}); {remedy}") from None


class Store:
    """`with Store(folder) as store:`; one studio a folder. Raises OutputError where it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seeds = Shelf(folder, "seeds", "seed.json", Seed)
        self._takes = Shelf(folder, "arrangements", "take.json", Take)
        self._alone: IO[str] | None = None

    def __enter__(self) -> Store:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._alone = (self.folder / ".lock").open("w")
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for scratch in self.folder.rglob(f"{SCRATCH}*"):  # what a kill has left half-written
                shutil.rmtree(scratch, ignore_errors=True)
            self._seeds.read()
            self._takes.read()
        except BlockingIOError:
            self.__exit__()
            raise InputError(
                f"{self.folder}: another studio works in this folder; choose another with --folder"
            ) from None
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written ({error.strerror}); choose another folder") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._alone is not None:
            self._alone.close()

    @contextmanager
    def _new(self, place: Path, name: str) -> Iterator[Path]:
        """A folder to fill, which becomes place/name when the block ends well; nothing happens where another was quicker."""
        with _writing():
            scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=place))
            try:
                yield scratch
                if not (place / name).exists():
                    scratch.rename(place / name)
            except OutputError as error:  # of what writes sound or music
                what = (str(error).rpartition("; ")[0] or str(error)).replace(f"{scratch}{os.sep}", "")
                raise OutputError(f"{what}; is the disk full?") from None
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    # --- seeds ---

    def add_seed(self, name: str, content: bytes, reference: bool = False) -> Seed:
        """Keep an upload under its own name, as far as a file system takes it."""
        named = Path(short_name(name))
        seed = Seed(new_id(), named.stem or "untitled", file_name(named.stem) + named.suffix, reference, time.time())
        with self._new(self._seeds.folder, seed.id) as folder:
            (folder / UPLOAD).mkdir()
            (folder / UPLOAD / seed.file).write_bytes(content)
            (folder / "seed.json").write_text(json.dumps(asdict(seed), ensure_ascii=False), "utf-8")
        self._seeds.add(seed)
        return seed

    def remove_seed(self, seed_id: str) -> None:
        """Take back an upload that turned out to be no music."""
        if seed := self._seeds.get(seed_id):
            self._seeds.remove(seed)

    def seeds(self) -> list[Seed]:
        """The newest first."""
        return self._seeds.all()[::-1]

    def seed(self, seed_id: str) -> Seed:
        """Raises NotHere."""
        seed = self._seeds.get(seed_id)
        if seed is None:
            raise NotHere(f"no seed {seed_id}; GET /api/seeds lists them")
        return seed

    def seed_file(self, seed: Seed) -> Path:
        place = self._seeds.place(seed)
        path = place / UPLOAD / seed.file
        return path if path.is_file() else place / seed.file  # where the version before has put it

    def kept(self, seed: Seed) -> str | None:
        """The take that stands for the project: the one chosen, else the newest."""
        try:
            chosen = (self._seeds.place(seed) / KEPT).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            chosen = ""
        takes = self.takes(seed.id)
        return chosen if any(take.id == chosen for take in takes) else takes[-1].id if takes else None

    def keep(self, seed: Seed, take: Take) -> None:
        """Choose the take that stands for the project."""
        if take.seed_id != seed.id:
            raise NotHere(f"arrangement {take.id} belongs to another seed; choose one of this seed's")
        place = self._seeds.place(seed)
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
        with self._new(self._takes.folder, take.id) as folder:
            yield folder
            (folder / "take.json").write_text(json.dumps(asdict(take), ensure_ascii=False), "utf-8")
        self._takes.add(take)

    def takes(self, seed_id: str) -> list[Take]:
        """A seed's takes, the oldest first."""
        return [take for take in self._takes.all() if take.seed_id == seed_id]

    def take(self, take_id: str) -> Take:
        """Raises NotHere."""
        take = self._takes.get(take_id)
        if take is None or self._seeds.get(take.seed_id) is None:
            raise NotHere(f"no arrangement {take_id}; GET /api/seeds/ID/arrangements lists them")
        return take

    def take_folder(self, take: Take) -> Path:
        return self._takes.place(take)

    def add_made(self, take: Take, name: str) -> AbstractContextManager[Path]:
        """A folder beside a take's notes for what is made from them; nothing happens where another was quicker."""
        return self._new(self.take_folder(take), name)

    # --- the trash ---

    def check_there(self, ids: Iterable[str]) -> None:
        """Raises NotHere where one of these seeds and takes is not there any more."""
        for one in ids:
            if self._seeds.get(one) is None:
                self.take(one)

    def discard(self, thing: Seed | Take) -> Trashed:
        """Move a seed or a take into the trash; its sound, which can be made again, gives its room back. Raises NotHere."""
        self.check_there([thing.id])
        for take in [thing] if isinstance(thing, Take) else self.takes(thing.id):
            self._drop_made(take)
        with _writing():
            if isinstance(thing, Take):
                self._takes.discard(thing)
            else:
                self._seeds.discard(thing)
        return next(one for one in self.trash() if one.thing == thing)

    def _drop_made(self, take: Take) -> None:
        """Files are the take's own; folders hold what was made from them."""
        for path in self.take_folder(take).glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def trash(self) -> list[Trashed]:
        """What was deleted, the last first. Takes of a seed that is in the trash itself come back with that."""
        found = [Trashed(seed, seed, when) for seed, when in self._seeds.gone()]
        for take, when in self._takes.gone():
            if seed := self._seeds.get(take.seed_id):
                found.append(Trashed(take, seed, when))
        return sorted(found, key=lambda one: -one.deleted)

    def restore_seed(self, seed_id: str) -> Seed:
        """Bring a seed back, and with it its takes. Raises NotHere."""
        for seed, _ in self._seeds.gone():
            if seed.id == seed_id:
                with _writing():
                    self._seeds.restore(seed)
                return seed
        raise NotHere(f"no seed {seed_id} in the trash; GET /api/trash lists what is there")

    def restore_take(self, take_id: str) -> Take:
        """Bring a take back. Raises NotHere, NotNow where its seed is in the trash too."""
        for take, _ in self._takes.gone():
            if take.id == take_id:
                if self._seeds.get(take.seed_id) is None:
                    raise NotNow(f"the seed of arrangement {take_id} is in the trash too; restore {take.seed_id} first")
                with _writing():
                    self._takes.restore(take)
                return take
        raise NotHere(f"no arrangement {take_id} in the trash; GET /api/trash lists what is there")
