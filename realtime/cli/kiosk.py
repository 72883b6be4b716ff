"""`realtime --kiosk`: an installation where strangers stand before the picture, watched by a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from realtime.cli.options import log, say
from realtime.core.errors import UsageError
from realtime.core.log import end_logs

if TYPE_CHECKING:
    from realtime.control.commands import Command
    from realtime.live.session import LiveSession

START_SECONDS, HANG_SECONDS = 900.0, 20.0
"""How long the start may take, with the download of a model, and how long a frame or the window may hang."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """What differs where strangers stand before the window.

    Attributes:
        keys: The commands of the keys that work, by name.
    """

    keys: dict[str, Command]


def chosen_keys(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, Command] | None:
    """Turn a list of keys into their commands.

    Raises:
        click.BadParameter: There is no such key.
    """
    if value is None:
        return None
    from realtime.control.keymap import keys_named  # here, as all below: --help does not wait for it

    try:
        return keys_named(value)
    except UsageError as error:
        raise click.BadParameter(str(error)) from error


def chosen_kiosk(kiosk: bool, keys: dict[str, Command] | None, no_window: bool) -> Kiosk | None:
    """Give what the options --kiosk and --kiosk-keys mean together; None where there is no kiosk.

    Raises:
        click.UsageError: They do not go together.
    """
    if kiosk and no_window:
        raise click.UsageError("--kiosk fills a screen and --no-window opens none; leave out one of them")
    if keys is not None and not kiosk:
        raise click.UsageError("--kiosk-keys names the keys that work with --kiosk; give both, or neither")
    return Kiosk(keys or {}) if kiosk else None


def watched() -> bool:
    """Say whether this process is the one that another watches."""
    from realtime.core.watchdog import WATCHED

    return WATCHED in os.environ


def watch() -> int:
    """Run the same command line in a process of its own, and start that one anew when it hangs or fails.

    Returns:
        The exit status.
    """
    from realtime.core.watchdog import keep_running

    end_logs()  # it writes the log
    return keep_running([sys.executable, *sys.orig_argv[1:]], say)


@contextlib.contextmanager
def seen_alive(session: Callable[[], LiveSession | None]) -> Iterator[None]:
    """Show the watching process that this one is well, until it hangs.

    Args:
        session: Gives the session; None while there is none yet.
    """
    from realtime.core.watchdog import WATCHED, heartbeat

    if why := os.environ.pop(WATCHED, ""):
        log.info("started anew: %s", why)
    begin = time.monotonic()

    def hangs() -> str:
        if found := session():
            return found.hanging(HANG_SECONDS)
        return "the start" if time.monotonic() - begin > START_SECONDS else ""

    def ends() -> bool:
        found = session()
        return found is not None and found.ending

    with heartbeat(hangs, ends):
        yield
