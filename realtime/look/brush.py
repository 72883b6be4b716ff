"""The brush: how many lines of a picture the model sees. Strokes grow as it falls, and are a share of the picture.

The model sees `LINES` times the brush on the shorter side, whatever the size of the picture, and never more than there are.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.models.fitting import divisible
from realtime.models.tiling import padded
from realtime.models.upsample import smaller, upsample

LINES = 480
"""Lines that the model sees at brush 1: those of an ordinary camera's picture."""

AS_LIVE = 2_500_000
"""Pixels up to which a picture is made smaller and brought back in one go, as a frame is."""

_BAND = 2_000_000  # pixels that are brought back to full size at a time
_REACH = 64  # painted rows around a band that matter to how it is brought back
_LATTICE = 4  # bands begin at multiples of this, whatever is worked out at a fraction of the small size

Finish = Callable[[Picture, Picture], Picture]
"""Is given a painting at full size and the picture, or a band of both, and returns the result's."""
Back = Callable[[Picture, Finish], Picture]
"""Brings a painting to full size."""


def lines_asked(picture: Picture, brush: float) -> float:
    """Work out how many lines of a picture a brush asks the model to see.

    Args:
        picture: H×W×3.
        brush: The brush of a look; infinite for every pixel.

    Returns:
        The lines of the shorter side, at most those that the picture has.
    """
    return float(min(LINES * brush, *picture.shape[:2]))


def share_seen(picture: Picture, brush: float) -> float:
    """Work out how much smaller the model sees a picture.

    Args:
        picture: H×W×3.
        brush: The brush of a look; infinite for every pixel.

    Returns:
        The factor for both sides, above 0 and at most 1.
    """
    lines: int = min(picture.shape[:2])
    return lines_asked(picture, brush) / lines


def with_brush(picture: Picture, brush: float, lines: int | None = None) -> tuple[Picture, Back]:
    """Make a picture as small as the brush has it.

    A large picture becomes very nearly this small, and its painting comes back band by band: that takes little memory. Pixels
    of the two sizes lie alike in every band, so that the bands fit together exactly.

    Args:
        picture: uint8, H×W×3, BGR.
        brush: The brush of a look; infinite for every pixel.
        lines: The lines that the model sees, where it is not to see all that the brush asks for.

    Returns:
        The smaller picture, and what brings its painting to full size, along the picture's edges.
    """
    share = share_seen(picture, brush) if lines is None else min(1.0, lines / min(picture.shape[:2]))
    if picture.shape[0] * picture.shape[1] <= AS_LIVE:
        reduced = smaller(picture, share)

        def at_once(painted: Picture, finish: Finish) -> Picture:
            return finish(painted if reduced is picture else upsample(painted, reduced, picture), picture)

        return reduced, at_once
    ratio = Fraction(1 / share).limit_denominator(4 if share < 0.5 else 10)
    large, little = ratio.numerator, ratio.denominator  # so many pixels of the picture to so many that are painted
    multiple = 2 * large if ratio > 1 else 1  # even at the small size, which is halved on the way back
    whole = padded(picture, divisible((picture.shape[1], picture.shape[0]), multiple))
    height, width = whole.shape[0] // large * little, whole.shape[1] // large * little
    small = whole
    if ratio > 1:
        small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def by_bands(painted: Picture, finish: Finish) -> Picture:
        result = np.empty_like(whole)
        step = _LATTICE * little
        margin = -(-_REACH // step) * step
        rows = max(step, _BAND * little // (large * whole.shape[1]) // step * step)
        for start in range(0, height, rows):
            stop = min(height, start + rows)
            near = slice(max(0, start - margin), min(height, stop + margin))
            full = slice(near.start * large // little, near.stop * large // little)
            core = slice(start * large // little, stop * large // little)
            band = painted[near] if ratio == 1 else upsample(painted[near], small[near], whole[full])
            inner = slice(core.start - full.start, core.stop - full.start)
            result[core] = finish(band[inner], whole[core])
        return result[: picture.shape[0], : picture.shape[1]]

    return small, by_bands
