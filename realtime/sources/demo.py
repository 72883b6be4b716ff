"""The demo source: an animated scene drawn by our own code, for when there is no camera."""

from __future__ import annotations

import math

from realtime.frame import Frame, Size
from realtime.sources.base import Pace, Source
from realtime.sources.scene import Scene


class DemoSource(Source):
    """The scene at `fps` frames a second, in `size` (width, height)."""

    name = "demo"

    def __init__(self, size: Size = (640, 480), fps: float = 30.0) -> None:
        self._scene = Scene(size)
        self._fps = fps
        self._pace = Pace()
        self._next = 0

    def read(self, timeout: float = 1.0) -> Frame | None:
        # A reader that was late goes on with the frame that is due now.
        self._next = max(self._next, math.floor(self._pace.now * self._fps))
        time = self._pace.wait_until(self._next / self._fps, timeout)
        if time is None:
            return None
        frame = Frame(self._scene.draw(self._next / self._fps), time)
        self._next += 1
        return frame

    def close(self) -> None:
        self._pace.close()
