"""Paths and names: what leads nowhere is a Problem, the page comes from here alone, and a restart finds everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from composer.studio.app import create_app
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio

from .conftest import ADDRESS, midi


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fseed.json", "take.json", "%2e%2e", "band.mid%00", "sound", "mix-0000000000000000.wav", "sound-99.flac"],
)
def test_no_name_of_a_file_leads_anywhere_else(client: TestClient, take: str, name: str) -> None:
    answer = client.get(f"/api/arrangements/{take}/files/{name}")
    assert answer.status_code == 404
    assert answer.json()["message"]


def test_unknown_ids_and_paths_are_problems_too(client: TestClient) -> None:
    for path in ("seeds/aaaaaaaaaaaaaaaa", "arrangements/aaaaaaaaaaaaaaaa", "jobs/aaaaaaaaaaaaaaaa", "nothing"):
        answer = client.get(f"/api/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["what"]
    assert client.get("/api/seeds/short").status_code == 422
    assert client.get("/../pyproject.toml").status_code == 404


def test_page_and_documentation_come_from_here_alone(client: TestClient) -> None:
    for path in ("/", "/docs", "/studio.css", "/js/main.js"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "https://" not in answer.text.replace('https:"', "")
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/seeds", "/api/arrangements", "/api/arrangements/{arrangement_id}/rework"} <= paths.keys()


def test_a_restart_finds_everything(
    client: TestClient, studio: Studio, folder: Path, seed: dict[str, Any], take: str
) -> None:
    """Last: it closes the others' studio for a moment."""
    assert client.put(f"/api/seeds/{seed['id']}/kept", json={"arrangement_id": take}).json()["kept"] == take
    before = client.get("/api/seeds").json(), midi(client, take)
    studio.__exit__()
    with Studio(StudioSettings(folder)) as another, TestClient(create_app(another), base_url=ADDRESS) as again:
        assert (again.get("/api/seeds").json(), midi(again, take)) == before
    studio.__enter__()
