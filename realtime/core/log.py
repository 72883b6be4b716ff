"""The program's log: silent until a handler is added, and free of passwords. The library logs under the name `realtime`."""

from __future__ import annotations

import logging
import os
import platform
import re
from pathlib import Path

from realtime._version import __version__
from realtime.core.addresses import without_secrets
from realtime.core.errors import UsageError

SAID = "said"
"""Marks, in `extra`, what the program says on the terminal anyway: the log there leaves it out."""
MOST_BYTES = 10_000_000
"""The size of a log at which it loses its older half: an installation runs for months."""
_OURS = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z]+ +\[")
"""How a log of this program begins; what is in any other file is never taken out of it."""
_handlers: list[logging.Handler] = []


def log_to_terminal(detail: int) -> None:
    """Write the log to standard error.

    Args:
        detail: 1 for the course of events, 2 or more for everything.
    """
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: not hasattr(record, SAID))
    _add(handler, logging.INFO if detail == 1 else logging.DEBUG)


def log_to_file(path: Path) -> None:
    """Append everything to a file, one line an event: date, time, level, thread, module and message.

    Of more than `MOST_BYTES` the older half is taken out.

    Args:
        path: The file; it is made where it does not exist.

    Raises:
        UsageError: The file cannot be opened for writing.
    """
    try:
        handler = _BoundedFile(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(
            f"the log {path} cannot be written ({error.strerror}); choose another file with --log"
        ) from error
    _add(handler, logging.DEBUG)
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    logging.getLogger(__name__).info(
        "realtime %s, Python %s, %s, process %d", __version__, platform.python_version(), system, os.getpid()
    )


def end_logs() -> None:
    """Close what `log_to_terminal` and `log_to_file` opened: the log is silent again."""
    root = logging.getLogger("realtime")
    while _handlers:
        handler = _handlers.pop()
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.NOTSET)


class _BoundedFile(logging.FileHandler):
    """A file that loses its older half when it has become too large."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        super().emit(record)
        try:
            if self.stream and self.stream.tell() > MOST_BYTES:
                self._shorten()
        except (OSError, ValueError):  # as for a line: a full disk ends the log, not the picture
            self.handleError(record)

    def _shorten(self) -> None:
        with open(self.baseFilename, "r+b") as file:
            if not _OURS.match(file.read(64)):
                return
            file.seek(-MOST_BYTES // 2, os.SEEK_END)
            file.readline()  # the rest of a line
            newest = file.read()
            file.seek(0)
            file.write(newest)
            file.truncate()
        if self.stream:
            self.stream.seek(0, os.SEEK_END)


class _Formatter(logging.Formatter):
    """Lines without secrets, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03d %(levelname)-7s [%(threadName)s] %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"
        )

    def format(self, record: logging.LogRecord) -> str:
        """Give the lines of one event."""
        return without_secrets(super().format(record))


def _add(handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    handler.setFormatter(_Formatter())
    root = logging.getLogger("realtime")
    root.addHandler(handler)
    logging.raiseExceptions = False  # a full disk ends the log, not the picture
    root.setLevel(min(level, root.level or level))
    _handlers.append(handler)
