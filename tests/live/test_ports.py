"""Ports by name, and MIDI over real sockets, against mido's own ports."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import mido
import pytest
from mido.sockets import PortServer, connect

from composer.errors import InputError, OutputError
from composer.live import midi
from composer.live.inbox import LiveInbox
from composer.live.items import Heard, PeerLeft, PortDown, PortUp
from composer.live.player_file import FilePlayer
from composer.live.port_names import PortName, choose
from composer.live.ports import Ports
from composer.live.session import Route, SessionPlan, shared_channels, wire
from composer.live.settings import JamSettings
from tests.live.band import hang_up


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("My Keyboard:Port 1", "system", "My Keyboard:Port 1"),
        ("virtual:Band", "virtual", "Band"),
        ("tcp:127.0.0.1:9080", "tcp", "127.0.0.1:9080"),
        ("tcp:[::1]:9080", "tcp", "[::1]:9080"),
        ("file:a:b.mid", "file", "a:b.mid"),
        ("synth", "synth", ""),
        ("synth:file:jam.wav", "synth", "file:jam.wav"),
    ],
)
def test_names(text: str, kind: str, value: str) -> None:
    name = PortName.parse(text)
    assert (name.kind, name.value, name.text) == (kind, value, text)


@pytest.mark.parametrize("text", ["", "virtual:", "tcp:host", "tcp:host:99999", "tcp::x", "file:"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match=r"as in|needs a name"):
        PortName.parse(text)


def test_choosing_among_ports() -> None:
    names = ["Keystation 49:Keystation 49 MIDI 1 20:0", "Midi Through:Midi Through Port-0 14:0"]
    assert choose("keystation", names, "input") == names[0]
    with pytest.raises(InputError, match="several input ports"):
        choose("mid", names, "input")
    with pytest.raises(InputError, match="no input port called 'Casio'"):
        choose("Casio", names, "input")


def test_parts_find_their_outputs() -> None:
    settings = JamSettings(parts=("drums", "bass"), channels={"drums": 9, "bass": 4})
    routes = [Route.parse("drums,click=virtual:Kit"), Route.parse("tcp:localhost:9000")]
    lines = wire(settings, routes)
    assert [(line.port, line.channel) for line in lines["drums"]] == [("virtual:Kit", 9), ("tcp:localhost:9000", 9)]
    assert [(line.port, line.channel) for line in lines["bass"]] == [("tcp:localhost:9000", 4)]
    for text, stranger in (("tuba=tcp:localhost:9000", "tuba"), ("drums,horn=Kit", "horn")):
        with pytest.raises(InputError, match=f"no part called '{stranger}'; choose from: drums, .* click"):
            Route.parse(text)
    assert Route.parse("E=mc2 port").port.value == "E=mc2 port"
    with pytest.raises(InputError, match="bass: no output plays them"):
        wire(settings, routes[:1])


def test_a_file_of_sound_is_a_wav(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"x\.mp3: a WAV is written; .* ends in \.wav"):
        SessionPlan(JamSettings(), (), (Route.parse(f"synth:file:{tmp_path}/x.mp3"),))


def test_who_shares_a_channel_is_told() -> None:
    """Two sounds cannot; two guitars may, and so may the player, with a word; on ports of their own they do not share."""

    def told(*routes: str, thru: bool = False, **changes: dict[str, int]) -> list[str]:
        settings = JamSettings(parts=("drums", "guitar", "piano"), thru=thru, **changes)  # type: ignore[arg-type]
        return shared_channels(settings, wire(settings, [Route.parse(text) for text in routes]))

    together = {"drums": 9, "guitar": 3, "piano": 3}
    assert told("virtual:Band", thru=True) == []
    with pytest.raises(
        InputError, match=r"guitar and piano are both on channel 4 of virtual:Band, .* --channel guitar=N"
    ):
        told("virtual:Band", channels=together)
    assert told("guitar=virtual:A", "drums,piano=virtual:B", channels=together) == []
    (line,) = told("virtual:Band", "virtual:Band", channels=together, programs={"guitar": 4, "piano": 4})
    assert line.startswith("guitar and piano are both on channel 4 of virtual:Band: they share its sound")
    with pytest.raises(InputError, match="drums and piano are both on channel 10"):
        told("virtual:Band", channels=together | {"piano": 9}, programs={"piano": 0})
    mine = together | {"guitar": 0}
    assert told("virtual:Band", channels=mine) == []
    assert told("virtual:Band", channels=mine, thru=True)[0].startswith("guitar and player are both on channel 1 ")


def test_a_file_is_a_player(seed_file: Path) -> None:
    player = FilePlayer.load(seed_file, "file:tune.mid")
    assert (player.bars, player.numerator, player.denominator, player.bpm) == (4, 4, 4, 120)
    assert player.messages[0] == (0.0, midi.note_on(0, 60, 80))
    assert len(player.messages) == 32


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def wait_for(inbox: LiveInbox, wanted: Callable[[object], bool], within_s: float = 5.0) -> object:
    """The first item that is wanted; the others are thrown away."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        item = inbox.wait(until)
        if item is not None and wanted(item):
            return item
    raise AssertionError("it did not come in time")


def received(port: mido.ports.BaseInput, count: int) -> list[mido.Message]:
    until, found = time.monotonic() + 5, []
    while len(found) < count and time.monotonic() < until:
        found += list(port.iter_pending())
        time.sleep(0.002)
    return found


def test_we_connect_to_who_listens_and_again_when_they_return(stack: ExitStack, free_port: int) -> None:
    inbox = LiveInbox()
    server = stack.enter_context(PortServer("127.0.0.1", free_port))
    ports = stack.enter_context(Ports(inbox.put))
    name = PortName.parse(f"tcp:127.0.0.1:{free_port}")
    out = ports.output(name)
    assert ports.input(name) is out
    peer = server.accept()
    out.send(midi.note_on(2, 60, 70))
    assert received(peer, 1) == [mido.Message("note_on", channel=2, note=60, velocity=70)]
    peer.send(mido.Message("control_change", control=64, value=127))
    peer.send(mido.Message("clock"))
    assert wait_for(inbox, lambda item: isinstance(item, Heard)).data == midi.control(0, 64, 127)  # type: ignore[attr-defined]
    assert wait_for(inbox, lambda item: isinstance(item, Heard)).data == bytes((midi.CLOCK,))  # type: ignore[attr-defined]
    hang_up(peer)
    wait_for(inbox, lambda item: isinstance(item, PortDown))
    out.send(midi.note_off(2, 60))  # to nobody, and no harm
    again = server.accept()
    wait_for(inbox, lambda item: isinstance(item, PortUp))
    out.send(midi.note_on(2, 62, 70))
    assert [m.note for m in received(again, 2) if m.type == "note_on"] == [62]
    hang_up(again)


def test_we_listen_where_nobody_does_and_any_number_connect(stack: ExitStack, free_port: int) -> None:
    inbox = LiveInbox()
    ports = stack.enter_context(Ports(inbox.put))
    out = ports.output(PortName.parse(f"tcp:127.0.0.1:{free_port}"))
    out.send(midi.note_on(0, 50, 70))
    peers = [connect("127.0.0.1", free_port) for _ in range(2)]
    for peer in peers:
        stack.callback(hang_up, peer)
        wait_for(inbox, lambda item: isinstance(item, PortUp))
    out.send(midi.note_on(0, 60, 70))
    assert [received(peer, 1)[0].note for peer in peers] == [60, 60]


def test_one_of_two_leaves_and_the_other_hears_every_end(stack: ExitStack, free_port: int) -> None:
    """The port is not down while somebody listens; what the one who left held down is let go, and nothing of the other's."""
    inbox = LiveInbox()
    ports = stack.enter_context(Ports(inbox.put))
    out = ports.output(PortName.parse(f"tcp:127.0.0.1:{free_port}"))
    stays, leaves = (connect("127.0.0.1", free_port) for _ in range(2))
    stack.callback(hang_up, stays)
    stays.send(mido.Message("note_on", note=50, velocity=70))
    leaves.send(mido.Message("note_on", note=60, velocity=70))
    leaves.send(mido.Message("control_change", control=64, value=127))
    for _ in range(3):
        wait_for(inbox, lambda item: isinstance(item, Heard))
    hang_up(leaves)
    news = wait_for(inbox, lambda item: isinstance(item, PeerLeft | PortDown))
    assert news == PeerLeft(out.name, "the other side disconnected; 1 still connected")
    ends = [wait_for(inbox, lambda item: isinstance(item, Heard)).data for _ in range(2)]  # type: ignore[attr-defined]
    assert ends == [midi.note_off(0, 60), midi.control(0, 64, 0)]
    out.send(midi.note_off(0, 40))
    assert received(stays, 1)[0].note == 40
    hang_up(stays)
    assert wait_for(inbox, lambda item: isinstance(item, PeerLeft | PortDown)) == PortDown(
        out.name, "the other side disconnected"
    )


def test_a_peer_that_takes_nothing_does_not_hold_us_up(stack: ExitStack, free_port: int) -> None:
    inbox = LiveInbox()
    listener = stack.enter_context(socket.create_server(("127.0.0.1", free_port)))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ports = stack.enter_context(Ports(inbox.put))
    out = ports.output(PortName.parse(f"tcp:127.0.0.1:{free_port}"))
    peer, _ = listener.accept()
    stack.callback(peer.close)
    longest = 0.0
    for _ in range(200_000):
        begun = time.monotonic()
        out.send(midi.note_on(0, 60, 70) * 100)
        longest = max(longest, time.monotonic() - begun)
        if not out._peers:  # type: ignore[attr-defined]
            break
    assert longest < 1.0
    assert wait_for(inbox, lambda item: isinstance(item, PortDown)).why == "is not accepting messages"  # type: ignore[attr-defined]


def test_an_address_of_another_machine_is_refused_in_words(stack: ExitStack) -> None:
    ports = stack.enter_context(Ports(LiveInbox().put))
    with pytest.raises(InputError, match="can neither connect nor listen there"):
        ports.output(PortName.parse("tcp:192.0.2.1:9"))


def test_a_file_is_no_output(stack: ExitStack) -> None:
    ports = stack.enter_context(Ports(LiveInbox().put))
    with pytest.raises(InputError, match=r"--record jam\.mid"):
        ports.output(PortName.parse("file:jam.mid"))
