"""Sizes of pictures: fitting into boxes, letterboxes, mirrors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.buffers import reused
from realtime.core.frame import Picture, Size

BAND = 120
"""Rows at a time: what is worked out between the first and the last of several steps then stays in the cache."""
NEARLY = 0.65
"""The share of a picture's size above which linear interpolation makes it smaller well enough."""


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


def scaled_down(picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """Make a picture smaller, each pixel about the mean of those that it stands for.

    OpenCV's own mean of areas takes three to ten times as long wherever the sizes do not divide. Halving is quick and exact; what
    is scaled to twice the size that is wanted and then halved is as smooth as the mean of areas.

    Args:
        picture: uint8, H×W or H×W×3.
        size: Width and height of the result in pixels, no larger than the picture's.

    Returns:
        uint8, `size` wide and high; `picture` itself where it has that size already.
    """
    while 2 * size[0] <= picture.shape[1] and 2 * size[1] <= picture.shape[0]:
        picture = halved(picture)
    if picture.shape[1::-1] == size:
        return picture
    if min(size[0] / picture.shape[1], size[1] / picture.shape[0]) > NEARLY:
        return cv2.resize(picture, size)  # so near, the mean of areas looks much the same
    return halved(cv2.resize(picture, (2 * size[0], 2 * size[1])))


def halved(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the means of 2×2 pixels.

    Args:
        picture: uint8, H×W or H×W×3; the last row or column of an odd number counts for nothing.

    Returns:
        uint8, of half the size, but of one pixel at least.
    """
    height, width = max(1, picture.shape[0] // 2), max(1, picture.shape[1] // 2)
    return cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)


def scaled_up(plane: npt.NDArray[Any], size: Size) -> Iterator[tuple[slice, npt.NDArray[Any]]]:
    """Scale a plane up, `BAND` rows at a time.

    It is what scaling all of it at once would give: pieces begin where rows of both sizes lie alike, and overlap there.

    Args:
        plane: H×W or H×W×C, of any kind that OpenCV scales.
        size: The width and height wished for.

    Yields:
        Rows, and what is in them.
    """
    width, height = size
    steps = math.gcd(plane.shape[0], height)
    little, large = plane.shape[0] // steps, height // steps  # rows in a step
    several = max(1, BAND // large)
    for start in range(0, steps, several):
        stop = min(start + several, steps)
        near = slice(max(start - 1, 0), min(stop + 1, steps))
        rows = (near.stop - near.start) * large
        piece = cv2.resize(plane[near.start * little : near.stop * little], (width, rows))
        for top in range(start * large, stop * large, BAND):
            end, above = min(top + BAND, stop * large), near.start * large
            yield slice(top, end), piece[top - above : end - above]


def flipped(picture: Picture) -> Picture:
    """Give a new picture, the mirror image of `picture` (uint8, H×W×3)."""
    return cv2.flip(picture, 1, dst=reused(picture.shape))  # type: ignore[return-value]
