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
    """What a source gives: `picture` (uint8, H×W×3, BGR) and `time`, the `time.monotonic()` of its capture in seconds.

    A source gives its pictures away: it never draws into one again. Nor does anyone else: they are shared by threads.
    """

    picture: Picture
    time: float
