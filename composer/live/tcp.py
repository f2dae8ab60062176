"""MIDI over TCP: plain MIDI bytes, as mido.sockets sends and reads them, with lost peers noticed and taken back.

Whoever comes first listens: if someone listens at the address we connect to them, else we listen there, and any
number may connect to us. The role is kept; who connected, connects again when the other side disconnected.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time

from composer import priority
from composer.errors import InputError
from composer.live import midi
from composer.live.held import Held
from composer.live.items import Heard, PeerLeft, PortDown, PortUp
from composer.live.port_names import PortName, Post

CONNECT_S = 1.0
RETRY_S = 0.25


class _Peer:
    """Somebody connected: the bytes of theirs that are half read, and what they hold down."""

    def __init__(self) -> None:
        self.reader, self.held = midi.Reader(), Held()


class TcpLink:
    """Both directions over one address. Reads in a thread of its own; `send` writes from the caller's, without waiting."""

    def __init__(self, name: PortName, post: Post) -> None:
        self.name = name.text
        self._address = name.address
        self._post = post
        self._lock = threading.Lock()
        self._peers: dict[socket.socket, _Peer] = {}
        self._listener: socket.socket | None = None
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._closed = False
        try:
            if not self._connect():
                self._listen()
        except InputError:
            for each in (self._wake, self._woken, self._selector):
                each.close()
            raise
        self._thread = threading.Thread(target=self._run, name=f"midi {self.name}", daemon=True)
        self._thread.start()

    @property
    def is_listening(self) -> bool:
        return self._listener is not None

    def send(self, data: bytes) -> None:
        with self._lock:
            for peer in list(self._peers):
                try:
                    sent = peer.send(data)
                except (BlockingIOError, OSError) as error:
                    self._drop(
                        peer, "is not accepting messages" if isinstance(error, BlockingIOError) else _reason(error)
                    )
                else:
                    if sent < len(data):
                        self._drop(peer, "is not accepting messages")

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._wake.send(b".")
        self._thread.join(timeout=2)
        with self._lock:
            for peer in list(self._peers):
                # What was sent last — the note-offs — still arrives: no data is thrown away by an orderly end.
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_WR)
                peer.close()
            self._peers.clear()
        for each in (self._listener, self._wake, self._woken):
            if each is not None:
                each.close()
        self._selector.close()

    def _connect(self) -> bool:
        try:
            peer = socket.create_connection(self._address, timeout=CONNECT_S)
        except OSError:
            return False
        if peer.getsockname() == peer.getpeername():
            peer.close()  # on a free port of our own machine a connection can meet itself
            return False
        self._adopt(peer, f"connected to {self._address[0]}:{self._address[1]}")
        return True

    def _listen(self) -> None:
        host, number = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, number))
            listener.listen()
        except OSError as error:
            listener.close()
            raise InputError(
                f"{self.name}: can neither connect nor listen there ({_reason(error)}); start the other side first"
            ) from None
        listener.setblocking(False)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)

    def _adopt(self, peer: socket.socket, why: str) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setblocking(False)
        with self._lock:
            self._peers[peer] = _Peer()
        self._selector.register(peer, selectors.EVENT_READ)
        self._post(PortUp(self.name, why))

    def _drop(self, peer: socket.socket, why: str) -> None:
        """With the lock held. While others are connected the port is not down: what sounds there goes on, and must be ended."""
        gone = self._peers.pop(peer, None)
        if gone is None:
            return
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer)
        peer.close()
        if not self._peers:
            self._post(PortDown(self.name, why))
            return
        self._post(PeerLeft(self.name, f"{why}; {len(self._peers)} still connected"))
        now_s = time.monotonic()
        for message in gone.held.let_go():
            self._post(Heard(self.name, message, now_s))

    def _run(self) -> None:
        priority.ask_for(priority.PORTS)
        retry_s = 0.0
        while not self._closed:
            if not self._peers and self._listener is None and time.monotonic() >= retry_s and not self._connect():
                retry_s = time.monotonic() + RETRY_S
            for key, _ in self._selector.select(RETRY_S):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    return
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):
            peer, address = self._listener.accept()
            self._adopt(peer, f"{address[0]} connected")

    def _read(self, peer: socket.socket) -> None:
        try:
            data = peer.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            with self._lock:
                self._drop(peer, _reason(error))
            return
        now_s = time.monotonic()
        if not data:
            with self._lock:
                self._drop(peer, "the other side disconnected")
            return
        known = self._peers.get(peer)
        if known is not None:
            for message in known.reader.read(data):
                known.held.hear(message)
                self._post(Heard(self.name, message, now_s))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
