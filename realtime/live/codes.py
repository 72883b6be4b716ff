"""Style codes, worked out ahead of the frames that want them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from realtime.control.commands import LeaveOutStyle
from realtime.core.errors import StyleError, UsageError
from realtime.core.events import Events, Notice, StylesChanged
from realtime.live.stream import Stream
from realtime.styles.library import StyleLibrary

_PAUSE = 0.02  # seconds between two looks at the folders


class Codes:
    """Works out the codes of the styles that the streams want, then all others, and follows the style folders."""

    def __init__(self, library: StyleLibrary, streams: Callable[[], Sequence[Stream]], events: Events) -> None:
        """Work for `streams`, whose styles are those of `library`; `events` is told of styles that come and go."""
        self._library, self._streams, self._events = library, streams, events

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            notices = self._library.refresh()
            if notices:
                self._events.emit(StylesChanged())
            for text in notices:
                self._events.emit(Notice(text))
            style = self._next()
            if style is None:
                stop.wait(_PAUSE)
            else:
                self.work_out(style)

    def work_out(self, style: str) -> None:
        """Work out a code; streams that want a style which cannot be used go back to what they had."""
        try:
            self._library.code(style)
        except (StyleError, UsageError) as error:
            self._events.emit(Notice(f"style {style} is left out: {error}"))
            for stream in self._streams():
                stream.controls.apply(LeaveOutStyle(style, stream.in_use.styles))

    def _next(self) -> str | None:
        wanted = {name for stream in self._streams() for name, _ in stream.controls.settings.look.styles}
        waiting = [name for name in self._library.names if not self._library.ready(name)]
        return min(waiting, key=lambda name: name not in wanted, default=None)
