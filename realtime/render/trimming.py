"""A stretch of some footage, for `--from` and `--to`."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from math import ceil

from realtime.core.errors import UsageError
from realtime.render.clock import in_seconds
from realtime.render.footage import Footage, Shot


class Trimmed(Footage):
    """The frames of some footage from one time to another. Their times stay those of the footage."""

    def __init__(self, footage: Footage, begin: float, end: float | None) -> None:
        """Find the first frame.

        Args:
            footage: The whole.
            begin: Where to begin, in seconds from its first frame.
            end: Where to end, in seconds; None is at its end.

        Raises:
            UsageError: There is no frame between the two.
            SourceError: It cannot be read.
        """
        self._whole, self._origin = footage, footage.start
        self.name, self.size, self.time_base = footage.name, footage.size, footage.time_base
        self.container, self.files, self.notes = footage.container, footage.files, footage.notes
        base = footage.time_base
        first = footage.start + ceil(_exact(begin) / base)
        self._until = None if end is None else footage.start + ceil(_exact(end) / base)
        shot = next(footage.shots(first), None)
        if shot is None or (self._until is not None and shot.pts >= self._until):
            length = f"it lasts {footage.seconds:.1f} s" if footage.seconds else "its length is not known"
            raise UsageError(f"{self.name} has no frame from {begin:g} s to {'its end' if end is None else f'{end:g} s'};"
                             f" {length}")  # fmt: skip
        self.start = shot.pts
        self.begin = self.start * base
        self.end = None if self._until is None else self._until * base
        if end is None:
            self.promised = footage.promised
        if footage.seconds:
            self.seconds = max(0.0, (min(footage.seconds, end) if end is not None else footage.seconds) - begin)
            if footage.frames:
                self.frames = max(1, round(footage.frames * self.seconds / footage.seconds))

    def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
        """Read every frame of the stretch from `since` on, in order."""
        for shot in self._whole.shots(self.start if since is None else max(since, self.start)):
            if self._until is not None and shot.pts >= self._until:
                break
            yield shot

    def at(self, pts: int) -> float:
        """Return a frame's time in seconds from the first one of the whole."""
        return in_seconds(pts - self._origin, self.time_base)


def _exact(seconds: float) -> Fraction:
    """Return the time that a person wrote: 0.4, not the number of bits next to it."""
    return Fraction(seconds).limit_denominator(1_000_000)
