"""Ctrl-C, and being told to end: what must be finished is finished, and what hangs does not hold the program."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

from realtime.core import threads

_log = logging.getLogger(__name__)

FIRST, SECOND = 7.0, 1.5
"""Seconds after the first and the second signal in which a program under `ended_in_time` ends, whatever hangs."""


def _numbers() -> list[signal.Signals]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)
    return numbers


@contextlib.contextmanager
def uninterrupted(hurry: threading.Event | None = None) -> Iterator[None]:
    """Let Ctrl-C, TERM and HUP raise nothing meanwhile: people press Ctrl-C twice.

    Only the main thread is ever interrupted; in others nothing is done.

    Args:
        hurry: Is set when such a signal comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: object) -> None:
        if hurry:
            hurry.set()

    # Not SIG_IGN: the watch of `ended_in_time` hears of a signal only where Python has a handler of its own.
    before = {number: signal.signal(number, note) for number in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def ended_in_time(say: Callable[[str], None], first: float = FIRST, second: float = SECOND) -> Iterator[None]:
    """End the process when a signal asked for it and it is still there some seconds later, even if the main thread hangs.

    Python runs its handlers of signals between two steps of the main thread. A call that never returns (a display that is
    gone, a disk) keeps it from them; this watch has a thread of its own, which the signal's number reaches by a socket
    (`signal.set_wakeup_fd`). From the main thread; elsewhere nothing is watched.

    Args:
        say: Is told what still runs, before the process ends with status 130.
        first: Seconds after the first signal.
        second: Seconds after the second signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    over = threading.Event()
    watch = threads.start(lambda: _watch(ours, over, say, first, second), "signals")
    try:
        yield
    finally:
        over.set()
        with contextlib.suppress(OSError):
            theirs.send(b"\0")
        watch.join(1.0)
        signal.set_wakeup_fd(before)
        ours.close()
        theirs.close()


def _watch(
    heard: socket.socket, over: threading.Event, say: Callable[[str], None], first: float, second: float
) -> None:
    wanted = {int(number) for number in _numbers()}
    limits = iter((first, second))
    deadline: float | None = None
    while not over.is_set():
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([heard], [], [], patience)
        if not ready:
            _end(say)
        if over.is_set():
            return
        for number in heard.recv(64):
            if number in wanted and (limit := next(limits, None)) is not None:
                deadline = min(deadline or float("inf"), time.monotonic() + limit)


def _end(say: Callable[[str], None]) -> None:
    running = ", ".join(name for name in threads.hung() if name != "signals") or "the main thread"
    _log.error("ended by force; still running: %s", running)
    say(f"ended without waiting any longer for: {running}")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130)
