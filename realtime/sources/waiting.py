"""A source that need not be there yet, and that is opened anew whenever it fails or gives no frames."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from realtime.core import threads
from realtime.core.errors import RealtimeError, SourceEndedError, SourceError
from realtime.core.frame import Frame, Size
from realtime.core.mailbox import Mailbox
from realtime.core.text import clean
from realtime.sources.base import Source

OPEN_SECONDS, STALL_SECONDS = 40.0, 15.0
"""How long a source may take to open, and to give the next frame, before it is opened anew."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0
_MOST_STUCK = 3  # threads that drivers may hold before the source gives up

_log = logging.getLogger(__name__)


class WaitingSource(Source):
    """Opens a source in a thread, again and again until it is there, and gives its frames.

    A source that ends, fails, or gives no frame for a while is closed and opened anew, in another thread: whatever a driver
    holds for ever holds its own thread alone.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        name: str,
        mirror: bool = False,
        first: Source | None = None,
        open_seconds: float = OPEN_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """Begin to open the source.

        Args:
            open_source: Opens it; a RealtimeError means that it is not there now.
            name: What a person calls it, until it is there.
            mirror: Whether people expect to see it mirrored.
            first: The source, where it is open already; it is closed here.
            open_seconds: How long opening may take.
            stall_seconds: How long the source may give no frame.
        """
        self.mirror = mirror
        self._open, self._name = open_source, name
        self._open_seconds, self._stall_seconds = open_seconds, stall_seconds
        self._frames: Mailbox[Frame] = Mailbox()
        self._closed = threading.Event()
        self._source = first
        self._notice = "" if first else f"waiting for {name}"
        self._pause, self._next = _FIRST_PAUSE, 0.0
        self._stuck: list[_Run] = []
        self._run: _Run | None = _Run(self._open, self._frames, first)

    @property
    def name(self) -> str:  # type: ignore[override]
        """What a person calls the source."""
        return self._source.name if self._source else self._name

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels; None while the source is not there."""
        return self._source.size if self._source else None

    @property
    def rate(self) -> float | None:
        """The frames a second that the source means to give; None while it is not there."""
        return self._source.rate if self._source else None

    @property
    def about(self) -> str:
        """More about the frames; empty while the source is not there."""
        return self._source.about if self._source else ""

    @property
    def notice(self) -> str:
        """Why no frame comes; empty when all is well."""
        return self._notice or (self._source.notice if self._source else "")

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, a driver still holds a thread."""
        return self._closed.is_set() and any(run.held for run in self._runs())

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does. SourceError when drivers hold too many threads."""
        frame = self._frames.get(timeout)
        if self._closed.is_set():
            raise SourceEndedError(f"{self.name} was closed")
        now, run = time.monotonic(), self._run
        if frame is not None:
            self._source, self._notice, self._pause = run.source if run else self._source, "", _FIRST_PAUSE
        elif run is None:
            if now >= self._next:
                self._run = _Run(self._open, self._frames)
        elif not run.thread.is_alive():
            self._try_again(f"waiting for {self._name}: {run.why}")
        elif now - run.newest > (self._stall_seconds if run.source else self._open_seconds):
            run.stop.set()
            self._stuck = [other for other in self._stuck if other.held] + [run]
            if len(self._stuck) > _MOST_STUCK:
                raise SourceError(f"{self.name} hangs, and holds {len(self._stuck)} threads; start the program anew")
            self._try_again(f"waiting for {self._name}, which gives no picture")
        return frame

    def _try_again(self, notice: str) -> None:
        """Open the source anew after a pause, which grows from try to try until a frame comes."""
        if notice != self._notice:
            _log.warning("%s", notice)
        self._notice, self._run = notice, None
        self._next, self._pause = time.monotonic() + self._pause, min(2 * self._pause, _LONGEST_PAUSE)

    def _runs(self) -> list[_Run]:
        return [*self._stuck, *([self._run] if self._run else [])]

    def close(self) -> None:
        """Stop, as `Source.close` says; a thread that a driver holds is not waited for longer."""
        self._closed.set()
        self._frames.close()
        for run in self._runs():
            run.stop.set()
        threads.join([run.thread for run in self._runs()], time.monotonic() + 0.9)


class _Run:
    """One opening of the source, with the thread that reads it until it fails or is not wanted any more."""

    def __init__(self, open_source: Callable[[], Source], frames: Mailbox[Frame], first: Source | None = None) -> None:
        self.source = first
        self.newest = time.monotonic()
        self.why = ""
        self.stop = threading.Event()
        self._open, self._frames = open_source, frames
        self.thread = threads.start(self._live, "read source")

    @property
    def held(self) -> bool:
        """Whether a driver holds a thread of this opening, which is to stop or has stopped."""
        return self.thread.is_alive() or (self.source is not None and self.source.stuck)

    def _live(self) -> None:
        try:
            self.source = self.source or self._open()
            try:
                self.newest = time.monotonic()
                while not self.stop.is_set():
                    frame = self.source.read(0.3)
                    if frame is not None and not self.stop.is_set():
                        self.newest = time.monotonic()
                        self._frames.put(frame)
            finally:
                self.source.close()
        except RealtimeError as error:
            self.why = clean(str(error))
        except Exception as error:  # of a driver, or of another package's source: the next try may do better
            _log.warning("the source fails", exc_info=True)
            self.why = f"{type(error).__name__}: {clean(str(error))}"
