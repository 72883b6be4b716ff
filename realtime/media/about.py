"""What a picture file says besides its pixels, gathered from wherever the format keeps it: EXIF, XMP, IPTC, PNG texts."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from realtime.media import exif, xmp

_IPTC_BLOCK, _PHOTOSHOP, _IPTC, _XMP = 0x0404, 34377, 33723, 700


def kept_data(
    info: Mapping[Any, Any], size: tuple[int, int], keep_gps: bool
) -> tuple[exif.Exif | None, bytes, tuple[str, ...]]:
    """Choose what a painting keeps of a photo's data.

    Args:
        info: As Pillow and `images.opened` fill it.
        size: The painting's (width, height), in pixels.
        keep_gps: Whether the place, and what may hold it, stays.

    Returns:
        EXIF data or None, an XMP packet or nothing, and notes about what was damaged.
    """
    block = info.get("exif") or b""
    found = exif.parse(block)
    notes = []
    if block and found is None:
        notes.append("its EXIF data is damaged and is not kept")
    elif found is not None and (
        lost := found.lost + info.get("exif_lost", 0)
    ):  # a TIFF's were counted when it was opened
        notes.append(f"{lost} damaged {'entry' if lost == 1 else 'entries'} of its EXIF data cannot be kept")
    main = found.main if found is not None else {}
    packet = info.get("xmp") or info.get("XML:com.adobe.xmp") or raw_profile(info, "xmp")
    packet = packet or (main[_XMP].data if _XMP in main else b"")
    properties = xmp.properties(packet) if packet else {}
    if packet and not properties:
        notes.append("its XMP data is damaged and is not kept")
    blocks = info.get("photoshop")
    photoshop = blocks if isinstance(blocks, Mapping) else _blocks(main[_PHOTOSHOP].data if _PHOTOSHOP in main else b"")
    iptc = main[_IPTC].data if _IPTC in main else raw_profile(info, "iptc")
    if iptc.startswith((b"8BIM", b"Photoshop")):
        photoshop, iptc = _blocks(iptc), b""
    records = iptc or photoshop.get(_IPTC_BLOCK) or b""
    if isinstance(records, bytes):
        properties = {**xmp.from_iptc(records), **properties}
    properties = {**xmp.from_png(info), **properties}
    kept = exif.kept(found, size, keep_gps) if found is not None else None
    return kept, xmp.kept(properties, keep_gps), tuple(notes)


def raw_profile(info: Mapping[Any, Any], name: str) -> bytes:
    """Read a block that ImageMagick has put into a PNG's text: name, length, and lines of hexadecimal digits.

    Args:
        info: As Pillow fills it.
        name: What the block is called: "exif", "iptc", "xmp".

    Returns:
        The block; nothing where there is none, or a broken one.
    """
    text = info.get(f"Raw profile type {name}")
    if not isinstance(text, str):
        return b""
    with suppress(ValueError):
        return bytes.fromhex("".join(re.split(r"\s+", text.strip())[2:]))
    return b""


def _blocks(data: bytes) -> dict[int, bytes]:
    """Take Photoshop's blocks apart: "8BIM", number, name, length, data."""
    found: dict[int, bytes] = {}
    at = data.find(b"8BIM")
    while 0 <= at <= len(data) - 12 and data[at : at + 4] == b"8BIM":
        number = struct.unpack_from(">H", data, at + 4)[0]
        at += 6 + (data[at + 6] + 2) // 2 * 2
        if at + 4 > len(data):
            break
        length = struct.unpack_from(">L", data, at)[0]
        found.setdefault(number, data[at + 4 : at + 4 + length])
        at += 4 + length + length % 2
    return found
