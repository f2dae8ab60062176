"""Open Sound Control 1.0, as far as faders need it: messages over UDP, on this machine only.

    /part/NAME/gain  DB      /part/NAME/pan   -1..1     /part/NAME/mute  0|1     /part/NAME/solo  0|1
    /part/NAME/low   DB      /part/NAME/mid   DB        /part/NAME/high  DB      /part/NAME/reverb DB
    /master/gain     DB      /pause  0|1                /seek  SECONDS           /stop
    /meters                  answered with /position SECONDS, /meter/NAME DB … and /limiter DB

NAME is a part's name or its number from 1. What cannot be obeyed is answered with /error TEXT.
"""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import threading
from urllib.parse import unquote

from composer.errors import InputError
from composer.playback.session import Playback

HOST = "127.0.0.1"
LARGEST = 4096
FADERS = {
    "gain": "gain_db", "pan": "pan", "low": "low_db", "mid": "mid_db", "high": "high_db", "reverb": "reverb_db",
    "mute": "mute", "solo": "solo",
}  # fmt: skip
Argument = float | int | str


class OscServer:
    """`with OscServer(port) as server: server.serve(playing)`; port 0 takes a free one, `server.port` says which.

    The port is taken at once, so that one in use is told before anything is played. Raises InputError then.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((HOST, port))
        except OSError as error:
            self._socket.close()
            raise InputError(
                f"--osc {port}: cannot listen on {HOST} ({error.strerror}); choose another port, or 0 for a free one"
            ) from None
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> OscServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        self._socket.close()

    def serve(self, playing: Playback) -> None:
        """Obey what comes from now on."""
        self._thread = threading.Thread(target=self._serve, args=(playing,), name="osc", daemon=True)
        self._thread.start()

    def _serve(self, playing: Playback) -> None:
        while not self._closing.is_set():
            try:
                data, sender = self._socket.recvfrom(LARGEST)
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                for address, arguments in messages(data):
                    self._obey(playing, address, arguments, sender)
            except InputError as error:
                self._answer(sender, "/error", str(error))

    def _answer(self, whom: tuple[str, int], address: str, *arguments: Argument) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(encode(address, *arguments), whom)

    def _obey(self, playing: Playback, address: str, arguments: list[Argument], sender: tuple[str, int]) -> None:
        words = [unquote(word) for word in address.strip("/").split("/")]
        if len(words) == 3 and words[0] == "part" and words[2] in FADERS:
            playing.fade(words[1], **{FADERS[words[2]]: _number(address, arguments)})
        elif words == ["master", "gain"]:
            playing.master(_number(address, arguments))
        elif words == ["pause"]:
            playing.pause(bool(_number(address, arguments or [1])))
        elif words == ["seek"]:
            playing.seek(_number(address, arguments))
        elif words == ["stop"]:
            playing.board.wish("stop", 1.0)
        elif words == ["meters"]:
            self._answer(sender, "/position", playing.position_s)
            for name, peak in zip(playing.names, playing.board.peaks.tolist(), strict=True):
                self._answer(sender, f"/meter/{name}", 20 * math.log10(max(peak, 1e-6)))
            self._answer(sender, "/limiter", playing.board.told("limited_db"))
        else:
            raise InputError(
                f"no address {address}; there are /part/NAME/gain … /master/gain /pause /seek /stop /meters"
            )


def _number(address: str, arguments: list[Argument]) -> float:
    if len(arguments) != 1 or isinstance(arguments[0], str) or not math.isfinite(arguments[0]):
        raise InputError(f"{address} takes one number")
    return float(arguments[0])


def messages(data: bytes) -> list[tuple[str, list[Argument]]]:
    """A packet's messages, those of a bundle one after another. Raises InputError on what is none."""
    try:
        if data.startswith(b"#bundle\0"):
            found, at = [], 16
            while at < len(data):
                (size,) = struct.unpack_from(">i", data, at)
                if size <= 0 or at + 4 + size > len(data):
                    raise ValueError
                found += messages(data[at + 4 : at + 4 + size])
                at += 4 + size
            return found
        address, at = _text(data, 0)
        tags, at = _text(data, at) if at < len(data) else (",", at)
        if not address.startswith("/") or not tags.startswith(","):
            raise ValueError
        arguments: list[Argument] = []
        for tag in tags[1:]:
            if tag in "fi":
                arguments.append(struct.unpack_from(f">{tag}", data, at)[0])
                at += 4
            elif tag == "d":
                arguments.append(struct.unpack_from(">d", data, at)[0])
                at += 8
            elif tag == "s":
                text, at = _text(data, at)
                arguments.append(text)
            elif tag in "TF":
                arguments.append(int(tag == "T"))
            else:
                raise ValueError
        return [(address, arguments)]
    except (ValueError, struct.error, UnicodeDecodeError):
        raise InputError("not an OSC message with numbers or text") from None


def encode(address: str, *arguments: Argument) -> bytes:
    """One message."""
    tags, body = ",", b""
    for value in arguments:
        if isinstance(value, str):
            tags, body = tags + "s", body + _padded(value)
        elif isinstance(value, int):
            tags, body = tags + "i", body + struct.pack(">i", value)
        else:
            tags, body = tags + "f", body + struct.pack(">f", value)
    return _padded(address) + _padded(tags) + body


def _padded(text: str) -> bytes:
    data = text.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 4 - (end - at) % 4
