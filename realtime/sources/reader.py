"""A thread that reads a camera, keeps only the newest frame, notices when no more come, and connects again."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np

from realtime.errors import RealtimeError, SourceError
from realtime.frame import Frame, Picture, Size, fit
from realtime.mailbox import Mailbox
from realtime.sources.base import Source

STALE = 2.0
"""Seconds without a frame, or with the same frame again and again, after which a camera counts as gone."""


class Capture(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


class ReaderSource(Source):
    """A camera, near or far. A subclass says how to `connect` and how long to pause between tries."""

    kind = "camera"
    advice = "unplug it and plug it in again, or see if another program uses it"

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
        self._sample = b""
        self._thread = threading.Thread(target=self._run, name=f"read {name}", daemon=True)
        self._thread.start()
        if not self._connected.wait(patience):
            self._stop.set()
            raise SourceError(f"{self.kind} {name} did not open within {patience:.0f} s; {self.advice}")
        if self._failed:
            self._thread.join()
            raise self._failed

    @abstractmethod
    def connect(self) -> Capture:
        """Open it anew. SourceError, fit to be shown, when that fails."""

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

    def close(self) -> None:
        self._stop.set()
        self._frames.close()
        # A driver that is stuck inside a read cannot be interrupted; its thread gives the camera back when it returns.
        self._thread.join(0.5)

    def _run(self) -> None:
        pauses = self.pauses()
        while not self._stop.is_set():
            try:
                capture = self.connect()
            except (RealtimeError, cv2.error) as error:
                if not self._connected.is_set():
                    self._failed = error if isinstance(error, RealtimeError) else SourceError(f"{self.name}: {error}")
                    self._connected.set()
                    return
                self._trouble = f"{self.name} is gone, trying again"
                self._stop.wait(next(pauses))
                continue
            try:
                self._newest = time.monotonic()
                self._connected.set()
                if self._drain(capture):
                    pauses = self.pauses()  # it gave pictures: the next trouble starts with short pauses again
            finally:
                capture.release()
            if not self._stop.is_set():
                self._trouble = f"{self.name} gives no picture, connecting again"
                self._stop.wait(next(pauses))

    def _drain(self, capture: Capture) -> bool:
        """Read until it fails, freezes or is closed. Says whether there were any new pictures."""
        any_came = False
        while not self._stop.is_set():
            try:
                ok, picture = capture.read()
            except cv2.error:  # some drivers say so this way
                return any_came
            now = time.monotonic()
            if not ok or picture is None:
                return any_came
            # Every real sensor has noise: a sample of pixels that is the same to the bit is the same frame.
            sample = picture[::16, ::16].tobytes()
            if sample != self._sample or not self.still_means_frozen(picture):
                self._sample, self._newest = sample, now
                any_came = True
                self._trouble = ""
            elif now - self._newest > STALE:
                return any_came
            self._frames.put(Frame(self._scaled(picture), now))
        return any_came

    def still_means_frozen(self, picture: Picture) -> bool:
        """Whether the same picture over and over means trouble, and not a lens cap (black) or a drawn picture."""
        return bool(np.ptp(picture[::16, ::16]) > 0)

    def _scaled(self, picture: Any) -> Picture:
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        whole = (picture.shape[1], picture.shape[0])
        size = fit(whole, self._box)
        if size != whole:
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return picture  # type: ignore[no-any-return]
