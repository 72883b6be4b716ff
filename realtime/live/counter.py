"""Counting the frames of a stream that no window shows."""

from __future__ import annotations

from realtime.live.stream import Stream
from realtime.look.stylized import Stylized


class Counter:
    """Counts the frames of a stream that no window shows, and stops it after the last one that is wanted."""

    def __init__(self, stream: Stream, frames: int | None) -> None:
        """Count the frames of `stream`, and stop it after `frames`; None is never."""
        self._stream, self._frames = stream, frames

    full = False  # each frame counts

    def put(self, item: Stylized) -> None:
        """Count a frame."""
        self._stream.meter.add_shown(item.frame.time)
        if self._frames and self._stream.meter.shown.count >= self._frames:
            self._stream.stop()
