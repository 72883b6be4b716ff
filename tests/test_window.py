"""The window's shape, place and pointer: what it asks of OpenCV and of the system, which stand-ins note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.core.errors import UsageError
from realtime.core.frame import Picture
from realtime.sinks import screen
from realtime.sinks.base import Format
from realtime.sinks.screen import Screen
from realtime.sinks.window import POINTER_SECONDS, WindowSink

SCREENS = [Screen(0, 0, 1600, 1000), Screen(1600, 0, 1920, 1080)]


class Highgui:
    """OpenCV's window functions, of a system that gives a window the size and the place that are asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = [0, 0, 1, 1]
        self.shown: list[Picture] = []
        self.pointer: list[bool] = []
        self.now = 1000.0
        functions: dict[str, Callable[..., Any]] = {
            "moveWindow": self.move, "resizeWindow": self.resize, "getWindowImageRect": lambda title: tuple(self.place),
            "setWindowProperty": self.set_mode, "imshow": lambda title, picture: self.shown.append(picture),
        }  # fmt: skip
        for name, function in functions.items():
            monkeypatch.setattr(cv2, name, function)
        for name in ("namedWindow", "setMouseCallback", "destroyWindow"):
            monkeypatch.setattr(cv2, name, lambda *_: None)
        for name in ("waitKeyEx", "pollKey"):
            monkeypatch.setattr(cv2, name, lambda *_: -1)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
        monkeypatch.setattr("realtime.sinks.window.time.monotonic", lambda: self.now)
        monkeypatch.setattr(screen, "display_problem", lambda: "")
        monkeypatch.setattr(screen, "screens", lambda: SCREENS)
        monkeypatch.setattr(screen, "Pointer", lambda: self)

    # the pointer

    hidden = False
    rests = True

    def hide(self, hidden: bool) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            self.pointer.append(hidden)

    def moved(self) -> bool:
        return not self.rests

    # the window

    def move(self, title: str, left: int, top: int) -> None:
        self.place[:2] = left, top

    def resize(self, title: str, width: int, height: int) -> None:
        self.place[2:] = width, height

    def set_mode(self, title: str, number: int, value: float) -> None:
        if value == cv2.WINDOW_FULLSCREEN:
            self.place[2:] = 1600, 1000


@pytest.fixture
def highgui(monkeypatch: pytest.MonkeyPatch) -> Highgui:
    return Highgui(monkeypatch)


def picture(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 90, np.uint8)


def opened(**options: Any) -> WindowSink:
    window = WindowSink(**options)
    window.open(Format((640, 480)))
    return window


@pytest.mark.parametrize(
    ("frame", "size"),
    [((1280, 720), (1280, 720)), ((640, 480), (640, 480)), ((320, 240), (640, 480)), ((3840, 2160), (1511, 850)),
     ((720, 1280), (478, 850))],
)  # fmt: skip
def test_the_window_takes_the_shape_of_the_first_frame_within_the_screen(
    highgui: Highgui, frame: tuple[int, int], size: tuple[int, int]
) -> None:
    window = opened()
    window.show(picture(640, 480), waiting=True)
    assert highgui.place[2:] == [640, 480]
    window.show(picture(*frame))
    assert highgui.place[2:] == list(size)


def test_a_window_that_a_person_resized_keeps_its_height(highgui: Highgui) -> None:
    window = opened()
    window.show(picture(640, 480))
    highgui.place[2:] = 800, 600
    window.show(picture(1280, 720))
    assert highgui.place[2:] == [1067, 600]


def test_edges_are_black_and_with_fill_there_are_none(highgui: Highgui) -> None:
    for fill, seen in ((False, 0), (True, 90)):
        window = opened(fill=fill)
        window.show(picture(640, 480))
        highgui.place[2:] = 1200, 480
        window.show(picture(640, 480))
        shown = highgui.shown[-1]
        assert abs(shown.shape[1] / shown.shape[0] - 1200 / 480) < 0.02
        assert (shown[:, 0] == seen).all() and (shown[:, -1] == seen).all()
        assert (shown[:, shown.shape[1] // 2] == 90).all()


def test_a_window_opens_on_the_screen_that_is_asked_for(highgui: Highgui) -> None:
    opened(on_screen=2)
    assert highgui.place[:2] == [1600, 0]
    with pytest.raises(UsageError, match="there is no screen 3; the system knows of 2"):
        WindowSink(on_screen=3)


def test_a_window_opens_where_it_lay_unless_that_screen_is_gone(
    highgui: Highgui, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Screen(1700, 100, 800, 600)
    window = opened(place=place)
    window.show(picture(640, 480))
    assert tuple(highgui.place) == place
    window.close()
    assert window.place == place
    monkeypatch.setattr(screen, "screens", lambda: SCREENS[:1])
    highgui.place[:2] = 0, 0
    opened(place=place)
    assert highgui.place[:2] == [0, 0]


def test_a_pointer_that_rests_is_hidden_in_full_screen_alone(highgui: Highgui) -> None:
    window = opened()
    window.show(picture(640, 480))
    highgui.now += 60
    window.commands()
    assert not highgui.pointer, "in a window it stays"
    window.full_screen(True)
    highgui.now += POINTER_SECONDS - 0.1
    window.commands()
    assert not highgui.pointer
    highgui.now += 0.2
    window.commands()
    assert highgui.pointer == [True]
    highgui.rests = False
    window.commands()
    assert highgui.pointer == [True, False], "moved, it is seen again"
    highgui.rests = True
    highgui.now += POINTER_SECONDS
    window.commands()
    window.full_screen(False)
    window.commands()
    assert highgui.pointer[-2:] == [True, False]
    assert POINTER_SECONDS == 3
