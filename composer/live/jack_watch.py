"""Whether the JACK server has died. It tells its clients if they ask, which RtMidi does not: to an RtMidi client of a dead server
all seems well, for ever. So a client of our own asks, one without ports.
"""

from __future__ import annotations

import ctypes
import ctypes.util

NO_START_SERVER = 1
CLIENT = b"composer watch"

_OPEN: set[JackWatch] = set()
"""Of this whole process, as the state of JACK's library is. See `old_clients_linger`."""
_Shutdown = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_Report = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


def old_clients_linger() -> bool:
    """Whether a port has yet to let go of its client of a dead server: a new client would sweep it away under its hands."""
    return any(watch.gone for watch in list(_OPEN))


class JackWatch:
    """Watches the server that runs now; close it after the client that it is there for, and for the next server make another one."""

    def __init__(self) -> None:
        """Where there is no JACK to ask, nothing will be told."""
        self.gone = False
        self._on_shutdown, self._unsaid = _Shutdown(self._leave), _Report(lambda _: None)  # kept: JACK calls them
        self._client: int | None = None
        name = ctypes.util.find_library("jack")
        if name is None:
            return
        try:
            self._jack = ctypes.CDLL(name)
        except OSError:
            return
        self._jack.jack_set_error_function(self._unsaid)
        self._jack.jack_set_info_function(self._unsaid)
        self._jack.jack_client_open.restype = ctypes.c_void_p
        self._client = self._jack.jack_client_open(CLIENT, NO_START_SERVER, None)
        if self._client is not None:
            _OPEN.add(self)
            self._jack.jack_on_shutdown(ctypes.c_void_p(self._client), self._on_shutdown, None)
            self._jack.jack_activate(ctypes.c_void_p(self._client))

    def _leave(self, _: object) -> None:
        self.gone = True

    def close(self) -> None:
        """Watch no longer; safe to call twice."""
        client, self._client = self._client, None
        _OPEN.discard(self)
        if client is not None:
            self._jack.jack_client_close(ctypes.c_void_p(client))
