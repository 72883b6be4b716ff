"""A picture and its time. Pictures are uint8, H×W×3, BGR, everywhere outside `models/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]  # width, height, in pixels


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and its time. Threads share pictures: nobody draws into one, the source that gave it neither.

    Attributes:
        picture: uint8, H×W×3, BGR.
        time: The `time.monotonic()` of its capture, in seconds.
        mirrored: Whether the picture was turned as in a mirror since.
    """

    picture: Picture
    time: float
    mirrored: bool = False
