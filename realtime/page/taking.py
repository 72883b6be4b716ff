"""Pictures and looks that browsers hand over by upload."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request

from realtime.control.commands import SelectStyle, UseLook
from realtime.core.errors import RealtimeError
from realtime.core.events import StylesChanged
from realtime.core.text import clean
from realtime.look.look_files import read_look
from realtime.page.access import Pass
from realtime.page.channel import Channel
from realtime.page.hub import Hub
from realtime.page.uploads import MOST_BYTES, SECONDS, Turnstile, UploadError, decode_apart

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_LOOK = 20_000  # bytes of one that is no snapshot


class Taking:
    """Takes uploads for `hub`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._turnstile = Turnstile()

    async def take(self, request: Request, whose: Pass) -> dict[str, Any]:
        """Take an upload.

        Args:
            request: The request, whose body is a file from a stranger.
            whose: Who hands it over.

        Returns:
            The answer.

        Raises:
            UploadError: It is not taken.
        """
        kind = request.query_params.get("as")
        if kind not in ("style", "look"):
            raise UploadError(400, "wrong-value", "an upload is as=style or as=look")
        channel = self._channel(whose)
        if kind == "look" and whose.role != "control":
            raise UploadError(403, "not-allowed", "looks are not for visitors")
        if kind == "look" and channel is None:
            raise UploadError(409, "failed", "there is no picture to paint with it; lend a camera first")
        self._turnstile.enter(whose.holder)
        try:
            data = await self._read(request)
            if kind == "look":
                assert channel
                return await self._hub.loop.work(lambda: self._use_look(data, channel))
            name = request.query_params.get("name", "")
            brought = await self._hub.loop.work(lambda: self._bring(data, name, whose, channel))
            return self._described(brought, channel)
        except RealtimeError as error:
            raise UploadError(422, "broken", str(error)) from error
        finally:
            self._turnstile.leave()

    def _channel(self, whose: Pass) -> Channel | None:
        """Find the stream that a browser steers: its camera's, or that of the wall where it may.

        Raises:
            UploadError: It may not.
        """
        mine = [client for client in self._hub.clients.values() if client.holder == whose.holder]
        if own := next((client.own for client in reversed(mine) if client.own), None):
            return own
        if whose.role == "guest" and not self._hub.styles_open:
            raise UploadError(403, "not-allowed", "the owner has not opened the picture for visitors' styles")
        return self._hub.wall

    async def _read(self, request: Request) -> bytes:
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()):
            raise UploadError(411, "no-length", "an upload says how long it is")
        if len(length) > 9 or int(length) > MOST_BYTES:
            raise UploadError(413, "too-large", f"at most {MOST_BYTES // 1_000_000} MB are taken")
        data = bytearray()

        async def read() -> None:
            async for chunk in request.stream():
                data.extend(chunk)
                if len(data) > MOST_BYTES:
                    raise UploadError(413, "too-large", f"at most {MOST_BYTES // 1_000_000} MB are taken")

        try:
            await asyncio.wait_for(read(), SECONDS)
        except asyncio.TimeoutError:
            raise UploadError(408, "too-slow", f"it took longer than {SECONDS:g} s") from None
        except ClientDisconnect:
            raise UploadError(400, "broken", "it was not sent to its end") from None
        return bytes(data)

    def _bring(self, data: bytes, named: str, whose: Pass, channel: Channel | None) -> str:
        name = self._hub.brought.bring(decode_apart(data), named, whose.holder)
        self._hub.session.events.emit(StylesChanged())
        if channel:
            channel.shown.apply(SelectStyle(name))
        return name

    def _described(self, name: str, channel: Channel | None) -> dict[str, Any]:
        brought = self._hub.brought.get(name)
        number = self._hub.lists.styles.number(name)
        style = {"id": number, "name": name, "label": brought.label if brought else name}
        return {"style": style, "shown": channel is not None}

    def _use_look(self, data: bytes, channel: Channel) -> dict[str, Any]:
        if not data.startswith(_PNG) and len(data) > _MOST_LOOK:
            raise UploadError(413, "too-large", f"a look has at most {_MOST_LOOK // 1000} kB")
        with tempfile.TemporaryDirectory(prefix="realtime-look-") as folder:
            path = Path(folder) / ("look.png" if data.startswith(_PNG) else "look.toml")
            path.write_bytes(data)
            look = read_look(path)
        known, ignored = self._hub.lists.known(look, channel.stream.controls.settings.look)
        channel.shown.apply(UseLook(known))
        return {"ignored": [clean(name)[:80] for name in ignored]}
