"""Where a corpus is kept: a folder, or anything that fsspec reaches (S3, …). Files appear whole or not at all.

Owner of fsspec. Names are relative to the corpus, with "/" between folders.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from composer.errors import InputError, OutputError

SCRATCH = ".scratch"
LOCK = ".lock"


class Store(Protocol):
    """What a corpus needs of the place it is kept in. All methods raise OutputError where the place refuses."""

    where: str

    def write(self, name: str, data: bytes) -> None:
        """A whole file, new or in place of another."""
        ...

    def take_in(self, path: Path, name: str) -> None:
        """Move a finished file of this machine in."""
        ...

    def read(self, name: str) -> bytes:
        """A whole file; FileNotFoundError where there is none."""
        ...

    def names(self, folder: str) -> list[str]:
        """Files in a folder, sorted; [] where there is none."""
        ...

    def everything(self) -> list[str]:
        """All that lies here but folders, however deep, sorted; not what only a run in progress needs."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def scratch(self) -> Path:
        """A folder of this machine for files in the making."""
        ...


def open_store(where: str) -> Store:
    """The place that a path or URL names. Raises InputError for a URL that cannot be used."""
    if "://" not in where:
        return FolderStore(Path(where))
    if where.startswith("file://"):
        return FolderStore(Path(where.removeprefix("file://")))
    return RemoteStore(where)


class FolderStore:
    """A folder on this machine, or on a disk that several share."""

    def __init__(self, root: Path) -> None:
        self.root, self.where = root, str(root)

    def write(self, name: str, data: bytes) -> None:
        with telling(self.where):
            handle, scratch = tempfile.mkstemp(dir=self.scratch())
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                self.take_in(Path(scratch), name)
            except BaseException:
                Path(scratch).unlink(missing_ok=True)
                raise

    def take_in(self, path: Path, name: str) -> None:
        with telling(self.where):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o644)
            path.replace(target)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def names(self, folder: str) -> list[str]:
        place = self.root / folder
        return sorted(path.name for path in place.iterdir() if path.is_file()) if place.is_dir() else []

    def everything(self) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir())
        names = (path.relative_to(self.root).as_posix() for path in found)
        return sorted(name for name in names if name != LOCK and not name.startswith(f"{SCRATCH}/"))

    def remove(self, name: str) -> None:
        with telling(self.where):
            (self.root / name).unlink(missing_ok=True)

    def scratch(self) -> Path:
        with telling(self.where):
            (self.root / SCRATCH).mkdir(parents=True, exist_ok=True)
        return self.root / SCRATCH


class RemoteStore:
    """Anything that fsspec opens. Object stores put a file there whole or not at all."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise InputError(f"{url}: needs fsspec: pip install 'melody-to-band[batch]'") from None
        self.where = url.rstrip("/")
        try:
            self.files: Any
            self.files, self.root = fsspec.core.url_to_fs(self.where)
        except (ValueError, ImportError) as error:
            raise InputError(f"{url}: cannot be used as an output ({error})") from None

    def write(self, name: str, data: bytes) -> None:
        with telling(self.where), _reaching(self.where):
            self._folder(name)
            self.files.pipe_file(f"{self.root}/{name}", data)

    def take_in(self, path: Path, name: str) -> None:
        with telling(self.where), _reaching(self.where):
            self._folder(name)
            self.files.put_file(str(path), f"{self.root}/{name}")
        path.unlink()

    def read(self, name: str) -> bytes:
        with _reaching(self.where):
            data: bytes = self.files.cat_file(f"{self.root}/{name}")
        return data

    def names(self, folder: str) -> list[str]:
        try:
            with _reaching(self.where):
                found = self.files.ls(f"{self.root}/{folder}", detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(str(one["name"]).rpartition("/")[2] for one in found if one["type"] == "file")

    def everything(self) -> list[str]:
        with _reaching(self.where):
            self.files.invalidate_cache()
            found = self.files.find(self.root)
        return sorted(str(name).removeprefix(f"{self.root}/") for name in found)

    def remove(self, name: str) -> None:
        with telling(self.where), _reaching(self.where):
            if self.files.exists(f"{self.root}/{name}"):
                self.files.rm_file(f"{self.root}/{name}")

    def scratch(self) -> Path:
        folder = Path(tempfile.gettempdir()) / f"composer-{os.getpid()}"
        with telling(str(folder)):
            folder.mkdir(exist_ok=True)
        return folder

    def _folder(self, name: str) -> None:
        self.files.makedirs(f"{self.root}/{name}".rpartition("/")[0], exist_ok=True)


@contextmanager
def telling(where: str) -> Iterator[None]:
    """What the system refuses in the block is told as the user's to mend: OutputError."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(
            f"{where}: cannot be written ({why}); free some space, then run the same command again"
        ) from None


@contextmanager
def _reaching(where: str) -> Iterator[None]:
    """What a remote place, or the way to it, refuses in the block is told as the user's to mend: OutputError.

    Each kind of place raises errors of its own library; none of them is about us. FileNotFoundError stays itself.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(
            f"{where}: cannot be reached ({why}); check its address and your permissions there, then run the same command again"
        ) from error


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Nobody else on this machine makes this corpus meanwhile. Raises OutputError where somebody does."""
    if not isinstance(store, FolderStore):
        yield
        return
    import fcntl

    try:
        store.root.mkdir(parents=True, exist_ok=True)
        file = (store.root / LOCK).open("w")
    except OSError as error:
        raise OutputError(f"{store.where}: cannot be written ({error.strerror}); choose another --out") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(f"{store.where}: another run is making this corpus; wait for it, or stop it") from None
        yield


def sweep(store: Store) -> None:
    """Remove what a run that was killed left half-made."""
    if isinstance(store, FolderStore) and not (store.root / SCRATCH).is_dir():
        return
    folder = store.scratch()
    for path in folder.iterdir():
        path.unlink(missing_ok=True)
    folder.rmdir()
