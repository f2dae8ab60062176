"""System and virtual ports, real ones: JACK's, with a server of our own that has no sound card."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from composer.audio import soundfonts
from composer.errors import InputError
from composer.live import midi
from composer.live.inbox import LiveInbox
from composer.live.items import Heard, PortDown, PortUp
from composer.live.port_names import PortName
from composer.live.ports import Ports
from composer.live.system_ports import midi_systems, system_ports

PLAYER = """
import sys, time
import rtmidi
out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="player")
out.open_virtual_port("keys")
print("ready", flush=True)
for line in sys.stdin:
    out.send_message(bytes.fromhex(line))
"""


@pytest.fixture(scope="module")
def jack() -> Iterator[None]:
    """A JACK server for these tests only, under a name of its own."""
    if shutil.which("jackd") is None:
        pytest.skip("no jackd here: install jackd2 to test system MIDI ports")
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
    with pytest.MonkeyPatch.context() as patch, serving(patch, "composer-tests", 48_000):
        yield


@contextmanager
def serving(patch: pytest.MonkeyPatch, name: str, rate: int) -> Iterator[subprocess.Popen[bytes]]:
    """A JACK server of a name and a sample rate, which this process and those that it starts connect to."""
    patch.setenv("JACK_DEFAULT_SERVER", name)
    patch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    server = subprocess.Popen(
        ["jackd", "-r", "-d", "dummy", "-r", str(rate), "-p", "256"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 10
        while not midi_systems() and time.monotonic() < until:
            time.sleep(0.2)
        if not midi_systems():
            pytest.skip("jackd does not start here")
        yield server
    finally:
        server.terminate()
        server.wait()


class Player:
    """Another process with a keyboard of JACK's."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PLAYER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def play(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data.hex() + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def next_of(inbox: LiveInbox, kind: type, within_s: float = 6.0) -> object:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        item = inbox.wait(until)
        if isinstance(item, kind):
            return item
    raise AssertionError(f"no {kind.__name__} in time")


@pytest.mark.usefixtures("jack")
def test_a_keyboard_is_heard_lost_and_found_again() -> None:
    inbox = LiveInbox()
    player = Player()
    try:
        assert ("player:keys", "Jack") in system_ports("input")
        with Ports(inbox.put) as ports:
            ports.input(PortName.parse("keys"))
            next_of(inbox, PortUp)
            player.play(midi.note_on(3, 64, 99))
            assert next_of(inbox, Heard).data == midi.note_on(3, 64, 99)  # type: ignore[attr-defined]
            player.close()
            assert next_of(inbox, PortDown).port == "keys"  # type: ignore[attr-defined]
            player = Player()
            assert next_of(inbox, PortUp).why == "reconnected"  # type: ignore[attr-defined]
            player.play(midi.note_off(3, 64))
            assert next_of(inbox, Heard).data == midi.note_off(3, 64)  # type: ignore[attr-defined]
    finally:
        player.close()


@pytest.mark.usefixtures("jack")
def test_a_virtual_port_is_seen_and_heard_by_others() -> None:
    """What one of us plays through a virtual port, another hears as a system port; the end included."""
    inbox = LiveInbox()
    with Ports(LiveInbox().put) as band:
        out = band.output(PortName.parse("virtual:Band"))
        assert any("Band" in name for name, _ in system_ports("input"))
        with Ports(inbox.put) as listener:
            listener.input(PortName.parse("Band"))
            next_of(inbox, PortUp)
            out.send(midi.note_on(9, 36, 100))
            assert next_of(inbox, Heard).data == midi.note_on(9, 36, 100)  # type: ignore[attr-defined]
            out.send(midi.note_off(9, 36))
            band.close()
            assert next_of(inbox, Heard).data == midi.note_off(9, 36)  # type: ignore[attr-defined]


def test_a_server_that_dies_takes_ports_along_and_brings_them_back(jack: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual port and a named one: their loss is said, and with the next server they are there and play again."""
    lost, found = LiveInbox(), LiveInbox()
    with Ports(lost.put) as band, Ports(found.put) as listener:
        with serving(monkeypatch, "composer-tests-again", 48_000):
            out = band.output(PortName.parse("virtual:Band"))
            listener.input(PortName.parse("Band"))
            next_of(found, PortUp)
            listener.output(PortName.parse("virtual:Another"))
            next_of(found, PortUp)
        gone = {next_of(inbox, PortDown) for inbox in (lost, found, found)}
        names = ("virtual:Band", "Band", "virtual:Another")
        assert gone == {PortDown(name, "the JACK server stopped") for name in names}
        out.send(midi.note_on(9, 36, 100))  # to nobody, and no harm
        with serving(monkeypatch, "composer-tests-again", 48_000):
            up = next_of(lost, PortUp, 10)
            while isinstance(up, PortUp) and not up.why:
                up = next_of(lost, PortUp, 10)
            assert up == PortUp("virtual:Band", "open again; connect other programs to it anew")
            back = {next_of(found, PortUp, 10) for _ in range(2)}
            assert PortUp("Band", "reconnected") in back
            out.send(midi.note_on(9, 38, 100))
            assert next_of(found, Heard).data == midi.note_on(9, 38, 100)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("jack")
def test_no_such_port_names_those_there_are() -> None:
    player = Player()
    try:
        with (
            Ports(LiveInbox().put) as ports,
            pytest.raises(InputError, match=r"did you mean 'player:keys'|there are: player:keys"),
        ):
            ports.input(PortName.parse("player:kyes"))
    finally:
        player.close()


def test_without_a_midi_system_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-at-all")
    if midi_systems():
        return  # a machine with ALSA or CoreMIDI has one
    with Ports(LiveInbox().put) as ports, pytest.raises(InputError, match="no MIDI system answers"):
        ports.output(PortName.parse("virtual:Band"))


def test_our_own_sound_takes_the_servers_rate_and_is_lost_and_found_with_it(
    jack: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server at 44.1 kHz is played to; when it dies that is said, and when reconnected the sound is, too."""
    inbox, name = LiveInbox(), "composer-tests-sound"
    font = str(soundfonts.bundled_font())
    with Ports(inbox.put, font) as ports:
        with serving(monkeypatch, name, 44_100):
            port = ports.output(PortName.parse("synth:jack"))
            assert isinstance(next_of(inbox, PortUp), PortUp)
            port.send(midi.note_on(9, 36, 100))
        down = next_of(inbox, PortDown, 20)
        assert isinstance(down, PortDown)
        assert down.why == "the sound card or its server stopped responding"
        port.send(midi.note_on(9, 36, 100))
        with serving(monkeypatch, name, 48_000):
            up = next_of(inbox, PortUp, 30)
            assert isinstance(up, PortUp)
            assert up.why == "restarted"
            port.send(midi.note_on(9, 36, 100))
