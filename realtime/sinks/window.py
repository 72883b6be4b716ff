"""The window, by OpenCV's highgui. All of it belongs to the main thread."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2

from realtime.control.actions import Quit
from realtime.control.commands import Command, Gesture, Pointer, Typed
from realtime.control.keymap import KEY_MAP
from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Picture, Size
from realtime.look.stylized import Stylized
from realtime.sinks import screen
from realtime.sinks.base import Format, Sink
from realtime.sinks.keys import key_name

POINTER_SECONDS = 3.0
"""How long a pointer that rests stays visible in full screen."""
_LEAST_HEIGHT = 480  # of a window, whose text stays legible over a small picture
_GESTURES: dict[int, Gesture] = {
    cv2.EVENT_MOUSEMOVE: "move", cv2.EVENT_LBUTTONDOWN: "press", cv2.EVENT_RBUTTONDOWN: "menu",
    cv2.EVENT_MOUSEWHEEL: "wheel",
}  # fmt: skip
_FILL_SECONDS = 0.5  # that a window manager has to make a window fill the screen
_NOTCH = 120  # what highgui gives for a notch of the wheel


class WindowSink(Sink):
    """A window that keeps the picture's aspect. `write` shows a frame, `commands` gives what was done there since."""

    def __init__(
        self,
        title: str = "realtime",
        *,
        fill: bool = False,
        on_screen: int | None = None,
        place: screen.Screen | None = None,
        pointer_seconds: float = POINTER_SECONDS,
        keymap: Mapping[str, Command] = KEY_MAP,
    ) -> None:
        """Make sure that a window can be opened; `open` opens it.

        Args:
            title: The window's title.
            fill: Whether a picture of another aspect is cropped, rather than shown between black edges.
            on_screen: The screen to open on, from 1; by default the one that the system chooses.
            place: Where the picture lay on the desktop before, and how large it was.
            pointer_seconds: How long a pointer that rests stays visible in full screen.
            keymap: The commands of the keys, by name.

        Raises:
            UsageError: There is no such screen.
            SinkError: There is no display.
        """
        if problem := screen.display_problem():
            raise SinkError(f"no window can be opened: {problem}")
        self.title, self._fill, self._keymap, self._pointer_seconds = title, fill, keymap, pointer_seconds
        self.typing = False
        """Whether keys are given as they are, as `Typed`, rather than as the commands of the key table."""
        self._screens = screens = screen.screens()
        if on_screen is not None and not 1 <= on_screen <= len(screens):
            raise UsageError(f"there is no screen {on_screen}; the system knows of {len(screens)}")
        self._screen = screens[on_screen - 1] if on_screen else screens[0]
        self._begin = _within(place, screens) if place else None
        self._chosen = on_screen is not None
        self._seen = False
        self._fullscreen = self._filled = False
        self._shape: tuple[int, ...] = ()  # of the picture that the window was shaped for
        self._waiting = False  # whether that picture stood for one that had not come yet
        self._tall, self._given = self._begin.height if self._begin else 0, 0  # the height wanted, and last given
        self._corner = self._shown = (0, 0)  # the picture's top left corner in what is shown, and its size
        self._gestures: list[Command] = []
        self._moved = self._switched = 0.0
        self._pointer = screen.Pointer()

    @property
    def size(self) -> Size:
        """Width and height of what the window shows, in pixels of the screen; 0 before it is open."""
        if self.format is None or self._closed:
            return 0, 0
        _, _, width, height = cv2.getWindowImageRect(self.title)
        return max(0, width), max(0, height)

    @property
    def place(self) -> screen.Screen | None:
        """Where the window lies, or lay when it was closed; None while it was never shown but in full screen."""
        return self._begin

    def _open(self, format: Format) -> None:
        _find_fonts()
        try:
            # The aspect is kept by `_framed`: highgui's own way is not the same everywhere, and leaves light edges.
            cv2.namedWindow(self.title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise SinkError(
                "no window can be opened: this OpenCV was built without them (opencv-python-headless?);"
                " pip uninstall it and install opencv-python"
            ) from error
        cv2.setMouseCallback(self.title, self._gestured)
        if self._chosen or self._begin:
            corner = self._begin or self._screen
            cv2.moveWindow(self.title, corner.left, corner.top)

    def _write(self, stylized: Stylized) -> None:
        self.show(stylized.picture)

    def show(self, picture: Picture, waiting: bool = False, whole: bool = False) -> None:
        """Put a picture on the screen, also one that is no frame.

        Args:
            picture: uint8, H×W×3, BGR.
            waiting: Whether it stands for a picture that has not come yet: the window is shaped anew for that one.
            whole: Whether the window keeps its shape, whatever shape the picture has.

        Raises:
            SinkError: The window was not opened, or was closed.
        """
        if self._closed or self.format is None:
            raise SinkError("the window was closed" if self._closed else "the window was not opened")
        if not (whole or self._fullscreen) and (picture.shape != self._shape or self._waiting > waiting):
            self._resize(picture)
            self._waiting = waiting
        framed, self._corner = _framed(picture, self.size, self._fill)
        self._shown = picture.shape[1], picture.shape[0]
        cv2.imshow(self.title, framed)

    def _resize(self, picture: Picture) -> None:
        """Give the window the picture's shape, as tall as the person made it and the screen allows."""
        height, width = picture.shape[:2]
        if self._shape and not self._waiting:
            self._measure()
        wide, high = 0.95 * self._screen.width, 0.85 * self._screen.height
        scale = min((self._tall or max(height, _LEAST_HEIGHT)) / height, wide / width, high / height)
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
            self._begin = self._lies()
        if on and self._chosen:
            cv2.moveWindow(self.title, self._screen.left, self._screen.top)
        self._fullscreen, self._filled = on, False
        self._moved = self._switched = time.monotonic()
        self._shape = ()  # afterwards it is shaped anew, since the picture may have changed meanwhile
        mode = cv2.WINDOW_FULLSCREEN if on else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(self.title, cv2.WND_PROP_FULLSCREEN, mode)

    def commands(self) -> list[Command]:
        """Give what keys and mouse did since the last call; closing the window means `Quit`. Lets the window redraw."""
        self._hide_pointer()
        self._fill_screen()
        found: list[Command] = []
        try:
            code = cv2.waitKeyEx(1)
            while code != -1:
                name = key_name(code)
                if command := Typed(name) if self.typing and name else self._keymap.get(name):
                    found.append(command)
                code = cv2.pollKey()
            visible = cv2.getWindowProperty(self.title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # its last window closed, highgui knows of none any more
            visible = False
        gestures, self._gestures = self._gestures, []
        found += gestures
        self._seen = self._seen or visible
        if self._seen and not visible:
            found.append(Quit())
        return found

    def _gestured(self, event: int, x: int, y: int, flags: int, data: object) -> None:
        """Note what the mouse did; highgui calls this while it looks for keys."""
        self._moved = time.monotonic()
        gesture = _GESTURES.get(event)
        if gesture is None or not min(self._shown):
            return
        across, down = (
            (at - corner) / side for at, corner, side in zip((x, y), self._corner, self._shown, strict=True)
        )
        notches = round((flags >> 16) / _NOTCH) if gesture == "wheel" else 0
        if gesture == "move" and self._gestures and getattr(self._gestures[-1], "gesture", "") == "move":
            self._gestures.pop()  # the last place alone is of use
        self._gestures.append(Pointer(gesture, across, down, notches))

    def _fill_screen(self) -> None:
        """Give the window the screen's size where nobody else did: an X server without a window manager, as installations have."""
        if not self._fullscreen or self._filled or time.monotonic() - self._switched < _FILL_SECONDS:
            return
        self._filled = True
        if not self._closed and self.size not in [(one.width, one.height) for one in self._screens]:
            cv2.moveWindow(self.title, self._screen.left, self._screen.top)
            cv2.resizeWindow(self.title, self._screen.width, self._screen.height)

    def _hide_pointer(self) -> None:
        if self._pointer.hidden and self._pointer.moved():
            self._moved = time.monotonic()
        rests = time.monotonic() - self._moved >= self._pointer_seconds
        self._pointer.hide(self._fullscreen and rests)

    def _lies(self) -> screen.Screen | None:
        """Give the place of the window on the desktop; what was known before where it is not shown now."""
        place = screen.Screen(*cv2.getWindowImageRect(self.title))
        return place if min(place.width, place.height) > 0 else self._begin

    def _close(self) -> None:
        if self.format is None:
            return
        self._pointer.hide(False)
        try:
            if not self._fullscreen:
                self._begin = self._lies()
            cv2.destroyWindow(self.title)
            cv2.waitKeyEx(1)  # the window goes when its events are handled
        except cv2.error:
            pass  # closed by its own button, it is gone already


def _within(place: screen.Screen, screens: Sequence[screen.Screen]) -> screen.Screen | None:
    """Give the place where it lies on one of the screens, None where that screen is gone."""
    middle = place.left + place.width // 2, place.top + place.height // 2
    for known in screens:
        if 0 <= middle[0] - known.left < known.width and 0 <= middle[1] - known.top < known.height:
            return place
    return None


def _framed(picture: Picture, window: Size, fill: bool) -> tuple[Picture, tuple[int, int]]:
    """Give a picture in the window's aspect, between black edges or cropped, and where its top left corner is in that."""
    height, width = picture.shape[:2]
    if min(window) <= 0:
        return picture, (0, 0)
    aspect = window[0] / window[1]
    if fill:
        left = max(0, width - max(1, round(height * aspect))) // 2
        top = max(0, height - max(1, round(width / aspect))) // 2
        return picture[top : height - top, left : width - left], (-left, -top)
    # No more than four times as large, however odd the window.
    across = min(max(0, round(height * aspect) - width), 3 * width)
    down = min(max(0, round(width / aspect) - height), 3 * height)
    if across <= 1 and down <= 1:  # a pixel that rounding made
        return picture, (0, 0)
    left, top = across // 2, down // 2
    edges = top, down - top, left, across - left
    return cv2.copyMakeBorder(picture, *edges, cv2.BORDER_CONSTANT), (left, top)  # type: ignore[return-value]


def _find_fonts() -> None:
    """Qt as OpenCV brings it has no fonts and says so on the terminal; the system's will do."""
    for folder in ("/usr/share/fonts/truetype", "/usr/share/fonts"):
        if Path(folder).is_dir():
            os.environ.setdefault("QT_QPA_FONTDIR", folder)
    os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false;*.debug=false")
