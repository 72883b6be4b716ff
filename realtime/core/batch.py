"""Count the files of a batch, for `render` and `photo` alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from realtime.core.text import clean


class Tally:
    """What became of the files of a batch. Any thread may count."""

    def __init__(self, total: int, besides: int = 0) -> None:
        """Begin to count, and to measure the time.

        Args:
            total: The number of files in the batch.
            besides: The number of files that were left out of it, being of another kind.
        """
        self._total, self._besides = total, besides
        self._made = 0
        self._failed: list[str] = []
        self._left_out: list[str] = []
        self._begin = time.monotonic()
        self._lock = threading.Lock()

    def position(self, number: int) -> str:
        """Name the position of a file in the batch.

        Args:
            number: The file's number, from 1.

        Returns:
            "file 7 of 200", or an empty string in a batch of one.
        """
        return f"file {number} of {self._total}" if self._total > 1 else ""

    def made(self) -> None:
        """Count a file that was made."""
        with self._lock:
            self._made += 1

    def failed(self, name: str) -> None:
        """Count a file that failed.

        Args:
            name: What a person calls the file.
        """
        with self._lock:
            self._failed.append(name)

    def left_out(self, name: str) -> None:
        """Count a file of the batch that was not begun, because it is made already.

        Args:
            name: What a person calls the file.
        """
        with self._lock:
            self._left_out.append(name)

    @property
    def failures(self) -> int:
        """The number of files that failed."""
        return len(self._failed)

    def summary(self) -> str:
        """Sum up the batch.

        Returns:
            A line such as "198 made, 2 failed: a.jpg, b.jpg; 3 left out (3 min 25 s for the whole)".
        """
        with self._lock:
            made, failed, left = self._made, list(self._failed), len(self._left_out)
        unbegun = self._total - made - len(failed) - left
        counts = [f"{made} made"]
        counts += [f"{unbegun} not begun"] * (unbegun > 0)
        counts += [f"{len(failed)} failed: {listed(failed)}"] * bool(failed)
        others = f"; {left + self._besides} left out" if left + self._besides else ""
        return f"{', '.join(counts)}{others} ({duration(time.monotonic() - self._begin)} for the whole)"


def listed(names: Sequence[str]) -> str:
    """List names for a person, free of bytes that cannot be shown.

    Args:
        names: The names, in order.

    Returns:
        The names, with commas between them.
    """
    return ", ".join(clean(name) for name in names)


def duration(seconds: float) -> str:
    """Write a span of time for a person.

    Args:
        seconds: The span, in seconds.

    Returns:
        "4.2 s", "3 min 25 s" or "2 h 5 min".
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
