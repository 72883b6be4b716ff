"""The virtual camera: programs for calls take the picture as that of a camera, by pyvirtualcam and a driver of the system."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.core import threads
from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Picture, Size
from realtime.core.geometry import boxed
from realtime.core.installed import install_command
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format, Sink
from realtime.sinks.lettering import letter_size, text_width, wrapped, write_text

if TYPE_CHECKING:
    from pyvirtualcam import Camera

DRIVERS = {
    "linux": "sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1 card_label=realtime",
    "win32": "winget install OBSProject.OBSStudio, then Start Virtual Camera in OBS, once",
    "darwin": "brew install --cask obs (version 30 or newer), then Start Virtual Camera in OBS, once",
}
"""How each system gets the driver of a virtual camera."""

_WITHOUT = "without a driver: realtime --page, its address as a browser source in OBS, and OBS's own virtual camera"
_OLD = 1.0  # seconds after which a picture is no longer shown under a card
_PATIENCE = 2.0  # seconds that closing waits for the driver


class VirtualCameraSink(Sink):
    """Gives a device the newest picture at a steady rate, in one size, fitted on black where a picture has another shape.

    While no new picture comes, as when a camera is being connected again, the last one is given on and on. A card, a short
    text in the middle of the darkened picture, says what the viewers should know.
    """

    queues = True

    def __init__(self, device: str = "", card: Callable[[], str] = lambda: "") -> None:
        """Make a virtual camera; the device is opened by `open`.

        Args:
            device: The device: `/dev/video9` or 9 on Linux, the camera's name elsewhere; by default the first one.
            card: Gives the text of the card, "" for none. It is called for each picture, on the thread of this sink.

        Raises:
            UsageError: The package pyvirtualcam is not installed.
            SinkError: It cannot be loaded.
        """
        try:
            import pyvirtualcam  # noqa: F401
        except ModuleNotFoundError as error:
            raise UsageError(
                f"the virtual camera needs a package that is not installed: {install_command('virtual-camera')}"
            ) from error
        except Exception as error:  # its own words where it knows no such system, or a library of its own is missing
            raise SinkError(f"pyvirtualcam cannot be loaded ({error}); {_WITHOUT}") from error
        self.device = f"/dev/video{device}" if device.isdecimal() else device
        """The device in use; before `open` the one that was asked for."""
        self.card = card
        self.sent = 0
        """Pictures that the device was given."""
        self._camera: Camera | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._error: SinkError | None = None
        self._newest: tuple[Picture, float] | None = None
        self._made: tuple[Picture | None, str, Picture] | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"virtual camera {self.device}".rstrip()

    @property
    def size(self) -> Size:
        """Width and height of the pictures that the device gets: those of the format, made even."""
        assert self.format or self._camera
        return (self._camera.width, self._camera.height) if self._camera else self._even(self.format)

    @staticmethod
    def _even(format: Format | None) -> Size:
        assert format
        width, height = format.size
        return max(2, width - width % 2), max(2, height - height % 2)  # I420 has a colour for every 2×2 pixels

    def _open(self, format: Format) -> None:
        from pyvirtualcam import Camera, PixelFormat

        width, height = self._even(format)
        try:
            self._camera = Camera(width, height, format.rate, fmt=PixelFormat.BGR, device=self.device or None)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise SinkError(f"no virtual camera can be opened ({reason}); {how_to_get_driver()}; {_WITHOUT}") from error
        self.device = self._camera.device
        self._thread = threads.start(lambda: self._run(1 / format.rate), "virtual camera")

    def _write(self, stylized: Stylized) -> None:
        if self._error:
            raise self._error
        self._newest = stylized.picture, time.monotonic()

    def _close(self) -> None:
        self._ended.set()
        if self._thread and threads.join([self._thread], time.monotonic() + _PATIENCE) and self._camera:
            self._camera.close()

    def _run(self, interval: float) -> None:
        """Give the device a picture every `interval` seconds; one that is late is not made up for."""
        assert self._camera
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            try:
                self._camera.send(self._compose())
            except Exception as error:  # a driver's
                self._error = SinkError(f"the device takes no more pictures ({error}); start the program again")
                return
            self.sent += 1
            due = max(due + interval, time.monotonic())

    def _compose(self) -> Picture:
        """Give the picture of this moment: uint8, `size` high and wide, BGR."""
        newest, text = self._newest, self.card()
        picture = newest[0] if newest and not (text and time.monotonic() - newest[1] > _OLD) else None
        known = self._made
        if known and known[0] is picture and known[1] == text:
            return known[2]
        width, height = self.size
        whole = np.zeros((height, width, 3), np.uint8) if picture is None else boxed(picture, (width, height))
        made = np.ascontiguousarray(with_card(whole, text) if text else whole)
        self._made = picture, text, made
        return made


def how_to_get_driver(system: str = sys.platform) -> str:
    """Say how a system, named as `sys.platform` names it, gets the driver of a virtual camera."""
    return DRIVERS.get(system, f"no driver of a virtual camera is known for {system}")


def with_card(picture: Picture, text: str) -> Picture:
    """Give a new picture, darkened, with a text in its middle (uint8, H×W×3, BGR)."""
    canvas: Picture = cv2.convertScaleAbs(picture, alpha=0.3).astype(np.uint8, copy=False)
    height, width = canvas.shape[:2]
    size = round(1.6 * letter_size(canvas))
    lines = wrapped(text, size, max(1, width - 2 * size))
    step = round(1.4 * size)
    top = (height - len(lines) * step) // 2
    for row, line in enumerate(lines, start=1):
        write_text(canvas, line, ((width - text_width(line, size)) // 2, top + row * step - step // 4), size)
    return canvas
