"""One kind of thing in the studio's folder, each in a folder of its own: those that are there, and those in the trash.

    KIND/ID/FILE, …        trash/KIND/ID/FILE, …

Deleting moves a folder into the trash as it is, restoring moves it back: a single step each, which needs no room on the disk.
When it was deleted is when its folder was last touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

TRASH = "trash"


class Thing(Protocol):
    """What lies on a shelf."""

    @property
    def id(self) -> str: ...

    @property
    def created(self) -> float: ...


_T = TypeVar("_T", bound=Thing)


class Shelf(Generic[_T]):
    """All things of a kind. Any thread may ask; `read` comes first."""

    def __init__(self, root: Path, kind: str, file: str, shape: Callable[..., _T]) -> None:
        self.folder, self._trash = root / kind, root / TRASH / kind
        self._file, self._shape = file, shape
        self._here: dict[str, _T] = {}
        self._gone: dict[str, _T] = {}
        self._lock = threading.Lock()

    def read(self) -> None:
        """Find what lies in the folders, which are made where they are missing. Raises OSError."""
        for folder in (self.folder, self._trash):
            folder.mkdir(parents=True, exist_ok=True)
        self._here = self._found(self.folder)
        self._gone = {key: thing for key, thing in self._found(self._trash).items() if key not in self._here}

    def _found(self, folder: Path) -> dict[str, _T]:
        found = {}
        for path in folder.glob(f"*/{self._file}"):
            try:
                thing = self._shape(**json.loads(path.read_text("utf-8")))
            except (ValueError, TypeError, OSError):
                continue  # somebody has written into it by hand: it is left as it is, and not listed
            if thing.id == path.parent.name:
                found[thing.id] = thing
        return found

    def place(self, thing: _T) -> Path:
        """The folder of a thing that is there."""
        return self.folder / thing.id

    def add(self, thing: _T) -> None:
        """List what has just been written to its place."""
        with self._lock:
            self._here[thing.id] = thing

    def all(self) -> list[_T]:
        """Those that are there, the oldest first."""
        with self._lock:
            return sorted(self._here.values(), key=lambda thing: thing.created)

    def get(self, thing_id: str) -> _T | None:
        """None for what is not there, or in the trash."""
        with self._lock:
            return self._here.get(thing_id)

    def remove(self, thing: _T) -> None:
        """For good: what was never anybody's."""
        with self._lock:
            self._here.pop(thing.id, None)
        shutil.rmtree(self.place(thing), ignore_errors=True)

    # --- the trash ---

    def discard(self, thing: _T) -> None:
        """Move it into the trash. Raises OSError."""
        with self._lock:
            place = self.place(thing).rename(self._trash / thing.id)
            self._gone[thing.id] = self._here.pop(thing.id)
            os.utime(place)

    def restore(self, thing: _T) -> None:
        """Move it back. Raises OSError."""
        with self._lock:
            (self._trash / thing.id).rename(self.place(thing))
            self._here[thing.id] = self._gone.pop(thing.id)

    def gone(self) -> list[tuple[_T, float]]:
        """What lies in the trash, and when it went there, in seconds since 1970."""
        found = []
        with self._lock:
            for thing in self._gone.values():
                with contextlib.suppress(FileNotFoundError):  # somebody has emptied it by hand
                    found.append((thing, (self._trash / thing.id).stat().st_mtime))
        return found
