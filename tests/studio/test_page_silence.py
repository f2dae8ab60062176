"""Where no sound can be made, the page says why in one line, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from composer import formats
from composer.audio import soundfonts

from .browser import looking_at, serving, until
from .conftest import tune

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A soundfont that is none."""
    path = tmp_path_factory.mktemp("fonts") / "broken.sf2"
    path.write_bytes(b"no soundfont at all")
    return path


@pytest.fixture(scope="module")
def page(font: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("studio")
    with serving(folder, "--soundfont", str(font)) as address, looking_at(address) as page:
        yield page


@pytest.mark.slow
def test_it_is_told_and_tried_again(page: Page, font: Path, tmp_path: Path) -> None:
    formats.save(tune(16), tmp_path / "song.mid")  # long enough for its beginning to come first
    page.goto("/")
    page.set_input_files("#file", tmp_path / "song.mid")
    page.wait_for_selector("body[data-state=seed]")
    for part in ("drums", "guitar", "strings", "piano"):
        page.uncheck(f"#part-{part}")
    page.click("#write")
    page.wait_for_selector("#silence:not([hidden])")
    says = f"No sound: {font}: not a soundfont that FluidSynth can read; choose another .sf2 or .sf3 file."
    assert page.inner_text("#silence-says") == says
    assert "Playing" not in page.inner_text("main")
    assert page.is_disabled("#play")
    assert page.is_hidden("#trouble")

    # everything else goes on: the notes, the file, another take, a reload
    with page.expect_download() as download:
        page.click("#silence-midi")
    assert formats.load(download.value.path()).part("bass").notes.size
    first = page.evaluate("() => window.studio.takes.now")
    page.fill("#from", "2")
    page.fill("#to", "3")
    page.click("#rework-parts [data-part=bass]")
    page.click("#rework-go")
    until(page, "(first) => window.studio.takes.now !== first", first)
    page.reload()
    page.wait_for_selector("body[data-state=take]")
    page.wait_for_selector("#silence:not([hidden])")
    assert page.evaluate("() => window.studio.takes.all.length") == 2

    # the font is mended
    font.write_bytes(soundfonts.find("timgm6mb").read_bytes())
    page.click("#silence-again")
    until(page, "() => document.body.dataset.sound && window.studio.player.ready")
    assert page.is_hidden("#silence")
    page.click("#play")
    until(page, "() => window.studio.player.position > 0.5")
    page.click("#play")


@pytest.mark.slow
def test_a_beginning_is_not_waited_upon_for_ever(page: Page) -> None:
    """The whole cannot be fetched, its first seconds can."""
    page.route("**/files/sound-*.flac", lambda route: route.fulfill(status=500, body=""))
    page.route("**/files/sound.json", lambda route: route.continue_())
    take = page.evaluate("() => window.studio.takes.all.find(({ id }) => id !== window.studio.takes.now).id")
    page.click(f"[data-take='{take}']")
    page.click("#play")
    page.wait_for_selector("#silence:not([hidden])")
    assert page.inner_text("#silence-says") == "Only the beginning plays: the studio answered 500."
    assert page.is_enabled("#play")
    page.unroute("**/files/sound-*.flac")


@pytest.mark.slow
def test_a_sound_that_was_called_off_elsewhere_can_be_had_again(page: Page) -> None:
    for job in page.request.get("/api/jobs").json():
        page.request.delete(f"/api/jobs/{job['id']}")
    page.evaluate(
        """async () => {
          const { Sounding } = await import('/js/sounding.js');
          window.late = new Sounding(window.studio.player, { wait() {}, show() {} }, () => {});
          window.late.fetched = async () => null;
          await window.late.make('x'.repeat(16));
        }"""
    )
    assert page.inner_text("#silence-says") == "No sound: it was cancelled."
