"""A thread that reads a camera, keeps only the newest frame, notices when no more come, and connects again."""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from realtime.core import threads
from realtime.core.buffers import reused
from realtime.core.errors import RealtimeError, SourceEndedError, SourceError
from realtime.core.frame import Frame, Picture, Size
from realtime.core.mailbox import Mailbox
from realtime.sources.base import Source, captured

STALE = 2.0
"""Seconds without a frame, or with the same frame again and again, after which a camera counts as gone."""

_CHANNELS = ((), (1,), (3,))  # grey, or BGR: how a picture's shape ends
DRIVER_ERRORS = (cv2.error, OSError, ValueError, ArithmeticError, MemoryError)
"""What a driver raises, or Python for it; any other exception is a fault of this program, and no lost camera."""

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Capture(Protocol):
    """The methods of `cv2.VideoCapture` that are used."""

    def read(self, image: Picture | None = None) -> tuple[bool, Any]:
        """Wait for a picture: whether there is one, and the picture, in the memory of `image` where that has its shape."""

    def release(self) -> None:
        """Give the camera back."""


class ReaderSource(Source):
    """A camera, near or far. A subclass says how to `connect` and how long to pause between tries.

    A driver's or the network's error means that the camera is gone: the source says so and tries again. Any other exception
    in the reader's thread ends the source; `read` raises it.
    """

    kind = "camera"

    def __init__(self, name: str, size: Size, patience: float) -> None:
        """Connect in the reader's thread.

        Args:
            name: What a person calls the camera.
            size: The width and height that larger frames are scaled down to fit.
            patience: The most seconds to wait for the connection.

        Raises:
            SourceError: The camera does not open, or not within `patience`.
        """
        self.name = name
        self._box = size
        self._size: Size | None = None
        self._frames: Mailbox[Frame] = Mailbox()
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._failed: Exception | None = None
        self._newest = time.monotonic()
        self._trouble = ""
        self._came = False
        self._sample = b""
        self._still = b""  # the picture that the camera was last connected to again for
        self._thread = threads.start(self._guard, f"read {name}")
        if not self._connected.wait(patience):
            self._stop.set()
            raise SourceError(f"{self.kind} {name} did not open within {patience:.0f} s; {self.advice()}")
        if self._failed:
            self._thread.join()
            raise self._failed

    @abstractmethod
    def connect(self) -> Capture:
        """Open the camera anew. SourceError, fit to be shown, when that fails; `ask` makes one of a driver's error."""

    @abstractmethod
    def advice(self) -> str:
        """Say what a person may do when the camera does not open."""

    @abstractmethod
    def pauses(self) -> Iterator[float]:
        """Give the seconds to wait before each new try to connect, without end."""

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels; None before the first one."""
        return self._size

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does; any fault of this program in the reader's thread is raised here."""
        frame = self._frames.get(timeout)
        if frame is None and self._stop.is_set():
            raise SourceEndedError(f"{self.name} was closed")
        if frame is None and self._failed:
            raise self._failed
        return frame

    @property
    def notice(self) -> str:
        """That no picture comes, and since when, or why; empty when all is well."""
        if self._trouble:
            return self._trouble
        gone = time.monotonic() - self._newest
        return f"no picture from {self.name} for {gone:.0f} s" if gone > STALE else ""

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, the driver still holds the reader's thread."""
        return self._stop.is_set() and self._thread.is_alive()

    def close(self) -> None:
        """Stop the reader, waiting half a second for its driver."""
        self._stop.set()
        self._frames.close()
        # A driver that is stuck inside a read cannot be interrupted; its thread gives the camera back when it returns.
        self._thread.join(0.5)

    def ask(self, driver: Callable[[], T]) -> T:
        """Call a driver, or the network.

        Args:
            driver: The call.

        Returns:
            What the call returns.

        Raises:
            SourceError: The driver fails, with its reason and the `advice`.
        """
        try:
            return driver()
        except DRIVER_ERRORS as error:
            reason = (error.err if isinstance(error, cv2.error) else "") or str(error) or type(error).__name__
            raise SourceError(f"{self.kind} {self.name}: {reason}; {self.advice()}") from error

    def _guard(self) -> None:
        """Live the thread's whole life: what goes wrong in it is kept for the reader."""
        try:
            self._run()
        except Exception as error:
            if not isinstance(error, RealtimeError):
                _log.exception("a fault of this program ends the reading of %s", self.name)
            self._failed = error
            self._frames.close()
            self._connected.set()

    def _run(self) -> None:
        pauses = self.pauses()
        while not self._stop.is_set():
            self._came = False
            try:
                self._connect_and_drain()
                trouble = "gives no picture, connecting again"
                if not self._stop.is_set():
                    _log.warning("%s gives no picture, connecting again", self.name)
            except SourceError as error:
                if not self._connected.is_set():
                    raise
                trouble = "is gone, trying again"
                _log.warning("%s is gone: %s", self.name, error)
            if self._came:
                pauses = self.pauses()  # it gave pictures: the next trouble starts with short pauses again
            if not self._stop.is_set():
                self._trouble = f"{self.name} {trouble}"
                self._stop.wait(next(pauses))

    def _connect_and_drain(self) -> None:
        capture = self.connect()
        _log.info("%s is connected", self.name)
        try:
            self._newest = time.monotonic()
            self._connected.set()
            self._drain(capture)
        finally:
            self.ask(capture.release)

    def _drain(self, capture: Capture) -> None:
        """Read until the camera fails, freezes or is closed. `_came` says whether there were any new pictures."""
        shape: tuple[int, ...] = ()  # of the picture before
        while not self._stop.is_set():
            image = reused(shape) if shape else None
            ok, picture = self.ask(partial(capture.read, image))
            now = time.monotonic()
            if not ok or picture is None:
                return
            whole = self._coloured(picture)
            # Every real sensor has noise: a sample of pixels that is the same to the bit is the same frame.
            sample = picture[::16, ::16].tobytes()
            # What is the same again after connecting anew is no frozen camera but one that shows a still picture.
            if sample != self._sample or sample == self._still or not self.still_means_frozen(picture):
                self._sample, self._newest = sample, now
                self._came = True
                self._trouble = ""
            elif now - self._newest > STALE:
                self._still = sample
                return
            frame = captured(whole, self._box, now)
            self._size = (frame.picture.shape[1], frame.picture.shape[0])
            self._frames.put(frame)
            shape = whole.shape
            del image, picture, whole, frame  # 3 MB at 1280×720, while the next one is waited for

    def still_means_frozen(self, picture: Picture) -> bool:
        """Whether this picture over and over means trouble: any that is not all of one colour, as a lens cap is."""
        return bool(np.ptp(picture[::16, ::16]) > 0)

    def _coloured(self, picture: Any) -> Picture:
        """Make a picture in colour of a driver's. SourceError for what is no picture."""
        if picture.dtype != np.uint8 or picture.ndim < 2 or not picture.size or picture.shape[2:] not in _CHANNELS:
            shape = "×".join(map(str, picture.shape))
            raise SourceError(f"{self.kind} {self.name} gives no picture but {shape or 'one'} {picture.dtype}")
        if picture.shape[2:] != (3,):
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        coloured: Picture = picture
        return coloured
