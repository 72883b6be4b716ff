"""Sizes of pictures: fitting into boxes, letterboxes, mirrors."""

from __future__ import annotations

import cv2
import numpy as np

from realtime.core.frame import Picture, Size


def fit(size: Size, box: Size) -> Size:
    """Give the largest size of the same aspect as `size` that fits into `box`.

    Args:
        size: Width and height in pixels.
        box: Width and height in pixels.

    Returns:
        Width and height in pixels, at least 1 and never more than `size`.
    """
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def boxed(picture: Picture, size: Size) -> Picture:
    """Scale a picture to fit into a size, with its aspect kept, in the middle of black borders.

    Args:
        picture: uint8, H×W×3, BGR.
        size: Width and height of the result in pixels.

    Returns:
        uint8, `size` high and wide, BGR; `picture` itself where it has that size already.
    """
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return canvas


def flipped(picture: Picture) -> Picture:
    """Give a new picture, the mirror image of `picture` (uint8, H×W×3)."""
    return cv2.flip(picture, 1)  # type: ignore[return-value]
