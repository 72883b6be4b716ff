"""The camera of a browser: its pictures come as JPEGs, one at a time, as fast as they are stylized."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from realtime.core.errors import SourceEndedError
from realtime.core.frame import Frame, Picture, Size
from realtime.sources.base import Source, shrunk

MOST_BYTES = 1 << 20
MOST_SIZE: Size = (1920, 1080)
"""The most bytes and the most pixels (width × height, in whichever shape) of a picture."""


class PageSource(Source):
    """Gives the pictures that a browser sends. A picture that is no plain JPEG of a fitting size is passed over and counted."""

    mirror = True
    asked = True

    def __init__(self, name: str, taken: Callable[[int], None], box: Size = (640, 480)) -> None:
        """Make a source.

        Args:
            name: What a person calls it.
            taken: Is told the number of each picture that was taken, which is when the next one is wanted.
            box: The size that larger pictures are scaled down to fit.
        """
        self.name, self._taken, self.box = name, taken, box
        self._changed = threading.Condition()
        self._slot: tuple[int, bytes] | None = None
        self._size: Size | None = None
        self._closed = False
        self.refused = 0
        """Pictures that were none."""

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels."""
        return self._size

    def offer(self, number: int, jpeg: bytes) -> None:
        """Leave a picture, in place of one that was not taken. Any thread may call.

        Args:
            number: What `taken` is told.
            jpeg: The file's bytes, from a stranger.
        """
        with self._changed:
            self._slot = number, jpeg
            self._changed.notify_all()

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._slot is None or self._closed:
                if self._closed:
                    raise SourceEndedError(f"{self.name} was closed")
                if not self._changed.wait(deadline - time.monotonic()):
                    return None
            (number, jpeg), self._slot = self._slot, None
        self._taken(number)
        picture = decoded(jpeg)
        if picture is None:
            self.refused += 1
            return None
        picture = shrunk(picture, self.box)
        self._size = picture.shape[1], picture.shape[0]
        return Frame(picture, time.monotonic())

    def close(self) -> None:
        """Stop, as `Source.close` says."""
        with self._changed:
            self._closed = True
            self._slot = None
            self._changed.notify_all()


def jpeg_size(data: bytes) -> Size | None:
    """Read the size of a JPEG from its head, before anything is decoded.

    Args:
        data: Anything.

    Returns:
        Width and height in pixels; None where it is no baseline JPEG, which is what browsers write: a progressive one may
        hide thousands of passes in few bytes (ITU T.81, annex B).
    """
    if data[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    while place + 9 < len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in (0xC0, 0xC1):
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            return int.from_bytes(data[place + 7 : place + 9], "big"), height
        if marker == 0xDA or (0xC2 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or length < 2:
            return None
        place += 2 + length
    return None


def decoded(jpeg: bytes) -> Picture | None:
    """Decode a camera picture from a stranger.

    Args:
        jpeg: Anything.

    Returns:
        uint8, H×W×3, BGR, or None where it is no baseline JPEG, or has more than `MOST_BYTES` or the pixels of `MOST_SIZE`.
    """
    size = jpeg_size(jpeg) if len(jpeg) <= MOST_BYTES else None
    if size is None or min(size) < 16 or size[0] * size[1] > MOST_SIZE[0] * MOST_SIZE[1]:
        return None
    try:
        return cv2.imdecode(  # type: ignore[return-value]
            np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
