"""The contract of every source, and what several sources share."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.core.errors import SourceEndedError
from realtime.core.frame import LARGEST, Frame, Picture, Size
from realtime.core.geometry import fit, scaled_down

if TYPE_CHECKING:
    from typing_extensions import Self


class Source(ABC):
    """Give frames as if live: a reader that is late gets the newest frame, not a backlog.

    One thread reads, another may close at any time. A source is a context manager, and an iterable of its frames:

        with open_source("demo") as source:
            for frame in source:
                ...

    A source of one's own needs `name`, `read` and `close`; the rest has defaults.
    """

    name: str
    """What a person calls the source; never holds a password."""
    mirror = False
    """Whether people expect to see the frames mirrored, as themselves in a camera."""
    ends = False
    """Whether the source comes to an end by itself, as a file that is played once; others go on until they are closed."""

    asked = False
    """Whether each frame is asked for, as those of a browser's camera are: none is read while the one before it waits."""

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels; None while the source cannot tell."""
        return None

    @property
    def rate(self) -> float | None:
        """The frames a second that the source means to give; None where the source cannot tell."""
        return None

    @property
    def notice(self) -> str:
        """What is wrong just now, in a few words ("no picture from camera 0 for 3 s"); empty when all is well."""
        return ""

    @property
    def about(self) -> str:
        """More about the frames, to be shown once ("1280×720, 30 frames a second"); empty when there is no more."""
        return ""

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, a driver still holds a thread.

        End the process with `os._exit` then: such a thread that comes back while Python shuts down can abort the process.
        """
        return False

    def rest(self) -> None:  # noqa: B027 - most have nothing to do
        """Hear that nobody wants a frame just now; called about ten times a second in place of `read`."""

    @abstractmethod
    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame.

        Args:
            timeout: The most seconds to wait.

        Returns:
            The frame (uint8, H×W×3, BGR, with the `time.monotonic()` of its capture), or None when no new frame came within
            `timeout`; `notice` may then say why.

        Raises:
            SourceEndedError: There will be no more frames: the source has come to its end or was closed. A call that waits
                while another thread closes the source raises this at once.
            SourceError: There will be no more frames because of a fault that the source cannot mend.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop, and release what is held, within a second. Do nothing when called again."""

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames as they come, until the source ends or is closed. SourceError as `read` raises it."""
        while True:
            try:
                frame = self.read()
            except SourceEndedError:
                return
            if frame is not None:
                yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def shrunk(picture: Picture, box: Size) -> Picture:
    """Scale a picture down to fit a box, its aspect kept.

    Args:
        picture: uint8, H×W×3, BGR.
        box: Width and height, in pixels.

    Returns:
        uint8, H×W×3, BGR; `picture` itself when it fits already.
    """
    whole = (picture.shape[1], picture.shape[0])
    size = fit(whole, box)
    if size == whole:
        return picture
    return scaled_down(picture, size)


def captured(picture: Picture, box: Size | None, time: float) -> Frame:
    """Make a frame of a picture as it was captured.

    Args:
        picture: uint8, H×W×3, BGR.
        box: The width and height that the frame's picture is scaled down to fit; None for no such limit.
        time: The `time.monotonic()` of its capture, in seconds.

    Returns:
        The frame, with the whole picture as its `full` where that is larger.
    """
    small = shrunk(picture, box) if box else picture
    return Frame(small, time, full=None if small is picture else no_larger(picture, LARGEST))


def no_larger(picture: Picture, pixels: int) -> Picture:
    """Scale a picture down to so many pixels; give `picture` itself (uint8, H×W×3, BGR) when it has no more."""
    height, width = picture.shape[:2]
    scale = (pixels / (width * height)) ** 0.5
    if scale >= 1:
        return picture
    size = max(1, int(width * scale)), max(1, int(height * scale))
    # Not `scaled_down`, which makes a picture between: this one may be huge.
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


class Pace:
    """Wake a reader when its next frame is due, and at once when the source is closed."""

    def __init__(self, name: str) -> None:
        """Begin with the first call. `name` is the source's, for the error after `close`."""
        self._name = name
        self._closed = threading.Event()
        self._start: float | None = None

    @property
    def now(self) -> float:
        """Seconds since the first call."""
        if self._start is None:
            self._start = time.monotonic()
        return time.monotonic() - self._start

    def wait_until(self, due: float, timeout: float) -> float | None:
        """Wait until a frame is due.

        Args:
            due: Seconds, as `now` counts them.
            timeout: The most seconds to wait.

        Returns:
            `due` as `time.monotonic()` counts, or None when it is more than `timeout` away (after waiting that long).

        Raises:
            SourceEndedError: The source was closed, before or while waiting.
        """
        ahead = due - self.now
        if self._closed.wait(max(0.0, min(ahead, timeout))):
            raise SourceEndedError(f"{self._name} was closed")
        if ahead > timeout:
            return None
        assert self._start is not None
        return self._start + due

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed.is_set()

    def close(self) -> None:
        """Wake the reader, now and whenever it waits."""
        self._closed.set()
