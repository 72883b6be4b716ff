"""Remote control of a session: `--osc`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from realtime.cli.options import say
from realtime.core.errors import UsageError

if TYPE_CHECKING:
    from realtime.live.outputs import Outputs
    from realtime.live.stream import Shown

LOOPBACK = "127.0.0.1"


def osc_address(text: str) -> tuple[str, int]:
    """Turn PORT or HOST:PORT into a host and a port; a port alone is one of this computer for itself.

    Raises:
        BadParameter: The text is neither.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdecimal() or not 1 <= int(port[:6]) <= 65_535 or (colon and not host):
        raise click.BadParameter(
            f"{text!r} is neither a port from 1 to 65535 nor HOST:PORT; write 9000 or 192.168.0.5:9000"
        )
    return host or LOOPBACK, int(port)


def check_osc(address: tuple[str, int] | None, record: bool) -> None:
    """Refuse `--osc-record` without `--osc`.

    Raises:
        UsageError: It was given so.
    """
    if record and address is None:
        raise UsageError("--osc-record says what --osc may do; give --osc PORT, too")


def listen_for_osc(
    stack: ExitStack, address: tuple[str, int] | None, shown: Shown, outputs: Outputs, record: bool
) -> None:
    """Steer what is shown by OSC while a stack is open, if an address was given.

    Raises:
        UsageError: The package is not installed.
        SinkError: The address cannot be listened on.
    """
    if address is None:
        return
    from realtime.osc.server import OscServer

    server = stack.enter_context(OscServer(*address, shown, lambda: outputs.recorder is not None, record))
    host, port = server.address
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    near = host in (LOOPBACK, "::1")
    say(f"OSC listens on {where}" + ("" if near else ": whoever can reach this address steers the picture"))
