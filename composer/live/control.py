"""The control surface: a WebSocket on 127.0.0.1 that tells the jam's state and takes its commands, as JSON. See docs/jam.md.

To the client: {"type": "state", …} ten times a second (see `view.JamView`), {"type": "error", "message": …} for what could not be done.
From it: {"command": NAME, …values}. Pages of other sites may not connect: a browser tells where a page comes from, and only
this machine's own are let in.
"""

from __future__ import annotations

import json
import os
import threading
from socket import create_server
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from composer.errors import InputError
from composer.live.commands import COMMANDS

if TYPE_CHECKING:
    from websockets.sync.server import Server

    from composer.live.session import Session

HOST = "127.0.0.1"
EVERY_S = 0.1
LARGEST_BYTES = 4096


class ControlSurface:
    """`with ControlSurface(port) as surface: surface.serve(session)`; port 0 takes a free one, `surface.port` says which.

    The port is taken at once, so that one in use is told before the band is called together. Raises InputError then.
    """

    def __init__(self, port: int) -> None:
        try:
            self._socket = create_server((HOST, port))
        except OSError as error:
            why = os.strerror(error.errno or 0)  # without create_server's words on it
            raise InputError(
                f"--control {port}: cannot listen on {HOST} ({why}); choose another port, or 0 for a free one"
            ) from None
        self.port = int(self._socket.getsockname()[1])
        self._closing = threading.Event()
        self._server: Server | None = None

    def __enter__(self) -> ControlSurface:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join(timeout=2)
        self._socket.close()

    def serve(self, session: Session) -> None:
        """Tell of a jam and take its commands from now on."""
        from websockets.sync.server import serve

        self._session = session
        self._server = serve(self._talk, sock=self._socket, process_request=_refuse_strangers, max_size=LARGEST_BYTES)
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        self._thread.start()

    def _talk(self, socket: Any) -> None:
        """One client, until it goes."""
        from websockets.exceptions import ConnectionClosed

        try:
            while not self._closing.is_set():
                socket.send(json.dumps({"type": "state", **self._session.engine.view.to_json()}))
                try:
                    text = socket.recv(timeout=EVERY_S)
                except TimeoutError:
                    continue
                if problem := self._obey(text):
                    socket.send(json.dumps({"type": "error", "message": problem}))
        except ConnectionClosed:
            return

    def _obey(self, text: str | bytes) -> str:
        """Pass one message on; returns what is wrong with it, "" for nothing."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):  # lists in lists, a thousand deep
            return "not JSON"
        if not isinstance(message, dict) or not isinstance(message.get("command"), str):
            return 'write {"command": NAME, …}'
        name = message.pop("command")
        if name not in COMMANDS:
            return f"no command called {name!r}; there are: {', '.join(COMMANDS)}"
        self._session.command(name, **{str(key): value for key, value in message.items()})
        return ""


def _refuse_strangers(connection: Any, request: Any) -> Any:
    """Programs name no origin; a page names its own, and must be of this machine. The host asked for must be us, too."""
    origin = request.headers.get("Origin")
    hosts = request.headers.get_all("Host")
    mine = ("127.0.0.1", "localhost", "[::1]")
    if origin is not None and urlsplit(origin).hostname not in ("127.0.0.1", "localhost", "::1"):
        return connection.respond(403, "only pages of this machine may connect\n")
    if not all(host.rpartition(":")[0] in mine or host in mine for host in hosts):
        return connection.respond(403, "only 127.0.0.1 is served\n")
    return None
