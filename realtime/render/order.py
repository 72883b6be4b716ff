"""What several threads bring is worked on in an order that was set before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class InOrder(Generic[T]):
    """Works on things one at a time, by their numbers from 0 on, on whichever thread brings the next. No thread waits."""

    def __init__(self, work: Callable[[T], None]) -> None:
        """Begin with number 0; `work` raises nothing."""
        self._work = work
        self._lock = threading.Lock()
        self._brought: dict[int, T] = {}
        self._next = 0
        self._busy = False

    def bring(self, number: int, thing: T) -> list[T]:
        """Bring a thing.

        Args:
            number: Its place in the order.
            thing: The thing.

        Returns:
            What was worked on by this call, in order: the thing and those that waited for it, or nothing, where another thread
            does the work, now or when all before it have come.
        """
        done: list[T] = []
        with self._lock:
            self._brought[number] = thing
            if self._busy:
                return done
            self._busy = True
        while True:
            with self._lock:
                if self._next not in self._brought:
                    self._busy = False
                    return done
                thing = self._brought.pop(self._next)
                self._next += 1
            self._work(thing)
            done.append(thing)
