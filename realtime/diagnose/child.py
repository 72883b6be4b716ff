"""Python in a process of its own: what is measured there finds neither memory nor threads of this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from realtime.core.errors import RealtimeError

LIMIT = 120.0
_ROOT = Path(__file__).parents[2]


def run_python(
    code: str, *arguments: str, environment: Mapping[str, str] | None = None, limit: float = LIMIT, what: str
) -> str:
    """Run code that may import this program, wherever the process was started.

    Args:
        code: The code.
        arguments: What it finds in `sys.argv[1:]`.
        environment: Variables to set besides those of this process.
        limit: The most seconds that it may take; it is killed then.
        what: What it does, for a message.

    Returns:
        What it printed.

    Raises:
        RealtimeError: It failed or took too long.
    """
    command = [sys.executable, "-c", f"import sys; sys.path[0] = {str(_ROOT)!r}\n{code}", *arguments]
    try:
        done = subprocess.run(
            command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise RealtimeError(f"{what} took longer than {limit:.0f} s; measure again when the machine is idle") from None
    except OSError as error:
        raise RealtimeError(f"{what} cannot be measured: no process can be started ({error.strerror})") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise RealtimeError(f"{what} cannot be measured: {reason}")
    return done.stdout
