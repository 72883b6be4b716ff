"""EXIF data, entry by entry: what stays in a painting is copied byte for byte, whatever letters or odd types it has.

The layout is that of TIFF 6.0 and EXIF 2.32 (CIPA DC-008): directories of entries, each with a tag, a type and a count.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from realtime.media.places import tells_place

PREFIX = b"Exif\0\0"
"""What stands before the data in a JPEG."""

DETAILS, PLACE, INTEROP = 0x8769, 0x8825, 0xA005  # tags that point to further directories
_MOST_ENTRIES, _MOST_BYTES = 2000, 1 << 26  # of a directory; of all entries together
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
WIDTHS |= {16: 8, 17: 8, 18: 8, 129: 1}  # of BigTIFF and EXIF 3
"""Bytes of a value, by the entry's type."""

ORIENTATION = 0x0112
_WIDTH, _HEIGHT = 0xA002, 0xA003
_RESOLUTION = (0x011A, 0x011B)

# What stays. Main directory: description, maker, camera, resolution, software, dates, people, rating, Windows' titles.
_STAYS = frozenset({270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 40091, 40092, 40093, 40095})
# Details: exposure, lens, dates with their zones and fractions, comments, colour space, size, scene, owner, EXIF 3 titles.
_DETAILS_STAY = frozenset({
    33434, 33437, 34850, 34852, 34855, *range(34864, 34870), 36864, 36867, 36868, 36880, 36881, 36882,
    *range(37377, 37387), 37510, 37520, 37521, 37522, 40960, 40961, _WIDTH, _HEIGHT, 41483, 41486, 41487, 41488, 41493,
    41495, 41728, 41729, *range(41985, 41997), *range(42016, 42044), 42080, 42081, 42082, 42240,
})  # fmt: skip
# With the place: keywords, the maker's own block, and what was measured there (temperature, pressure, depth, direction).
_WITH_PLACE, _DETAILS_WITH_PLACE = frozenset({40094}), frozenset({37500, *range(37888, 37894)})
_INTEROP_STAYS = frozenset({1, 2})


class Entry(NamedTuple):
    """A tag's type, how many values of it there are, and their bytes in the byte order of the whole."""

    kind: int
    values: int
    data: bytes


Tags = dict[int, Entry]


@dataclass(frozen=True)
class Exif:
    """The directories of EXIF data. `order` is "<" or ">"; `lost` counts entries that could not be read."""

    order: str = "<"
    main: Tags = field(default_factory=dict)
    details: Tags = field(default_factory=dict)
    place: Tags = field(default_factory=dict)
    interop: Tags = field(default_factory=dict)
    lost: int = 0

    def number(self, tag: int) -> int:
        """Give a whole number of the main directory.

        Args:
            tag: The entry's tag.

        Returns:
            The first value of a BYTE, SHORT or LONG entry, also of one in digits; 0 where there is none.
        """
        entry = self.main.get(tag)
        if entry is None or not entry.data:
            return 0
        if entry.kind == 2:
            text = entry.data.rstrip(b"\0 ")
            return int(text) if text.isdigit() and len(text) < 10 else 0
        width = WIDTHS[entry.kind]
        if entry.kind not in (1, 3, 4, 6, 8, 9):
            return 0
        return int.from_bytes(entry.data[:width], "little" if self.order == "<" else "big")


def parse(data: bytes | mmap.mmap) -> Exif | None:
    """Read EXIF data, or the main directory of a TIFF file.

    Args:
        data: The whole block, with or without the six bytes that JPEGs put before it, or the whole file.

    Returns:
        What can be read of it; None when it is no such block at all.
    """
    if data[: len(PREFIX)] == PREFIX:
        data = data[len(PREFIX) :]
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    reader = _Reader(data, order, big)
    main = reader.directory(reader.first())
    details = reader.directory(reader.pointed(main, DETAILS))
    place = reader.directory(reader.pointed(main, PLACE))
    interop = reader.directory(reader.pointed(details, INTEROP))
    return Exif(order, main, details, place, interop, reader.lost)


class _Reader:
    """Reads directories; what lies outside the data is counted as lost."""

    def __init__(self, data: bytes | mmap.mmap, order: str, big: bool) -> None:
        self._data, self._order = data, order
        self._offset, self._count, self._room = ("Q", "Q", 8) if big else ("L", "H", 4)
        self._big = big
        self._room_left = _MOST_BYTES
        self.lost = 0

    def first(self) -> int:
        at = 8 if self._big else 4
        return int(self._unpack(self._offset, at)) if len(self._data) >= at + self._room else 0

    def pointed(self, tags: Tags, tag: int) -> int:
        entry = tags.pop(tag, None)
        if entry is None:
            return 0
        if entry.kind not in (3, 4, 13, 16, 18):
            self.lost += 1
            return 0
        return int.from_bytes(entry.data[: WIDTHS[entry.kind]], "little" if self._order == "<" else "big")

    def directory(self, at: int) -> Tags:
        tags: Tags = {}
        width = struct.calcsize("=" + self._count)
        if not 0 < at <= len(self._data) - width:
            self.lost += bool(at)
            return tags
        count, at = int(self._unpack(self._count, at)), at + width
        for _ in range(min(count, _MOST_ENTRIES)):
            if at + 4 + 2 * self._room > len(self._data):
                self.lost += 1
                break
            self._entry(at, tags)
            at += 4 + 2 * self._room
        return tags

    def _entry(self, at: int, tags: Tags) -> None:
        tag, kind = struct.unpack_from(self._order + "HH", self._data, at)
        count = int(self._unpack(self._offset, at + 4))
        if not count:
            return  # an empty text, say
        length = WIDTHS.get(kind, 0) * count
        start = at + 4 + self._room
        if length > self._room:
            start = int(self._unpack(self._offset, start))
        if not 0 < length <= self._room_left or start + length > len(self._data):
            self.lost += 1
        else:
            self._room_left -= length
            tags.setdefault(tag, Entry(kind, count, bytes(self._data[start : start + length])))

    def _unpack(self, kind: str, at: int) -> int:
        value: int = struct.unpack_from(self._order + kind, self._data, at)[0]
        return value


def kept(exif: Exif, size: tuple[int, int], keep_gps: bool) -> Exif:
    """Choose what a painting keeps of a photo's EXIF data.

    Args:
        exif: The photo's.
        size: The painting's (width, height), in pixels.
        keep_gps: Whether the place, and what may hold it, stays: GPS data, keywords, maker's block, texts with coordinates.

    Returns:
        A new one: upright, of the painting's size, without thumbnail and layout of the old file's pixels.
    """
    stays = _STAYS | _WITH_PLACE if keep_gps else _STAYS
    details_stay = _DETAILS_STAY | _DETAILS_WITH_PLACE if keep_gps else _DETAILS_STAY
    main, details = _chosen(exif.main, stays, keep_gps), _chosen(exif.details, details_stay, keep_gps)
    for tag, side in zip((_WIDTH, _HEIGHT), size, strict=True):
        if tag in details:
            details[tag] = Entry(4, 1, struct.pack(exif.order + "L", side))
    for tag in _RESOLUTION:
        if tag in main and not _sane_resolution(main[tag], exif.order):
            del main[tag]
            if 1 <= (value := exif.number(tag)) <= 65535:  # in digits, or as a whole number
                main[tag] = Entry(5, 1, struct.pack(exif.order + "LL", value, 1))
    place = dict(exif.place) if keep_gps else {}
    return replace(exif, main=main, details=details, place=place, interop=_chosen(exif.interop, _INTEROP_STAYS, True))


def _chosen(tags: Tags, stays: frozenset[int], keep_gps: bool) -> Tags:
    return {tag: entry for tag, entry in tags.items() if tag in stays and (keep_gps or not _tells_place(entry))}


def _tells_place(entry: Entry) -> bool:
    """Whether a text, in whatever letters, holds coordinates."""
    if entry.kind not in (1, 2, 7, 129) or entry.values < 5:
        return False
    letters = ("utf-8", "utf-16-le", "utf-16-be")
    return any(tells_place(entry.data.decode(encoding, "ignore")) for encoding in letters)


def _sane_resolution(entry: Entry, order: str) -> bool:
    if (entry.kind, entry.values) != (5, 1):
        return False
    top, bottom = struct.unpack(order + "LL", entry.data)
    return bool(bottom) and 1 <= top / bottom <= 65535
