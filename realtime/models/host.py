"""The host of a model: one thread that gives the streams their turns."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from realtime.core import threads

_log = logging.getLogger(__name__)
_PATIENCE = 0.1  # seconds between two looks at guests that become ready by time alone: a morph while no frame comes


class Guest(Protocol):
    """Who takes turns at the model: a stream."""

    def ready(self) -> bool:
        """Say whether there is something to stylize."""

    def take_turn(self) -> None:
        """Stylize the newest frame. What this raises goes to `failed`."""

    def failed(self, error: BaseException) -> None:
        """Hear of the error that ended the turns of this guest."""


class ModelHost:
    """One thread in which the guests stylize, one frame a turn, round and round.

    None starves, and the model is asked once at a time. A guest whose turn fails gets no more turns; the others go on.
    """

    def __init__(self, name: str = "stylize") -> None:
        """Make a host; `name` is its thread's."""
        self._name = name
        self._changed = threading.Condition()
        self._guests: list[Guest] = []
        self._woken = False
        self._closed = False
        self._next = 0
        self._busy: Guest | None = None
        self._busy_since = 0.0
        self._thread: threading.Thread | None = None

    def add(self, guest: Guest) -> None:
        """Give a guest turns from now on. The thread starts with the first guest."""
        with self._changed:
            self._guests.append(guest)
            self._woken = True
            self._changed.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threads.start(self._run, self._name)

    def remove(self, guest: Guest, timeout: float = 5.0) -> bool:
        """Give a guest no more turns, and wait up to `timeout` seconds for the end of a turn that it has now.

        Returns:
            Whether no turn of it runs any more.
        """
        with self._changed:
            self._leave(guest)
            if self._thread is threading.current_thread():
                return True
            return self._changed.wait_for(lambda: self._busy is not guest, timeout)

    @property
    def turn_seconds(self) -> float:
        """How long the turn that goes on has taken so far; 0 where none does."""
        return time.monotonic() - self._busy_since if self._busy is not None else 0.0

    def wake(self) -> None:
        """Look at the guests anew: one of them has become ready."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """End the turns, and wait for the thread as `threads.join` has it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return self._thread is None or threads.join([self._thread], deadline, hurry)

    def _leave(self, guest: Guest) -> None:
        if guest in self._guests:
            self._next -= self._guests.index(guest) < self._next  # the turn of the one after it stays that one's
            self._guests.remove(guest)

    def _run(self) -> None:
        while (guest := self._take()) is not None:
            try:
                guest.take_turn()
            except BaseException as error:
                _log.debug("a guest of %s failed", self._name, exc_info=True)
                with self._changed:
                    self._leave(guest)
                guest.failed(error)
            finally:
                with self._changed:
                    self._busy = None
                    self._changed.notify_all()

    def _take(self) -> Guest | None:
        """Wait for a guest that is ready, and take the one whose turn it is; None when closed."""
        while True:
            with self._changed:
                if self._closed:
                    return None
                self._woken = False
                count = len(self._guests)
                for step in range(count):
                    place = (self._next + step) % count
                    if self._guests[place].ready():
                        self._busy, self._next = self._guests[place], place + 1
                        self._busy_since = time.monotonic()
                        return self._busy
                self._changed.wait_for(lambda: self._woken or self._closed, _PATIENCE)
