"""One browser at the other end of a WebSocket: what waits to be sent to it, and what it sent."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from realtime.page.access import Role
from realtime.page.channel import Channel
from realtime.page.commands import MessageError, parse
from realtime.sinks.page import PagePicture
from realtime.sinks.video import VideoPicture

_log = logging.getLogger(__name__)

REMOVED, SLOW, FLOOD, FULL = 4403, 4408, 4429, 4503
"""Why a connection was closed, as its close code tells the browser."""
SILENT_SECONDS = 30.0
_PING_SECONDS = 10.0
_MOST_WAITING = 200  # messages
_RATE, _BURST = 120.0, 360.0  # messages a second, and at once
PICTURE, THUMBNAIL, CAMERA, VIDEO = 1, 2, 3, 4
"""The kinds of binary messages, in their first byte."""
KEY, BEGINS = 1, 2
"""Flags of H.264, in the second byte: the first piece is a key frame; the decoder is set up anew."""
_HEAD = 8

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class _Message:
    """A picture as it is sent: its number, the time of its capture, and all its bytes."""

    number: int
    time: float
    data: bytes


def head(kind: int, number: int, flags: int = 0) -> bytes:
    """Give the eight bytes before a JPEG, or before pieces of H.264."""
    return bytes([kind, flags, 0, 0]) + (number & 0xFFFFFFFF).to_bytes(4, "little")


class Client:
    """A connection. All of it belongs to the page's loop."""

    def __init__(self, socket: WebSocket, role: Role, holder: str) -> None:
        """Make a client; `holder` tells one browser from another."""
        self.id, self.role, self.holder = next(_numbers), role, holder
        self.label = f"{role} {self.id}"
        self.channel: Channel | None = None
        """The stream that it sees and steers."""
        self.own: Channel | None = None
        """The stream of its own camera."""
        self.pictures = False
        """Whether it wants pictures."""
        self.far = False
        """Whether it is on another machine, so that bytes count."""
        self.h264 = False
        """Whether it can decode H.264, and gets it where there is some."""
        self.video_at: int | None = None
        """The number of the last piece of H.264 that it got; None where it must begin with a key frame."""
        self.thumbnails: frozenset[int] = frozenset()
        """The numbers of the styles whose thumbnails it wants."""
        self.errors = 0
        """Messages that could not be followed."""
        self.latencies: deque[float] = deque(maxlen=30)
        self._socket = socket
        self._in_flight: _Message | None = None
        self._sent = 0, 0  # the channel and the number of the JPEG sent last
        self._shown = 0.0  # the time of the picture sent last
        self._texts: deque[str] = deque()
        self._states: dict[str, str] = {}
        self._pictures: dict[int, bytes] = {}
        self._picture: _Message | None = None
        self._awake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._heard = self._pinged = time.monotonic()
        self._allowance, self._counted_at = _BURST, self._heard
        self._camera: Callable[[int, bytes], None] | None = None

    @property
    def waits(self) -> bool:
        """Whether it wants a picture now."""
        return self.pictures and self._in_flight is None and self._picture is None

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message after those before it."""
        if len(self._texts) >= _MOST_WAITING:
            self.close(SLOW, "too slow")
            return
        self._texts.append(written(message))
        self._awake.set()

    def show(self, kind: str, text: str) -> None:
        """Send how something is; of several of a kind that wait, the newest alone is sent."""
        self._states[kind] = text
        self._awake.set()

    def give(self, picture: PagePicture) -> None:
        """Send a picture, if it waits for one and had not this one."""
        channel = self.channel.id if self.channel else 0
        if self.waits and (channel, picture.number) != self._sent:
            self._sent = channel, picture.number
            self._give(_Message(picture.number, picture.time, head(PICTURE, picture.number) + picture.data))

    def give_video(self, pictures: Sequence[VideoPicture]) -> None:
        """Send pieces of H.264 that follow each other, of which it shows the last, if it waits and that one is newer.

        Args:
            pictures: The first one is a key frame, or follows the last one that it got; the others are no key frames.
        """
        first, last = pictures[0], pictures[-1]
        if self.waits and last.time > self._shown:
            flags = first.key * KEY | (first.first or self.video_at is None) * BEGINS
            pieces = (len(picture.data).to_bytes(4, "little") + picture.data for picture in pictures)
            self.video_at = last.number
            self._give(_Message(last.number, last.time, head(VIDEO, last.number, flags) + b"".join(pieces)))

    def _give(self, message: _Message) -> None:
        self._picture, self._shown = message, message.time
        self._awake.set()

    def give_thumbnail(self, number: int, jpeg: bytes) -> None:
        """Send the thumbnail of a style, in place of an older one that waits."""
        self._pictures[number] = jpeg
        self._awake.set()

    def acknowledge(self, number: Any) -> bool:
        """Hear that the picture of a number is drawn; give whether it was the one on its way."""
        if self._in_flight is None or number != self._in_flight.number:
            return False
        self.latencies.append(time.monotonic() - self._in_flight.time)
        self._in_flight = None
        self.allow_one_more()
        return True

    def allow_one_more(self) -> None:
        """Count a message that was asked for, as one a picture is, as none of a flood."""
        self._allowance += 1

    def look_elsewhere(self, channel: Channel | None) -> None:
        """See and steer another stream from now on."""
        if self.channel is not channel:
            self.channel, self._picture, self.video_at, self._shown = channel, None, None, 0.0
            self._pictures.clear()

    def close(self, code: int, reason: str) -> None:
        """Let go."""
        self._closing = self._closing or (code, reason)
        self._awake.set()

    def tick(self, now: float) -> None:
        """Ask whether it is still there; let go of one that says nothing. To be called about once a second."""
        if now - self._heard > SILENT_SECONDS:
            self.close(SLOW, "silent")
        elif now - self._heard > _PING_SECONDS and now - self._pinged > _PING_SECONDS:
            self._pinged = now
            self.show("ping", '{"type":"ping"}')

    async def talk(
        self, hear: Callable[[Client, dict[str, Any]], None], camera: Callable[[Client, int, bytes], None]
    ) -> None:
        """Send and receive until one of both ends it.

        Args:
            hear: Is given each message that is one; what it raises as a MessageError is told the client.
            camera: Is given each picture of the client's camera, with its number.
        """
        sending = asyncio.ensure_future(self._send())
        receiving = asyncio.ensure_future(self._receive(hear, camera))
        try:
            await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            while self._closing is None and await self._send_one():
                pass
            if self._closing:
                with contextlib.suppress(Exception):
                    await self._socket.close(*self._closing)
                return

    async def _send_one(self) -> bool:
        """Send what is most urgent; give whether there was anything."""
        if self._texts:
            await self._socket.send_text(self._texts.popleft())
        elif self._states:
            await self._socket.send_text(self._states.pop(next(iter(self._states))))
        elif self._picture:
            picture, self._picture = self._picture, None
            self._in_flight = picture
            await self._socket.send_bytes(picture.data)
        elif self._pictures:
            number = next(iter(self._pictures))
            await self._socket.send_bytes(head(THUMBNAIL, number) + self._pictures.pop(number))
        else:
            return False
        return True

    async def _receive(
        self, hear: Callable[[Client, dict[str, Any]], None], camera: Callable[[Client, int, bytes], None]
    ) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await self._socket.receive()
                if message["type"] != "websocket.receive":
                    return
                if not self._may_speak():
                    self.close(FLOOD, "too many messages")
                    return await asyncio.sleep(5)  # while the close is sent
                asked: Any = None
                try:
                    if (data := message.get("bytes")) is not None:
                        if len(data) <= _HEAD or data[0] != CAMERA:
                            raise MessageError("unknown-type", "a binary message is a picture of a camera")
                        camera(self, int.from_bytes(data[4:8], "little"), data[_HEAD:])
                        continue
                    read = parse(message["text"])
                    asked = read.get("n")
                    hear(self, read)
                except MessageError as error:
                    self.errors += 1
                    self.complain(error.code, str(error), asked)
                except Exception as error:  # a fault of ours: the client is told, and the others go on
                    self.errors += 1
                    _log.error("a message of a browser failed: %s", type(error).__name__, exc_info=True)
                    self.complain("failed", "this should not happen", asked)

    def complain(self, code: str, text: str, asked: Any = None) -> None:
        """Tell what was wrong with a message; of many that wait, the newest alone."""
        known = asked if isinstance(asked, int) else None
        told = {"type": "error", "n": known, "error": code, "message": text}
        if known is None:
            self.show("error", written(told))
        else:
            self.tell(told)

    def _may_speak(self) -> bool:
        now = time.monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._counted_at) * _RATE) - 1
        self._counted_at = self._heard = now
        return self._allowance > 0


def written(message: dict[str, Any]) -> str:
    """Write a message."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
