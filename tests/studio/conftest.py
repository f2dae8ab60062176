"""A studio for tests: its folder, and a client that comes from this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from composer import formats
from composer.score import Part, Score
from composer.studio.app import create_app
from composer.studio.band import Band
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio
from composer.timing import Meter, TempoMap

from .browser import looking_at, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

ADDRESS = "http://127.0.0.1"
JOB_S = 120
WISHES: dict[str, Any] = {"style": "bossa", "parts": ["drums", "bass"], "seed": 5, "density": {"bass": 2}}


def tune(bars: int = 4) -> Score:
    """A melody in C over C, F, G and C again."""
    pitches = [60, 64, 67, 64, 65, 69, 72, 69, 67, 71, 74, 71, 72, 67, 64, 60]
    rows = [(beat * 480 + beat % 3, 431 + beat % 5, pitches[beat % 16], 70 + beat % 16) for beat in range(4 * bars)]
    return Score((Part("Lead", rows, 73),), TempoMap.constant(120), Meter(), title="Small tune")


@pytest.fixture(scope="session")
def tune_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "tune.mid"
    formats.save(tune(), path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="session")
def band() -> Band:
    """The shipped model, loaded once: that takes most of the time."""
    return Band()


@pytest.fixture(scope="module")
def studio(folder: Path, band: Band) -> Iterator[Studio]:
    """One for all tests of a module."""
    studio = Studio(StudioSettings(folder))
    studio.band = band
    with studio:
        yield studio


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url=ADDRESS) as client:
        yield client


@pytest.fixture(scope="module")
def seed(client: TestClient, tune_file: Path) -> dict[str, Any]:
    answer = client.post("/api/seeds?name=tune.mid", content=tune_file.read_bytes())
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def take(client: TestClient, seed: dict[str, Any]) -> str:
    answer = client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"], "register": {"bass": 2}})
    assert answer.status_code == 202
    job = finished(client, answer.json())
    assert job["state"] == "done", job["problem"]
    made: str = job["arrangements"][0]
    return made


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`composer studio` itself, in an empty folder."""
    with serving(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    with looking_at(address) as page:
        yield page


def midi(client: TestClient, take: str) -> bytes:
    return client.get(f"/api/arrangements/{take}/files/band.mid").content


def notes(client: TestClient, take: str) -> dict[str, list[list[int]]]:
    score = client.get(f"/api/arrangements/{take}/score").json()
    return {part["role"]: part["notes"] for part in score["parts"]}


def finished(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it is over."""
    deadline = time.monotonic() + JOB_S
    while time.monotonic() < deadline:
        seen: dict[str, Any] = client.get(f"/api/jobs/{job['id']}").json()
        if seen["state"] in ("done", "failed", "cancelled"):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"still {seen['state']} after {JOB_S} s")
