"""Several sources as one: the frames of the one that is chosen, faded over from the one before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import cv2
import numpy as np

from realtime.control.commands import OfferSources
from realtime.control.controls import Controls
from realtime.core.errors import SourceEndedError, SourceError
from realtime.core.frame import Frame, Picture, Size
from realtime.core.geometry import boxed, flipped
from realtime.sources.base import Source

_log = logging.getLogger(__name__)


class SeveralSources(Source):
    """Sources that are open together, of which one is read; during a change two are.

    The picture fades from one to the other over the seconds of the morph, before it is painted: the model paints one picture
    for each frame, as ever. A source that fails or ends says so when it is shown; the others go on.
    """

    def __init__(self, sources: Sequence[Source], mirror: bool | None = None) -> None:
        """Hold sources, which are closed by this one.

        Args:
            sources: Two or more, open.
            mirror: Whether their frames are mirrored at first; by default each as it is usual for it.
        """
        self.sources = tuple(sources)
        self._mirrors = tuple(source.mirror if mirror is None else mirror for source in sources)
        self.mirror = self._mirrors[0]
        self.name = " and ".join(source.name for source in sources)
        self.ends = all(source.ends for source in sources)
        self._controls: Controls | None = None
        self._shown = 0
        self._over: dict[int, str] = {}
        self._before: Frame | None = None
        self._fade: _Fade | None = None
        self._closed = threading.Event()

    def follow(self, controls: Controls) -> None:
        """Show what the settings of a stream choose, from now on; they are told which sources there are."""
        controls.apply(
            OfferSources(
                tuple((source.name, mirror) for source, mirror in zip(self.sources, self._mirrors, strict=True))
            )
        )
        self._controls = controls

    @property
    def shown(self) -> Source:
        """The source that is shown."""
        return self.sources[self._shown]

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame of the source that is shown, in pixels."""
        return self.shown.size

    @property
    def rate(self) -> float | None:
        """The frames a second that the fastest source means to give; None where none can tell."""
        return max((source.rate for source in self.sources if source.rate), default=None)

    @property
    def notice(self) -> str:
        """What is wrong with the source that is shown; empty when all is well."""
        return self._over.get(self._shown) or self.shown.notice

    @property
    def about(self) -> str:
        """More about the frames of the source that is shown."""
        return self.shown.about

    @property
    def stuck(self) -> bool:
        """Whether, after `close`, a driver of one of them still holds a thread."""
        return any(source.stuck for source in self.sources)

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame of the source that is shown, as `Source.read` does."""
        if self._closed.is_set():
            raise SourceEndedError(f"{self.name} was closed")
        self._follow()
        if self._shown in self._over:
            if len(self._over) == len(self.sources):
                raise SourceEndedError(f"{self.name} have come to their end")
            if self._closed.wait(timeout):
                raise SourceEndedError(f"{self.name} was closed")
            return None
        frame = self._read(self._shown, timeout)
        if frame is None:
            return None
        if self._fade and (faded := self._fade.mixed(frame, self._read(self._fade.source, 0.0))) is not None:
            frame = Frame(faded, frame.time)
        else:
            self._fade = None
        self._before = frame
        return frame

    def _read(self, number: int, timeout: float) -> Frame | None:
        """Read one of the sources; the end of one is noted, and no end of all."""
        if number in self._over:
            return None
        try:
            return self.sources[number].read(timeout)
        except SourceEndedError as error:
            if self._closed.is_set():
                raise
            self._over[number] = str(error)
        except SourceError as error:
            _log.warning("one of several sources fails: %s", error)
            self._over[number] = str(error)
        return None

    def _follow(self) -> None:
        settings = self._controls.settings if self._controls else None
        if settings is None or settings.source == self._shown:
            return
        old, self._shown = self._shown, settings.source
        turned = settings.sources[old].mirror != settings.mirror
        self._fade = _Fade(old, settings.morph, self._before, turned) if settings.morph and self._before else None

    def close(self) -> None:
        """Close all of them."""
        self._closed.set()
        for source in self.sources:
            source.close()


class _Fade:
    """A change from one source to another, which begins with the first frame of the new one."""

    def __init__(self, source: int, seconds: float, newest: Frame, turned: bool) -> None:
        self.source, self._seconds, self._turned = source, seconds, turned
        self._picture = self._ready(newest.picture)
        self._begin: float | None = None

    def _ready(self, picture: Picture) -> Picture:
        return flipped(picture) if self._turned else picture  # the stream mirrors both alike

    def mixed(self, frame: Frame, old: Frame | None) -> Picture | None:
        """Mix a frame with the newest one of the source before: uint8, of the frame's size, BGR; None when it is over."""
        now = time.monotonic()
        self._begin = now if self._begin is None else self._begin
        share = (now - self._begin) / self._seconds
        if share >= 1:
            return None
        if old is not None:
            self._picture = self._ready(old.picture)
        height, width = frame.picture.shape[:2]
        before = boxed(self._picture, (width, height))
        mixed: Picture = cv2.addWeighted(frame.picture, share, before, 1 - share, 0).astype(np.uint8, copy=False)
        return mixed
