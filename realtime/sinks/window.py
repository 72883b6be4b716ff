"""The window, by OpenCV's highgui. All of it belongs to the main thread."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import cv2

from realtime.control.commands import Command, Quit
from realtime.control.keymap import KEY_MAP
from realtime.core.errors import SinkError
from realtime.core.frame import Picture, Size
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format, Sink

# What waitKeyEx gives for keys without a character: X11 (Qt, GTK), Windows, macOS.
_SPECIAL = {
    27: "escape",
    0xFF51: "left", 0xFF52: "up", 0xFF53: "right", 0xFF54: "down",
    0x250000: "left", 0x260000: "up", 0x270000: "right", 0x280000: "down",
    0xF702: "left", 0xF700: "up", 0xF703: "right", 0xF701: "down",
    **{first + n: f"f{n + 1}" for first in (0xFFBE, 0xF704) for n in range(4)},
    **{0x700000 + (n << 16): f"f{n + 1}" for n in range(4)},
}  # fmt: skip


def display_problem() -> str:
    """Say why no window can be opened, in a few words; empty when one can.

    To be asked before any highgui call: without a display OpenCV's Qt aborts the whole process.
    """
    if sys.platform in ("win32", "darwin"):
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "DISPLAY is not set"
    try:
        reachable = _x_screen() is not None
    except OSError:  # no libX11 on this machine; OpenCV brings libraries of its own
        reachable = _x_socket_answers(display)
    return "" if reachable else f"the display {display} cannot be reached"


def _screen_size() -> Size:
    """How large the screen is, in pixels; where that cannot be known, a small one's size."""
    if sys.platform == "win32":
        return ctypes.windll.user32.GetSystemMetrics(0), ctypes.windll.user32.GetSystemMetrics(1)
    with suppress(OSError):
        if sys.platform != "darwin" and (size := _x_screen()):
            return size
    return 1280, 800


def _x_screen() -> Size | None:
    """Give the width and height of the X screen, None when it cannot be reached. OSError when there is no libX11."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    for call in (x11.XCloseDisplay, x11.XDefaultScreen):
        call.argtypes = [ctypes.c_void_p]
    for call in (x11.XDisplayWidth, x11.XDisplayHeight):
        call.argtypes = [ctypes.c_void_p, ctypes.c_int]
    connection = x11.XOpenDisplay(None)
    if not connection:
        return None
    screen = x11.XDefaultScreen(connection)
    size = x11.XDisplayWidth(connection, screen), x11.XDisplayHeight(connection, screen)
    x11.XCloseDisplay(connection)
    return size


def _x_socket_answers(display: str) -> bool:
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdecimal():
        return False
    try:
        if host in ("", "unix"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.connect(f"/tmp/.X11-unix/X{number}")
        else:
            socket.create_connection((host, 6000 + int(number)), timeout=2).close()
    except OSError:
        return False
    return True


class WindowSink(Sink):
    """A window that keeps the picture's aspect. `write` shows a frame, `commands` gives what was typed since."""

    def __init__(self, title: str = "realtime") -> None:
        """Make sure that a window can be opened; `open` opens it.

        Raises:
            SinkError: There is no display.
        """
        if problem := display_problem():
            raise SinkError(f"no window can be opened: {problem}")
        self.title = title
        self._seen = False
        self._fullscreen = False
        self._screen: Size = (0, 0)
        self._shape: tuple[int, ...] = ()  # of the picture that the window was shaped for
        self._tall = self._given = 0  # the height that the person wants, and that it was last given

    def _open(self, format: Format) -> None:
        _find_fonts()
        self._screen = _screen_size()
        try:
            # The aspect is kept by `_framed`: highgui's own way is not the same everywhere, and leaves light edges.
            cv2.namedWindow(self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise SinkError(
                "no window can be opened: this OpenCV was built without them (opencv-python-headless?);"
                " pip uninstall it and install opencv-python"
            ) from error

    def _write(self, stylized: Stylized) -> None:
        self.show(stylized.picture)

    def show(self, picture: Picture) -> None:
        """Put a picture on the screen, also one that is no frame.

        Args:
            picture: uint8, H×W×3, BGR.

        Raises:
            SinkError: The window was not opened, or was closed.
        """
        if self._closed or self.format is None:
            raise SinkError("the window was closed" if self._closed else "the window was not opened")
        if picture.shape != self._shape and not self._fullscreen:
            self._resize(picture)
        _, _, width, height = cv2.getWindowImageRect(self.title)
        cv2.imshow(self.title, _framed(picture, (width, height)))

    def _resize(self, picture: Picture) -> None:
        """Give the window the picture's shape, as tall as the person made it and the screen allows."""
        height, width = picture.shape[:2]
        if self._shape:
            self._measure()
        scale = min((self._tall or height) / height, 0.95 * self._screen[0] / width, 0.85 * self._screen[1] / height)
        self._given = max(1, round(height * scale))
        cv2.resizeWindow(self.title, max(1, round(width * scale)), self._given)
        self._shape = picture.shape

    def _measure(self) -> None:
        """See whether the person gave the window another height."""
        now = cv2.getWindowImageRect(self.title)[3]
        if now > 0 and abs(now - self._given) > 1:
            self._tall = now

    def full_screen(self, on: bool) -> None:
        """Switch full screen on or off."""
        if on == self._fullscreen:
            return
        if on and self._shape:
            self._measure()
        self._fullscreen = on
        self._shape = ()  # afterwards it is shaped anew, since the picture may have changed meanwhile
        mode = cv2.WINDOW_FULLSCREEN if on else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(self.title, cv2.WND_PROP_FULLSCREEN, mode)

    def commands(self) -> list[Command]:
        """Give what the keys typed since the last call mean; closing the window means `Quit`. Lets the window redraw."""
        found: list[Command] = []
        try:
            code = cv2.waitKeyEx(1)
            while code != -1:
                if command := KEY_MAP.get(key_name(code)):
                    found.append(command)
                code = cv2.pollKey()
            visible = cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # its last window closed, highgui knows of none any more
            visible = False
        self._seen = self._seen or visible
        if self._seen and not visible:
            found.append(Quit())
        return found

    def _close(self) -> None:
        if self.format is None:
            return
        try:
            cv2.destroyWindow(self.title)
            cv2.waitKeyEx(1)  # the window goes when its events are handled
        except cv2.error:
            pass  # closed by its own button, it is gone already


def _framed(picture: Picture, window: Size) -> Picture:
    """`picture` between black edges, in the window's aspect."""
    height, width = picture.shape[:2]
    if min(window) <= 0:
        return picture
    aspect = window[0] / window[1]
    # No more than four times as large, however odd the window.
    across = min(max(0, round(height * aspect) - width), 3 * width)
    down = min(max(0, round(width / aspect) - height), 3 * height)
    if across <= 1 and down <= 1:  # a pixel that rounding made
        return picture
    left, top = across // 2, down // 2
    return cv2.copyMakeBorder(picture, top, down - top, left, across - left, cv2.BORDER_CONSTANT)  # type: ignore[return-value]


def key_name(code: int) -> str:
    """Give the key map's name of what `cv2.waitKeyEx` gave: "left", "escape", "n"."""
    character = code & 0xFFFF  # with GTK modifiers are in the bits above, and with Windows the arrows
    if special := _SPECIAL.get(code) or _SPECIAL.get(character):
        return special
    return chr(character).lower() if 32 <= character < 127 else ""


def _find_fonts() -> None:
    """Qt as OpenCV brings it has no fonts and says so on the terminal; the system's will do."""
    for folder in ("/usr/share/fonts/truetype", "/usr/share/fonts"):
        if Path(folder).is_dir():
            os.environ.setdefault("QT_QPA_FONTDIR", folder)
    os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false;*.debug=false")
