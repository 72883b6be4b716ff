"""Who reads a device: on Linux the system's table of open files says so (proc(5), /proc/PID/fd and /proc/PID/fdinfo)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

from realtime.core.errors import UsageError

_MANAGERS = {"wireplumber"}
"""Programs that keep every camera open and never take a picture of it."""


def is_read(device: str) -> bool:
    """Say whether another process has a device open for reading.

    Args:
        device: The path of the device, or of a link to it.

    Returns:
        Whether there is such a process. Processes of other users cannot be looked into, but by root.

    Raises:
        UsageError: The system is not Linux.
    """
    if sys.platform != "linux":
        raise UsageError(f"{sys.platform} does not say who reads a camera; --when-watched works on Linux")
    path, own = os.path.realpath(device), str(os.getpid())
    for process in os.listdir("/proc"):
        if process.isdecimal() and process != own and any(_files(process, path)) and _name(process) not in _MANAGERS:
            return True
    return False


def _files(process: str, path: str) -> Iterator[str]:
    """Give the numbers of the files by which a process reads what lies at a path."""
    folder = f"/proc/{process}"
    numbers: list[str] = []
    with suppress(OSError):  # it is another user's, or has ended
        numbers = os.listdir(f"{folder}/fd")
    for number in numbers:
        with suppress(OSError, ValueError):
            if os.readlink(f"{folder}/fd/{number}") == path and _reads(f"{folder}/fdinfo/{number}"):
                yield number


def _reads(info: str) -> bool:
    with open(info, encoding="ascii") as file:
        flags = next(int(line.split()[1], 8) for line in file if line.startswith("flags:"))
    return flags & os.O_ACCMODE != os.O_WRONLY


def _name(process: str) -> str:
    with suppress(OSError), open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
        return file.read().strip()
    return ""
