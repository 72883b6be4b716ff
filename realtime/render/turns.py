"""Turns: what several threads do one after the other, in an order that was set before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Turns:
    """Hands out turns, each of which waits for the end of the one before."""

    def __init__(self) -> None:
        self._before = threading.Event()
        self._before.set()

    def next(self) -> Turn:
        """Give the turn after the last one given. For one thread at a time."""
        turn = Turn(self._before)
        self._before = turn.over
        return turn


class Turn:
    """A context manager that is entered when the turn before is over. `end` ends one that was never entered."""

    def __init__(self, before: threading.Event) -> None:
        self._before = before
        self.over = threading.Event()
        self.first: Callable[[], None] = _nothing
        """Called when the turn begins."""

    def wait(self) -> None:
        """Wait for the end of the turn before."""
        self._before.wait()

    def end(self) -> None:
        """Wait for the turn before, and end this one. Harmless when called again."""
        if not self.over.is_set():
            self.wait()
            self.over.set()

    def __enter__(self) -> None:
        self.wait()
        self.first()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()


def _nothing() -> None:
    pass
