"""Who may come in: our own page and programs of this machine, with bodies of a size that makes sense.

A page of another site can send requests to 127.0.0.1, and can have its own host name point there (DNS rebinding). A browser
says where a request comes from and which name was asked for; what says neither is no browser.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from composer.studio.problems import TooLarge, problem_of
from composer.studio.settings import StudioSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'",
    ),
)


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: App, settings: StudioSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if reason := self._stranger(headers):
            await _refuse(scope, send, 403, reason)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        most = self._settings.upload_bytes
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            await _refuse(scope, send, 413, _too_large(most))
            return
        await self._app(scope, _limited(receive, most), _with_headers(send))

    def _stranger(self, headers: dict[str, str]) -> str:
        """Why this request is none of ours; "" where it is."""
        if _name(f"//{headers.get('host', '')}") not in self._settings.names:
            return "the studio does not answer to this host name; use the address it printed at start-up"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return "the request comes from another site; use the studio's own page"
        if (
            headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
            and headers.get("sec-fetch-mode") != "navigate"
        ):
            return "the request comes from another site; use the studio's own page"
        return ""


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _too_large(most: int) -> str:
    return f"the upload is over {most / 2**20:.3g} MB, more than any song; give a single piece"


def _limited(receive: Receive, most: int) -> Receive:
    """For bodies that do not say how long they are."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLarge(_too_large(most))
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *SAFE_HEADERS]
        await send(message)

    return sent


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = json.dumps(problem_of(TooLarge(sentence), "request").model_dump()).encode()
    # The rest of the body is not read: without "close" the server would have to.
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), *SAFE_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
