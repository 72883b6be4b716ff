"""Painted frames into the files of segments, and which segments are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from realtime.render.footage import Footage
from realtime.render.painting import Painted, segment_begin, segment_of
from realtime.render.workspace import Done
from realtime.render.writing import Kind, Segment


def make(
    footage: Footage, kind: Kind, frames: Iterator[Painted], working: Callable[[int], Path], stop: Callable[[], bool]
) -> Iterator[tuple[Done, bytes]]:
    """Encode frames into segments.

    Args:
        footage: What the frames are of.
        kind: How they are encoded.
        frames: In order.
        working: Names the file of a segment by its number.
        stop: Is asked at the end: a segment that was cut short is closed, and not given.

    Yields:
        Each segment when it is finished, with the painter's state after it.

    Raises:
        SinkError: A segment cannot be written.
    """
    segment: Segment | None = None
    number, count, broken, last, duration = -1, 0, list[int](), 0, 0
    try:
        for painted in frames:
            shot = painted.shot
            if segment is None or segment_of(footage, shot.pts) != number:
                if segment is not None:
                    segment.close()
                    yield Done(number, count, tuple(broken), last, duration), painted.state
                number, count, broken = segment_of(footage, shot.pts), 0, []
                segment = Segment(working(number), kind, footage.size, footage.time_base)
            segment.write(painted.picture, shot.pts, shot.duration)
            count, last, duration = count + 1, shot.pts, shot.duration
            if shot.broken:
                broken.append(shot.pts)
    finally:
        if segment is not None:
            segment.close()
    if segment is not None and not stop():
        yield Done(number, count, tuple(broken), last, duration), b""


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
