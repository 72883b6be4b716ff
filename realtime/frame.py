"""A picture and its time. Pictures are uint8, H×W×3, BGR, everywhere outside `models/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from realtime.look import Look

Picture: TypeAlias = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]  # width, height, in pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """What a source gives: `picture` (uint8, H×W×3, BGR) and `time`, the `time.monotonic()` of its capture in seconds.

    A source gives its pictures away: it never draws into one again. Nor does anyone else: they are shared by threads.
    """

    picture: Picture
    time: float


@dataclass(frozen=True, slots=True)
class Stylized:
    """What a sink takes: the frame as the model saw it, the picture that came out, and how it was made.

    `picture` is of the same size as `frame.picture`; `look` is how it was painted just then, on the way from one look
    to the next too; `model_seconds` is what the model took for it, 0 where nothing had to be computed.
    """

    frame: Frame
    picture: Picture
    look: Look
    model_seconds: float


def fit(size: Size, box: Size) -> Size:
    """The largest size of `size`'s aspect that fits into `box`, never larger than `size`. All (width, height)."""
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def boxed(picture: Picture, size: Size) -> Picture:
    """`picture` (uint8, H×W×3) in the middle of `size` (width, height), scaled with its aspect kept, the rest black."""
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
    """A new picture, as in a mirror."""
    return cv2.flip(picture, 1)  # type: ignore[return-value]
