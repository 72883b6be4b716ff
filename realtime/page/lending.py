"""Cameras that browsers lend: each becomes a stream of its own, on the shared model, in fair turns."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

import cv2

from realtime.control.actions import Action, Snapshot
from realtime.control.quality import Quality
from realtime.control.settings import Settings
from realtime.core.errors import RealtimeError, UsageError
from realtime.core.memory import return_free_memory
from realtime.live.outputs import Outputs, Saving
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.page.channel import Channel
from realtime.page.client import Client
from realtime.page.giving import Giving
from realtime.page.hub import Hub
from realtime.page.quality import CameraQuality
from realtime.sinks.view import ViewSettings
from realtime.sources.page import PageSource

_log = logging.getLogger(__name__)

MOST = 8
"""Cameras that are lent at a time."""
_END_SECONDS = 2.0


@dataclass(slots=True)
class _Camera:
    source: PageSource
    channel: Channel
    quality: CameraQuality = field(default_factory=CameraQuality)


class Lending:
    """Begins and ends the streams of lent cameras. All of it belongs to the page's loop."""

    def __init__(self, hub: Hub, saving: Saving, giving: Giving) -> None:
        """Lend to `hub`; what an owner saves of his own camera is saved as `saving` says."""
        self._hub, self._saving, self._giving = hub, saving, giving
        self._cameras: dict[int, _Camera] = {}
        self._beginning: set[int] = set()

    def begin(self, client: Client) -> None:
        """Make a client's camera a stream of its own."""
        if client.id in self._cameras or client.id in self._beginning:
            return
        if client.role == "guest" and not self._hub.cameras:
            self._tell_end(client, "refused")
        elif len(self._cameras) + len(self._beginning) >= MOST:
            self._tell_end(client, "too-many")
        else:
            self._beginning.add(client.id)
            self._hub.loop.begin_task(self._begin(client))

    async def _begin(self, client: Client) -> None:
        number = next(self._hub.numbers)

        def taken(frame: int) -> None:
            self._hub.loop.post(client.tell, {"type": "taken", "seq": frame})

        source = PageSource(f"camera of {client.role} {client.id}", taken)
        look = self._look()
        try:
            stream, outputs = await self._hub.loop.work(lambda: self._add(client, source, look))
        except RealtimeError as error:
            _log.info("a lent camera cannot begin: %s", error)
            self._tell_end(client, "failed")
            return
        finally:
            self._beginning.discard(client.id)
        channel = self._hub.add_channel(number, stream, outputs, stream.events)
        self._cameras[client.id] = _Camera(source, channel)
        if client.id not in self._hub.clients:  # gone meanwhile
            await self._end(client, "ended")
            return
        client.own = channel
        client.look_elsewhere(channel)
        self._tell_level(client)
        self._hub.welcome(client)
        self._hub.tell_company()

    def _look(self) -> Look:
        wall = self._hub.wall
        look = wall.stream.controls.settings.look if wall else None
        if look and all(self._hub.brought.get(name) is None for name, _ in look.styles):
            return look
        return Look(((self._hub.library.first(), 1.0),))

    def _add(self, client: Client, source: PageSource, look: Look) -> tuple[Stream, Outputs | None]:
        session = self._hub.session
        settings = Settings(look, mirror=True)
        stream = session.add(source, settings, ViewSettings(info=False), apart=True, lent=True, quality=Quality())
        if client.role == "control":
            return stream, session.save(stream, replace(self._saving, record=None, replay=False, microphone=None))
        stream.perform = lambda action: self._perform(stream, action)
        return stream, None

    def _perform(self, stream: Stream, action: Action) -> None:
        """Carry out what a guest asks for: his snapshots are his, and never lie in the owner's folders."""
        if not isinstance(action, Snapshot) or not self._hub.take_home:
            raise UsageError("a visitor's camera keeps nothing here")
        if stream.latest is None:
            raise UsageError("there is no picture yet")
        done, data = cv2.imencode(".png", stream.view.compose(stream.latest))
        if done:
            png = data.tobytes()
            self._hub.loop.post(lambda: self._hub.loop.begin_task(self._give(stream, png)))

    async def _give(self, stream: Stream, png: bytes) -> None:
        await self._giving.give(lambda gifts: gifts.give_picture(png), "snapshot", stream)

    def frame(self, client: Client, number: int, jpeg: bytes) -> None:
        """Take a picture of a client's camera; one that was sent before the camera was asked for is passed over."""
        if camera := self._cameras.get(client.id):
            client.allow_one_more()
            camera.source.offer(number, jpeg)

    def tick(self) -> None:
        """Adapt the quality, and end what ended. To be called about once a second."""
        now = time.monotonic()
        for number, camera in tuple(self._cameras.items()):
            client = self._hub.clients.get(number)
            stream = camera.channel.stream
            if client is None or stream.ended.is_set():
                self.end_of(number, "failed" if stream.error else "ended")
            elif client.role == "guest" and not self._hub.cameras:
                self.end_of(number, "refused")
            elif stream.meter.captured.lately and camera.quality.measure(stream.meter.stylized.lately, now):
                camera.source.box = camera.quality.level.size
                self._tell_level(client)

    def end(self, client: Client) -> None:
        """End the stream of a client's camera."""
        self.end_of(client.id, "ended")

    def end_of(self, number: int, reason: str) -> None:
        """End the stream of the camera of the client of a number, for a reason that he is told."""
        if number in self._cameras:
            client = self._hub.clients.get(number)
            self._hub.loop.begin_task(self._end(client, reason, number))

    async def _end(self, client: Client | None, reason: str, number: int = 0) -> None:
        camera = self._cameras.pop(number or (client.id if client else 0), None)
        if camera is None:
            return
        if client:
            client.own = None
        self._hub.remove_channel(camera.channel)
        camera.source.close()
        if client:
            self._tell_end(client, reason)

        def remove() -> None:
            camera.channel.close()
            self._hub.session.remove(camera.channel.stream, _END_SECONDS)
            return_free_memory()  # its pictures had many sizes: glibc's heaps grew from visitor to visitor

        await self._hub.loop.work(remove)
        if camera.source.refused:
            _log.info("%s sent %d pictures that were none", camera.source.name, camera.source.refused)
        self._hub.tell_company()

    def _tell_level(self, client: Client) -> None:
        camera = self._cameras[client.id]
        level = camera.quality.level
        client.tell(
            {"type": "camera", "on": True, "stream": camera.channel.id, "size": list(level.size), "quality": level.jpeg}
        )

    def _tell_end(self, client: Client, reason: str) -> None:
        client.tell({"type": "camera", "on": False, "reason": reason})
        if client.own is None and reason == "failed":
            client.tell({"type": "notice", "text": "the camera's stream failed"})
