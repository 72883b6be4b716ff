"""The demo source: an animated scene drawn by our own code, for when there is no camera."""

from __future__ import annotations

import math

import cv2
import numpy as np

from realtime.core.frame import Frame, Size
from realtime.sources.base import Pace, Source
from realtime.sources.scene import Scene


class DemoSource(Source):
    """Draw the scene at `fps` frames a second, in `size` (width, height), at most 1920×1080, until closed."""

    name = "demo"

    def __init__(self, size: Size = (640, 480), fps: float = 30.0) -> None:
        self._size = min(size[0], 1920), min(size[1], 1080)
        self._scene = Scene((max(self._size[0], 160), max(self._size[1], 120)))  # it has no room for itself in less
        self._fps = fps
        self._pace = Pace(self.name)
        self._next = 0

    @classmethod
    def open(cls, text: str, size: Size, fps: float) -> DemoSource:
        """Open the scene; `text` is "demo"."""
        return cls(size, fps)

    @property
    def size(self) -> Size:
        """The width and height of the frames, in pixels."""
        return self._size

    @property
    def rate(self) -> float:
        """The frames a second that the scene is drawn for."""
        return self._fps

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does."""
        # A reader that was late goes on with the frame that is due now.
        self._next = max(self._next, math.floor(self._pace.now * self._fps))
        time = self._pace.wait_until(self._next / self._fps, timeout)
        if time is None:
            return None
        picture = self._scene.draw(self._next / self._fps)
        self._next += 1
        if picture.shape[:2] != self._size[::-1]:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return Frame(picture, time)

    def close(self) -> None:
        """Stop, as `Source.close` says."""
        self._pace.close()
