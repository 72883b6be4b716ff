"""Network cameras: http, https and rtsp."""

from __future__ import annotations

import os
from collections.abc import Iterator

import cv2

from realtime.core.addresses import public_name
from realtime.core.errors import SourceError
from realtime.core.frame import Picture, Size
from realtime.sources import reconnecting
from realtime.sources.reconnecting import Capture, ReaderSource

_OPEN_SECONDS = 5.0
_LONGEST_PAUSE = 16.0

# Most cameras drop packets over UDP; FFmpeg's log would print addresses with their passwords.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class NetworkSource(ReaderSource):
    """The stream at an address; connects again with growing pauses."""

    kind = "network camera"

    def __init__(self, url: str, size: Size = (640, 480), patience: float = 2 * _OPEN_SECONDS) -> None:
        """Connect.

        Args:
            url: An http, https or rtsp address, with user and password where the camera wants them.
            size: The width and height that larger frames are scaled down to fit.
            patience: The most seconds to wait for the connection.

        Raises:
            SourceError: The camera cannot be reached or sends no video.
            UsageError: `url` is no address.
        """
        self._url = url
        super().__init__(public_name(url), size, patience)

    @classmethod
    def open(cls, text: str, size: Size, fps: float) -> NetworkSource:
        """Open the address `text`; its rate is the camera's own."""
        return cls(text, size)

    def connect(self) -> Capture:
        """Open the stream. SourceError when that fails."""
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(_OPEN_SECONDS * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(reconnecting.STALE * 1000),
        ]  # fmt: skip
        capture = self.ask(lambda: cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits))
        if not capture.isOpened():
            raise SourceError(
                f"{public_name(self._url)} cannot be reached or sends no video; see if a browser or a player shows it,"
                " and put user and password into the address where it wants them"
            )
        return capture

    def advice(self) -> str:
        """Say what a person may do."""
        return "see if a browser or a player shows it"

    def pauses(self) -> Iterator[float]:
        """Give half a second, then twice as much each time, up to a limit."""
        pause = 0.5
        while True:
            yield pause
            pause = min(2 * pause, _LONGEST_PAUSE)

    def still_means_frozen(self, picture: Picture) -> bool:
        """Never: the picture may be a still one, and a camera that is gone fails to read."""
        return False
