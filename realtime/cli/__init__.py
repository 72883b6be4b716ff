"""The commands and their options, nothing else: one file a command, or a few that belong together."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import click

from realtime.cli.doctor import doctor
from realtime.cli.live import realtime
from realtime.cli.machine import bench, cameras
from realtime.cli.options import say
from realtime.cli.photo import photo
from realtime.cli.render import render
from realtime.cli.styles import styles
from realtime.core.errors import RealtimeError

for command in (styles, cameras, bench, doctor, render, photo):
    realtime.add_command(command)


def main() -> NoReturn:
    """The `realtime` command: errors in a line or two, exit status 2 for wrong use and 1 for a failed run."""
    # Being told to end is like Ctrl-C: threads end, clips are finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # So is a terminal that is closed, unless nohup wants it to go on.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a file's name may hold what the terminal has no letters for
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        realtime(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        say(f"{error.format_message()} (see realtime --help)")
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except RealtimeError as error:
        say(str(error))
        sys.exit(error.exit_status)
    except KeyboardInterrupt:  # before or after the session, which ends quietly itself
        sys.exit(130)
    except ImportError as error:
        if "libGL" in str(error) or "libgthread" in str(error) or "libglib" in str(error):
            say(
                f"OpenCV needs a library that this system lacks ({error}); on Debian or Ubuntu: apt install libgl1 libglib2.0-0"
            )
        else:
            say(f"a package is missing ({error}); install the program again")
        sys.exit(1)
    except Exception as error:
        if os.environ.get("REALTIME_TRACEBACK"):
            raise
        say(
            f"this should not happen: {type(error).__name__}: {error}; REALTIME_TRACEBACK=1 shows where, for a bug report"
        )
        sys.exit(1)
    sys.exit(0)


def program() -> NoReturn:
    """`main` as a process of its own."""
    try:
        main()
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: one Ctrl-C more changes nothing
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # A reader that a camera's driver holds on to is a daemon: Python ending under it could abort the process.
        reader = sys.modules.get("realtime.sources.reconnecting")
        if reader and reader.stuck_threads():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(end.code or 0))
        raise
