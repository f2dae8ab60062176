"""Deleting: what goes comes back as it was, nothing goes that is being worked on, and nothing is ever lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from composer.studio.app import create_app
from composer.studio.files import take_file
from composer.studio.jobs import Job
from composer.studio.problems import NotHere
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio

from .conftest import ADDRESS, WISHES, finished, midi

UNKNOWN = "a" * 16


@pytest.fixture
def project(client: TestClient, tune_file: Path) -> dict[str, Any]:
    answer = client.post("/api/seeds?name=song.mid", content=tune_file.read_bytes())
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def two(client: TestClient, project: dict[str, Any]) -> list[str]:
    """A take, and one that was made from it."""
    job = finished(client, client.post("/api/arrangements", json=WISHES | {"seed_id": project["id"]}).json())
    first = job["arrangements"][0]
    asked = {"bars": [2, 3], "parts": ["bass"], "seed": 3}
    job = finished(client, client.post(f"/api/arrangements/{first}/rework", json=asked).json())
    return [first, *job["arrangements"]]


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json()]


@contextmanager
def at_work(studio: Studio, kind: str, *used: str) -> Iterator[Job]:
    """A job that needs these, as long as the block lasts."""
    begun, free = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        begun.set()
        while not free.wait(0.005):
            job.check()

    job = studio.jobs.begin("sound", Job(kind, work, frozenset(used)))
    assert begun.wait(5)
    yield job
    free.set()


def test_a_take_goes_and_comes_back_as_it_was(
    client: TestClient, folder: Path, project: dict[str, Any], two: list[str]
) -> None:
    first, second = two
    client.put(f"/api/seeds/{project['id']}/kept", json={"arrangement_id": first})
    finished(client, client.post(f"/api/arrangements/{first}/sound").json())
    before = client.get(f"/api/arrangements/{first}").json(), midi(client, first)
    gone = client.delete(f"/api/arrangements/{first}")
    assert gone.status_code == 200
    told = {"kind": "arrangement", "id": first, "seed_id": project["id"], "name": "song", "label": "bossa"}
    assert told.items() <= gone.json().items()
    assert client.get("/api/trash").json()[0] == gone.json()
    for answer in (
        client.get(f"/api/arrangements/{first}"),
        client.get(f"/api/arrangements/{first}/files/band.mid"),
        client.post(f"/api/arrangements/{first}/sound"),
        client.delete(f"/api/arrangements/{first}"),
    ):
        assert answer.status_code == 404
    assert ids(client.get(f"/api/seeds/{project['id']}/arrangements")) == [second], "what was made from it stays"
    assert client.get(f"/api/seeds/{project['id']}").json()["kept"] == second
    in_trash = {path.name for path in (folder / "trash" / "arrangements" / first).iterdir()}
    assert in_trash == {"take.json", "band.mid", "band.chords.txt", "band.json"}, "sound can be made again"
    back = client.post(f"/api/arrangements/{first}/restore")
    assert back.status_code == 200
    assert (back.json(), midi(client, first)) == before
    assert client.get(f"/api/seeds/{project['id']}").json()["kept"] == first
    assert first not in ids(client.get("/api/trash"))
    assert finished(client, client.post(f"/api/arrangements/{first}/sound").json())["state"] == "done"


def test_a_project_goes_with_its_takes_and_comes_back_with_them(
    client: TestClient, project: dict[str, Any], two: list[str]
) -> None:
    path = f"/api/seeds/{project['id']}"
    client.delete(f"/api/arrangements/{two[1]}")
    gone = client.delete(path).json()
    assert (gone["kind"], gone["name"], gone["arrangements"]) == ("seed", "song", 1)
    assert project["id"] not in ids(client.get("/api/seeds"))
    assert client.get(path).status_code == 404
    assert client.get(f"/api/arrangements/{two[0]}").status_code == 404
    assert client.post("/api/arrangements", json=WISHES | {"seed_id": project["id"]}).status_code == 404
    listed = ids(client.get("/api/trash"))
    assert project["id"] in listed
    assert not set(two) & set(listed), "takes come with their project"
    refused = client.post(f"/api/arrangements/{two[1]}/restore")
    assert refused.status_code == 409
    assert refused.json()["what_to_do"] == f"restore {project['id']} first"
    assert client.post(f"{path}/restore").json()["id"] == project["id"]
    assert ids(client.get(f"{path}/arrangements")) == [two[0]]
    assert two[1] in ids(client.get("/api/trash")), "it was deleted by itself"
    assert client.get(path).json()["report"] == project["report"]


def test_a_reference_goes_and_comes_back_too(client: TestClient, two: list[str]) -> None:
    reference = client.post("/api/seeds?name=ref.mid&reference=true", content=midi(client, two[0])).json()
    assert ids(client.get("/api/seeds?reference=true")) == [reference["id"]]
    assert client.delete(f"/api/seeds/{reference['id']}").json()["reference"]
    assert client.get("/api/seeds?reference=true").json() == []
    assert client.post(f"/api/seeds/{reference['id']}/restore").status_code == 200
    assert ids(client.get("/api/seeds?reference=true")) == [reference["id"]]


def test_nothing_goes_that_is_being_worked_on(
    client: TestClient, studio: Studio, project: dict[str, Any], two: list[str]
) -> None:
    with at_work(studio, "export", two[0], project["id"]):
        for path, name in ((f"seeds/{project['id']}", "song"), (f"arrangements/{two[0]}", "bossa")):
            refused = client.delete(f"/api/{path}")
            assert refused.status_code == 409
            line = f"'{name}' is in use by a job (export); wait until that is done, or cancel it"
            assert refused.json()["message"] == line
        assert client.delete(f"/api/arrangements/{two[1]}").status_code == 200, "nobody works on this one"
    assert client.get(f"/api/arrangements/{two[0]}").status_code == 200


def test_what_a_band_is_being_written_for_stays_until_it_is(client: TestClient) -> None:
    long = client.post("/api/seeds/example", json={"example": "auld-lang-syne"}).json()
    job = client.post("/api/arrangements", json={"seed_id": long["id"], "takes": 8}).json()
    assert client.delete(f"/api/seeds/{long['id']}").status_code == 409
    client.delete(f"/api/jobs/{job['id']}")
    assert finished(client, job)["state"] == "cancelled"
    assert client.delete(f"/api/seeds/{long['id']}").status_code == 200


def test_nothing_is_begun_for_what_has_gone_this_moment(
    studio: Studio, project: dict[str, Any], two: list[str]
) -> None:
    """A request that found its take a moment before it was deleted."""
    take = studio.store.take(two[0])
    studio.discard(take)
    with pytest.raises(NotHere, match="no arrangement"):
        studio.sound(take, False, str)


def test_a_file_that_is_being_sent_is_sent_to_its_end(
    client: TestClient, studio: Studio, two: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found, and its take is deleted before the first byte is sent."""
    whole = midi(client, two[0])
    take = studio.store.take(two[0])
    file = take_file(studio.store, take, "band.mid")
    size, pieces = file.read()
    studio.discard(take)
    assert b"".join(pieces) == whole
    assert size == len(whole)
    with pytest.raises(NotHere, match="has just been deleted"):
        file.read()
    monkeypatch.setattr(studio.store, "take", lambda _: take)
    monkeypatch.setattr(studio.store, "takes", lambda _: [take])
    assert client.get(f"/api/arrangements/{two[0]}").status_code == 404
    assert client.get(f"/api/seeds/{take.seed_id}/arrangements").json() == []


@pytest.mark.parametrize("kind", ["seeds", "arrangements"])
def test_what_is_not_there_can_be_neither_deleted_nor_restored(client: TestClient, kind: str) -> None:
    for answer in (client.delete(f"/api/{kind}/{UNKNOWN}"), client.post(f"/api/{kind}/{UNKNOWN}/restore")):
        assert answer.status_code == 404
        assert UNKNOWN in answer.json()["message"]
    assert client.delete(f"/api/{kind}/short").status_code == 422
    assert client.delete(f"/api/{kind}").status_code == 404


def test_the_trash_is_there_after_a_restart(
    client: TestClient, studio: Studio, folder: Path, project: dict[str, Any], two: list[str]
) -> None:
    """Last: it closes the others' studio for a moment."""
    gone = client.delete(f"/api/arrangements/{two[0]}").json(), client.delete(f"/api/seeds/{project['id']}").json()
    before = client.get("/api/trash").json()
    studio.__exit__()
    with Studio(StudioSettings(folder)) as another, TestClient(create_app(another), base_url=ADDRESS) as again:
        assert again.get("/api/trash").json() == before
        assert again.post(f"/api/seeds/{project['id']}/restore").status_code == 200
        assert again.get("/api/trash").json()[0] == gone[0]
        assert again.post(f"/api/arrangements/{two[0]}/restore").status_code == 200
        assert ids(again.get(f"/api/seeds/{project['id']}/arrangements")) == two
    studio.__enter__()
