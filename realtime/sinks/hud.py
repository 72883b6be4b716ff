"""What is written over the picture in the window: the heads-up line, short notices, and the help card."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from realtime.core.buffers import reused
from realtime.core.frame import Picture
from realtime.sinks.card import draw_card
from realtime.sinks.lettering import LEAST, letter_size, shade, text_width, wrapped, write_text

_RED = (60, 60, 255)
_LINES = 2  # that the heads-up line may take


def draw(
    picture: Picture,
    line: str,
    recording: str = "",
    notices: Sequence[str] = (),
    help_page: int = 0,
    keys: frozenset[str] | None = None,
) -> Picture:
    """Write over a copy of a picture.

    Args:
        picture: uint8, H×W×3, BGR.
        line: The heads-up line, at the foot; what is too long for the picture goes on in a second line.
        recording: The time of a recording, after a red dot beside the line.
        notices: Short texts above the line, the last one at the bottom.
        help_page: The page of the help card in the middle, from 1; 0 for no card.
        keys: The names of the keys that the card lists; by default all.

    Returns:
        uint8, H×W×3, BGR: a new picture.
    """
    canvas: Picture = reused(picture.shape)
    canvas[:] = picture
    if help_page:  # alone: it is read
        draw_card(canvas, help_page, keys)
        return canvas
    size = letter_size(canvas)
    foot = canvas.shape[0] - size // 2
    if line or recording:
        foot = _line(canvas, line, recording, size, foot)
    for notice in reversed(notices):
        foot = _strip(canvas, wrapped(notice, size, canvas.shape[1] - 2 * size), size, foot)
    return canvas


def _strip(canvas: Picture, lines: Sequence[str], size: int, foot: int) -> int:
    """Write lines on a dark strip that ends at `foot`; give where the next one above it ends."""
    step = round(1.3 * size)
    top = foot - len(lines) * step - size // 3
    width = max(text_width(line, size) for line in lines)
    shade(canvas, size // 2, top, size // 2 + width + size, foot)
    for row, line in enumerate(lines, start=1):
        write_text(canvas, line, (size, top + row * step - size // 6), size)
    return top - size // 4


def _line(canvas: Picture, line: str, recording: str, size: int, foot: int) -> int:
    """Write the heads-up line and the recording; give where what stands above them ends."""
    width = text_width(recording, size)
    above = foot
    if line:
        room = canvas.shape[1] - 2 * size - (width + round(2.6 * size) if recording else 0)
        letters = max(LEAST, min(size, int(size * room / max(1, text_width(line, size)))))
        above = _strip(canvas, wrapped(line, letters, room, _LINES), letters, foot)
    if recording:
        left, top = canvas.shape[1] - width - round(2.6 * size), foot - round(1.6 * size)
        shade(canvas, left, top, canvas.shape[1] - size // 2, foot)
        cv2.circle(canvas, (left + size, top + round(0.8 * size)), max(2, round(size * 0.33)), _RED, -1, cv2.LINE_AA)
        write_text(canvas, recording, (left + round(1.7 * size), top + round(1.15 * size)), size)
        above = min(above, top - size // 4)
    return above
