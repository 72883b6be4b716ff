"""A picture and its time. Pictures are uint8, H×W×3, BGR, everywhere outside `models/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]  # width, height, in pixels


LARGEST = 3840 * 2160
"""Pixels of the largest picture that a frame keeps besides its own."""


def same_picture(one: Picture, other: Picture) -> bool:
    """Say whether two pictures (uint8, H×W×3) have the same pixels: nearly for nothing where they have not."""
    if one is other:
        return True
    if one.shape != other.shape or not np.array_equal(one[::16, ::16], other[::16, ::16]):
        return False
    return cv2.norm(one, other, cv2.NORM_INF) == 0


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and its time. Threads share pictures: nobody draws into one, the source that gave it neither.

    Attributes:
        picture: uint8, H×W×3, BGR.
        time: The `time.monotonic()` of its capture, in seconds.
        mirrored: Whether the picture was turned as in a mirror since.
        full: The picture as it was captured, never mirrored, where it is larger than `picture`: of `LARGEST` pixels at most.
    """

    picture: Picture
    time: float
    mirrored: bool = False
    full: Picture | None = None
