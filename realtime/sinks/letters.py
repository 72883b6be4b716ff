"""Pictures of letters, which are all that stays of OpenCV's fonts.

OpenCV keeps its fonts, 6 MB of them, for each thread that ever wrote or measured a text, until that thread ends. So a thread that
lives for a moment draws the letters of one size, and everybody else copies them. OpenCV sets letters side by side, each at
whole pixels and without kerning, so the copies look as its own texts do.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core import threads
from realtime.core.memory import return_free_memory

_T = TypeVar("_T")
_USUAL = "".join(map(chr, range(32, 127))) + "·…×"  # drawn together: one of them is hardly ever wanted alone
_MOST = 4000
"""Letters that are kept, of all sizes together: 1 MB."""
_END_SECONDS = 0.2  # the longest wait for the system to end a thread


class Letter(NamedTuple):
    """A letter, or a whole text that cannot be taken apart.

    Attributes:
        cover: uint8, h×w, how much of each pixel it covers, 255 for all.
        left: Where `cover` begins, in pixels right of the place where the letter is written.
        top: The same, below the line on which the letters stand; mostly negative.
        advance: How far the next letter is, in pixels.
    """

    cover: npt.NDArray[np.uint8]
    left: int
    top: int
    advance: int


_drawn: dict[tuple[str, int], Letter] = {}  # by the letter and its height in pixels
_drawing = threading.Lock()
_here = threading.local()  # whose `fonts` is set in the threads that draw


def with_fonts(work: Callable[[], _T]) -> _T:
    """Do some work on a thread that has OpenCV's fonts, 40 ms, and let go of the fonts.

    Args:
        work: What to do; it may call `width` as often as it likes.

    Returns:
        What it returned.
    """
    if getattr(_here, "fonts", False):
        return work()
    done: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        _here.fonts = True
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threads.start(run, "letters")
    thread.join()
    _wait_for_end(thread)
    return_free_memory()
    if failed:
        raise failed[0]
    return done[0]


def width(text: str, size: int) -> int:
    """Say how wide a text is in letters `size` pixels high, in pixels."""
    if getattr(_here, "fonts", False):
        return _measured(text, size)
    return sum(letter.advance for letter in letters(text, size)) + 1  # as OpenCV counts


def letters(text: str, size: int) -> list[Letter]:
    """Give the letters of a text, in a height of `size` pixels, in the order in which they stand."""
    pieces = list(text) if all(map(_stands_alone, text)) else [text]
    found = [_drawn.get((piece, size)) for piece in pieces]
    if None in found:
        with _drawing:
            missing = {piece for piece in pieces if (piece, size) not in _drawn}
            if missing:
                if len(_drawn) > _MOST:
                    _drawn.clear()
                _drawn.update(with_fonts(lambda: _draw(missing.union(_USUAL), size)))
            found = [_drawn.get((piece, size)) for piece in pieces]
    return [letter for letter in found if letter]


@lru_cache(maxsize=96)
def joined(text: str, size: int) -> Letter:
    """Put the letters of a text together, as one large one."""
    row = letters(text, size)
    if len(row) == 1:
        return row[0]
    places, at = [], 0
    for letter in row:
        places.append(at + letter.left)
        at += letter.advance
    left, top = min(places, default=0), min((letter.top for letter in row), default=0)
    right = max((place + letter.cover.shape[1] for place, letter in zip(places, row, strict=True)), default=0)
    foot = max((letter.top + letter.cover.shape[0] for letter in row), default=0)
    cover = np.zeros((foot - top, right - left), np.uint8)
    for place, letter in zip(places, row, strict=True):
        high, wide = letter.cover.shape
        box = cover[letter.top - top :, place - left :][:high, :wide]
        cv2.add(box, cv2.multiply(255 - box, letter.cover, scale=1 / 255), dst=box)  # one letter over the other
    return Letter(cover, left, top, at)


def _stands_alone(character: str) -> bool:
    """Say whether a letter looks the same in any text: those from right to left, and signs without a picture, do not."""
    code = ord(character)
    return character.isprintable() and not (0x590 <= code < 0x900 or 0xFB1D <= code < 0xFE00 or 0xFE70 <= code < 0xFF00)


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _measured(text: str, size: int) -> int:
    return int(cv2.getTextSize((4096, 4096), text, (0, 0), _font(), size, 400)[2])


def _draw(pieces: Iterable[str], size: int) -> dict[tuple[str, int], Letter]:
    font = _font()
    found = {}
    for piece in pieces:
        wide = _measured(piece, size)
        canvas = np.zeros((4 * size, wide + 4 * size), np.uint8)
        cv2.putText(canvas, piece, (2 * size, 2 * size), (255,), font, size, weight=400)
        left, top, across, down = cv2.boundingRect(canvas)
        cover = canvas[top : top + down, left : left + across].copy()
        found[piece, size] = Letter(cover, left - 2 * size, top - 2 * size, wide - 1)
    return found


def _wait_for_end(thread: threading.Thread) -> None:
    """Wait until a thread that Python has done with is gone from the system too, which then has its fonts back."""
    if sys.platform == "linux":
        end = time.monotonic() + _END_SECONDS
        while os.path.exists(f"/proc/self/task/{thread.native_id}") and time.monotonic() < end:
            time.sleep(0.001)
