"""Footage: what is read, whatever kind of file it comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from realtime.core.frame import Picture, Size
from realtime.render.clock import in_seconds


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame of footage.

    Attributes:
        picture: uint8, H×W×3, BGR, upright, square pixels.
        pts: Its time, in the footage's `time_base`.
        duration: How long it is shown; 0 where that is not known.
        broken: Why the picture is the one before, in place of a broken one.
    """

    picture: Picture
    pts: int
    duration: int = 0
    broken: str = ""


class Footage(ABC):
    """What is read. It holds nothing open: every reading of its `shots` opens the files anew."""

    name: str
    size: Size
    """Of every picture: (width, height)."""
    time_base: Fraction
    """Seconds of a tick."""
    start: int
    """The `pts` of the first frame."""
    frames: int | None = None
    """How many there are, as far as the file says."""
    seconds: float | None = None
    """How long it is, as far as the file says."""
    promised: float | None = None
    """How long the pictures alone are, where the file says so: less is a file that was cut off."""
    container: Path | None = None
    """Where sound, subtitles, chapters and metadata are, if anywhere."""
    files: Sequence[Path] = ()
    """All that is read."""
    begin: Fraction | None = None
    """Where it begins, in seconds of the container's clock, if that is not its beginning."""
    end: Fraction | None = None
    """Where it ends, in seconds of the container's clock, if that is not its end."""
    notes: Sequence[str] = ()
    """What is not taken as the file says, for a person."""

    @abstractmethod
    def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
        """Read the frames in order.

        Args:
            since: The first time (`pts`) that is wanted; None is the beginning.

        Raises:
            SourceError: Nothing can be read.
        """

    def at(self, pts: int) -> float:
        """Return a frame's time in seconds from the first one."""
        return in_seconds(pts - self.start, self.time_base)
