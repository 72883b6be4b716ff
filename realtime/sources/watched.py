"""A source that is closed while nobody watches, and opened again when somebody does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from realtime.core.errors import SourceEndedError, SourceError
from realtime.core.frame import Frame, Size
from realtime.sources.base import Source

LOOK_SECONDS = 1.0
"""How often a source asks whether somebody watches."""
_GRACE_SECONDS = 3.0  # how long it stays open after the last one left, who may come back at once


class WatchedSource(Source):
    """Another source, held only while somebody watches. The thread that reads it opens and closes that source."""

    def __init__(self, source: Source, reopen: Callable[[], Source], watched: Callable[[], bool]) -> None:
        """Hold a source.

        Args:
            source: The source, open. It is closed by this one.
            reopen: Opens it again; raises SourceError while it cannot be opened.
            watched: Says whether somebody watches. It is asked once a second.
        """
        self.name, self.mirror, self.ends = source.name, source.mirror, source.ends
        self._source: Source | None = source
        self._size, self._rate, self._about = source.size, source.rate, source.about
        self._reopen, self._watched = reopen, watched
        self._closed = threading.Event()
        self._changing = threading.Lock()
        self._asked = -LOOK_SECONDS
        self._last_watched = time.monotonic()
        self._trouble = ""

    @property
    def rests(self) -> bool:
        """Whether the source is closed because nobody watches."""
        return self._source is None and not self._trouble

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels; while the source is closed, of the last one."""
        source = self._source
        return (source.size if source else None) or self._size

    @property
    def rate(self) -> float | None:
        """The frames a second that the source means to give."""
        return self._rate

    @property
    def about(self) -> str:
        """More about the frames."""
        return self._about

    @property
    def notice(self) -> str:
        """What is wrong just now: that nobody watches, that the source cannot be opened again, or what it says itself."""
        source = self._source
        if source:
            return source.notice
        return self._trouble or f"nobody watches: {self.name} is released"

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, a driver still holds a thread."""
        source = self._source
        return source is not None and source.stuck

    def rest(self) -> None:
        """Open or close the source where somebody watches now, or nobody does."""
        now = time.monotonic()
        if now - self._asked >= LOOK_SECONDS:
            self._asked = now
            self._look(now)

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does; none comes while nobody watches."""
        if self._closed.is_set():
            raise SourceEndedError(f"{self.name} was closed")
        self.rest()
        source = self._source
        if source is None:
            if self._closed.wait(max(0.0, min(timeout, self._asked + LOOK_SECONDS - time.monotonic()))):
                raise SourceEndedError(f"{self.name} was closed")
            return None
        return source.read(timeout)

    def _look(self, now: float) -> None:
        if self._watched():
            self._last_watched = now
            if self._source is None:
                self._open()
        elif now - self._last_watched > _GRACE_SECONDS:
            self._trouble = ""
            if self._source:
                self._size = self._source.size or self._size
                self._source.close()
                self._source = None

    def _open(self) -> None:
        try:
            source = self._reopen()
        except SourceError as error:  # another program may have it: in a second it is tried again
            self._trouble = str(error)
            return
        self._trouble = ""
        with self._changing:
            self._source = source
            if self._closed.is_set():
                source.close()

    def close(self) -> None:
        """Stop, and release what is held."""
        with self._changing:
            self._closed.set()
            if self._source:
                self._source.close()
