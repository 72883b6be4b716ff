"""The commands and their options, nothing else: one file a command, or a few that belong together."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import click

from realtime.cli.bench import bench
from realtime.cli.cameras import cameras
from realtime.cli.doctor import doctor
from realtime.cli.keys import keys
from realtime.cli.live import realtime
from realtime.cli.looks import looks
from realtime.cli.options import add_log_options, say
from realtime.cli.page import page
from realtime.cli.photo import photo
from realtime.cli.render import render
from realtime.cli.serve import serve
from realtime.cli.shortcut import shortcut
from realtime.cli.styles import styles
from realtime.core import threads
from realtime.core.errors import RealtimeError
from realtime.core.installed import install_command
from realtime.core.log import end_logs

for command in (styles, looks, keys, cameras, bench, doctor, render, photo, serve, shortcut, page):
    realtime.add_command(command)
add_log_options(realtime)

log = logging.getLogger(__name__)


def main() -> NoReturn:
    """Run the `realtime` command.

    Errors are said in a line or two.

    Raises:
        SystemExit: Always: 0 when all went well, 1 after a failed run, 2 after wrong use, 130 when interrupted.
    """
    # Being told to end is like Ctrl-C: threads end, clips are finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # So is a terminal that is closed, unless nohup wants it to go on.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a file's name may hold what the terminal has no letters for
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    status = 1
    try:
        status = _run()
    finally:
        log.info("the exit status is %d", status)
        end_logs()
    sys.exit(status)


def _run() -> int:
    """Run the command that the arguments name and say what went wrong; give the exit status."""
    try:
        realtime(prog_name="realtime", standalone_mode=False, windows_expand_args=False)  # an output's * is ours
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        say(f"{error.format_message()} (see {context.command_path if context else 'realtime'} --help)")
        return 2
    except click.Abort:
        return 130
    except RealtimeError as error:
        log.debug("ended by an error", exc_info=True)
        say(str(error))
        return error.exit_status
    except KeyboardInterrupt:  # before or after the session, which ends on one itself
        return 130
    except SystemExit as end:  # a command's own
        return int(end.code or 0)
    except ImportError as error:
        log.error("a package is missing", exc_info=True)
        if "libGL" in str(error) or "libgthread" in str(error) or "libglib" in str(error):
            say(
                f"OpenCV needs a library that this system lacks ({error}); on Debian or Ubuntu: apt install libgl1 libglib2.0-0"
            )
        else:
            say(f"a package is missing ({error}); install the program again: {install_command()}")
        return 1
    except Exception as error:
        log.error("this should not happen", exc_info=True)
        if os.environ.get("REALTIME_TRACEBACK"):
            raise
        say(
            f"this should not happen: {type(error).__name__}: {error}; REALTIME_TRACEBACK=1 shows where, for a bug report"
        )
        return 1
    return 0


def program() -> NoReturn:
    """Run `main` as a process of its own."""
    try:
        main()
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: one Ctrl-C more changes nothing
        if sys.platform != "win32":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # A thread that a driver, a disk or a model holds is a daemon: Python ending under it could abort the process. So could
        # a GPU's driver that is unloaded, and LiteRT announces that it is.
        if threads.hung() or "ai_edge_litert.compiled_model" in sys.modules:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(end.code or 0))
        raise
