"""Style codes, worked out ahead of the frames that want them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from realtime.control.commands import LeaveOutStyle, SelectStyle
from realtime.core.errors import StyleError, UsageError
from realtime.core.events import Events, Notice, StylesChanged
from realtime.live.stream import Shown, Stream
from realtime.models.stylizer import Stylizer
from realtime.styles.library import SCAN_SECONDS, StyleLibrary

_PAUSE = 0.1  # seconds between two looks at the folders
_ALONE_SECONDS = 2.5 * SCAN_SECONDS
"""How long a new picture waits for another one: of several that are dropped in together none is taken up."""


class Codes:
    """Works out the codes of the styles that the streams want, then all others, and follows the style folders."""

    def __init__(
        self,
        library: StyleLibrary,
        stylizer: Stylizer,
        streams: Callable[[], Sequence[Stream]],
        shown: Callable[[], Shown | None],
        events: Events,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Work for `streams`, whose styles are those of `library`.

        Args:
            library: The styles and their folders.
            stylizer: What makes the codes; it rests while there is none to make.
            streams: Gives the streams.
            shown: Gives what the window shows.
            events: The feed that is told of styles that come and go.
            clock: Gives seconds, for tests.
        """
        self._library, self._stylizer, self._streams, self._shown = library, stylizer, streams, shown
        self._events, self._clock = events, clock
        self.began = clock()
        """When the last look at the folders, or the last code, was begun."""
        self._new: set[str] = set()
        self._new_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            self.began = self._clock()
            known = self._library.names
            notices = self._library.refresh()
            self._take_up(set(self._library.names) - set(known))
            if notices:
                self._events.emit(StylesChanged())
            for text in notices:
                self._events.emit(Notice(text))
            style = self._next()
            if style is None:
                self._stylizer.model.rest()
                stop.wait(_PAUSE)
            else:
                self.work_out(style)

    def _take_up(self, new: set[str]) -> None:
        """Let what the window shows take up a picture that was dropped in and is the only new one."""
        now = self._clock()
        if new:
            self._new, self._new_at = self._new | new, now
        elif self._new and now - self._new_at > _ALONE_SECONDS:
            (name, *others), self._new = self._new, set()
            shown = self._shown()
            if not others and shown and self._library.ready(name):
                with suppress(UsageError):  # it is gone again
                    shown.apply(SelectStyle(name))

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
