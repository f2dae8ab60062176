"""Takes: what the command line makes, told bar by bar, called off at once; wishes that cannot be met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from composer.cli import main

from .conftest import WISHES, finished, midi, notes


def test_the_same_wishes_give_the_same_file_as_the_command_line(
    client: TestClient, take: str, tune_file: Path, tmp_path: Path
) -> None:
    words = "--style bossa --parts drums,bass --seed 5 --density bass=2 --register bass=2 --no-audio --quiet"
    assert main(["arrange", str(tune_file), *words.split(), "--out", str(tmp_path)]) == 0
    assert midi(client, take) == (tmp_path / "tune.mid").read_bytes()
    assert (
        client.get(f"/api/arrangements/{take}/files/band.chords.txt").text == (tmp_path / "tune.chords.txt").read_text()
    )
    assert (
        client.get(f"/api/arrangements/{take}/files/band.musicxml").content == (tmp_path / "tune.musicxml").read_bytes()
    )
    ours = client.get(f"/api/arrangements/{take}/files/band.json").json()
    theirs = json.loads((tmp_path / "tune.json").read_text())
    for field in ("model", "seed", "style", "groove", "form", "chords", "parts", "options", "input", "licence"):
        assert field == "licence" or ours[field] == theirs[field], field


def test_every_bar_is_told_while_it_is_written(client: TestClient, seed: dict[str, Any]) -> None:
    asked = WISHES | {"seed_id": seed["id"], "takes": 2, "feel": 0}  # bars are told on the grid
    job = client.post("/api/arrangements", json=asked).json()
    path = f"ws://127.0.0.1/api/jobs/{job['id']}/events"
    told: list[list[dict[str, Any]]] = []
    for _ in range(2):  # two tabs
        with client.websocket_connect(path) as socket:
            heard = []
            while not heard or heard[-1].get("state") not in ("done", "failed", "cancelled"):
                heard.append(socket.receive_json())
            told.append(heard)
    assert told[0] == told[1]
    bars = [(event["take"], event["bar"]) for event in told[0] if event["type"] == "bar"]
    assert bars == [(take, bar) for take in (1, 2) for bar in range(4)]
    made = told[0][-1]["arrangements"]
    written = [
        row for event in told[0] if event["type"] == "bar" and event["take"] == 1 for row in event["notes"]["bass"]
    ]
    final = notes(client, made[0])["bass"]
    assert [(row[0], row[2]) for row in written] == [(row[0], row[2]) for row in final]
    assert midi(client, made[0]) != midi(client, made[1])


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"style": "bosa"}, "did you mean bossa"),
        ({"style": "bossa:x"}, "write NAME or NAME:SHARE"),
        ({"chords": "C | Hx"}, "chart, bar 2"),
        ({"parts": []}, "no parts given"),
        ({"parts": ["tuba"]}, "parts.0: input should be"),
        ({"density": {"bass": 9}}, "less than or equal to 5"),
        ({"register": {"drums": 2}}, "drums have no register"),
        ({"roles": {"bass": "pad"}}, "bass has no role 'pad'"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 99}, "temperature"),
        ({"melody": "tuba"}, "there is no part called 'tuba'"),
        ({"form": "??"}, ""),
        ({"takes": 1000}, "takes"),
        ({"seed": -1}, "seed"),
        ({"colour": "red"}, "colour"),
        ({"style_from": "../../etc/passwd"}, "style_from"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_at_once(
    client: TestClient, seed: dict[str, Any], wish: dict[str, Any], says: str
) -> None:
    answer = client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"]} | wish)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["message"]
    assert "\n" not in answer.json()["message"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ("{bad", "character 2", "expecting property name enclosed in double quotes"),
        ("[1, 2", "character 6", "expecting ',' delimiter"),
        ("hello", "character 1", "expecting value"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(client: TestClient, body: str, where: str, says: str) -> None:
    answer = client.post("/api/arrangements", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["where"], problem["what"]) == (where, f"the request is not JSON, at {where}: {says}")


def test_a_cancelled_job_stops_at_the_next_bar_and_the_next_one_is_done(client: TestClient) -> None:
    long = client.post("/api/seeds/example", json={"example": "auld-lang-syne"}).json()
    wishes = {"seed_id": long["id"], "style": "bossa", "takes": 8}
    job = client.post("/api/arrangements", json=wishes).json()
    with client.websocket_connect(f"ws://127.0.0.1/api/jobs/{job['id']}/events") as socket:
        while socket.receive_json()["type"] != "bar":
            pass
        client.delete(f"/api/jobs/{job['id']}")
    seen = finished(client, job)
    assert (seen["state"], seen["arrangements"]) == ("cancelled", [])
    assert client.get(f"/api/seeds/{long['id']}/arrangements").json() == []


def test_a_reference_is_played_like(client: TestClient, tune_file: Path, seed: dict[str, Any], take: str) -> None:
    answer = client.post("/api/seeds?name=ref.mid&reference=true", content=midi(client, take))
    reference = answer.json()
    assert reference["id"] not in [one["id"] for one in client.get("/api/seeds").json()]
    wishes = {"seed_id": seed["id"], "style_from": reference["id"]}
    job = finished(client, client.post("/api/arrangements", json=wishes).json())
    assert job["state"] == "done", job["problem"]
    report = client.get(f"/api/arrangements/{job['arrangements'][0]}").json()["report"]
    assert report["style_from"]["file"] == "ref.mid"
    alone = client.post("/api/seeds?name=lone.mid&reference=true", content=tune_file.read_bytes())
    assert alone.status_code == 422, "no band plays in it"
