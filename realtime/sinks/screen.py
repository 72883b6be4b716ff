"""The system's screens and its pointer: what OpenCV's window does not tell, asked of X11 and Windows themselves."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import suppress
from typing import Any, NamedTuple


class Screen(NamedTuple):
    """A screen: its top left corner on the desktop, and its width and height, in pixels."""

    left: int
    top: int
    width: int
    height: int


def display_problem() -> str:
    """Say briefly why no window can be opened; empty when one can.

    To be asked before any highgui call: without a display OpenCV's Qt aborts the whole process.
    """
    if sys.platform in ("win32", "darwin"):
        return ""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "DISPLAY is not set"
    try:
        reachable = _XDisplay.reachable()
    except OSError:  # no libX11 on this machine; OpenCV brings libraries of its own
        reachable = _x_socket_answers(display)
    return "" if reachable else f"the display {display} cannot be reached"


def screens() -> list[Screen]:
    """List the screens, the first one first; where that cannot be known, one small screen."""
    found: list[Screen] = []
    with suppress(OSError, AttributeError):  # a library, or a call in it, that is not there
        if sys.platform == "win32":
            found = _windows_screens()
        elif sys.platform != "darwin":
            with _XDisplay() as display:
                found = display.screens()
    return found or [Screen(0, 0, 1280, 800)]


class Pointer:
    """Hides the mouse pointer. Without X11's or Windows' help it stays visible."""

    def __init__(self) -> None:
        """Leave the pointer as it is."""
        self._display: _XDisplay | None = None
        self.hidden = False
        self._place = (0, 0)

    def hide(self, hidden: bool) -> None:
        """Hide the pointer, or show it again."""
        if hidden == self.hidden:
            return
        self.hidden = hidden
        with suppress(OSError, AttributeError):
            if sys.platform == "win32":
                ctypes.windll.user32.ShowCursor(not hidden)
            elif sys.platform != "darwin":
                self._hide_in_x(hidden)
        self._place = self._where()

    def moved(self) -> bool:
        """Say whether the hidden pointer was moved, wherever on the desktop."""
        return self._where() != self._place

    def _where(self) -> tuple[int, int]:
        """Give the place of the pointer on the desktop, where it can be known."""
        with suppress(OSError, AttributeError):
            if sys.platform == "win32":
                place = (ctypes.c_long * 2)()
                ctypes.windll.user32.GetCursorPos(ctypes.byref(place))
                return place[0], place[1]
            if self._display:
                return self._display.pointer()
        return self._place

    def _hide_in_x(self, hidden: bool) -> None:
        if hidden:
            self._display = _XDisplay()
            self._display.hide_pointer()
        elif self._display:
            self._display.close()  # the server shows the pointer when whoever hid it has gone
            self._display = None


class _XDisplay:
    """A connection of its own to the X server. A context manager."""

    def __init__(self) -> None:
        """Connect. OSError when there is no libX11, or no server."""
        self._x11 = ctypes.CDLL("libX11.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self._connection = self._x11.XOpenDisplay(None)
        if not self._connection:
            raise ConnectionError("the X server cannot be reached")

    @classmethod
    def reachable(cls) -> bool:
        """Say whether a server answers. OSError when there is no libX11."""
        try:
            cls().close()
        except ConnectionError:
            return False
        return True

    def _call(self, function: Any, *arguments: Any) -> Any:
        return function(ctypes.c_void_p(self._connection), *arguments)

    def screens(self) -> list[Screen]:
        """List the screens: those of Xinerama, or the one that X itself knows."""
        try:
            found = self._xinerama()
        except (OSError, AttributeError):
            found = []
        number = self._call(self._x11.XDefaultScreen)
        size = (self._call(getattr(self._x11, name), number) for name in ("XDisplayWidth", "XDisplayHeight"))
        return found or [Screen(0, 0, *size)]

    def _xinerama(self) -> list[Screen]:
        class Info(ctypes.Structure):
            _fields_ = (("number", ctypes.c_int), ("left", ctypes.c_short), ("top", ctypes.c_short),
                        ("width", ctypes.c_short), ("height", ctypes.c_short))  # fmt: skip

        library = ctypes.CDLL("libXinerama.so.1")
        library.XineramaQueryScreens.restype = ctypes.POINTER(Info)
        count = ctypes.c_int(0)
        found = self._call(library.XineramaQueryScreens, ctypes.byref(count))
        screens = [Screen(found[k].left, found[k].top, found[k].width, found[k].height) for k in range(count.value)]
        if found:
            self._x11.XFree(found)
        return screens

    def hide_pointer(self) -> None:
        """Hide the pointer until `close`."""
        fixes = ctypes.CDLL("libXfixes.so.3")
        major, minor = ctypes.c_int(4), ctypes.c_int(0)  # the version that can hide it
        self._call(fixes.XFixesQueryVersion, ctypes.byref(major), ctypes.byref(minor))
        if major.value >= 4:
            root = self._call(self._x11.XDefaultRootWindow)
            self._call(fixes.XFixesHideCursor, ctypes.c_ulong(root))
            self._call(self._x11.XFlush)

    def pointer(self) -> tuple[int, int]:
        """Give the place of the pointer."""
        window, state = ctypes.c_ulong(), ctypes.c_uint()
        place = [ctypes.c_int() for _ in range(4)]
        root = ctypes.c_ulong(self._call(self._x11.XDefaultRootWindow))
        places = [ctypes.byref(number) for number in place]
        self._call(
            self._x11.XQueryPointer, root, ctypes.byref(window), ctypes.byref(window), *places, ctypes.byref(state)
        )
        return place[0].value, place[1].value

    def close(self) -> None:
        """Disconnect."""
        self._call(self._x11.XCloseDisplay)

    def __enter__(self) -> _XDisplay:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _windows_screens() -> list[Screen]:
    """List the screens of Windows, the main one first."""
    user = ctypes.windll.user32  # type: ignore[attr-defined,unused-ignore]  # on Windows alone
    found: list[Screen] = []

    def note(monitor: Any, context: Any, corners: Any, data: Any) -> int:
        left, top, right, bottom = corners[0], corners[1], corners[2], corners[3]
        found.append(Screen(left, top, right - left, bottom - top))
        return 1

    kind = ctypes.WINFUNCTYPE(  # type: ignore[attr-defined,unused-ignore]
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_long), ctypes.c_void_p
    )
    user.EnumDisplayMonitors(None, None, kind(note), None)
    return sorted(found, key=lambda screen: (screen.left, screen.top) != (0, 0))


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
