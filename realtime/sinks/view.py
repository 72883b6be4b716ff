"""What a sink shows of a stylized frame: the picture alone or beside the original, with or without the heads-up line.

A view composes a picture once, for however many sinks show it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from realtime.control.commands import ToggleView, ViewCommand
from realtime.core.errors import UsageError
from realtime.core.events import Events, SettingsChanged
from realtime.core.frame import Picture
from realtime.look.stylized import Stylized
from realtime.sinks.hud import draw
from realtime.sinks.jpegs import JpegEncoder

_DIVIDER = 4  # pixels between the original and the stylized picture
_LINE_SECONDS = 0.25  # how long the text of a heads-up line is good for, over a picture that stays


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How a view shows frames. Never changed, only replaced.

    Attributes:
        compare: Whether the original stands beside the stylized picture.
        info: Whether there is a heads-up line.
        help: Whether there is the help card.
        fullscreen: Whether a window fills the screen.
        overview: Whether a window shows all styles.
        blackout: Whether the picture is black, in every sink.
        clean: Whether nothing is ever drawn over the picture in a window.
    """

    compare: bool = False
    info: bool = True
    help: bool = False
    fullscreen: bool = False
    overview: bool = False
    blackout: bool = False
    clean: bool = False


class View:
    """Settings of a view, and the pictures composed by them. Any thread may call."""

    def __init__(
        self,
        settings: ViewSettings | None = None,
        describe: Callable[[Stylized], str] = lambda stylized: "",
        events: Events | None = None,
    ) -> None:
        """Make a view.

        Args:
            settings: The settings to begin with.
            describe: Gives the text of the heads-up line.
            events: The feed that is told of changed settings.
        """
        self._settings = settings or ViewSettings()
        self._describe, self._events = describe, events or Events()
        self._changing = threading.Lock()
        self._line: tuple[Stylized, float, str] | None = None
        self._composed: tuple[Stylized, bool, str, Picture] | None = None
        self._blackness: Picture | None = None
        self.jpegs = JpegEncoder()
        """Encodes what was composed, for all sinks that take JPEGs: each picture once."""
        self.company = ""
        """Who watches and steers from elsewhere, for the heads-up line; empty when nobody does."""

    @property
    def settings(self) -> ViewSettings:
        """The settings now."""
        return self._settings

    def apply(self, command: ViewCommand) -> None:
        """Carry out a command.

        Raises:
            UsageError: It is no command for a view.
        """
        if not isinstance(command, ToggleView):
            raise UsageError(f"{type(command).__name__} is no command for a view")
        with self._changing:
            now = getattr(self._settings, command.setting)
            changed: dict[str, Any] = {command.setting: not now if command.on is None else command.on}
            self._settings = replace(self._settings, **changed)
        self._events.emit(SettingsChanged())

    def line(self, stylized: Stylized) -> str:
        """Give the text of the heads-up line for a frame."""
        known, now = self._line, time.monotonic()
        if known and known[0] is stylized and now - known[1] < _LINE_SECONDS:
            return known[2]
        text = self._describe(stylized)
        if self.company:
            text = f"{text}  ·  {self.company}"
        self._line = stylized, now, text
        return text

    def compose(self, stylized: Stylized, info: bool = False) -> Picture:
        """Compose the picture to show.

        Args:
            stylized: The frame.
            info: Whether the heads-up line is drawn into it.

        Returns:
            uint8, H×W×3, BGR, not to be changed: the frame's own picture where nothing is beside or over it.
        """
        with self._changing:
            if self._settings.blackout:
                return self._black(stylized.picture)
            compare, text = self._settings.compare, self.line(stylized) if info else ""
            if not compare and not text:
                self._composed = None
                return stylized.picture
            known = self._composed
            if known and known[0] is stylized and known[1] == compare and known[2] == text:
                return known[3]
            picture = side_by_side(stylized) if compare else stylized.picture
            if text:
                picture = draw(picture, text)
            self._composed = stylized, compare, text, picture
            return picture

    def _black(self, picture: Picture) -> Picture:
        if self._blackness is None or self._blackness.shape != picture.shape:
            self._blackness = np.zeros_like(picture)
        return self._blackness


def side_by_side(stylized: Stylized) -> Picture:
    """Give the original and the stylized picture in one, with a divider: uint8, H×(2W + 4)×3, BGR."""
    height, width = stylized.picture.shape[:2]
    both = np.full((height, 2 * width + _DIVIDER, 3), 245, np.uint8)
    both[:, :width] = stylized.frame.picture
    both[:, -width:] = stylized.picture
    return both
