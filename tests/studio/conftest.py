"""A studio for tests: its folder, and a client that comes from this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from composer import formats
from composer.score import Part, Score
from composer.studio.app import create_app
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio
from composer.timing import Meter, TempoMap

ADDRESS = "http://127.0.0.1"
JOB_S = 120


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


@pytest.fixture(scope="module")
def studio(folder: Path) -> Iterator[Studio]:
    """With the shipped model, one for all tests of a module: loading it takes most of their time."""
    with Studio(StudioSettings(folder)) as studio:
        yield studio


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(studio), base_url=ADDRESS) as client:
        yield client


def finished(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it is over."""
    deadline = time.monotonic() + JOB_S
    while time.monotonic() < deadline:
        seen: dict[str, Any] = client.get(f"/api/jobs/{job['id']}").json()
        if seen["state"] in ("done", "failed", "cancelled"):
            return seen
        time.sleep(0.02)
    raise AssertionError(f"still {seen['state']} after {JOB_S} s")
