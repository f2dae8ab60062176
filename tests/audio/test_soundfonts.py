"""Which font plays, and how one is got and checked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from composer.audio import soundfonts
from composer.errors import AudioError


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without fonts: only the catalogue, and empty folders."""
    project = tmp_path / "soundfonts"
    project.mkdir()
    shutil.copy(soundfonts.project_folder() / "catalogue.json", project)
    monkeypatch.setattr(soundfonts, "project_folder", lambda: project)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(soundfonts, "SYSTEM_FOLDERS", (tmp_path / "system",))
    return tmp_path


def test_the_catalogue_is_complete() -> None:
    fonts = soundfonts.catalogue()
    assert [font.name for font in fonts] == ["fluidr3", "musescore-lite", "timgm6mb"]
    for font in fonts:
        assert font.licence
        assert font.file.endswith(soundfonts.SUFFIXES)
        assert font.size_mb > 1
        assert font.sha256
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in font.sha256)
    readme = (soundfonts.project_folder() / "README.md").read_text("utf-8")
    assert all(f"`{font.name}`" in readme and font.licence in readme for font in fonts)


def test_the_bundled_font_is_the_catalogues(small_font: Path) -> None:
    assert soundfonts.verify(small_font).name == "timgm6mb"


def test_the_bundled_font_is_the_last_resort(nowhere: Path, small_font: Path) -> None:
    assert soundfonts.find() == small_font
    (nowhere / "system").mkdir()
    for folder, name in (
        (nowhere / "system", "zebra.sf2"),
        (nowhere / "system", "FluidR3_GM.sf2"),
        (nowhere / "soundfonts", "mine.SF2"),
    ):
        (folder / name).write_bytes(b"")
        assert soundfonts.find() == folder / name


def test_what_was_asked_for_is_played_or_missed(nowhere: Path, small_font: Path) -> None:
    assert soundfonts.find(str(small_font)) == small_font
    assert soundfonts.find("timgm6mb") == small_font
    with pytest.raises(AudioError, match="composer soundfonts get fluidr3"):
        soundfonts.find("fluidr3")
    with pytest.raises(AudioError, match=r"gone\.sf2: no such soundfont.*fluidr3"):
        soundfonts.find("gone.sf2")
    with pytest.raises(AudioError, match=r"ends in \.sf2 or \.sf3"):
        soundfonts.find(nowhere / "soundfonts" / "catalogue.json")


def test_no_font_at_all_names_the_command(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfonts, "bundled_font", lambda: None)
    with pytest.raises(AudioError, match="apt-get install"):
        soundfonts.find()


def test_get_brings_and_checks(nowhere: Path, small_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert soundfonts.get("timgm6mb") == small_font  # here already
    monkeypatch.setattr(soundfonts, "bundled_font", lambda: None)
    got = soundfonts.get("timgm6mb", url=small_font.as_uri())
    assert got == nowhere / "soundfonts" / "TimGM6mb.sf2"
    assert soundfonts.find() == got
    assert sorted(path.name for path in got.parent.iterdir()) == ["TimGM6mb.sf2", "catalogue.json"]


def test_get_refuses_the_wrong_file(nowhere: Path, small_font: Path) -> None:
    with pytest.raises(AudioError, match="not that of fluidr3"):
        soundfonts.get("fluidr3", url=small_font.as_uri())
    with pytest.raises(AudioError, match="cannot be fetched"):
        soundfonts.get("fluidr3", url=(nowhere / "none.sf2").as_uri())
    with pytest.raises(AudioError, match="not in the catalogue; it has: fluidr3"):
        soundfonts.get("stradivari")
    assert [path.name for path in (nowhere / "soundfonts").iterdir()] == ["catalogue.json"]


def test_get_without_a_package_manager_says_what_to_do(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(nowhere))
    with pytest.raises(AudioError, match="give --url"):
        soundfonts.get("fluidr3")


def test_a_broken_catalogue_is_named(nowhere: Path) -> None:
    (nowhere / "soundfonts" / "catalogue.json").write_text("{")
    with pytest.raises(AudioError, match="catalogue cannot be read"):
        soundfonts.catalogue()
