"""Painted frames into the files of segments, and which segments are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from realtime.render.footage import Footage
from realtime.render.painting import Painted, segment_begin, segment_of
from realtime.render.workspace import Done
from realtime.render.writing import Kind, Segment


class Segments:
    """Encodes frames into the files of segments. A context manager, which closes the last one; one that failed is not finished."""

    def __init__(
        self,
        footage: Footage,
        kind: Kind,
        working: Callable[[int], Path],
        finish: Callable[[Done, bytes], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin before the first frame.

        Args:
            footage: What the frames are of.
            kind: How they are encoded.
            working: Names the file of a segment by its number.
            finish: Is told of each segment that is finished, with the painter's state after it.
            stop: Is asked at the end: a segment that was cut short is closed, and not finished.
        """
        self._footage, self._kind, self._working, self._finish, self._stop = footage, kind, working, finish, stop
        self._segment: Segment | None = None
        self._number = self._count = self._last = self._duration = 0
        self._broken: list[int] = []

    def write(self, painted: Painted) -> None:
        """Encode the next frame.

        Raises:
            SinkError: A segment cannot be written.
        """
        shot = painted.shot
        number = segment_of(self._footage, shot.pts)
        if self._segment is None or number != self._number:
            self._end(painted.state)
            self._number, self._count, self._broken = number, 0, []
            self._segment = Segment(self._working(number), self._kind, self._footage.size, self._footage.time_base)
        self._segment.write(painted.picture, shot.pts, shot.duration)
        self._count, self._last, self._duration = self._count + 1, shot.pts, shot.duration
        if shot.broken:
            self._broken.append(shot.pts)

    def _end(self, state: bytes) -> None:
        if self._segment is not None:
            segment, self._segment = self._segment, None
            segment.close()
            self._finish(Done(self._number, self._count, tuple(self._broken), self._last, self._duration), state)

    def __enter__(self) -> Segments:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._segment is not None and (error or self._stop()):
            self._segment.close()
        else:
            self._end(b"")


def missing(footage: Footage, done: Sequence[int]) -> Iterator[tuple[int | None, int | None, int]]:
    """Find the stretches that no finished segment covers.

    Args:
        footage: What is read.
        done: The numbers of the finished segments, in order.

    Yields:
        The time of the first frame (None: the beginning), that before which it ends (None: the end), and the number of the
        segment before, or -1.
    """
    before = -1
    for segment in done:
        if segment > before + 1:
            yield None if before < 0 else segment_begin(footage, before + 1), segment_begin(footage, segment), before
        before = segment
    yield None if before < 0 else segment_begin(footage, before + 1), None, before
