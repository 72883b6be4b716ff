"""The window of a stream: what is drawn over the picture, and the keys. All of it belongs to the main thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from realtime.control.commands import Command
from realtime.core.errors import RealtimeError
from realtime.core.events import Event, Notice, Trouble
from realtime.core.frame import Picture
from realtime.core.mailbox import Mailbox
from realtime.live.stream import Stream
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format
from realtime.sinks.hud import draw
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.view import ViewSettings

_NOTICE_SECONDS = 3.0
_MOST_NOTICES = 4
_REDRAW_SECONDS = 0.25  # how often a picture that stays is drawn again, for what is written over it
_WAITING: tuple[int, int] = (640, 480)  # size of the picture that is shown while there is none


class Window(Protocol):
    """What a display needs of a window; `realtime.sinks.window.WindowSink` is one."""

    def open(self, format: Format) -> None:
        """Open it."""

    def show(self, picture: Picture) -> None:
        """Put a picture on the screen: uint8, H×W×3, BGR."""

    def full_screen(self, on: bool) -> None:
        """Switch full screen on or off."""

    def commands(self) -> list[Command]:
        """Give what was typed since the last call."""

    def close(self) -> None:
        """Close it."""


class Display:
    """Shows a stream in a window: the newest picture, the heads-up line, notices, the help card."""

    def __init__(
        self, window: Window, stream: Stream, recorder: Callable[[], RecorderSink | None] = lambda: None
    ) -> None:
        """Make a display; `recorder` gives the clip that is being recorded, whose time is shown."""
        self._window, self._stream, self._recorder = window, stream, recorder
        self._pictures: Mailbox[Stylized] = Mailbox()
        self._notices: deque[tuple[float, str]] = deque(maxlen=64)
        self._latest: Stylized | None = None
        self._drawn_at = -1.0
        self._drawn_with: ViewSettings | None = None
        self._unsubscribe = stream.events.subscribe(self._heard)
        stream.attach(self._pictures)

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
        """
        stylized = self._pictures.get(0.01)
        settings, now = self._stream.view.settings, time.monotonic()
        if stylized is not None:
            self._latest = stylized
        if stylized is not None or settings is not self._drawn_with or now - self._drawn_at > _REDRAW_SECONDS:
            self._window.full_screen(settings.fullscreen)
            self._window.show(self._drawn(settings, now))
            self._drawn_at, self._drawn_with = now, settings
        if stylized is not None:
            self._stream.meter.add_shown(stylized.frame.time)
        for command in self._window.commands():
            try:
                self._stream.apply(command)
            except RealtimeError as error:
                self._stream.events.emit(Notice(str(error)))
        return stylized is not None

    def close(self) -> None:
        """Close the window."""
        self._unsubscribe()
        self._stream.detach(self._pictures)
        self._pictures.close()
        self._window.close()

    def _heard(self, event: Event) -> None:
        if event.text and not isinstance(event, Trouble):
            self._notices.append((time.monotonic() + _NOTICE_SECONDS, event.text))

    def _drawn(self, settings: ViewSettings, now: float) -> Picture:
        notices = [text for until, text in tuple(self._notices) if until > now][-_MOST_NOTICES:]
        if self._stream.trouble:
            notices.append(self._stream.trouble)
        if self._latest is None:
            black = np.zeros((_WAITING[1], _WAITING[0], 3), np.uint8)
            return draw(black, "", "", [f"waiting for {self._stream.source.name}", *notices], settings.help)
        picture = self._stream.view.compose(self._latest)
        line = self._stream.view.line(self._latest) if settings.info else ""
        recorder = self._recorder()
        recording = _clock(recorder) if recorder else ""
        if not (line or recording or notices or settings.help):
            return picture
        return draw(picture, line, recording, notices, settings.help)


def _clock(recorder: RecorderSink) -> str:
    lost = f" · {recorder.dropped} dropped" if recorder.dropped else ""
    return f"{int(recorder.seconds) // 60}:{int(recorder.seconds) % 60:02d}{lost}"
