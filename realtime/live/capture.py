"""Reading a source: its newest frame waits in a mailbox with one slot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from realtime.core import threads
from realtime.core.errors import SourceEndedError
from realtime.core.events import Events, Trouble
from realtime.core.frame import Frame, Picture
from realtime.core.mailbox import Mailbox
from realtime.sources.base import Source

_log = logging.getLogger(__name__)
_FRESH_SECONDS = 2.0  # for which a frame that was asked for may wait: then nobody watches, and a newer one replaces it
_REST_SECONDS = 0.1  # how often a reader that rests sees whether it is to end
_STILL_SECONDS = 0.2  # how often a frozen picture is given again, for a clip that is recorded


class Capture:
    """Reads one source on a thread of its own, from `start` to `stop`."""

    def __init__(
        self,
        source: Source,
        events: Events,
        wanted: threading.Event,
        frozen: Callable[[], Picture | None],
        came: Callable[[], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        """Make a reader.

        Args:
            source: What is read.
            events: The feed that is told when the source is in trouble.
            wanted: Set while somebody wants frames; the source rests while it is not.
            frozen: Gives the picture that stands still, None while the source is to be read.
            came: Is told, on the thread, of each frame.
            ended: Is told that no more frames come, with the error where it is one.
        """
        self._source, self._events, self._wanted = source, events, wanted
        self._frozen, self._came, self._ended = frozen, came, ended
        self.frames: Mailbox[Frame] = Mailbox()
        """Where the newest frame waits."""
        self.waits_since = 0.0
        """When a frame came into the empty mailbox, as `time.monotonic()` counts."""
        self._put_at = 0.0
        self.trouble = ""
        """What is wrong with the source just now, for a person; empty when all is well."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read."""
        self._thread = threads.start(self._run, f"capture {self._source.name}")

    def stop(self) -> None:
        """Let the thread end soon."""
        self._stopped.set()
        self.frames.close()

    @property
    def threads(self) -> Iterable[threading.Thread]:
        """The thread, where it was started."""
        return [self._thread] if self._thread else []

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            while not self._stopped.is_set():
                if not self._wanted.is_set():
                    self.frames.get(0.0)  # it is old by the time that somebody wants a frame
                    self._source.rest()
                    self._wanted.wait(_REST_SECONDS)
                    continue
                frame = self._still() or self._read()
                self._look_for_trouble()
                if frame is not None:
                    self._put(frame)
                del frame  # 3 MB at 1280×720, while the next one is waited for
        except SourceEndedError as end:
            _log.info("source %s has ended", self._source.name)
            self.trouble = str(end)
        except BaseException as fault:
            error, self.trouble = fault, str(fault)
        self._ended(error)

    def _read(self) -> Frame | None:
        """Read the source; one that is asked for its frames, while the frame before is stylized and none waits."""
        stale = time.monotonic() - self._put_at > _FRESH_SECONDS
        if self._source.asked and not stale and not self.frames.wait_for_room(0.1):
            return None
        return self._source.read(0.1)

    def _put(self, frame: Frame) -> None:
        self._put_at = time.monotonic()
        if not self.frames.full:
            self.waits_since = self._put_at
        self.frames.put(frame)
        self._came()

    def _still(self) -> Frame | None:
        """Give the frozen picture once more, after a while: the source, which may have to draw or to decode, rests."""
        if (held := self._frozen()) is None:
            return None
        self._stopped.wait(_STILL_SECONDS)
        return Frame(held, time.monotonic())

    def _look_for_trouble(self) -> None:
        before, self.trouble = self.trouble, self._source.notice
        if bool(self.trouble) != bool(before):  # how long it lasts is in the notice: the feed hears of it once
            self._events.emit(Trouble(self.trouble))
