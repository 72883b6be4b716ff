"""The window: what is drawn over the picture, and the keys. All of it belongs to the main thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from realtime.control.actions import Quit
from realtime.control.commands import Command, Leave, Nudge, Pointer, ToggleView, Typed
from realtime.control.keymap import STEP
from realtime.core.errors import RealtimeError, SinkError
from realtime.core.events import Event, Notice, Saved, Trouble
from realtime.core.frame import Picture, Size
from realtime.core.mailbox import Mailbox
from realtime.live.overview import Overview
from realtime.live.stream import Shown
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format
from realtime.sinks.card import pages
from realtime.sinks.hud import draw
from realtime.sinks.lettering import letter_size
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.view import ViewSettings

_NOTICE_SECONDS, _GREETING_SECONDS, _AGAIN_SECONDS = 3.0, 8.0, 3.0
_OVERVIEW_SECONDS = 0.07  # how often the overview is drawn, at most
_MOST_NOTICES = 4
_ENDING = frozenset(("q", "escape"))  # keys
_KEY_SECONDS = 0.05  # how often keys are looked for while no frame comes: a frame is shown at once
_REDRAW_SECONDS = 0.25  # how often a picture that stays is drawn again where what is written over it has changed
_WAITING: tuple[int, int] = (640, 480)  # size of the picture that is shown while there is none


class Window(Protocol):
    """What a display needs of a window; `realtime.sinks.window.WindowSink` is one."""

    def open(self, format: Format) -> None:
        """Open it."""

    typing: bool
    """Whether keys are given as `Typed`."""

    @property
    def size(self) -> Size:
        """Width and height of what it shows, in pixels of the screen."""

    def show(self, picture: Picture, waiting: bool = False, whole: bool = False) -> None:
        """Put a picture on the screen: uint8, H×W×3, BGR.

        Args:
            picture: The picture.
            waiting: Whether it stands for a picture that has not come yet.
            whole: Whether the window keeps its shape, whatever shape the picture has.
        """

    def full_screen(self, on: bool) -> None:
        """Switch full screen on or off."""

    def commands(self) -> list[Command]:
        """Give what was typed since the last call."""

    def close(self) -> None:
        """Close it."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What is written over a picture, and the size of the window for which it is."""

    line: str
    recording: str
    notices: tuple[str, ...]
    page: int
    window: Size


class Display:
    """Shows a stream, or the chosen one of several, in a window: the newest picture, the heads-up line, notices, the help card."""

    def __init__(
        self,
        window: Window,
        shown: Shown,
        recorder: Callable[[], RecorderSink | None] = lambda: None,
        greeting: Sequence[str] = (),
        kiosk: frozenset[str] | None = None,
    ) -> None:
        """Make a display.

        Args:
            window: Where to show it.
            shown: What to show.
            recorder: Gives the clip that is being recorded, whose time is shown.
            greeting: Notices for the first seconds.
            kiosk: The names of the keys that work where strangers stand before the window: no path, address or error is
                drawn there, full screen is not left, and the mouse works in the overview alone. None for everybody else.
        """
        self._window, self._shown, self._recorder, self._greeting = window, shown, recorder, greeting
        self._kiosk = kiosk
        self._pictures: Mailbox[Stylized] = Mailbox(shown.wake)
        self._notices: deque[tuple[float, str]] = deque(maxlen=64)
        self._latest: Stylized | None = None
        self._drawn_at = -1.0
        self._drawn_with: ViewSettings | None = None
        self._written: _Written | None = None
        self._overview: Overview | None = None
        self._page = 1  # of the help card
        self._asked_at = -_AGAIN_SECONDS  # when Esc was pressed while a clip was recorded
        self._unsubscribe = shown.events.subscribe(self._heard)
        shown.attach(self._pictures)

    @property
    def dropped(self) -> int:
        """Frames that a newer one replaced before they were shown."""
        return self._pictures.dropped

    def open(self) -> None:
        """Open the window.

        Raises:
            SinkError: It cannot be opened.
        """
        self._window.open(Format(_WAITING))

    def step(self) -> bool:
        """Show the newest frame, if there is a new one, and carry out what was typed. To be called again and again.

        Returns:
            Whether a frame was shown.

        Raises:
            SinkError: The window takes no picture, or was closed where no key may close it.
        """
        stylized = self._pictures.get(_KEY_SECONDS)
        settings, now = self._shown.view.settings, time.monotonic()
        new = stylized is not None and not (self._latest and stylized.picture is self._latest.picture)
        if stylized is not None:
            if self._latest is None and self._kiosk is None:
                self._notices.extend((now + _GREETING_SECONDS, text) for text in self._greeting)
            self._latest = stylized
        if settings.overview != (self._overview is not None):
            look = self._shown.stream.controls.settings.look
            self._overview = Overview(self._shown.stream.library, look.style) if settings.overview else None
            self._window.typing = settings.overview
        changed = settings is not self._drawn_with or (new and not self._overview)
        if changed or now - self._drawn_at > (_OVERVIEW_SECONDS if self._overview else _REDRAW_SECONDS):
            self._window.full_screen(settings.fullscreen)
            self._show(settings, now, changed)
            self._drawn_at, self._drawn_with = now, settings
        if stylized is not None:
            self._shown.stream.meter.add_shown(stylized.frame.time)
        for command in self._window.commands():
            if command == Quit() and self._kiosk is not None and not self._kiosk & _ENDING:
                raise SinkError("the window was closed, and no key of --kiosk-keys ends the program")
            try:
                if meant := self._meant(command):
                    self._shown.apply(meant)
            except RealtimeError as error:
                self._shown.events.emit(Notice(str(error)))
        return stylized is not None

    def close(self) -> None:
        """Close the window."""
        self._unsubscribe()
        self._shown.detach(self._pictures)
        self._pictures.close()
        self._window.close()

    def _heard(self, event: Event) -> None:
        text = event.text
        if self._kiosk is not None:
            text = "saved" if isinstance(event, Saved) else ""
        if text and not isinstance(event, Trouble):
            self._notices.append((time.monotonic() + _NOTICE_SECONDS, text))

    # ---- keys and mouse ----

    def _meant(self, command: Command) -> Command | None:
        """Give what a command means for what the window shows now; None where it is carried out already."""
        settings = self._shown.view.settings
        if isinstance(command, Leave):
            return self._left(settings)
        if isinstance(command, (Typed, Pointer)):
            if self._overview:
                return self._chosen(command)
            return self._pointed(command, settings) if isinstance(command, Pointer) and self._kiosk is None else None
        if command == ToggleView("help") and settings.help:
            self._page += 1
            self._drawn_at = -1.0
            return None if self._page <= pages(self._window.size, self._kiosk) else command
        if isinstance(command, ToggleView) and command.setting == "help":
            self._page = 1
        return command

    def _left(self, settings: ViewSettings) -> Command | None:
        if settings.help or (settings.fullscreen and self._kiosk is None):
            return ToggleView("help" if settings.help else "fullscreen", False)
        now = time.monotonic()
        if self._recorder() and now - self._asked_at > _AGAIN_SECONDS:
            self._asked_at = now
            self._shown.events.emit(Notice("a clip is being recorded: Esc once more ends it and quits"))
            return None
        return Quit()

    def _chosen(self, command: Typed | Pointer) -> Command | None:
        """Carry out what was done in the overview; a choice closes it."""
        assert self._overview
        self._drawn_at = min(self._drawn_at, time.monotonic() - _OVERVIEW_SECONDS)
        if isinstance(command, Typed):
            if command.key in ("escape", "tab"):
                return ToggleView("overview", False)
            choice = self._overview.typed(command)
        else:
            choice = self._overview.pointed(command)
        if choice:
            self._shown.apply(ToggleView("overview", False))
        return choice

    def _pointed(self, pointer: Pointer, settings: ViewSettings) -> Command | None:
        if pointer.gesture == "wheel":
            return Nudge("strength", max(-1.0, min(1.0, STEP * pointer.by)))
        if pointer.gesture == "menu":
            return ToggleView("compare")
        if pointer.gesture == "press" and settings.info and not settings.clean and self._latest is not None:
            picture = self._latest.picture
            if 1.0 >= pointer.down > 1 - 2.2 * letter_size(picture) / picture.shape[0]:
                return ToggleView("overview")
        return None

    # ---- drawing ----

    def _show(self, settings: ViewSettings, now: float, changed: bool) -> None:
        """Show what is to be seen now; where nothing has `changed`, only if what is written over it has."""
        if self._overview and min(self._window.size) > 0:
            self._written = None
            self._window.show(self._overview.draw(self._window.size, self._shown.stream.thumbnails.look), whole=True)
            return
        before, self._written = self._written, self._writing(settings, now)
        if changed or self._written != before:
            picture = self._drawn(self._written)
            self._window.show(picture, waiting=self._latest is None, whole=bool(self._written.page))

    def _writing(self, settings: ViewSettings, now: float) -> _Written:
        """Give what is to be written over the picture now."""
        size = self._window.size
        if settings.clean or (settings.blackout if self._latest else self._kiosk is not None):
            return _Written("", "", (), 0, size)
        line = recording = ""
        notices = [text for until, text in tuple(self._notices) if until > now][-_MOST_NOTICES:]
        if self._shown.stream.trouble and self._kiosk is None:
            notices.append(self._shown.stream.trouble)
        if self._latest is None:
            notices.insert(0, f"waiting for {self._shown.stream.source.name}")
        else:
            recorder = self._recorder()
            line = self._shown.view.line(self._latest) if settings.info else ""
            recording = _clock(recorder) if recorder else ""
        return _Written(line, recording, tuple(notices), self._page if settings.help else 0, size)

    def _drawn(self, written: _Written) -> Picture:
        """Give what is shown, brought to the window's size where it is a help card, which is to be read."""
        if self._latest is None:
            picture: Picture = np.zeros((_WAITING[1], _WAITING[0], 3), np.uint8)
        else:
            picture = self._shown.view.compose(self._latest)
            if written.page:
                picture = _inside(picture, written.window)
        if not (written.line or written.recording or written.notices or written.page):
            return picture
        return draw(picture, written.line, written.recording, written.notices, written.page, self._kiosk)


def _inside(picture: Picture, size: Size) -> Picture:
    """Scale a picture so that it fits a window of a size, which is 0 where it is not known."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    if scale <= 0:
        return picture
    return cv2.resize(picture, (max(1, round(width * scale)), max(1, round(height * scale))))  # type: ignore[return-value]


def _clock(recorder: RecorderSink) -> str:
    lost = f" · {recorder.dropped} dropped" if recorder.dropped else ""
    return f"{int(recorder.seconds) // 60}:{int(recorder.seconds) % 60:02d}{lost}"
