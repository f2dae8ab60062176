"""Output folders: everything a command writes appears together, or nothing does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from composer.errors import OutputError


def check_free(folder: Path, names: Sequence[str], force: bool = False) -> None:
    """Raise OutputError where `folder` is no folder or, unless `force`, already holds one of `names`."""
    for parent in (folder, *folder.parents):
        if parent.exists() and not parent.is_dir():
            raise OutputError(f"{folder}: cannot be made, since {parent} is a file; choose another folder with --out")
    taken = [name for name in names if (folder / name).exists()]
    if taken and not force:
        others = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise OutputError(
            f"{folder / taken[0]}{others}: already exists; choose another --out, or --force to replace it"
        )


@contextmanager
def staging(folder: Path, names: Sequence[str], force: bool = False) -> Iterator[Path]:
    """An empty folder to write `names` (files or folders) into; they move into `folder` when the block ends well.

    When it does not, for whatever reason, nothing is left: no half-written file, no folder that was not there before.
    What `force` replaces stays until its successor is complete. Raises OutputError where `folder` cannot be written.
    """
    check_free(folder, names, force)
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".composer-", dir=folder))
    except OSError as error:
        _remove_empty(made)
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another folder with --out") from None
    try:
        new = scratch / "new"
        new.mkdir()
        yield new
        unexpected = {path.name for path in new.iterdir()} - set(names)
        assert not unexpected, f"written but not announced: {unexpected}"
        _move_in(new, scratch / "old", folder)
    except OSError as error:
        if error.filename is None or not Path(error.filename).is_relative_to(folder):
            raise
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); is the disk full?") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _remove_empty(made)


def _move_in(new: Path, old: Path, folder: Path) -> None:
    """Move everything in `new` into `folder`, what was there into `old`; put it back if anything fails on the way."""
    old.mkdir()
    moved: list[str] = []
    try:
        for path in sorted(new.iterdir()):
            target = folder / path.name
            if target.exists():
                target.replace(old / path.name)
            moved.append(path.name)
            path.replace(target)
    except BaseException:
        for name in moved:
            target = folder / name
            if target.exists():
                target.replace(new / name)
            if (old / name).exists():
                (old / name).replace(target)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
