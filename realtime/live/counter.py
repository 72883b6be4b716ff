"""Counting frames that no window shows."""

from __future__ import annotations

from realtime.live.stream import Shown
from realtime.look.stylized import Stylized


class Counter:
    """Counts frames that no window shows, and ends their streams after the last one that is wanted."""

    def __init__(self, shown: Shown, frames: int | None) -> None:
        """Count what is shown, and end it after `frames`; None is never."""
        self._shown, self._frames, self._count = shown, frames, 0

    full = False  # each frame counts

    def put(self, item: Stylized) -> None:
        """Count a frame."""
        self._shown.stream.meter.add_shown(item.frame.time)
        self._count += 1
        if self._frames and self._count >= self._frames:
            self._shown.stop()
