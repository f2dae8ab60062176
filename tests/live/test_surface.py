"""What people and programs see and press: the screen's picture, its keys, the control surface."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from composer.live.control import ControlSurface
from composer.live.screen import Hands, draw, read_terminal
from composer.live.view import JamView, PartView
from tests.live.band import Stage, comping, settings


class FakeSession:
    """A session that keeps what it was told."""

    def __init__(self, view: JamView) -> None:
        self.engine = self
        self.view = view
        self.told: list[tuple[str, dict[str, Any]]] = []

    def command(self, name: str, /, **values: object) -> None:
        self.told.append((name, values))


def a_view() -> JamView:
    stage = Stage(settings(bars=8))
    start = stage.downbeat_s()
    stage.play(comping(["C", "Am"] * 4), start)
    stage.engine.begin()
    while stage.inbox.now() < start + 9.2:
        stage.engine.turn()
    view = stage.engine.view
    stage.engine.quiet()
    return view


def test_the_screen_shows_the_jam() -> None:
    from rich.console import Console

    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(draw(a_view(), 1))
    console.file.close()
    text = console.export_text()
    for word in (
        "bar 5",
        "120.0 BPM",
        "accompany: with you",
        "now",
        "next",
        "drums",
        "bass",
        "piano",
        "missed 0",
        "q end",
        "A1",
    ):
        assert word in text, word


def test_keys_are_commands() -> None:
    part = PartView("drums", 0, 0.0, 0, "", False, False, 0, 1.0), PartView("bass", 0, 0.0, 0, "", False, False, 0, 1.0)
    session = FakeSession(JamView(parts=part, style="pop", bpm=120))
    hands = Hands(session)  # type: ignore[arg-type]
    for key in "2²ms+-]\t>(.t!":  # ² is a key of its own on French keyboards
        assert hands.press(key)
    assert not hands.press("q")
    assert [name for name, _ in session.told] == [
        "mute", "solo", "more", "less", "level", "mode", "style", "strength", "tempo", "tap", "panic",
    ]  # fmt: skip
    assert session.told[0][1] == {"part": "bass"}
    assert session.told[4][1] == {"part": "bass", "level": 1.1}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such sequences")
def test_arrows_and_function_keys_are_no_keys_of_ours() -> None:
    """An arrow sends ESC [ A, and that is not quieter; what is typed after one counts."""
    out, into = os.pipe()
    os.write(into, b"\x1b[A]\x1bOPm\x1b[15;2~\x1bs[\x1b")
    keys = [read_terminal(out, 0.05) for _ in range(9)]
    assert keys == ["", "]", "", "m", "", "", "[", "", ""]
    os.close(out)
    os.close(into)


def test_the_control_surface_tells_and_takes() -> None:
    session = FakeSession(a_view())
    with ControlSurface(0) as surface:
        surface.serve(session)  # type: ignore[arg-type]
        with connect(f"ws://127.0.0.1:{surface.port}") as client:
            state = json.loads(client.recv(timeout=2))
            assert (state["type"], state["bar"], state["parts"][0]["name"]) == ("state", 4, "drums")
            client.send(json.dumps({"command": "mute", "part": "bass", "on": True}))
            client.send(json.dumps({"command": "tap", "name": "x", "self": 1}))
            client.send("what?")
            client.send("[" * 3000)
            client.send(json.dumps({"command": "dance"}))
            errors = []
            while len(errors) < 3:
                message = json.loads(client.recv(timeout=2))
                if message["type"] == "error":
                    errors.append(message["message"])
            assert errors[:2] == ["not JSON"] * 2
            assert "no command called 'dance'" in errors[2]
            assert session.told == [("mute", {"part": "bass", "on": True}), ("tap", {"name": "x", "self": 1})]


@pytest.mark.parametrize("headers", [{"Origin": "https://example.org"}, {"Host": "example.org:80"}])
def test_strangers_are_refused(headers: dict[str, str]) -> None:
    """A page of another site cannot talk to the jam, whether it says who it is or takes our address for its own."""
    session = FakeSession(JamView())
    with ControlSurface(0) as surface:
        surface.serve(session)  # type: ignore[arg-type]
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(f"ws://127.0.0.1:{surface.port}", additional_headers=headers) as client,
        ):
            client.recv(timeout=2)
    assert session.told == []
