"""Outputs appear together or not at all, and never over others by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from composer.errors import OutputError
from composer.output import check_free, staging


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_everything_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with staging(out, ["a.txt", "stems"]) as folder:
        (folder / "a.txt").write_text("a")
        (folder / "stems").mkdir()
        (folder / "stems" / "b.txt").write_text("b")
        assert contents(out).keys() & {"a.txt"} == set()
    assert contents(out) == {"a.txt": "a", "stems/b.txt": "b"}


@pytest.mark.parametrize("blow", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_when_it_does_not(tmp_path: Path, blow: type[BaseException]) -> None:
    def write() -> None:
        with staging(tmp_path / "deep" / "out", ["a.txt"]) as folder:
            (folder / "a.txt").write_text("half")
            raise blow

    with pytest.raises(blow):
        write()
    assert list(tmp_path.iterdir()) == []


def test_existing_outputs_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"a\.txt: already exists; choose another --out, or --force"):
        check_free(tmp_path, ["a.txt", "b.txt"])
    check_free(tmp_path, ["b.txt"])


def test_force_replaces_files_and_whole_folders(tmp_path: Path) -> None:
    (tmp_path / "stems").mkdir()
    (tmp_path / "stems" / "old.txt").write_text("old")
    with staging(tmp_path, ["stems"], force=True) as folder:
        (folder / "stems").mkdir()
        (folder / "stems" / "new.txt").write_text("new")
    assert contents(tmp_path) == {"stems/new.txt": "new"}


def test_a_failed_replacement_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("old")
    replace = Path.replace

    def fail_on_new_b(self: Path, target: Path) -> Path:
        if self.parent.name == "new" and self.name == "b.txt":
            raise OSError(28, os.strerror(28), str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_on_new_b)

    def write() -> None:
        with staging(tmp_path, ["a.txt", "b.txt"], force=True) as folder:
            for name in ("a.txt", "b.txt"):
                (folder / name).write_text("new")

    with pytest.raises(OutputError, match="No space left"):
        write()
    assert contents(tmp_path) == {"a.txt": "old", "b.txt": "old"}


def test_a_file_in_the_way_and_an_unwritable_place_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file; choose another folder"):
        check_free(tmp_path / "file" / "out", [])
    with pytest.raises(OutputError, match="cannot be written"), staging(Path("/proc/composer-out"), ["a"]):
        pass
