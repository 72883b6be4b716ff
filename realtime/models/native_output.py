"""Engines announce themselves on standard error, from C++, and have no setting that would stop them. Here is the stop."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator

_log = logging.getLogger(__name__)
# LiteRT: "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.", once a process. TensorFlow: what it says before its
# own log is set up ("I0000 00:00:1795430740.484397   19439 port.cc:153] oneDNN custom operations are on..."), and that
# there is no GPU as if it were an error. TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL and the like reach none of these
# (tried with ai-edge-litert 2.3.0 and TensorFlow 2.21), and LiteRT's wheel exports no function that sets the level.
_ANNOUNCEMENT = (  # for `re` and for `grep -E` alike
    r"^(INFO: |WARNING: \[(npu_registry|compiler_plugin)\.cc|└ Could not load shared library"
    r"|WARNING: All log messages before absl::InitializeLog\(\)|[IW][0-9]{4} "
    r"|E[0-9]{4} .*(cuda|cuInit|computation_placer))"
)
# Native code that crashes ends the process before anything here can run. So a second process stands by: its input ends
# when the first one is gone, and it then shows what was held back in a file. A shell starts ten times as fast as Python.
_SHELL = ["/bin/sh", "-c", 'read -r _; LC_ALL=C grep -avE "$1" "$0" >&2; rm -f "$0"']
_PYTHON = [
    sys.executable,
    "-ISc",
    "import os, re, sys; os.read(0, 1)\n"
    "with open(sys.argv[1], errors='replace') as held:\n"
    "    os.write(2, ''.join(line for line in held if not re.match(sys.argv[2], line)).encode())",
]
_one_at_a_time = threading.Lock()
_announced: set[str] = set()


@contextlib.contextmanager
def without_announcements(engine: str, each_time: bool = False) -> Iterator[None]:
    """Hold back what native code writes to standard error in this block; then show all of it but the announcements.

    For short blocks that start an engine. What other threads write meanwhile comes a little later. Nothing is lost, not
    even where the engine takes the whole process along.

    Args:
        engine: What is started. It announces itself once a process: its later blocks hold nothing back.
        each_time: Whether it announces itself each time, at length: of a block that ends well only the log hears.
    """
    if engine in _announced or not sys.executable or getattr(sys, "frozen", False):
        yield
        return
    with _one_at_a_time, contextlib.ExitStack() as undo:
        try:
            kept = os.dup(2)
            undo.callback(os.close, kept)
            held = tempfile.NamedTemporaryFile(prefix="realtime-", suffix=".log", delete=False)  # noqa: SIM115
            undo.callback(_remove, held.name)
            undo.callback(held.close)
            command = [*(_SHELL if os.path.exists(_SHELL[0]) else _PYTHON), held.name, _ANNOUNCEMENT]
            standby = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0)
        except OSError:  # no standard error (a program without a terminal), or no room for a file or a process
            yield
            return
        undo.callback(_dismiss, standby)
        _flush()
        os.dup2(held.fileno(), 2)
        well = False
        try:
            yield
            well = True
            if not each_time:
                _announced.add(engine)
        finally:
            _flush()
            os.dup2(kept, 2)
            held.seek(0)
            for line in held:
                if each_time and well:
                    _log.debug("%s: %s", engine, line.decode(errors="replace").rstrip())
                elif not re.match(_ANNOUNCEMENT.encode(), line):
                    os.write(2, line)


def first_line(error: BaseException) -> str:
    """Shorten what an engine says of an error, of which the rest is often a stack of C++ calls.

    Args:
        error: The error.

    Returns:
        The first line of its message without the punctuation at the end, or the name of its class.
    """
    return str(error).strip().partition("\n")[0].rstrip(":;,.") or type(error).__name__


def _dismiss(standby: subprocess.Popen[bytes]) -> None:
    """End the second process, which is not needed and may not even have begun."""
    standby.kill()
    standby.communicate()


def _remove(name: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
