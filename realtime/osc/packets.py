"""Packets of strangers in Open Sound Control 1.0 (opensoundcontrol.org/spec-1_0), read by python-osc.

What python-osc cannot be given is refused before: a size below zero makes it turn in a circle.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from realtime.core.errors import UsageError

Value: TypeAlias = float | int | bool | str | None
"""What a message may hold: types f, d, i, h, T, F, s and N."""

MOST_BYTES = 4096
"""The size of the largest packet that is read."""
_TAGS = frozenset("fdihTFsN")
_BUNDLE = b"#bundle\0"
_DEEPEST = 4  # bundles in bundles


def read_packet(data: bytes) -> list[tuple[str, list[Value]]]:
    """Read the messages of a packet; those of bundles are given in order, whatever their times.

    Args:
        data: A datagram: anything.

    Returns:
        The address and the values of each message.

    Raises:
        UsageError: It is no packet, or holds a type of value that no setting has.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"a packet of {len(data)} bytes is too large; {MOST_BYTES} bytes are the most")
    found: list[tuple[str, list[Value]]] = []
    _read(data, found, 0)
    return found


def write_message(address: str, *values: Value) -> bytes:
    """Give the packet of a message."""
    from pythonosc.osc_message_builder import build_msg

    return build_msg(address, list(values)).dgram


def _read(data: bytes, found: list[tuple[str, list[Value]]], depth: int) -> None:
    if data.startswith(b"/"):
        found.append(_message(data))
        return
    if not data.startswith(_BUNDLE) or len(data) < len(_BUNDLE) + 8:
        raise UsageError("this is no OSC packet; one begins with an address such as /realtime/query")
    if depth == _DEEPEST:
        raise UsageError(f"bundles lie in bundles; {_DEEPEST} deep is the most")
    at = len(_BUNDLE) + 8  # after the time
    while at < len(data):
        size = struct.unpack_from(">i", data, at)[0] if at + 4 <= len(data) else -1
        at += 4
        if not 0 < size <= len(data) - at or size % 4:
            raise UsageError("a bundle says a size that its message does not have")
        _read(data[at : at + size], found, depth + 1)
        at += size


def _message(data: bytes) -> tuple[str, list[Value]]:
    from pythonosc.osc_message import OscMessage
    from pythonosc.parsing.osc_types import get_string

    try:
        address, at = get_string(data, 0)
        tags = get_string(data, at)[0] if data[at:] else ","
        if not tags.startswith(",") or not _TAGS.issuperset(tags[1:]):
            raise UsageError(f"values of the types {tags[:20]!r} are not known here; f, d, i, h, s, T, F and N are")
        return address, OscMessage(data).params
    except UsageError:
        raise
    except Exception as error:  # python-osc has several for what is cut off or is no text
        raise UsageError(f"this is no OSC message ({' '.join(map(str, error.args))[:100]})") from error
