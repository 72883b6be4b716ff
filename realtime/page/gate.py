"""What every request passes: is it this page's own, and has the answer the headers that keep others out?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:;"
    " media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Of every answer."""


class Gate:
    """Lets in what names this machine as its `Host` and, where it changes something, this page as its `Origin`."""

    def __init__(self, app: ASGIApp, is_known: Callable[[str, int], bool]) -> None:
        """Guard `app`; `is_known` says whether a host and port are this machine's."""
        self._app, self._is_known = app, is_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] not in ("http", "websocket"):
            return
        if problem := self._problem(scope):
            await refuse(scope, receive, with_headers, problem)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await with_headers(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            # Without the address, which may hold what is secret.
            _log.exception("the page failed to answer a %s", scope["type"])
            if started:
                raise
            await JSONResponse({"error": "failed", "message": "this should not happen"}, 500)(
                scope, receive, with_headers
            )

    def _problem(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        host = headers.getlist("host")
        if len(host) != 1 or not self._own(host[0], scope):
            return "wrong-host"
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes:
            secure = scope["scheme"] in ("https", "wss")
            origin = headers.getlist("origin")
            if origin != [f"{'https' if secure else 'http'}://{host[0]}"]:
                return "wrong-origin"
        return ""

    def _own(self, host: str, scope: Scope) -> bool:
        name, port = split_host(host, 443 if scope["scheme"] in ("https", "wss") else 80)
        return port == scope["server"][1] and self._is_known(name, port)


def split_host(host: str, port: int) -> tuple[str, int]:
    """Split a `Host` header, which comes from a stranger, into name and port; `port` is the usual one, -1 stands for none."""
    name, colon, number = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, number = host, str(port)
    name = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    return name.lower(), int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else -1


async def refuse(scope: Scope, receive: Receive, send: Send, code: str, status: int = 403) -> None:
    """Answer a request or the handshake of a WebSocket with an error."""
    response: Any = JSONResponse({"error": code, "message": _MESSAGES.get(code, code)}, status)
    if scope["type"] == "websocket":
        await receive()  # the connect
        start = {"type": "websocket.http.response.start", "status": status, "headers": response.raw_headers}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": response.body})
        return
    await response(scope, receive, send)


_MESSAGES = {
    "wrong-host": "this is not an address of the page; use the one that the program printed",
    "wrong-origin": "this does not come from the page itself",
    "no-token": "the page asks for the token first",
    "not-allowed": "this is not for your role",
}
