"""The pictures of a stream for browsers: the newest one as a JPEG, encoded only when somebody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from realtime.core import threads
from realtime.core.frame import Picture
from realtime.look.stylized import Stylized
from realtime.sinks.base import Sink
from realtime.sinks.jpegs import JpegEncoder

CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture as browsers get it.

    Attributes:
        number: Counts the pictures of the sink, from 1.
        jpeg: The file's bytes.
        time: The `time.monotonic()` of the frame's capture, in seconds.
    """

    number: int
    jpeg: bytes
    time: float


class PageSink(Sink):
    """Keeps the newest picture, and encodes it when `want` was called: all who wait get the same bytes."""

    queues = True
    asks = False
    """Whether somebody watches; the page says so."""

    def __init__(self, jpegs: JpegEncoder, deliver: Callable[[PagePicture], None]) -> None:
        """Keep nothing yet.

        Args:
            jpegs: The encoder of the stream.
            deliver: Is given each picture, on the sink's thread; it returns at once.
        """
        self._jpegs, self._deliver = jpegs, deliver
        self._changed = threading.Condition()
        self._newest: Stylized | None = None
        self._encoded: Picture | None = None
        self._wanted = self._over = False
        self._thread: threading.Thread | None = None
        self._number = 0

    @property
    def has_newer(self) -> bool:
        """Whether there is a picture that was not delivered."""
        return self._newest is not None

    def want(self) -> None:
        """Deliver the next picture as soon as there is one that was not delivered. Any thread may call."""
        with self._changed:
            if self._over:
                return
            self._wanted = True
            if self._thread is None:
                self._thread = threads.start(self._run, "page pictures")
            self._changed.notify()

    def _write(self, stylized: Stylized) -> None:
        with self._changed:
            if stylized.picture is self._encoded:
                return  # a picture that stays was delivered
            self._newest = stylized
            if self._wanted:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or (self._wanted and self._newest))
                if self._over or self._newest is None:
                    return
                newest, self._newest, self._wanted = self._newest, None, False
                self._encoded = newest.picture
            self._number += 1
            self._deliver(PagePicture(self._number, self._jpegs.encode(newest.picture), newest.frame.time))

    def _close(self) -> None:
        with self._changed:
            self._over = True
            self._newest = self._encoded = None
            self._changed.notify()
        if self._thread:
            threads.join([self._thread], time.monotonic() + CLOSE_SECONDS)
