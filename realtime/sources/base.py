"""What every source does. `open_source` in `realtime.sources` finds the one that a person means."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.core.frame import Frame, Picture, Size
from realtime.core.geometry import fit

if TYPE_CHECKING:
    from typing_extensions import Self


class Source(ABC):
    """A stream of frames as if live: a reader that is late gets the newest frame, not a backlog.

    One thread reads, another may close at any time. A context manager.
    """

    name: str
    """What a person calls it; never holds a password."""
    mirror = False
    """Whether people expect to see it mirrored, as themselves in a camera."""

    @abstractmethod
    def read(self, timeout: float = 1.0) -> Frame | None:
        """The next frame: uint8, H×W×3, BGR, with the time it was captured.

        Waits up to `timeout` seconds and gives None when no new frame came; then `notice` may say why. After `close`
        it gives None at once. SourceError when there will be no more pictures and there is no way to get them back.
        """

    @property
    def notice(self) -> str:
        """What is wrong just now, in a few words ("no picture from camera 0, reconnecting"); empty when all is well."""
        return ""

    @property
    def about(self) -> str:
        """More about what it gives, to be shown once ("1280×720, 30 frames a second"); empty when there is no more."""
        return ""

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, a driver still holds a thread. Then end with `os._exit`: such a thread that comes back
        while Python shuts down can abort the process."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Stop and give back what is held, within a second. Harmless when called again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def shrunk(picture: Picture, box: Size) -> Picture:
    """`picture` scaled down to fit `box` (width, height), its aspect kept; itself when it fits already."""
    whole = (picture.shape[1], picture.shape[0])
    size = fit(whole, box)
    if size == whole:
        return picture
    small: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return small


class Pace:
    """Wakes a reader when its next picture is due, and at once when the source is closed."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._start: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the first call."""
        if self._start is None:
            self._start = time.monotonic()
        return time.monotonic() - self._start

    def wait_until(self, due: float, timeout: float) -> float | None:
        """Wait until `due`, in seconds as `now` counts them. Gives its time in `time.monotonic()`.

        None when that is more than `timeout` seconds away (having waited those) or the source was closed.
        """
        ahead = due - self.now
        if self._closed.wait(max(0.0, min(ahead, timeout))) or ahead > timeout:
            return None
        assert self._start is not None
        return self._start + due

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        self._closed.set()
