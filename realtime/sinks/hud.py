"""What is written over the picture in the window: the heads-up line, short notices, and the help card."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from realtime.control.keymap import KEYS
from realtime.core.frame import Picture
from realtime.core.text import clean

_WHITE = (245, 245, 245)
_GREY = (190, 190, 190)
_RED = (60, 60, 255)


def draw(
    picture: Picture, line: str, recording: str = "", notices: Sequence[str] = (), help_card: bool = False
) -> Picture:
    """Write over a copy of a picture.

    Args:
        picture: uint8, H×W×3, BGR.
        line: The heads-up line, at the foot; what is too long for the picture is made smaller.
        recording: The time of a recording, after a red dot beside the line.
        notices: Short texts at the head.
        help_card: Whether the help card stands in the middle.

    Returns:
        uint8, H×W×3, BGR: a new picture.
    """
    canvas: Picture = picture.copy()
    height = canvas.shape[0]
    size = int(np.clip(height / 30, 9, 40))
    if line or recording:
        _line(canvas, line, recording, size)
    for row, notice in enumerate(notices):
        _strip(canvas, notice, (size // 2, size // 2 + row * round(1.8 * size)), size)
    if help_card:
        _help_card(canvas, size)
    return canvas


def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _width(text: str, size: int) -> int:
    return int(cv2.getTextSize((4096, 4096), clean(text), (0, 0), _font(), size, 400)[2]) if text else 0


def _text(canvas: Picture, text: str, at: tuple[int, int], size: int, color: tuple[int, int, int] = _WHITE) -> None:
    cv2.putText(canvas, clean(text), at, color, _font(), size, weight=400)


def _shade(canvas: Picture, left: int, top: int, right: int, bottom: int) -> None:
    """Darken a box so that writing on it can be read over any picture."""
    box = canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if box.size:
        cv2.convertScaleAbs(box, dst=box, alpha=0.35)


def _strip(canvas: Picture, text: str, at: tuple[int, int], size: int, taken: int = 0) -> None:
    """`text` on a dark strip whose top left corner is `at`; `taken` pixels at the right belong to something else."""
    room = canvas.shape[1] - 2 * size - taken
    width = _width(text, size)
    if width > max(room, 0):
        size = max(7, int(size * room / width))
        width = _width(text, size)
    left, top = at
    _shade(canvas, left, top, left + width + size, top + round(1.6 * size))
    _text(canvas, text, (left + size // 2, top + round(1.15 * size)), size)


def _line(canvas: Picture, line: str, recording: str, size: int) -> None:
    top = canvas.shape[0] - round(2.1 * size)
    width = _width(recording, size)
    if line:
        _strip(canvas, line, (size // 2, top), size, width + round(2.6 * size) if recording else 0)
    if recording:
        left = canvas.shape[1] - width - round(2.6 * size)
        _shade(canvas, left, top, canvas.shape[1] - size // 2, top + round(1.6 * size))
        cv2.circle(canvas, (left + size, top + round(0.8 * size)), max(2, round(size * 0.33)), _RED, -1, cv2.LINE_AA)
        _text(canvas, recording, (left + round(1.7 * size), top + round(1.15 * size)), size)


def _help_card(canvas: Picture, size: int) -> None:
    height, width = canvas.shape[:2]
    size = max(6, min(size, int(height / (1.7 * (len(KEYS) + 2)))))
    labels = max(_width(key.label, size) for key in KEYS)
    whole = labels + max(_width(key.help, size) for key in KEYS) + 4 * size
    if whole > width:
        size = max(5, int(size * width / whole))
        labels, whole = int(labels * width / whole), width
    step = round(1.7 * size)
    left, top = (width - whole) // 2, (height - step * (len(KEYS) + 1)) // 2
    _shade(canvas, left, top, left + whole, top + step * (len(KEYS) + 1))
    for row, key in enumerate(KEYS, start=1):
        _text(canvas, key.label, (left + size, top + row * step), size, _GREY)
        _text(canvas, key.help, (left + labels + 3 * size, top + row * step), size)
