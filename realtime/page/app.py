"""The page as a web application: its addresses, and who may ask for what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from realtime._version import __version__
from realtime.core.errors import RealtimeError
from realtime.page.access import Access, Pass, Role, cookie_in, cookie_name
from realtime.page.address import from_elsewhere
from realtime.page.client import Client
from realtime.page.gate import Gate, refuse
from realtime.page.hearing import Hearing
from realtime.page.hub import Hub
from realtime.page.lending import Lending
from realtime.page.shells import StaticFile, answer
from realtime.page.taking import Taking
from realtime.page.uploads import UploadError

_SHELLS = {
    "/": "index.html",
    "/view": "view.html",
    "/deck": "deck.html",
    "/guest": "guest.html",
    "/warning": "warning.html",
}
_PLAIN_SHELLS = {"/": "warning.html", "/view": "view.html", "/warning": "warning.html"}
_MOST_TOKEN, _TOKEN_SECONDS = 1000, 10.0  # bytes of its request; seconds that they may take


@dataclass(frozen=True, slots=True)
class Served:
    """What the application serves.

    Attributes:
        hub: Everybody who is connected, and what they see.
        hearing: What they say.
        lending: Their cameras.
        taking: What they hand over.
        access: Who may do what.
        static: The page's files.
        is_known: Whether a host and port are this machine's.
        secure: The port of https, 0 where there is none: then http may do all.
        https: The address of the page over https, or "".
        fingerprint: Of the certificate, or "".
        hello: What a client is told first, but its role and whether it may ask for H.264.
    """

    hub: Hub
    hearing: Hearing
    lending: Lending
    taking: Taking
    access: Access
    static: dict[str, StaticFile]
    is_known: Callable[[str, int], bool]
    secure: int
    https: str
    fingerprint: str
    hello: dict[str, Any]


def make_app(served: Served) -> ASGIApp:
    """Make the application."""
    page = _Endpoints(served)
    routes: list[BaseRoute] = [Route(path, page.shell) for path in _SHELLS]
    routes += [
        Route("/static/{name}", page.static),
        Route("/hello", page.hello),
        Route("/token", page.token, methods=["POST"]),
        Route("/upload", page.upload, methods=["POST"]),
        Route("/files/{number}", page.file),
        Route("/files/{number}/thumbnail", page.thumbnail),
        Route("/looks/{number}", page.look),
        Route("/take/{name}", page.take),
        Route("/take/{name}/file", page.take_file),
        Route("/take/{name}/about", page.take_about),
        WebSocketRoute("/socket", page.socket),
    ]
    return Gate(Starlette(routes=routes, exception_handlers={HTTPException: _failed}), served.is_known)


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, {404: "not-found", 405: "wrong-method"}.get(error.status_code, "failed"))


def _error(status: int, code: str, text: str = "") -> JSONResponse:
    return JSONResponse({"error": code, "message": text or code}, status)


class _Endpoints:
    def __init__(self, served: Served) -> None:
        self._served = served

    # ---- who asks ----

    def _limited(self, connection: HTTPConnection) -> bool:
        """Say whether the connection is plain where there is https, too: it may watch and take, and no more."""
        return bool(self._served.secure) and connection.url.scheme in ("http", "ws")

    def _pass(self, connection: HTTPConnection) -> Pass | None:
        port = connection.scope["server"][1]
        found = self._served.access.read_cookie(cookie_in(connection.headers.get("cookie", ""), port))
        return None if found and found.role != "view" and self._limited(connection) else found

    def _need(self, request: Request, *roles: Role) -> Pass:
        found = self._pass(request)
        if found is None or found.role not in roles:
            raise HTTPException(403)
        return found

    async def hello(self, request: Request) -> Response:
        """Say who asks, and where https is."""
        found = self._pass(request)
        return self._hello(found.role if found else None)

    def _hello(self, role: Role | None) -> JSONResponse:
        served = self._served
        told = {
            "role": role,
            "https": served.https or None,
            "fingerprint": served.fingerprint or None,
            "version": __version__,
        }
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    async def token(self, request: Request) -> Response:
        """Exchange a token for a cookie, and say what `hello` says."""
        access = self._served.access
        if access.too_often:
            return _error(429, "too-often", "too many wrong tokens; wait a minute")
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _error(415, "not-json", "wanted JSON")
        try:
            body = await asyncio.wait_for(_body(request, _MOST_TOKEN), _TOKEN_SECONDS)
            token = (_json(body) or {}).get("token")
        except asyncio.TimeoutError:
            return _error(408, "too-slow", "the token took too long")
        role = access.role_of(token) if isinstance(token, str) else None
        if role is None:
            return _error(403, "wrong-token", "this token is not one of this page")
        if role != "view" and self._limited(request):
            return _error(403, "https-only", "over http one may watch, and no more; use the https address")
        answered = self._hello(role)
        answered.set_cookie(
            cookie_name(request.scope["server"][1]),
            access.new_cookie(role),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answered

    # ---- what is public ----

    async def shell(self, request: Request) -> Response:
        """Give an empty page, which asks for the token where it has none."""
        shells = _PLAIN_SHELLS if self._limited(request) else _SHELLS
        return self._static(shells.get(request.url.path, ""), request)

    async def static(self, request: Request) -> Response:
        """Give a file of the page."""
        return self._static(request.path_params["name"], request)

    def _static(self, name: str, request: Request) -> Response:
        if (file := self._served.static.get(name)) is None:
            raise HTTPException(404)
        return answer(file, request)

    # ---- files ----

    async def file(self, request: Request) -> Response:
        """Give a snapshot or a clip."""
        self._need(request, "control")
        found = self._served.hub.files.get(request.path_params["number"])
        if found is None:
            raise HTTPException(404)
        return FileResponse(
            found.path,
            filename=found.path.name.encode("utf-8", "replace").decode(),
            content_disposition_type="inline" if "show" in request.query_params else "attachment",
            headers={"Cache-Control": "no-store"},
        )

    async def thumbnail(self, request: Request) -> Response:
        """Give a small picture of a snapshot or a clip."""
        self._need(request, "control")
        hub = self._served.hub
        found = hub.files.get(request.path_params["number"])
        if found is None:
            raise HTTPException(404)
        try:
            jpeg = await hub.loop.work(lambda: hub.files.thumbnail(found))
        except RealtimeError:
            raise HTTPException(404) from None
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def look(self, request: Request) -> Response:
        """Give a kept look."""
        self._need(request, "control")
        number = request.path_params["number"]
        known = number.isascii() and number.isdecimal() and len(number) < 10
        path = self._served.hub.lists.look_file(int(number)) if known else None
        if path is None:
            raise HTTPException(404)
        return FileResponse(
            path, filename=path.name, media_type="application/toml", headers={"Cache-Control": "no-store"}
        )

    # ---- pictures to take home ----

    async def take(self, request: Request) -> Response:
        """Give the page of one picture to take home."""
        self._gift(request)
        return self._static("take.html", request)

    async def take_about(self, request: Request) -> Response:
        """Describe a picture to take home."""
        gifts, gift = self._gift(request)
        return JSONResponse(gifts.described(gift), headers={"Cache-Control": "no-store"})

    async def take_file(self, request: Request) -> Response:
        """Give a picture to take home."""
        _, gift = self._gift(request)
        kind = "inline" if "show" in request.query_params else "attachment"
        return FileResponse(
            gift.path, filename=gift.name, content_disposition_type=kind, headers={"Cache-Control": "no-store"}
        )

    def _gift(self, request: Request) -> Any:
        gifts = self._served.hub.take_home
        gift = gifts.get(request.path_params["name"]) if gifts else None
        if gift is None:
            raise HTTPException(404)
        return gifts, gift

    # ---- pictures that are handed over, and the socket ----

    async def upload(self, request: Request) -> Response:
        """Take a picture or a look."""
        found = self._need(request, "control", "guest")
        try:
            told = await self._served.taking.take(request, found)
        except UploadError as error:
            return JSONResponse(
                {"error": error.code, "message": str(error)}, error.status, headers={"Connection": "close"}
            )
        return JSONResponse(told)

    async def socket(self, socket: WebSocket) -> None:
        """Talk to a client until it goes."""
        served, found = self._served, self._pass(socket)
        if found is None:
            await refuse(socket.scope, socket.receive, socket.send, "no-token")
            return
        await socket.accept()
        client = Client(socket, found.role, found.holder)
        client.far = from_elsewhere(socket.scope["client"][0], socket.scope["server"][0])
        served.hub.add(client, {**served.hello, "role": found.role, "h264": client.far})
        try:
            await client.talk(served.hearing.hear, served.lending.frame)
        finally:
            served.hub.remove(client)
            served.lending.end(client)


async def _body(request: Request, most: int) -> bytes:
    """Read the body of a request; what is longer than `most` is none."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            return b""
    return data


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
