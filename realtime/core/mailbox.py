"""A mailbox with one slot between two threads: the newest item wins, an old one is dropped and counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """One writer puts, one reader gets; neither ever waits for the other to be done with an item."""

    def __init__(self, taken: Callable[[], None] | None = None) -> None:
        """Begin empty; `taken` is called, on the reader's thread, whenever an item was taken."""
        self._taken = taken
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self.dropped = 0
        """Items that a newer one replaced before anyone took them."""

    def put(self, item: T) -> None:
        """Leave `item`, in place of one that nobody took. Ignored once closed."""
        with self._changed:
            if self._closed:
                return
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._changed.notify_all()

    def get(self, timeout: float) -> T | None:
        """Take the item, waiting up to `timeout` seconds for it; None when none came or the mailbox was closed."""
        with self._changed:
            deadline = time.monotonic() + timeout
            while self._item is None and not self._closed:
                if not self._changed.wait(deadline - time.monotonic()):
                    break
            item, self._item = self._item, None
            self._changed.notify_all()
        if item is not None and self._taken:
            self._taken()
        return item

    def wait_for_room(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until no item waits; give whether none does. A closed mailbox has room."""
        with self._changed:
            return self._changed.wait_for(lambda: self._item is None or self._closed, timeout)

    @property
    def full(self) -> bool:
        """Whether an item waits to be taken."""
        return self._item is not None

    def close(self) -> None:
        """Wake the reader and take nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
