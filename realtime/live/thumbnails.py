"""Thumbnails: the newest frame of a stream in every style, small, painted only while somebody looks."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2

from realtime.core.events import Events, Notice
from realtime.core.frame import Picture, Size
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary

SIZE: Size = (160, 120)
"""Width and height of a thumbnail, in pixels."""
_LOOK_SECONDS = 1.0  # after which somebody who has not asked again looks no longer
_REST = 12.0
"""The rest after a thumbnail, in times that it took: with what the model needs to change sizes, under a tenth of its time."""


@dataclass(frozen=True, slots=True)
class _Painted:
    picture: Picture
    of: weakref.ref[Picture]  # a frame is not kept for its thumbnail's sake
    code: StyleCode
    time: float


class Thumbnails:
    """The thumbnails of one stream: a guest of the model's host, one thumbnail a turn. Any thread may call `look`."""

    def __init__(
        self,
        stylizer: Stylizer,
        library: StyleLibrary,
        host: ModelHost,
        newest: Callable[[], Stylized | None],
        events: Events,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Paint nothing until somebody looks.

        Args:
            stylizer: What paints.
            library: The codes of the styles.
            host: Gives the turns.
            newest: Gives the newest frame of the stream.
            events: The feed that is told when the model fails.
            clock: Gives seconds, for tests.
        """
        self._stylizer, self._library, self._host, self._newest = stylizer, library, host, newest
        self._events, self._clock = events, clock
        self._changing = threading.Lock()
        self._looked: dict[str, float] = {}
        self._painted: dict[str, _Painted] = {}
        self._rest_until = 0.0
        self._begun = False

    def look(self, names: Sequence[str]) -> dict[str, Picture]:
        """Give the thumbnails of some styles, as far as they are painted, and have them painted anew for a second.

        Args:
            names: The styles that are looked at.

        Returns:
            By name, uint8, 120×160×3, BGR, not to be changed.
        """
        now = self._clock()
        with self._changing:
            self._looked = {name: then for name, then in self._looked.items() if now - then < _LOOK_SECONDS}
            self._looked |= dict.fromkeys(names, now)
            begin, self._begun = not self._begun, True
            known = {name: self._painted[name].picture for name in names if name in self._painted}
        if begin:
            self._host.add(self)
        return known

    def close(self) -> None:
        """Paint no more."""
        with self._changing:
            begun, self._begun = self._begun, True
        if begun:
            self._host.remove(self, 0.0)

    def ready(self) -> bool:
        """Say whether a thumbnail is to be painted now."""
        return self._clock() >= self._rest_until and self._next() is not None

    def take_turn(self) -> None:
        """Paint the thumbnail that is wanted and oldest."""
        found = self._next()
        if found is None:
            return
        name, picture, code = found
        begin = time.perf_counter()
        painted = self._stylizer(thumbnail(picture), code)
        taken = time.perf_counter() - begin
        now = self._clock()
        self._rest_until = now + _REST * taken
        with self._changing:
            self._painted[name] = _Painted(painted, weakref.ref(picture), code, now)

    def failed(self, error: BaseException) -> None:
        """Hear that no more turns are given."""
        self._events.emit(Notice(f"no thumbnails can be painted: {error}"))

    def _next(self) -> tuple[str, Picture, StyleCode] | None:
        """Find the style whose thumbnail is missing or oldest, with what it is to be painted of."""
        newest, now = self._newest(), self._clock()
        with self._changing:
            looked, painted = self._looked, dict(self._painted)
        if newest is None:
            return None
        best: tuple[float, str, Picture, StyleCode] | None = None
        for name, then in looked.items():
            code = self._library.ready(name)
            if code is None or now - then >= _LOOK_SECONDS:
                continue
            before = painted.get(name)
            if before and before.of() is newest.frame.picture and before.code is code:
                continue
            age = before.time if before else -1.0
            if best is None or age < best[0]:
                best = age, name, newest.frame.picture, code
        return best[1:] if best else None


def thumbnail(picture: Picture) -> Picture:
    """Scale a picture (uint8, H×W×3, BGR) to `SIZE`, cropped at its longer sides."""
    height, width = picture.shape[:2]
    scale = max(SIZE[0] / width, SIZE[1] / height)
    wide, high = min(width, round(SIZE[0] / scale)), min(height, round(SIZE[1] / scale))
    left, top = (width - wide) // 2, (height - high) // 2
    return cv2.resize(picture[top : top + high, left : left + wide], SIZE, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
