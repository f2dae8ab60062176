"""One process that serves page and API until it is told to stop. uvicorn's one owner."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable

import uvicorn

from composer.errors import InputError
from composer.studio.app import create_app
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio

LAST_WORDS_S = 2
"""How long open connections may go on once the studio is told to stop."""


def serve(settings: StudioSettings, opened: Callable[[str], None], open_browser: bool = False) -> None:
    """Serve until Ctrl-C, which comes out as KeyboardInterrupt. `opened` hears the address.

    Raises InputError where it cannot listen or the folder is taken.
    """
    with _listening(settings) as listener, Studio(settings) as studio:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"http://{host}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            create_app(studio),
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=LAST_WORDS_S,
            ws_max_size=1 << 16,
        )
        _Server(config, lambda: _open(address, opened, open_browser)).run(sockets=[listener])
        # uvicorn ends for nothing but a signal, and hands it on; not where SIGINT was ignored when we were started.
        raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _open(address: str, opened: Callable[[str], None], open_browser: bool) -> None:
    opened(address)
    if open_browser:
        webbrowser.open(address)


def _listening(settings: StudioSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # With its protocol named, asyncio spares every answer the 40 ms that Nagle would wait for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "no such address"
        raise InputError(
            f"--port {settings.port}: cannot listen on {settings.host} ({reason}); choose another, 0 takes a free one"
        ) from None
    return listener
