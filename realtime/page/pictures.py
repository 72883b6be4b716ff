"""Who gets which picture: each client that waits gets the newest, as H.264 where that pays, else as a JPEG."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping

from realtime.page.channel import Channel
from realtime.page.client import Client
from realtime.page.video import REST_SECONDS
from realtime.sinks.page import PagePicture
from realtime.sinks.video import VideoPicture

_log = logging.getLogger(__name__)


class Pictures:
    """Gives clients the pictures of the channels that they see. All of it belongs to the page's loop, but where it is said.

    A client of another machine that decodes H.264 follows the pieces of its channel's encoder. Where it cannot, because it
    begins, fell behind, or there is none, it gets JPEGs until it can begin with a key frame.
    """

    def __init__(
        self, clients: Mapping[int, Client], channels: Mapping[int, Channel], post: Callable[..., None]
    ) -> None:
        """Serve clients and channels that come and go; `post` calls something in the loop, from any thread."""
        self._clients, self._channels, self._post = clients, channels, post

    # ---- from the threads of the sinks: see `Deliver` ----

    def picture(self, channel: Channel, picture: PagePicture) -> None:
        """Take a JPEG. Any thread may call."""
        self._post(self._give, channel, picture)

    def video(self, channel: Channel, picture: VideoPicture) -> None:
        """Take a piece of H.264. Any thread may call."""
        self._post(self._give_video, channel, picture)

    def video_failed(self, channel: Channel, reason: str) -> None:
        """Go on with JPEGs. Any thread may call."""
        self._post(self._end_video, channel, reason)

    # ---- in the loop ----

    def count_watchers(self) -> None:
        """Ask for the pictures of those channels that somebody watches, and of no other."""
        for channel in self._channels.values():
            asked, watching = channel.sink.asks, list(self._watching(channel))
            channel.sink.asks = bool(watching)
            if channel.video_sink.asks and not any(client.h264 for client in watching):
                channel.video_sink.rest()
                channel.video.clear()
            if channel.sink.asks and not asked:
                channel.stream.wake()

    def feed(self, client: Client) -> None:
        """Give a client that waits the newest picture, or the next one."""
        channel = client.channel
        if channel is None or not client.waits:
            return
        if self._follows(client, channel):
            if not channel.video_sink.has_newer:
                self._send_video(client, channel)
            if client.waits:
                channel.video_sink.want()
            return
        if self._may_follow(client, channel):
            channel.video_sink.want_key()
        latest = channel.latest
        if latest and not channel.sink.has_newer:
            client.give(latest)
        if client.waits:
            channel.sink.want()

    def _watching(self, channel: Channel) -> Iterable[Client]:
        return (client for client in self._clients.values() if client.channel is channel and client.pictures)

    def _may_follow(self, client: Client, channel: Channel) -> bool:
        return client.h264 and channel.video.offered(time.monotonic())

    def _follows(self, client: Client, channel: Channel) -> bool:
        """Say whether a client can go on with the H.264 that there is, or will be."""
        if self._may_follow(client, channel) and channel.video.after(client.video_at) is not None:
            return True
        client.video_at = None
        return False

    def _send_video(self, client: Client, channel: Channel) -> None:
        if pieces := channel.video.after(client.video_at):
            client.give_video(pieces)

    def _give(self, channel: Channel, picture: PagePicture) -> None:
        channel.latest = picture
        for client in self._watching(channel):
            if not self._follows(client, channel):
                client.give(picture)
                if client.waits:
                    channel.sink.want()

    def _give_video(self, channel: Channel, picture: VideoPicture) -> None:
        if not channel.video_sink.asks:
            return  # nobody watches any more
        channel.video.add(picture)
        for client in self._watching(channel):
            if client.waits and self._follows(client, channel):
                self._send_video(client, channel)
                if client.waits:
                    channel.video_sink.want()

    def _end_video(self, channel: Channel, reason: str) -> None:
        _log.info("pictures of %s go out as JPEGs for %g s: %s", channel.stream.source.name, REST_SECONDS, reason)
        channel.video.stop(time.monotonic())
        for client in self._watching(channel):
            self.feed(client)
