"""A program that is watched by another process, which starts it anew when it hangs or fails.

The watched process, the child, writes a byte to its standard output every second while it is well. The end of its standard
input asks it to end: so it never outlives the process that watches it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from realtime.core import threads
from realtime.core.signals import uninterrupted

_log = logging.getLogger(__name__)

WATCHED = "REALTIME_WATCHED"
"""The environment variable of a watched process: why it was started, "" for the first time."""
_BEAT_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_FINAL = (0, 2, 130)  # exit statuses after which nothing is started anew: done, wrong use, interrupted


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: how long a child may be silent, how long it may take to end, and how long a run counts as a good one."""

    silent: float = 15.0
    end: float = 7.6
    good: float = 60.0


def keep_running(command: Sequence[str], say: Callable[[str], None], limits: Limits | None = None) -> int:
    """Run a program, and start it anew when it is silent, fails or crashes, until it ends or this process is interrupted.

    Args:
        command: The program and its arguments.
        say: Is told why it is started anew.
        limits: How long the child may take for what.

    Returns:
        The exit status: that of the program where it ended by itself (0 or 2), 130 when this process was interrupted.
    """
    limits = limits or Limits()
    why, pause = "", _FIRST_PAUSE
    while True:
        begin = time.monotonic()
        child = _Child(command, why)
        try:
            why = child.wait(limits.silent)
            if why and time.monotonic() - begin > limits.good:
                pause = _FIRST_PAUSE
            if not why:
                return int(child.status or 0)
            say(f"{why}; starting anew in {pause:.0f} s")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        except KeyboardInterrupt:
            hurry = threading.Event()
            with uninterrupted(hurry):
                child.end(limits.end, hurry)
            return 130
        finally:
            child.release()


class _Child:
    """One run of the program."""

    def __init__(self, command: Sequence[str], why: str) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, WATCHED: why}, bufsize=0
        )
        self._heard = time.monotonic()
        self._listener = threads.start(self._listen, "watchdog")

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.returncode

    def wait(self, silent: float) -> str:
        """Wait for the end; give why the program must be started anew, "" where it must not."""
        while self._process.poll() is None:
            if time.monotonic() - self._heard > silent:
                self._process.kill()
                return f"the program gave no sign for {silent:.0f} s and was ended"
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.25)
        status = self._process.returncode
        if status in _FINAL:
            return ""
        return f"the program ended with {f'signal {-status}' if status < 0 else f'exit status {status}'}"

    def end(self, patience: float, hurry: threading.Event) -> None:
        """Ask the child to end; kill it when it does not."""
        deadline = time.monotonic() + patience
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.3)  # the signal may have reached the child, too
        assert self._process.stdin
        self._process.stdin.close()
        while self._process.poll() is None and time.monotonic() < deadline:
            if hurry.is_set():
                deadline = min(deadline, time.monotonic() + 1.5)
                hurry.clear()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        if self._process.poll() is None:
            self._process.kill()

    def release(self) -> None:
        """Give back what belongs to the child, which runs no more."""
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)  # a child that a driver holds for ever is left to the system
        threads.join([self._listener], time.monotonic() + 2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout
        while self._process.stdout.read(64):
            self._heard = time.monotonic()


@contextlib.contextmanager
def heartbeat(hangs: Callable[[], str], ends: Callable[[], bool]) -> Iterator[None]:
    """Give signs of life to the watching process, until something hangs; interrupt this process when that one asks or is gone.

    Args:
        hangs: Says what hangs, "" where nothing does. The process ends at once with status 1 then.
        ends: Says whether this process ends already.
    """
    over = threading.Event()
    # None of `threads`: it waits for the watching process, which ends after this one.
    threading.Thread(target=_hear_end, args=(over, ends), name="watched", daemon=True).start()
    beats = threads.start(lambda: _beat(over, hangs), "heartbeat")
    try:
        yield
    finally:
        over.set()
        threads.join([beats], time.monotonic() + _BEAT_SECONDS)


def _beat(over: threading.Event, hangs: Callable[[], str]) -> None:
    while not over.is_set():
        if what := hangs():
            _log.error("%s hangs: the program ends and is started anew", what)
            sys.stderr.write(f"realtime: {what} hangs\n")
            sys.stderr.flush()
            os._exit(1)
        with contextlib.suppress(OSError):  # that the watching process is gone is heard on the other side
            os.write(1, b".")
        over.wait(_BEAT_SECONDS)


def _hear_end(over: threading.Event, ends: Callable[[], bool]) -> None:
    while os.read(0, 64):
        pass
    if not over.is_set() and not ends():
        signal.raise_signal(signal.SIGINT)
