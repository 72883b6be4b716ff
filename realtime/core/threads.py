"""Threads with a name, an owner, and an end that is waited for with a limit.

All are daemons: a thread that a driver, a disk or a model holds for ever must not keep the program from ending.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

_log = logging.getLogger(__name__)
_started: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


def start(target: Callable[[], None], name: str) -> threading.Thread:
    """Start a thread and remember it for `hung`.

    Args:
        target: What the thread does.
        name: The name in logs.

    Returns:
        The running thread, a daemon.
    """

    def run() -> None:
        _log.debug("thread begins")
        try:
            target()
        finally:
            _log.debug("thread ends")

    thread = threading.Thread(target=run, name=name, daemon=True)
    _started.add(thread)
    thread.start()
    return thread


def remember(thread: threading.Thread) -> None:
    """Let `hung` name a thread that was not started here, because it does not end."""
    _started.add(thread)


def give_way(steps: int) -> None:
    """Let the thread that calls step back before the others, where the system has priorities of threads: on Linux.

    Args:
        steps: How far, as `nice` counts.
    """
    if sys.platform == "linux":  # elsewhere only whole processes have a priority that Python can change
        with suppress(OSError):
            me = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + steps)


@contextmanager
def none_in_real_time() -> Iterator[None]:
    """Undo what a library that is called meanwhile does to the scheduling of threads: none becomes a real-time one. On Linux.

    SVT-AV1 gives the thread that opens it, and its own, the highest real-time priority where it may, which is as root. Whatever
    such a thread starts inherits that, other programs included, and may keep the whole machine from doing anything else.
    """
    before = _in_real_time()
    try:
        yield
    finally:
        if sys.platform == "linux":
            for thread in _in_real_time() - before:
                with suppress(OSError):  # it has ended
                    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _in_real_time() -> set[int]:
    """Find the threads of this process that go before all that are not real-time ones, by their numbers in the system."""
    found = set[int]()
    if sys.platform == "linux":
        for name in os.listdir("/proc/self/task"):
            with suppress(OSError):  # it has ended
                if os.sched_getscheduler(int(name)) in (os.SCHED_FIFO, os.SCHED_RR):
                    found.add(int(name))
    return found


def join(threads: Iterable[threading.Thread], deadline: float, hurry: threading.Event | None = None) -> bool:
    """Wait for threads to end.

    Args:
        threads: The threads.
        deadline: The `time.monotonic()` until which to wait, in seconds.
        hurry: Ends the waiting at once when it is set.

    Returns:
        Whether all of them have ended.
    """
    ended = True
    for thread in threads:
        while thread.is_alive() and time.monotonic() < deadline and not (hurry and hurry.is_set()):
            thread.join(min(0.05, max(0.0, deadline - time.monotonic())))
        if thread.is_alive():
            ended = False
            _log.warning("thread %s does not end", thread.name)
    return ended


def hung() -> list[str]:
    """Give the names of the threads started or remembered here that still run."""
    return sorted(thread.name for thread in _started if thread.is_alive())


class Worker:
    """One thread that does jobs one after the other. The thread starts with the first job."""

    def __init__(self, name: str, failed: Callable[[BaseException], None], steps: int = 0) -> None:
        """Make a worker.

        Args:
            name: The thread's name.
            failed: Is told, on the thread, of an exception that a job raised; the jobs after it are done all the same.
            steps: How far the thread gives way to the others, as `give_way` has it.
        """
        self._name, self._failed, self._steps = name, failed, steps
        self._changed = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], None]) -> None:
        """Do a job after those submitted before; ignored once closed."""
        with self._changed:
            if self._closed:
                return
            self._jobs.append(job)
            if self._thread is None:
                self._thread = start(self._run, self._name)
            self._changed.notify()

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """Take no more jobs, and wait until those submitted are done, as `join` has it."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        return self._thread is None or join([self._thread], deadline, hurry)

    def _run(self) -> None:
        if self._steps:
            give_way(self._steps)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if not self._jobs:
                    return
                job = self._jobs.popleft()
            try:
                job()
            except BaseException as error:
                self._failed(error)
            del job  # and the picture in it, while the next one is waited for
