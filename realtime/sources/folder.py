"""A folder of pictures as a slideshow."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from realtime.core.errors import SourceError, StyleError
from realtime.core.frame import Frame, Size
from realtime.core.paths import user_path
from realtime.core.text import clean
from realtime.media.images import load_picture
from realtime.media.kinds import PICTURES, WANTED
from realtime.sources.base import Pace, Source, captured

_FPS = 10.0  # the same picture again: what is changed by a key then shows at once


class FolderSource(Source):
    """Show the pictures of a folder in the order of their names, `seconds` each, again and again; or one for ever."""

    def __init__(self, path: Path, size: Size | None = None, seconds: float = 5.0) -> None:
        """Read the first picture.

        Args:
            path: A folder, or a picture file.
            size: The width and height that larger pictures are scaled down to fit.
            seconds: How long each picture is shown.

        Raises:
            SourceError: There is no picture that can be read.
        """
        self.name = clean(path.name or str(path))
        files = [path] if path.is_file() else sorted(p for p in _contents(path) if p.suffix.lower() in PICTURES)
        if not files:
            raise SourceError(f"{clean(str(path))} holds no pictures; wanted {WANTED} files")
        self._files = files
        self._box, self._seconds = size, seconds
        self._pace = Pace(self.name)
        self._next = 0
        self._shown = -1
        self._slide: Frame | None = None
        self._notice = ""
        self._turn(0)
        if self._slide is None:
            raise SourceError(f"no picture of {clean(str(path))} can be read: {self._notice}")

    @classmethod
    def open(cls, text: str, size: Size, fps: float) -> FolderSource:
        """Open the folder, or the picture, of the path `text`; its rate is its own."""
        return cls(user_path(text), size)

    @property
    def size(self) -> Size | None:
        """The width and height of the picture shown, in pixels."""
        return None if self._slide is None else (self._slide.picture.shape[1], self._slide.picture.shape[0])

    @property
    def rate(self) -> float:
        """The frames a second; a picture that stays is given again and again."""
        return _FPS

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does."""
        self._next = max(self._next, math.floor(self._pace.now * _FPS))
        time = self._pace.wait_until(self._next / _FPS, timeout)
        if time is None:
            return None
        self._turn(int(self._next / _FPS / self._seconds))
        self._next += 1
        assert self._slide is not None
        return replace(self._slide, time=time)

    def _turn(self, slide: int) -> None:
        """Load the slide's picture, or the next after it that can be read."""
        if slide == self._shown or (self._slide is not None and len(self._files) == 1):
            return
        self._shown = slide
        self._notice = ""
        for step in range(len(self._files)):
            try:
                picture = load_picture(self._files[(slide + step) % len(self._files)])
            except StyleError as error:
                self._notice = clean(str(error))
                continue
            self._slide = captured(picture, self._box, 0.0)
            return

    @property
    def notice(self) -> str:
        """Which picture was passed over, and why; empty when none was."""
        return self._notice

    def close(self) -> None:
        """Stop, as `Source.close` says."""
        self._pace.close()


def _contents(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except OSError as error:
        raise SourceError(f"{clean(str(folder))} cannot be read ({error.strerror})") from error
