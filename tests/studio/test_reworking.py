"""A take made from another: what was asked for is new, every other note stays."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from .conftest import finished, midi, notes


def test_rework_changes_the_hole_and_nothing_else(client: TestClient, take: str) -> None:
    before, name = notes(client, take), midi(client, take)
    asked = {"bars": [2, 3], "parts": ["bass"], "seed": 3}
    job = finished(client, client.post(f"/api/arrangements/{take}/rework", json=asked).json())
    assert job["state"] == "done", job["problem"]
    made = client.get(f"/api/arrangements/{job['arrangements'][0]}").json()
    assert (made["parent"], made["kind"], made["label"]) == (take, "rework", "bass in bars 2–3")
    assert made["report"]["proof"]["untouched"]
    after = notes(client, made["id"])
    start, end = 1920, 3 * 1920
    assert {part: rows for part, rows in after.items() if part != "bass"} == {
        part: rows for part, rows in before.items() if part != "bass"
    }
    outside = [[row for row in rows["bass"] if not start <= row[0] < end] for rows in (before, after)]
    assert outside[0] == outside[1]
    assert before["bass"] != after["bass"]
    assert midi(client, take) == name, "the take that it was made from stays"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"bars": [3, 2], "parts": ["bass"]}, "the first before the last"),
        ({"bars": [1, 99], "parts": ["bass"]}, "the piece has 4 bars"),
        ({"bars": [0, 1], "parts": ["bass"]}, "bars"),
        ({"bars": [1, 2], "parts": []}, "parts"),
    ],
)
def test_a_hole_that_is_none_is_refused(client: TestClient, take: str, asked: dict[str, Any], says: str) -> None:
    answer = client.post(f"/api/arrangements/{take}/rework", json=asked)
    assert answer.status_code == 422
    assert says in answer.json()["message"]


def test_restyle_keeps_the_melody(client: TestClient, seed: dict[str, Any], take: str) -> None:
    assert client.post(f"/api/arrangements/{take}/restyle", json={}).status_code == 422
    job = finished(client, client.post(f"/api/arrangements/{take}/restyle", json={"style": "reggae"}).json())
    assert job["state"] == "done", job["problem"]
    after = notes(client, job["arrangements"][0])
    assert after["melody"] == seed["score"]["parts"][0]["notes"]
    assert after["bass"] != notes(client, take)["bass"]
