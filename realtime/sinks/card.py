"""The help card: the keys in groups, in letters that can be read, on as many pages as the window needs."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from realtime.control.keymap import GROUPS, Key
from realtime.core.frame import Picture, Size
from realtime.sinks.lettering import GREY, LEAST, WHITE, shade, text_width, wrapped, write_text
from realtime.sinks.letters import with_fonts

_ROW = 1.5  # the height of a row, in heights of a letter
_MOST = 34  # pixels of a letter, in a window however large
_GOLD = (120, 200, 245)


class _Row(NamedTuple):
    """A row of a column: a heading, or a key's label with (a line of) what it does."""

    label: str = ""
    text: str = ""
    heading: bool = False


class _Page(NamedTuple):
    size: int
    columns: tuple[tuple[_Row, ...], ...]
    width: int
    labels: int


def pages(size: Size, keys: frozenset[str] | None = None) -> int:
    """Say how many pages the card has in a window of a width and height in pixels; `keys` as in `draw_card`."""
    return len(_pages(size, keys))


def draw_card(canvas: Picture, page: int, keys: frozenset[str] | None = None) -> None:
    """Draw a page of the card over the middle of a picture.

    Args:
        canvas: uint8, H×W×3, BGR; it is changed.
        page: The page, from 1.
        keys: The names of the keys that work; by default all of the key table.
    """
    height, width = canvas.shape[:2]
    found = _pages((width, height), keys)
    card = found[min(page, len(found)) - 1]
    size, step = card.size, round(_ROW * card.size)
    deep = max(map(len, card.columns)) + 2
    whole = len(card.columns) * card.width
    left, top = max(0, (width - whole) // 2), max(0, (height - deep * step) // 2)
    shade(canvas, left, top, left + whole, top + deep * step, 0.25)
    for number, column in enumerate(card.columns):
        across = left + number * card.width + size
        for place, row in enumerate(column, start=1):
            down = top + place * step + size // 3
            if row.heading:
                write_text(canvas, row.label, (across, down), size, _GOLD)
            else:
                write_text(canvas, row.label, (across, down), size, GREY)
                write_text(canvas, row.text, (across + card.labels + size, down), size, WHITE)
    foot = "h closes this" if page >= len(found) else f"h: more ({page} of {len(found)})"
    write_text(canvas, foot, (left + size, top + (deep - 1) * step + size // 2), size, GREY)


def _groups(working: frozenset[str] | None) -> dict[str, list[Key]]:
    """Give the groups of the key table with the keys that work; None for all."""
    found = {
        heading: [key for key in group if working is None or working & key.commands.keys()]
        for heading, group in GROUPS.items()
    }
    return {heading: group for heading, group in found.items() if group}


@lru_cache(maxsize=8)
def _pages(size: Size, working: frozenset[str] | None) -> tuple[_Page, ...]:
    return with_fonts(lambda: _laid_out(size, working))  # it measures texts in many sizes


def _laid_out(size: Size, working: frozenset[str] | None) -> tuple[_Page, ...]:
    """Lay out the card in the largest letters with which it fits one page, or in the smallest on several."""
    width, height = size
    for letter in range(max(LEAST, min(_MOST, height // 18)), LEAST - 1, -1):
        for count in (1, 2, 3):
            columns = _columns(letter, width // count - letter, height, working)
            if columns and len(columns[0]) <= count:
                return (_Page(letter, *columns),)
    columns = _columns(LEAST, min(width, 30 * LEAST), height, working, force=True)
    assert columns
    found, wide, labels = columns
    abreast = max(1, width // wide)
    return tuple(_Page(LEAST, found[k : k + abreast], wide, labels) for k in range(0, len(found), abreast))


def _columns(
    size: int, width: int, height: int, working: frozenset[str] | None, force: bool = False
) -> tuple[tuple[tuple[_Row, ...], ...], int, int] | None:
    """Give the columns, the width of one, and the width of the labels; None where a column is too narrow to read."""
    groups = _groups(working)
    keys = [key for group in groups.values() for key in group]
    labels = max(text_width(key.label, size) for key in keys)
    room = width - labels - 3 * size
    if room < 9 * size and not force:
        return None
    room = min(max(room, 2 * size), max(text_width(key.help, size) for key in keys) + 1)
    deep = max(3, int(height / (_ROW * size)) - 2)
    columns: list[list[_Row]] = [[]]
    for heading, group in groups.items():
        blocks = [
            [_Row(heading, heading=True), *_rows(group[0], size, room)],
            *(_rows(key, size, room) for key in group[1:]),
        ]
        for block in blocks:
            if columns[-1] and len(columns[-1]) + len(block) > deep:
                columns.append([])
            columns[-1] += block
    return tuple(map(tuple, columns)), labels + room + 3 * size, labels


def _rows(key: Key, size: int, room: int) -> list[_Row]:
    first, *others = wrapped(key.help, size, room)
    return [_Row(key.label, first), *(_Row("", line) for line in others)]
