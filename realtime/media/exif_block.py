"""EXIF data written: as a block for JPEG, PNG and WebP, or into a finished TIFF file."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np

from realtime.media.exif import DETAILS, INTEROP, PLACE, PREFIX, WIDTHS, Entry, Exif, Tags, parse

_WORDS = WIDTHS | {5: 4, 10: 4}  # bytes that are turned round together in the other byte order


def smaller(exif: Exif) -> Exif:
    """Leave out the largest entry.

    Args:
        exif: One with at least an entry.

    Returns:
        A new one with an entry less.
    """
    folders = [dict(tags) for tags in (exif.main, exif.details, exif.place, exif.interop)]
    largest = max(folders, key=lambda tags: max((len(entry.data) for entry in tags.values()), default=-1))
    del largest[max(largest, key=lambda tag: len(largest[tag].data))]
    main, details, place, interop = folders
    return replace(exif, main=main, details=details, place=place, interop=interop)


def block(exif: Exif) -> bytes:
    """Write EXIF data as JPEG, PNG and WebP hold it.

    Args:
        exif: What to write.

    Returns:
        The block with the six bytes before it; empty where there is nothing to write.
    """
    if not any((exif.main, exif.details, exif.place, exif.interop)):
        return b""
    head = (b"II*\0" if exif.order == "<" else b"MM\0*") + struct.pack(exif.order + "L", 8)
    return PREFIX + head + _directories(exif, 8)


def added_to_tiff(data: bytes, exif: Exif, xmp: bytes = b"") -> bytes:
    """Add EXIF data and an XMP packet to a finished TIFF file.

    Args:
        data: A TIFF file with one picture.
        exif: What to add; the file's own entries of the same tag stay.
        xmp: The packet, or nothing.

    Returns:
        The whole new file.
    """
    own = parse(data)
    if own is None:
        raise ValueError("no TIFF file")
    added = turned(exif, own.order)
    main = {**added.main, **own.main}
    if xmp:
        main[700] = Entry(1, len(xmp), xmp)
    at = len(data) + len(data) % 2
    whole = bytearray(data.ljust(at, b"\0"))
    whole[4:8] = struct.pack(own.order + "L", at)
    return bytes(whole + _directories(replace(added, main=main), at))


def turned(exif: Exif, order: str) -> Exif:
    """Bring EXIF data into a byte order.

    Args:
        exif: The data in either order.
        order: "<" or ">".

    Returns:
        The same data in that order.
    """
    if exif.order == order:
        return exif

    def swapped(tags: Tags) -> Tags:
        return {tag: entry._replace(data=_swapped(entry)) for tag, entry in tags.items()}

    main, details, place, interop = (swapped(tags) for tags in (exif.main, exif.details, exif.place, exif.interop))
    return Exif(order, main, details, place, interop, exif.lost)


def _swapped(entry: Entry) -> bytes:
    width = _WORDS[entry.kind]
    return np.frombuffer(entry.data, f"<u{width}").byteswap().tobytes() if width > 1 else entry.data


def _directories(exif: Exif, at: int) -> bytes:
    """All directories, the main one first, as they lie from the byte `at` on."""
    main, details, order = dict(exif.main), dict(exif.details), exif.order
    pointer = Entry(4, 1, bytes(4))
    if exif.interop:
        details[INTEROP] = pointer
    if details:
        main[DETAILS] = pointer
    if exif.place:
        main[PLACE] = pointer
    folders = (main, details, exif.place, exif.interop)
    lengths = [len(_directory(tags, 0, order)) for tags in folders]
    starts = [at + sum(lengths[:number]) for number in range(len(folders))]
    for holder, tag, start in ((details, INTEROP, starts[3]), (main, DETAILS, starts[1]), (main, PLACE, starts[2])):
        if tag in holder:
            holder[tag] = Entry(4, 1, struct.pack(order + "L", start))
    return b"".join(_directory(tags, start, order) for tags, start in zip(folders, starts, strict=True))


def _directory(tags: Tags, at: int, order: str) -> bytes:
    """One directory, followed by what its entries have no room for; nothing when it is empty."""
    if not tags:
        return b""
    entries, values = struct.pack(order + "H", len(tags)), b""
    begin = at + 2 + 12 * len(tags) + 4
    for tag, (kind, count, data) in sorted(tags.items()):
        entries += struct.pack(order + "HHL", tag, kind, count)
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "L", begin + len(values))
            values += data + bytes(len(data) % 2)
    return entries + bytes(4) + values
