"""The system's MIDI ports, through python-rtmidi: ALSA or JACK, CoreMIDI, WinMM. The one owner of rtmidi.

RtMidi does not tell when a port vanishes, so a watcher looks at the list of names twice a second, and asks after the JACK server,
with which every port of JACK's goes, our virtual ones too.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from composer.errors import InputError
from composer.live.items import Heard, PortDown, PortUp
from composer.live.jack_watch import JackWatch, old_clients_linger
from composer.live.port_names import PortName, Post, choose
from composer.quiet import silenced_stderr

CLIENT = "composer"
WATCH_S = 0.5
INSTALL_HINT = "install it with: pip install python-rtmidi"


def rtmidi_module() -> Any:
    """python-rtmidi. Raises InputError with the command that installs it."""
    try:
        import rtmidi
    except ImportError as error:
        raise InputError(f"system MIDI ports need python-rtmidi ({error}); {INSTALL_HINT}") from None
    return rtmidi


def _clients(kind: str) -> Iterator[tuple[str, Any]]:
    """(API's name, a client) for every MIDI system that answers here; kind is "MidiIn" or "MidiOut"."""
    rtmidi = rtmidi_module()
    for api in rtmidi.get_compiled_api():
        if api == rtmidi.API_RTMIDI_DUMMY or (api == rtmidi.API_LINUX_ALSA and not os.path.exists("/dev/snd/seq")):
            continue
        try:
            with silenced_stderr():  # ALSA and JACK print what we say ourselves
                client = getattr(rtmidi, kind)(api, name=CLIENT)
                client.get_port_count()
        except (rtmidi.RtMidiError, SystemError, RuntimeError):
            continue
        yield str(rtmidi.get_api_display_name(api)), client


def system_ports(kind: str) -> list[tuple[str, str]]:
    """(name, MIDI system) of every port; kind is "input" or "output"."""
    found = []
    for api, client in _clients("MidiIn" if kind == "input" else "MidiOut"):
        found += [(str(name), api) for name in client.get_ports()]
        client.delete()
    return found


def midi_systems() -> list[str]:
    """The MIDI systems that answer on this machine; without one, there are no system and no virtual ports."""
    names = []
    for api, client in _clients("MidiIn"):
        names.append(api)
        client.delete()
    return names


class _SystemPort:
    """One port: opened by name, watched, opened again when it returns."""

    kind = ""
    what = ""

    def __init__(self, name: PortName, post: Post) -> None:
        self.name, self._post, self._wanted = name.text, post, name
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._client: Any = None
        self._server: JackWatch | None = None
        self._found = ""
        with self._lock:
            self._open()
        post(PortUp(self.name))
        self._watcher = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
        self._watcher.start()

    def _open(self) -> None:
        clients = list(_clients(self.kind))
        if not clients:
            raise InputError(
                f"{self.name}: no MIDI system answers on this machine (ALSA and JACK are looked for on Linux);"
                " start one, or use tcp:HOST:PORT"
            )
        chosen: tuple[Any, str] | None = None
        if self._wanted.kind == "virtual":
            if sys.platform == "win32":
                raise InputError(
                    f"{self.name}: Windows has no virtual MIDI ports; use a loopback driver's port by name"
                )
            chosen = clients[0][1], self._wanted.value
            self._attach(chosen[0])
            with silenced_stderr():
                chosen[0].open_virtual_port(self._wanted.value)
        else:
            names = {
                str(port): (client, index) for _, client in clients for index, port in enumerate(client.get_ports())
            }
            self._found = choose(self._wanted.value, list(names), self.what)
            client, index = names[self._found]
            chosen = client, self._found
            self._attach(client)
            with silenced_stderr():
                client.open_port(index, "jam")
        self._client = chosen[0]
        for _, client in clients:
            if client is not self._client:
                client.delete()
        if self._client.get_current_api() == rtmidi_module().API_UNIX_JACK:
            self._server = JackWatch()

    def _attach(self, client: Any) -> None:
        """Before opening."""

    def _watch(self) -> None:
        rtmidi = rtmidi_module()
        while not self._closed.wait(WATCH_S):
            if self._client is None:
                if old_clients_linger():
                    continue
                with contextlib.suppress(InputError, rtmidi.RtMidiError, SystemError), self._lock:
                    self._open()
                    self._post(PortUp(self.name, self._back))
                continue
            if self._server is not None and self._server.gone:
                self._lose("the JACK server stopped")
                self._closed.wait(WATCH_S)  # by then all of us know that it has
                continue
            if self._wanted.kind == "virtual":
                continue
            try:
                there = self._found in self._client.get_ports()
            except (rtmidi.RtMidiError, SystemError):
                there = False
            if not there:
                self._lose("disconnected")

    @property
    def _back(self) -> str:
        """What is said when the port has returned."""
        return "reconnected" if self._wanted.kind == "system" else "open again; connect other programs to it anew"

    def _lose(self, why: str) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with silenced_stderr():
                client.delete()
                self._unwatch()
            self._post(PortDown(self.name, why))

    def _unwatch(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def close(self) -> None:
        self._closed.set()
        self._watcher.join(timeout=2)
        with self._lock:
            client, self._client = self._client, None
            if client is not None:
                with silenced_stderr():
                    client.close_port()
                    client.delete()
                    self._unwatch()


class SystemInput(_SystemPort):
    """Hears a system port, or a virtual one. The time of a message is the moment its callback runs."""

    kind, what = "MidiIn", "input"

    def _attach(self, client: Any) -> None:
        client.ignore_types(sysex=True, timing=False, active_sense=True)
        client.set_callback(self._hear)

    def _hear(self, event: tuple[list[int], float], _: object) -> None:
        self._post(Heard(self.name, bytes(event[0]), time.monotonic()))


class SystemOutput(_SystemPort):
    """Plays to a system port, or through a virtual one."""

    kind, what = "MidiOut", "output"

    def send(self, data: bytes) -> None:
        if self._client is None:
            return  # without the lock: who plays does not wait for who looks for a server
        with self._lock:
            client = self._client
            if client is None:
                return
            try:
                client.send_message(data)
                return
            except (rtmidi_module().RtMidiError, SystemError) as error:
                why = str(error)
        self._lose(why)

    def close(self) -> None:
        # JACK and CoreMIDI hand messages over on their own time: the last note-offs must be out before the port goes.
        if self._client is not None:
            time.sleep(0.05)
        super().close()
