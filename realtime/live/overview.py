"""The overview: every style as a thumbnail of the present frame, to choose from with arrows, letters or the mouse."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import cv2
import numpy as np

from realtime.control.commands import Pointer, SelectStyle, Typed
from realtime.core.errors import UsageError
from realtime.core.frame import Picture, Size
from realtime.sinks.lettering import GREY, LEAST, WHITE, text_width, wrapped, write_text
from realtime.styles.library import StyleLibrary

_CELL = 140, 240  # the least and the most pixels across of a cell
_LARGEST = 400
"""The most pixels across of a cell where all styles fit the window: thumbnails are not painted larger."""
_MOST_FILTER = 40
_BACK = (24, 24, 24)
_CHOSEN = (120, 200, 245)
_ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


class _Grid(NamedTuple):
    """How a window is divided: columns, rows that are seen, a cell's size, the height of the head, and of a letter."""

    columns: int
    rows: int
    cell: Size
    head: int
    letter: int


class Overview:
    """The overview of one window, from the moment when it is opened. All of it belongs to the main thread."""

    def __init__(self, library: StyleLibrary, chosen: str) -> None:
        """Show the styles of `library`; the cursor stands on `chosen`."""
        self._library, self._cursor = library, chosen
        self._filter = ""
        self._newest_first = False
        self._top = 0  # the first row that is seen
        self._follow = True  # whether the rows that are seen follow the cursor
        self._grid, self._height = _grid((640, 480), len(library)), 480

    @property
    def names(self) -> list[str]:
        """The styles that fit the letters typed, in the order in which they stand."""
        names = [name for name in self._library.names if self._filter in name.casefold()]
        return sorted(names, key=self._age) if self._newest_first else names

    def typed(self, key: Typed) -> SelectStyle | None:
        """Carry out a key; give the choice, when it made one."""
        names, name = self.names, key.key
        if name == "return":
            return SelectStyle(self._cursor) if self._cursor in names else None
        if name in _ARROWS:
            self._move(names, *_ARROWS[name])
        elif name == "f1":
            self._newest_first = not self._newest_first
        elif name == "backspace":
            self._filter = self._filter[:-1]
        elif len(name) == 1 and len(self._filter) < _MOST_FILTER:
            self._filter += name
        names = self.names
        if names and self._cursor not in names:
            self._cursor = names[0]
        self._follow = True
        return None

    def pointed(self, pointer: Pointer) -> SelectStyle | None:
        """Carry out what the mouse did; give the choice, when it made one."""
        names = self.names
        if pointer.gesture == "wheel":
            self._follow = False
            self._top = self._within(self._top - pointer.by, len(names))
            return None
        name = self._at(pointer.across, pointer.down, names)
        if name and pointer.gesture in ("move", "press"):
            self._follow = False
            self._cursor = name
        return SelectStyle(name) if name and pointer.gesture == "press" else None

    def draw(self, size: Size, look: Callable[[Sequence[str]], Mapping[str, Picture]]) -> Picture:
        """Draw the overview.

        Args:
            size: Width and height of the window, in pixels.
            look: Gives the thumbnails of styles that there are.

        Returns:
            uint8, H×W×3, BGR, of that size.
        """
        names = self.names
        grid, self._height = _grid(size, len(self._library)), size[1]
        self._grid = grid
        if self._follow and self._cursor in names:
            row = names.index(self._cursor) // grid.columns
            self._top = min(max(self._top, row - grid.rows + 1), row)
        self._top = self._within(self._top, len(names))
        first = self._top * grid.columns
        seen = names[first : first + grid.columns * (grid.rows + 1)]  # the last row in part
        pictures = look(seen)
        canvas: Picture = np.full((size[1], size[0], 3), _BACK, np.uint8)
        self._draw_head(canvas, grid, len(names))
        for place, name in enumerate(seen):
            corner = place % grid.columns * grid.cell[0], grid.head + place // grid.columns * grid.cell[1]
            _draw_cell(canvas, grid, corner, name, pictures.get(name), name == self._cursor)
        return canvas

    def _draw_head(self, canvas: Picture, grid: _Grid, count: int) -> None:
        order = "newest first" if self._newest_first else "by name"
        keys = f"letters find, arrows and Enter choose, F1 order, Esc leaves  ·  {count} styles, {order}"
        text = f"{self._filter}_  ·  {count} of {len(self._library)} styles, {order}" if self._filter else keys
        for row, line in enumerate(wrapped(text, grid.letter, canvas.shape[1] - 2 * grid.letter, 2), start=1):
            write_text(canvas, line, (grid.letter, row * round(1.4 * grid.letter)), grid.letter, GREY)

    def _move(self, names: Sequence[str], across: int, down: int) -> None:
        if not names:
            return
        place = names.index(self._cursor) if self._cursor in names else 0
        wanted = place + across + down * self._grid.columns
        self._cursor = names[wanted if 0 <= wanted < len(names) else place]

    def _within(self, row: int, count: int) -> int:
        rows = -(-count // self._grid.columns)
        return max(0, min(row, rows - self._grid.rows))

    def _at(self, across: float, down: float, names: Sequence[str]) -> str:
        grid = self._grid
        column = int(across * grid.columns)
        row = (down * self._height - grid.head) / grid.cell[1]
        place = (self._top + int(row)) * grid.columns + column
        inside = 0 <= row < grid.rows + 1 and 0 <= column < grid.columns
        return names[place] if inside and place < len(names) else ""

    def _age(self, name: str) -> float:
        with suppress(OSError, UsageError):  # gone meanwhile
            return -os.stat(self._library.path(name)).st_mtime
        return 0.0


def _grid(size: Size, count: int) -> _Grid:
    """Divide a window; where it has room for all `count` styles, into cells as large as all have room in."""
    width, height = size
    letter = int(max(LEAST, min(width / 60, 22)))
    head = round(1.4 * letter * (2 if width < 60 * letter else 1)) + letter
    usual = max(1, width // int(min(max(width / 8, _CELL[0]), _CELL[1])))
    for columns in (*range(max(1, -(-width // _LARGEST)), usual), usual):
        wide = width // columns
        high = round(wide * 0.75) + round(1.5 * letter)
        rows = max(1, (height - head) // high)
        if columns * rows >= count:
            break
    return _Grid(columns, rows, (wide, high), head, letter)


def _draw_cell(
    canvas: Picture, grid: _Grid, corner: tuple[int, int], name: str, picture: Picture | None, chosen: bool
) -> None:
    """Draw a cell; what of it lies outside the window is left out."""
    edge = max(2, grid.letter // 5)
    left, top = corner[0] + edge, corner[1] + edge
    wide, high = grid.cell[0] - 2 * edge, round(grid.cell[0] * 0.75) - 2 * edge
    seen = min(high, canvas.shape[0] - top)
    if wide <= 0 or seen <= 0:
        return
    if chosen:
        cv2.rectangle(canvas, (left - edge, top - edge), (left + wide + edge - 1, top + high + edge - 1), _CHOSEN, -1)
    place = canvas[top : top + seen, left : left + wide]
    place[:] = 60 if picture is None else cv2.resize(picture, (wide, high), interpolation=cv2.INTER_LINEAR)[:seen]
    (text,) = wrapped(name, grid.letter, wide, 1)
    across = left + (wide - text_width(text, grid.letter)) // 2
    foot = top + high + edge + grid.letter
    write_text(canvas, text, (across, foot), grid.letter, _CHOSEN if chosen else WHITE)
