"""The web server: uvicorn in a thread of its own, with limits to how many connect and how slow they may be."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtime.core import threads
from realtime.core.errors import SinkError
from realtime.sources.page import MOST_BYTES

_log = logging.getLogger(__name__)

MOST_CONNECTIONS = 400
"""Connections at a time; more are closed at once. Below the files that a program may have open on any system."""
MOST_OF_ONE = 300  # of one IP address
HEAD_SECONDS = 8.0
"""How long a request's head may take, from the connection or the answer before it."""
STALL_SECONDS = 20.0
"""How long a client may take nothing of what is sent to it."""
_MOST_FRAGMENTS, _MOST_WAITING = 64, 1 << 18  # of a message; bytes of pongs that nobody fetches
_START_SECONDS, _END_SECONDS = 10.0, 2


class _Http(H11Protocol):
    """HTTP with deadlines. uvicorn waits for ever for a head that was begun."""

    _upgraded = False
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        own = sum(1 for other in self.connections if _peer(other) == _peer(self))
        if len(self.connections) > MOST_CONNECTIONS or own > MOST_OF_ONE:
            transport.abort()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._end_deadline()
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self._upgraded and self._deadline is None:
            self._await_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self._deadline is None and not self.transport.is_closing():
            self._await_head()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._end_timers()
        self._upgraded = True
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _end_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _end_timers(self) -> None:
        self._end_deadline()
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None


class _Socket(WebSocketsSansIOProtocol):
    """WebSockets whose clients cannot fill the memory: with fragments, with pongs, or by taking nothing."""

    _stalled: asyncio.TimerHandle | None = None

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) >= _MOST_FRAGMENTS:
            self.transport.abort()
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.transport.get_write_buffer_size() > _MOST_WAITING + 2 * MOST_BYTES:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_stall()
        super().connection_lost(exc)

    def _end_stall(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None


def _peer(connection: Any) -> str:
    client = getattr(connection, "client", None)
    return client[0] if client else ""


class _Server(uvicorn.Server):
    """Listens with a limit to the handshake of TLS, which uvicorn leaves at a minute."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        config = self.config

        def protocol() -> asyncio.Protocol:
            return _Http(config, self.server_state, {}, loop)

        handshake = HEAD_SECONDS if config.ssl else None
        self.servers = [
            await loop.create_server(protocol, sock=found, ssl=config.ssl, backlog=128, ssl_handshake_timeout=handshake)
            for found in sockets or []
        ]
        self.started = True


class PageServer:
    """Serves an ASGI application at some sockets, from `start` to `close`, in a thread of its own."""

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        plain: list[socket.socket],
        secure: list[socket.socket],
        certificate: tuple[str, str] | None = None,
    ) -> None:
        """Make a server.

        Args:
            app: The application.
            plain: Sockets that listen for http.
            secure: Sockets that listen for https.
            certificate: The files of the certificate and its key, for https.
        """
        _keep_silent()
        self._sockets = plain, secure
        self._servers = [_Server(_config(app))] if plain else []
        if secure:
            assert certificate
            self._servers.append(_Server(_config(app, *certificate)))
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop of the thread, once it runs."""

    def start(self, beside: Callable[[], Awaitable[None]]) -> None:
        """Serve from now on.

        Args:
            beside: Runs in the same loop, until it is cancelled at the end.

        Raises:
            SinkError: The server does not start.
        """
        self._thread = threads.start(lambda: self._run(beside), "page")
        if not self._ready.wait(_START_SECONDS) or self._error:
            raise SinkError(f"the page's server does not start ({self._error or 'it hangs'})")

    def close(self, deadline: float) -> bool:
        """End the connections, and wait for the thread as `threads.join` has it."""
        for server in self._servers:
            server.should_exit = True
        return self._thread is None or threads.join([self._thread], deadline)

    def _run(self, beside: Callable[[], Awaitable[None]]) -> None:
        try:
            asyncio.run(self._serve(beside))
        except BaseException as error:
            _log.debug("the page's server ends", exc_info=True)
            self._error = error
            self._ready.set()

    async def _serve(self, beside: Callable[[], Awaitable[None]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(
            lambda loop, context: _log.debug("in the page's loop: %s", context.get("message"))
        )
        serving = [
            asyncio.ensure_future(server.serve(sockets=sockets))
            for server, sockets in zip(self._servers, (found for found in self._sockets if found), strict=True)
        ]
        other = asyncio.ensure_future(beside())
        begun = time.monotonic()
        while not all(server.started for server in self._servers) and time.monotonic() - begun < _START_SECONDS:
            await asyncio.sleep(0.005)
        self._ready.set()
        await asyncio.gather(*serving)
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


def _config(app: Callable[..., Awaitable[None]], certificate: str = "", key: str = "") -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=_Http,
        ws=_Socket,
        ws_max_size=MOST_BYTES + 8,
        ws_ping_interval=None,  # the page's own messages tell whether a client is there
        ws_per_message_deflate=False,  # pictures do not shrink, and what does can be a bomb
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_END_SECONDS,
        h11_max_incomplete_event_size=16_384,
        loop="asyncio",
    )
    config.load()
    if certificate:
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        config.ssl.load_cert_chain(certificate, key)
    return config


def _keep_silent() -> None:
    """Keep uvicorn from saying anything: its lines have addresses with what is secret in them."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
