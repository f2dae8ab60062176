"""Whole jams in real processes over a real port: however they end, every note ends."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mido.sockets import PortServer, SocketPort

from composer import formats
from composer.live.items import Command
from tests.live.band import PatternLeader, hang_up

SCRIPT = Path(__file__).parent / "jam_process.py"


class Jam:
    """A jam process and the one who listens to it."""

    def __init__(self, *args: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.server = PortServer("127.0.0.1", self.port)
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self.port), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.peer: SocketPort = self.server.accept()
        self.struck = 0
        self.sounding: set[tuple[int, int]] = set()
        self.pedals: set[int] = set()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def listen(self, seconds: float) -> None:
        """Keep the books of what arrives."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.enter()
            time.sleep(0.005)

    def enter(self) -> None:
        for message in self.peer.iter_pending():
            if message.type == "note_on" and message.velocity:
                self.struck += 1
                self.sounding.add((message.channel, message.note))
            elif message.type in ("note_on", "note_off"):
                self.sounding.discard((message.channel, message.note))
            elif message.type == "control_change" and message.control == 64:
                (self.pedals.add if message.value >= 64 else self.pedals.discard)(message.channel)

    def play(self, *data: int) -> None:
        import mido

        self.peer.send(mido.Message.from_bytes(data))

    def until_it_plays(self, notes: int = 12) -> None:
        until = time.monotonic() + 20
        while self.struck < notes and time.monotonic() < until:
            self.listen(0.05)
        assert self.struck >= notes, self.lines

    def end(self, timeout_s: float = 10.0) -> int:
        """Wait for the process, and take in the last messages."""
        code = self.process.wait(timeout_s)
        self._reader.join(timeout=2)
        self.listen(0.2)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(timeout=2)
        if self.process.stdout is not None:
            self.process.stdout.close()
        hang_up(self.peer)
        self.server.close()


@contextlib.contextmanager
def jam(*args: str) -> Iterator[Jam]:
    one = Jam(*args)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(("kind", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ended_by_a_signal(kind: signal.Signals, code: int, tmp_path: Path) -> None:
    with jam(str(tmp_path / "jam.mid")) as one:
        one.until_it_plays()
        one.play(0xB0, 64, 127)
        one.play(0x90, 72, 90)
        one.listen(0.3)
        assert one.sounding
        assert one.pedals == {0}
        one.process.send_signal(kind)
        assert one.end() == code, one.lines
        assert one.sounding == set()
        assert one.pedals == set()
    score = formats.load(tmp_path / "jam.mid")
    assert {part.role: len(part) > 0 for part in score.parts} == {
        "melody": True,
        "drums": True,
        "bass": True,
        "piano": True,
    }
    assert score.problems == ()


def test_a_killed_generator_is_replaced_and_nothing_hangs() -> None:
    with jam() as one:
        one.until_it_plays()
        number = next(int(line.split()[1]) for line in one.lines if line.startswith("generator "))
        os.kill(number, signal.SIGKILL)
        before = one.struck
        one.listen(2.5)
        assert one.struck > before + 8
        assert any("restarting it" in line for line in one.lines), one.lines
        one.process.send_signal(signal.SIGTERM)
        one.end()
        assert one.sounding == set()


def test_a_killed_peer_is_survived_and_greeted_with_silence() -> None:
    with jam() as one:
        one.until_it_plays()
        one.play(0x90, 72, 90)
        one.listen(0.1)
        hang_up(one.peer)
        one.sounding.clear()
        one.peer = one.server.accept()
        silenced = set()
        until = time.monotonic() + 5
        while len(silenced) < 16 and time.monotonic() < until:
            for message in one.peer.iter_pending():
                if message.type == "control_change" and message.control == 123:
                    silenced.add(message.channel)
            time.sleep(0.002)
        assert silenced == set(range(16))
        struck = one.struck
        one.listen(1.0)
        assert one.struck > struck
        one.process.send_signal(signal.SIGTERM)
        one.end()
        assert (0, 72) not in one.sounding
        assert one.sounding == set()


def test_leaving_the_block_ends_every_note() -> None:
    """`with` in this very process: an error of the caller's goes through, and the port hears every end."""
    import mido

    from composer.live.generator import InlinePlanner
    from composer.live.port_names import PortName
    from composer.live.session import Route, Session, SessionPlan
    from composer.live.settings import JamSettings

    class Now:
        """The pattern band, answering at once, in the engine's own thread."""

        def __init__(self, inbox: object) -> None:
            self.leader, self.inbox = PatternLeader(), inbox

        def ask(self, ask: object) -> None:
            self.inbox.put(self.leader.plan(ask))  # type: ignore[attr-defined, arg-type]

        def close(self) -> None: ...

    assert InlinePlanner  # the fake clock's counterpart
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    with PortServer("127.0.0.1", number) as server:
        name = PortName.parse(f"tcp:127.0.0.1:{number}")
        settings = JamSettings(parts=("drums", "piano"), tempo_bpm=240, count_in_bars=0, chords=("C",) * 4)
        session = Session(SessionPlan(settings, (), (Route(name),)), lambda _: None)
        session.engine.wiring.start_planner = lambda: Now(session.inbox)  # type: ignore[assignment, return-value]
        peer = server.accept()
        found: list[mido.Message] = []

        def play_and_fail() -> None:
            with session:
                until = time.monotonic() + 5
                while sum(m.type == "note_on" for m in found) < 9 and time.monotonic() < until:
                    found.extend(peer.iter_pending())
                    time.sleep(0.005)
                assert not session.wait(0)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            play_and_fail()
        time.sleep(0.1)
        found += list(peer.iter_pending())
        hang_up(peer)
    on: set[tuple[int, int]] = set()
    for message in found:
        if message.type == "note_on":
            on.add((message.channel, message.note))
        elif message.type == "note_off":
            on.discard((message.channel, message.note))
    assert sum(m.type == "note_on" for m in found) >= 9
    assert on == set()


def test_ctrl_c_waits_until_the_engine_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note struck after the port is closed would sound for ever: nothing is taken down while the engine plays."""
    from composer.live.port_names import PortName
    from composer.live.session import Route, Session, SessionPlan
    from composer.live.settings import JamSettings

    told = list[str]()

    def run(self: object) -> None:
        while not isinstance(session.inbox.wait(time.monotonic() + 5), Command):
            pass
        time.sleep(0.3)
        told.append("engine ended")

    monkeypatch.setattr("composer.live.engine.Engine.run", run)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        name = PortName.parse(f"tcp:127.0.0.1:{probe.getsockname()[1]}")
    session = Session(SessionPlan(JamSettings(), (), (Route(name),)), lambda _: None)
    close = session.ports.close

    def close_ports() -> None:
        told.append("ports closed")
        close()

    monkeypatch.setattr(session.ports, "close", close_ports)
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt), session:
        session.wait(5)
    assert told == ["engine ended", "ports closed"]
