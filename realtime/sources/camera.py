"""Cameras of this computer."""

from __future__ import annotations

import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import cv2

from realtime.core import threads
from realtime.core.errors import SourceError, UsageError
from realtime.core.frame import Size
from realtime.core.text import clean
from realtime.sources.reconnecting import DRIVER_ERRORS, Capture, ReaderSource

PATIENCE = 10.0
"""Seconds in which a camera must open. Windows' Media Foundation is the slow one."""

_log = logging.getLogger(__name__)
_COMMON_SIZES = ((640, 480), (1280, 720), (1920, 1080))


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is plugged in: its number for `--source`, its name, and the OpenCV backend that listed it."""

    number: int
    name: str
    backend: int


def _backend() -> int:
    if sys.platform == "win32":
        return cv2.CAP_DSHOW  # opens at once, where Media Foundation takes seconds
    if sys.platform == "darwin":
        return cv2.CAP_AVFOUNDATION
    return cv2.CAP_V4L2


def list_cameras() -> list[Camera]:
    """Find the cameras that there are, by the system's own numbers: none where the system cannot tell."""
    from cv2_enumerate_cameras import enumerate_cameras

    try:
        found = enumerate_cameras(_backend())
    except Exception:  # it asks the system in many ways, and this is called to explain another error
        _log.warning("the system does not list its cameras", exc_info=True)
        return []
    return sorted(
        (Camera(info.index, clean(info.name), info.backend) for info in found), key=lambda camera: camera.number
    )


def find_camera(text: str, cameras: list[Camera]) -> Camera:
    """Find the camera that a person means.

    Args:
        text: A number, which need not be among the `cameras`, or a part of a name, whatever the case.
        cameras: Those that the system lists.

    Returns:
        The camera.

    Raises:
        UsageError: The number is too large for any camera, or the name fits none, or several.
    """
    if text.isdecimal():
        if len(text) > 3:
            raise UsageError(f"no camera has a number as large as that; {describe(cameras)}")
        number = int(text)
        return next((c for c in cameras if c.number == number), Camera(number, f"camera {number}", _backend()))
    fitting = [c for c in cameras if text.casefold() in c.name.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    text = clean(text)
    problem = f"no camera is called {text!r}" if not fitting else f"{len(fitting)} cameras have {text!r} in their names"
    raise UsageError(f"{problem}; {describe(cameras)}")


def describe(cameras: list[Camera]) -> str:
    """Name the cameras in one line."""
    return (
        "there are " + ", ".join(f"{c.number} ({c.name})" for c in cameras)
        if cameras
        else "there is no camera that the system knows of"
    )


class CameraSource(ReaderSource):
    """A camera of this computer, in about the size and rate that are asked for; `about` says what was granted."""

    mirror = True

    def __init__(
        self,
        camera: Camera,
        size: Size = (640, 480),
        fps: float = 30.0,
        patience: float = PATIENCE,
        open_capture: Callable[[], Capture] | None = None,
        asked: Size | None = None,
    ) -> None:
        """Open the camera.

        Args:
            camera: One of `list_cameras`.
            size: The width and height to scale larger frames down to, and to ask for.
            fps: The frames a second to ask for.
            patience: The most seconds to wait for the camera.
            open_capture: Stands in for OpenCV in tests.
            asked: The width and height to ask for instead; frames keep their full pictures then.

        Raises:
            SourceError: The camera is missing or busy; the message lists the cameras there are.
        """
        self._camera, self._wanted, self._fps = camera, asked or size, fps
        self._open_capture = open_capture or self._open
        self._about = ""
        self._rate: float | None = None
        self.name = camera.name
        if sys.platform == "darwin":
            self.ask(self._open_capture).release()  # macOS asks for the person's permission in the main thread only
        super().__init__(camera.name, size, patience)

    @classmethod
    def open(cls, text: str, size: Size, fps: float, asked: Size | None = None) -> CameraSource:
        """Open the camera of the number `text`, or of a name with `text` in it."""
        return cls(find_camera(text, list_cameras()), size, fps, asked=asked)

    @property
    def about(self) -> str:
        """The size and rate that the camera granted."""
        return self._about

    @property
    def rate(self) -> float | None:
        """The frames a second that the camera granted; None where its driver does not tell."""
        return self._rate

    def connect(self) -> Capture:
        """Open the camera, under the number that it has now. SourceError when that fails."""
        if self._connected.is_set():  # it may have been plugged in again under another number
            cameras = list_cameras()
            if not any(camera.number == self._camera.number for camera in cameras):
                self._camera = next((c for c in cameras if c.name == self._camera.name), self._camera)
        return self.ask(self._open_capture)

    def advice(self) -> str:
        """Say what a person may do, with the cameras there are."""
        return f"unplug it and plug it in again, or see if another program uses it; {_ways_out()}"

    def pauses(self) -> Iterator[float]:
        """Give a second, again and again."""
        return itertools.repeat(1.0)

    def _open(self) -> Capture:
        # MJPG first: uncompressed, a USB 2 camera has no room for more than 5 frames a second at 1920×1080.
        wanted = [
            cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"),
            cv2.CAP_PROP_FRAME_WIDTH, self._wanted[0],
            cv2.CAP_PROP_FRAME_HEIGHT, self._wanted[1],
            cv2.CAP_PROP_FPS, round(self._fps),
        ]  # fmt: skip
        capture = cv2.VideoCapture(self._camera.number, self._camera.backend, wanted)
        if not capture.isOpened():  # some backends refuse to open with a property they do not know
            capture = cv2.VideoCapture(self._camera.number, self._camera.backend)
            for name, value in zip(wanted[::2], wanted[1::2], strict=True):
                capture.set(name, value)
        if not capture.isOpened():
            there = any(camera.number == self._camera.number for camera in list_cameras())
            state = "is busy (another program uses it) or may not be used by this one" if there else "is not there"
            raise SourceError(f"camera {self._camera.number} {state}; {_ways_out()}")
        if self._camera.backend == cv2.CAP_V4L2:
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        width, height = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        rate = capture.get(cv2.CAP_PROP_FPS)  # 0 where the driver does not know
        self._rate = rate if rate >= 1 else None
        self._about = f"{width}×{height}" + (f", {rate:.0f} frames a second" if rate >= 1 else "")
        return capture


def _ways_out() -> str:
    """Say what there is besides a camera that does not open."""
    allow = "allow it in System Settings > Privacy & Security > Camera; " if sys.platform == "darwin" else ""
    return f"{allow}{describe(list_cameras())}; --source demo needs no camera"


def sizes(camera: Camera, patience: float = PATIENCE) -> list[Size]:
    """Try the common sizes on a camera, which takes a second or two.

    Args:
        camera: One of `list_cameras`.
        patience: The most seconds to take.

    Returns:
        The sizes (width, height) that the camera grants; none when it cannot be opened.
    """
    if sys.platform == "darwin":
        with suppress(*DRIVER_ERRORS):
            cv2.VideoCapture(camera.number, camera.backend).release()  # the question for permission, as above
    granted: list[Size] = []
    threads.start(lambda: _try_sizes(camera, granted), f"read {camera.name}").join(patience)
    return list(granted)


def _try_sizes(camera: Camera, granted: list[Size]) -> None:
    with suppress(*DRIVER_ERRORS):  # what does not open has no sizes
        capture = cv2.VideoCapture(camera.number, camera.backend)
        try:
            for width, height in _COMMON_SIZES if capture.isOpened() else ():
                capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
                size = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
                if size not in granted:
                    granted.append(size)
        finally:
            capture.release()


# How long V4L2 waits for a frame of a camera that has stopped: OpenCV's 10 s would hold up quitting.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
