"""Deleting on the page: what is on show goes, another takes its place, and Undo brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from composer import formats

from .browser import until
from .conftest import tune

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOWN = "[...document.querySelectorAll('#takes-list [data-take]')].map(({ dataset }) => dataset.take)"
NOW = "window.studio.takes.now"
SOUNDS = f"() => document.body.dataset.sound === {NOW} && window.studio.player.ready"


@pytest.fixture(scope="module")
def two(page: Page, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A project with two takes, the second made from the first; it is on show."""
    path = tmp_path_factory.mktemp("songs") / "song.mid"
    formats.save(tune(4), path)
    page.goto("/")
    page.set_input_files("#file", path)
    page.wait_for_selector("body[data-state=seed]")
    for part in ("drums", "guitar", "strings", "piano"):
        page.uncheck(f"#part-{part}")
    page.click("#write")
    page.wait_for_selector("body[data-state=take]")
    until(page, "() => !document.body.classList.contains('working')")
    assert page.is_disabled("#rework-go"), "no bars are chosen yet"
    page.fill("#from", "2")
    page.fill("#to", "3")
    page.click("#rework-parts [data-part=bass]")
    page.click("#rework-go")
    until(page, f"() => ({SHOWN}).length === 2")
    until(page, SOUNDS)
    takes: list[str] = page.evaluate(f"() => {SHOWN}")
    return takes


@pytest.mark.slow
def test_a_take_is_deleted_and_undone(page: Page, two: list[str]) -> None:
    first, second = two
    assert page.evaluate(f"() => {NOW}") == second
    page.click("#delete")
    page.wait_for_selector("#notice:not([hidden])")
    assert page.inner_text("#notice-says") == "Deleted “bass in bars 2–3”."
    until(page, f"(first) => {NOW} === first", first)
    assert page.evaluate(f"() => {SHOWN}") == [first]
    page.click("#notice-undo")
    until(page, f"(second) => {NOW} === second", second)
    assert page.evaluate(f"() => {SHOWN}") == [first, second]
    until(page, SOUNDS)
    assert page.is_hidden("#notice")


@pytest.mark.slow
def test_what_was_made_from_a_deleted_take_stays_on_the_list(page: Page, two: list[str]) -> None:
    first, second = two
    page.click(f"[data-take='{first}']")
    page.click("#delete")  # at once: its sound is still being made
    until(page, f"(second) => {NOW} === second", second)
    assert page.evaluate(f"() => {SHOWN}") == [second]
    assert page.is_disabled("#undo"), "what it was made from is not there"
    page.click("#delete")
    page.wait_for_selector("body[data-state=seed]")
    assert page.is_disabled("#delete")
    page.click("#another")
    page.wait_for_selector("#trash:not([hidden])")
    assert page.inner_text("#trash-says") == "Deleted (2)"
    page.click("#trash-says")
    page.click("#trashed [aria-label='Restore song: pop']")
    until(page, "() => document.querySelector('#trash-says').textContent === 'Deleted (1)'")
    page.click("#trashed button")
    page.wait_for_selector("#trash", state="hidden")
    page.click("#projects button")
    until(page, SOUNDS)
    assert page.evaluate(f"() => {SHOWN}") == two


@pytest.mark.slow
def test_a_project_is_deleted_and_undone(page: Page, two: list[str]) -> None:
    page.click("#another")
    page.click("[aria-label='Delete song']")
    page.wait_for_selector("#notice:not([hidden])")
    page.wait_for_selector("#earlier", state="hidden")
    page.click("#notice-undo")
    page.wait_for_selector("#projects button")
    assert "2 takes" in page.inner_text("#projects")
    assert page.is_hidden("#trash")


@pytest.mark.slow
def test_a_file_to_play_like_is_listed_and_deleted(page: Page, two: list[str], tmp_path: Path) -> None:
    path = tmp_path / "groove.mid"
    path.write_bytes(page.request.get(f"/api/arrangements/{two[0]}/files/band.mid").body())
    page.click("#projects button")
    page.set_input_files("#reference", path)
    page.wait_for_selector("#no-reference:not([hidden])")
    page.click("#another")
    page.click("[aria-label='Delete groove']")
    page.wait_for_selector("#models", state="hidden")
    assert "groove" in page.text_content("#trashed")  # type: ignore[operator]
    assert page.is_visible("#projects button")


@pytest.mark.slow
def test_what_is_being_worked_on_stays_with_a_word(page: Page, two: list[str]) -> None:
    page.goto("/")
    page.wait_for_selector("#projects button")
    long = page.request.post("/api/seeds/example", data={"example": "auld-lang-syne"}).json()
    job = page.request.post("/api/arrangements", data={"seed_id": long["id"], "takes": 8}).json()
    page.reload()
    page.click("[aria-label='Delete auld-lang-syne']")
    page.wait_for_selector("#trouble:not([hidden])")
    assert page.inner_text("#trouble-what") == "'auld-lang-syne' is in use by a job (arrange)"
    assert page.inner_text("#trouble-remedy") == "Wait until that is done, or cancel it"
    assert page.is_enabled("[aria-label='Delete auld-lang-syne']")
    page.request.delete(f"/api/jobs/{job['id']}")
