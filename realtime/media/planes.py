"""Pictures as most codecs take them: brightness in full, colour at half the width and height."""

from __future__ import annotations

import cv2
import numpy as np

from realtime.core.frame import Picture

_LIMITED = np.clip(np.round((np.arange(256) - 128) * (224 / 255) + 128), 0, 255).astype(np.uint8)
"""Colour of the full range to that of the limited one."""


def yuv420(picture: Picture) -> Picture:
    """Convert a picture to planes of brightness and colour; a colour is the mean of its four pixels.

    OpenCV's own conversion takes the colour of one pixel of four, which makes coloured edges jagged (it lies 2.4 dB further from
    a painting); FFmpeg's quick one tints greys green.

    Args:
        picture: uint8, H×W×3, BGR; H and W are even.

    Returns:
        uint8, 3/2 H×W: Y, then U, then V, by ITU-R BT.601, limited range (FFmpeg's yuv420p).
    """
    height, width = picture.shape[:2]
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    _, red, blue = cv2.split(cv2.cvtColor(half, cv2.COLOR_BGR2YCrCb))
    colours = planes[height:].reshape(2, height // 2, width // 2)
    cv2.LUT(blue, _LIMITED, colours[0])
    cv2.LUT(red, _LIMITED, colours[1])
    return planes  # type: ignore[return-value]
