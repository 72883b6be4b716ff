"""What browsers see: its pictures, its thumbnails, and how it is set."""

from __future__ import annotations

from typing import Any, Protocol

import cv2

from realtime.core.frame import Picture
from realtime.live.outputs import Outputs
from realtime.live.stream import Shown, Stream
from realtime.look.look import FULL
from realtime.page.numbers import Numbers
from realtime.page.video import Video
from realtime.sinks.page import PagePicture, PageSink
from realtime.sinks.video import VideoPicture, VideoSink

_THUMBNAIL_QUALITY = 80


class Deliver(Protocol):
    """Takes what the sinks of a channel encode, on the threads of the sinks."""

    def picture(self, channel: Channel, picture: PagePicture) -> None:
        """Take a JPEG."""

    def video(self, channel: Channel, picture: VideoPicture) -> None:
        """Take a piece of H.264."""

    def video_failed(self, channel: Channel, reason: str) -> None:
        """Hear that there is no more H.264."""


class Channel:
    """Something shown, with what the page attaches to it. All of it belongs to the page's loop, but the sinks."""

    def __init__(
        self,
        number: int,
        shown: Shown,
        deliver: Deliver,
        outputs: Outputs | None = None,
    ) -> None:
        """Attach to something.

        Args:
            number: Tells it from others; 0 is what the program itself shows.
            shown: What is shown.
            deliver: Is given each picture.
            outputs: Whether a clip is being recorded.
        """
        self.id, self.shown, self.outputs = number, shown, outputs
        self.latest: PagePicture | None = None
        self.written = ""
        """How it is set, as it was told last."""
        self.sink = PageSink(shown.view.jpegs, lambda picture: deliver.picture(self, picture))
        self.video_sink = VideoSink(
            lambda picture: deliver.video(self, picture), lambda reason: deliver.video_failed(self, reason)
        )
        self.video = Video()
        self._thumbnails: dict[str, tuple[Picture, bytes]] = {}
        for sink in (self.sink, self.video_sink):
            shown.add_sink(sink, keep_open=True)

    @property
    def stream(self) -> Stream:
        """The stream that is shown."""
        return self.shown.stream

    def close(self) -> None:
        """Detach; what was shown goes on."""
        for sink in (self.sink, self.video_sink):
            self.shown.remove_sink(sink)
            sink.close()

    def paint(self, names: list[str]) -> dict[str, bytes]:
        """Have thumbnails painted for a second.

        Args:
            names: The styles.

        Returns:
            The JPEGs of those that are new since the last call, by style.
        """
        new = {}
        for name, picture in self.stream.thumbnails.look(names).items():
            if name not in self._thumbnails or self._thumbnails[name][0] is not picture:
                jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY))[1].tobytes()
                self._thumbnails[name] = picture, jpeg
                new[name] = jpeg
        return new

    def painted(self, name: str) -> bytes | None:
        """Give the newest thumbnail of a style as a JPEG, if there is one."""
        known = self._thumbnails.get(name)
        return known[1] if known else None

    def state(self, styles: Numbers) -> dict[str, Any]:
        """Say how it is set, for browsers."""
        settings, view = self.stream.controls.settings, self.shown.view.settings
        look = settings.look
        recorder = self.outputs.recorder if self.outputs else None
        return {
            "type": "state",
            "stream": self.id,
            "look": {
                "styles": [[styles.number(name), weight] for name, weight in look.styles],
                "name": look.name,
                "strength": look.strength,
                "own_colours": look.own_colours,
                "brush": -1 if look.brush == FULL else look.brush,
                "steady": look.steady,
            },
            "mirror": settings.mirror,
            "original": settings.original,
            "frozen": settings.frozen,
            "morph": settings.morph,
            "slideshow": settings.slideshow,
            "compare": view.compare,
            "info": view.info,
            "blackout": view.blackout,
            "recording": round(recorder.seconds, 1) if recorder else None,
            "trouble": self.stream.trouble,
            "sources": [stream.source.name for stream in self.shown.streams],
            "source": self.shown.place,
        }

    def figures(self) -> dict[str, Any]:
        """Say how it runs."""
        latest = self.shown.latest
        model = latest.model_seconds if latest else 0.0
        height, width = latest.picture.shape[:2] if latest else (0, 0)
        rate = self.stream.meter.stylized.lately
        return {"type": "figures", "rate": round(rate, 1), "model": round(1000 * model, 1), "size": [width, height]}
