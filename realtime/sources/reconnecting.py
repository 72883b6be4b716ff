"""A thread that reads a camera, keeps only the newest frame, notices when no more come, and connects again."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np

from realtime.core.errors import RealtimeError, SourceError
from realtime.core.frame import Frame, Picture, Size
from realtime.core.mailbox import Mailbox
from realtime.sources.base import Source, shrunk

STALE = 2.0
"""Seconds without a frame, or with the same frame again and again, after which a camera counts as gone."""

_THREAD = "read "  # how the names of the threads begin that talk to drivers


def stuck_threads() -> bool:
    """Whether a driver still holds a thread, of whatever source, also of one that never opened (see `Source.stuck`)."""
    return any(thread.name.startswith(_THREAD) for thread in threading.enumerate())


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


class ReaderSource(Source):
    """A camera, near or far. A subclass says how to `connect` and how long to pause between tries."""

    kind = "camera"

    def __init__(self, name: str, size: Size, patience: float) -> None:
        """Connect in the reader's thread and wait up to `patience` seconds for it. SourceError when that fails."""
        self.name = name
        self._box = size
        self._frames: Mailbox[Frame] = Mailbox()
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._failed: RealtimeError | None = None
        self._newest = time.monotonic()
        self._trouble = ""
        self._came = False
        self._sample = b""
        self._still = b""  # the picture that the camera was last connected to again for
        self._thread = threading.Thread(target=self._run, name=_THREAD + name, daemon=True)
        self._thread.start()
        if not self._connected.wait(patience):
            self._stop.set()
            raise SourceError(f"{self.kind} {name} did not open within {patience:.0f} s; {self.advice()}")
        if self._failed:
            self._thread.join()
            raise self._failed

    @abstractmethod
    def connect(self) -> Capture:
        """Open it anew. SourceError, fit to be shown, when that fails."""

    @abstractmethod
    def advice(self) -> str:
        """What a person may do when it does not open."""

    @abstractmethod
    def pauses(self) -> Iterator[float]:
        """Seconds to wait before each new try to connect, without end."""

    def read(self, timeout: float = 1.0) -> Frame | None:
        return self._frames.get(timeout)

    @property
    def notice(self) -> str:
        if self._trouble:
            return self._trouble
        gone = time.monotonic() - self._newest
        return f"no picture from {self.name} for {gone:.0f} s" if gone > STALE else ""

    @property
    def stuck(self) -> bool:
        return self._stop.is_set() and self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._frames.close()
        # A driver that is stuck inside a read cannot be interrupted; its thread gives the camera back when it returns.
        self._thread.join(0.5)

    def _run(self) -> None:
        pauses = self.pauses()
        while not self._stop.is_set():
            self._came = False
            try:
                self._connect_and_drain()
                trouble = "gives no picture, connecting again"
            except Exception as error:  # drivers fail in many ways, and they mean the same
                if not self._connected.is_set():
                    self._failed = error if isinstance(error, RealtimeError) else self._problem(error)
                    self._connected.set()
                    return
                trouble = "is gone, trying again"
            if self._came:
                pauses = self.pauses()  # it gave pictures: the next trouble starts with short pauses again
            if not self._stop.is_set():
                self._trouble = f"{self.name} {trouble}"
                self._stop.wait(next(pauses))

    def _problem(self, error: Exception) -> SourceError:
        reason = (error.err if isinstance(error, cv2.error) else "") or str(error) or type(error).__name__
        return SourceError(f"{self.kind} {self.name}: {reason}; {self.advice()}")

    def _connect_and_drain(self) -> None:
        capture = self.connect()
        try:
            self._newest = time.monotonic()
            self._connected.set()
            self._drain(capture)
        finally:
            capture.release()

    def _drain(self, capture: Capture) -> None:
        """Read until it fails, freezes or is closed. `_came` says whether there were any new pictures."""
        while not self._stop.is_set():
            ok, picture = capture.read()
            now = time.monotonic()
            if not ok or picture is None:
                return
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
            self._frames.put(Frame(self._scaled(picture), now))

    def still_means_frozen(self, picture: Picture) -> bool:
        """Whether this picture over and over means trouble: any that is not all of one colour, as a lens cap is."""
        return bool(np.ptp(picture[::16, ::16]) > 0)

    def _scaled(self, picture: Any) -> Picture:
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        return shrunk(picture, self._box)
