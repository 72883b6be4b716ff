"""The pictures of a stream for browsers: the newest one as a JPEG, encoded only when somebody waits for it."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
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
        data: The JPEG, or the piece of H.264.
        time: The `time.monotonic()` of the frame's capture, in seconds.
    """

    number: int
    data: bytes
    time: float


class NewestSink(Sink):
    """Keeps the newest picture, and encodes it on a thread of its own when `want` was called."""

    queues = True
    asks = False
    """Whether somebody watches; the page says so."""

    def __init__(self, thread_name: str) -> None:
        """Keep nothing yet; the thread begins with the first picture that is wanted."""
        self._thread_name = thread_name
        self._changed = threading.Condition()
        self._newest: Stylized | None = None
        self._encoded: Picture | None = None
        self._wanted = self._resting = self._over = False
        self._thread: threading.Thread | None = None
        self._number = 0

    @property
    def has_newer(self) -> bool:
        """Whether there is a picture that was not encoded."""
        return self._newest is not None

    def want(self) -> None:
        """Encode the next picture as soon as there is one that was not encoded. Any thread may call."""
        with self._changed:
            if self._over:
                return
            self._wanted = True
            if self._thread is None:
                self._thread = threads.start(self._run, self._thread_name)
            self._changed.notify()

    def rest(self) -> None:
        """Give back what is needed only while somebody watches; `want` begins anew. Any thread may call."""
        with self._changed:
            self.asks = self._wanted = False
            self._newest = self._encoded = None
            self._resting = True
            self._changed.notify()

    @abstractmethod
    def _encode(self, stylized: Stylized) -> None:
        """Encode a picture, and give it on; called on the sink's thread, with `_number` counted up."""

    def _rest(self) -> None:
        """Give back what is needed only while somebody watches; called on the sink's thread."""

    def _write(self, stylized: Stylized) -> None:
        with self._changed:
            if stylized.picture is self._encoded:
                return  # a picture that stays was encoded
            self._newest = stylized
            if self._wanted:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._resting or (self._wanted and self._newest))
                resting, self._resting = self._resting or self._over, False
                newest = self._newest if self._wanted and not resting else None
                if newest:
                    self._newest, self._wanted = None, False
                    self._encoded = newest.picture
            if resting:
                self._rest()
            if self._over:
                return
            if newest:
                self._number += 1
                self._encode(newest)

    def _close(self) -> None:
        with self._changed:
            self._over = True
            self._newest = self._encoded = None
            self._changed.notify()
        if self._thread:
            threads.join([self._thread], time.monotonic() + CLOSE_SECONDS)


class PageSink(NewestSink):
    """Encodes the newest picture as a JPEG: all who wait get the same bytes."""

    def __init__(self, jpegs: JpegEncoder, deliver: Callable[[PagePicture], None]) -> None:
        """Keep nothing yet.

        Args:
            jpegs: The encoder of the stream.
            deliver: Is given each picture, on the sink's thread; it returns at once.
        """
        super().__init__("page pictures")
        self._jpegs, self._deliver = jpegs, deliver

    def _encode(self, stylized: Stylized) -> None:
        self._deliver(PagePicture(self._number, self._jpegs.encode(stylized.picture), stylized.frame.time))
