"""Writing on pictures: legible, within the picture, and on several lines where it is long."""

from __future__ import annotations

from functools import lru_cache

import cv2

from realtime.core.frame import Picture
from realtime.core.text import clean
from realtime.sinks.letters import joined, width

WHITE = (245, 245, 245)
GREY = (190, 190, 190)
LEAST = 11
"""The height of the smallest letters, in pixels."""


def letter_size(picture: Picture, most: int = 40) -> int:
    """Give the height of the letters that suits a picture, in pixels, `LEAST` to `most`."""
    height, width = picture.shape[:2]
    return int(max(LEAST, min(height / 30, width / 40, most)))


@lru_cache(maxsize=512)
def text_width(text: str, size: int) -> int:
    """Say how wide a text is, in pixels, in letters of a height."""
    return width(clean(text), size) if text else 0


def write_text(canvas: Picture, text: str, at: tuple[int, int], size: int, color: tuple[int, int, int] = WHITE) -> None:
    """Write on a picture; `at` is the left end of the line on which the letters stand."""
    cover, left, top, _ = joined(clean(text), size)
    left, top = left + at[0], top + at[1]
    box = canvas[max(0, top) : max(0, top + cover.shape[0]), max(0, left) : max(0, left + cover.shape[1])]
    cover = cover[max(0, -top) :, max(0, -left) :][: box.shape[0], : box.shape[1]]
    if cover.size:
        cv2.multiply(box, cv2.merge([255 - cover] * 3), dst=box, scale=1 / 255)
        cv2.add(box, cv2.merge([cv2.convertScaleAbs(cover, alpha=part / 255) for part in color]), dst=box)


def shade(canvas: Picture, left: int, top: int, right: int, bottom: int, light: float = 0.35) -> None:
    """Darken a box so that writing on it can be read over any picture."""
    box = canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if box.size:
        cv2.convertScaleAbs(box, dst=box, alpha=light)


def wrapped(text: str, size: int, room: int, most: int = 3) -> list[str]:
    """Break a text into lines.

    Args:
        text: The text.
        size: The height of its letters, in pixels.
        room: The width that a line may have, in pixels.
        most: The most lines; the last one ends with … where the text is longer.

    Returns:
        The lines, one at least; a word that is too long for a line is broken.
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if text_width(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        while text_width(word, size) > room and len(word) > 1 and len(lines) <= most:
            length = _fitting(word, size, room)
            lines.append(word[:length])
            word = word[length:]
        line = word
    lines.append(line)
    lines = [line for line in lines if line] or [""]
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and text_width(last + "…", size) > room:
        last = last[:-1]
    return [*lines[: most - 1], last + "…"]


def _fitting(word: str, size: int, room: int) -> int:
    """Say how many letters of a word fit into a line, one at least."""
    least, most = 1, len(word)
    while least < most:
        middle = (least + most + 1) // 2
        if text_width(word[:middle], size) <= room:
            least = middle
        else:
            most = middle - 1
    return least
