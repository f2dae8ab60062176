"""Who may come in, and with how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from composer.errors import ComposerError, InputError
from composer.studio.app import _composer_error
from composer.studio.guard import Guard
from composer.studio.settings import StudioSettings

HERE = "127.0.0.1:8765"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_exception_handler(ComposerError, _composer_error)

    @app.post("/take")
    async def take(request: Request) -> int:
        return len(await request.body())

    @app.get("/give")
    def give() -> str:
        return "yours"

    app.add_middleware(Guard, settings=StudioSettings(tmp_path, upload_bytes=1000))
    with TestClient(app, base_url=f"http://{HERE}") as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765"])
def test_this_machine_may_come_in(client: TestClient, host: str) -> None:
    assert client.get("/give", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8765", "", "localhost@evil.example", "[::1", "0.0.0.0"]
)
def test_a_rebound_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/give", headers={"host": host})
    assert answer.status_code == 403
    assert answer.json()["what_to_do"] == "use the address it printed at start-up"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    ],
)
def test_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/take", headers=headers).status_code == 403


def test_our_own_page_and_links_to_it_may_come_in(client: TestClient) -> None:
    own = {"origin": f"http://{HERE}", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert client.post("/take", headers=own).status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/give", headers=link).status_code == 200


def test_a_body_that_says_it_is_too_long_is_not_read(client: TestClient) -> None:
    read = 0

    def body() -> Iterator[bytes]:
        nonlocal read
        for _ in range(200):
            read += 1 << 20
            yield bytes(1 << 20)

    answer = client.post("/take", content=body(), headers={"content-length": str(200 << 20)})
    assert answer.status_code == 413
    assert "more than any song" in answer.json()["message"]
    assert answer.headers["connection"] == "close"


def test_a_body_that_does_not_say_is_cut_off_at_the_limit(client: TestClient) -> None:
    answer = client.post("/take", content=iter([bytes(600), bytes(600)]))
    assert answer.status_code == 413
    assert client.post("/take", content=iter([bytes(600), bytes(400)])).json() == 1000


def test_answers_may_not_be_framed_or_taken_for_something_else(client: TestClient) -> None:
    headers = client.get("/give").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::"])
def test_it_never_listens_everywhere(tmp_path: Path, host: str) -> None:
    with pytest.raises(InputError, match="one address, not all of them"):
        StudioSettings(tmp_path, host=host)
