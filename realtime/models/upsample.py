"""Guided upsampling: what was painted small, brought to the frame's size with the frame's own edges."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.buffers import reused
from realtime.core.frame import Picture
from realtime.core.geometry import BAND, NEARLY, halved, scaled_down, scaled_up

_REACH = (7, 7)
"""The window of the guided filter, in pixels of half the small size."""
_AROUND = 4
"""Rows of half the small size that a slope depends on, above and below: three of the window and one of the blur after it."""
_FLAT = np.float32(10.0**2)
"""The variance, of 255², that is added to the guide's: windows with less of their own have nothing to follow."""
_STEEPEST = 4.0
"""How many times the frame's contrast the detail may get at most, where the style makes a lot of a faint edge."""
_FAINT: Any = 4.0  # any: OpenCV's stubs know of no numbers here
"""Detail of the guide up to this, of 255, is mostly the camera's noise and left out; what is stronger is less by it."""
np.empty(30 << 20, np.uint8)
"""Made and freed once, for glibc: it then keeps blocks up to this size for the next frame. Else it gives a frame's planes back
to the system and gets them anew, page by page, which takes longer than what is worked out in them. Costs no memory by itself.
A live session sets a lower limit, which its frames stay below: `core/memory`."""

_Grey = npt.NDArray[Any]  # uint8, H×W; OpenCV's stubs do not say which type comes out
_Plane = npt.NDArray[Any]  # float32, H×W


def smaller(content: Picture, share: float) -> Picture:
    """Make a picture smaller.

    Args:
        content: uint8, H×W×3.
        share: The factor for both sides.

    Returns:
        A picture of that size, at least 16 pixels high and wide; `content` itself where it would not shrink.
    """
    if share >= 1:
        return content
    height, width = content.shape[:2]
    size = max(16, round(width * share)), max(16, round(height * share))
    if size[0] >= width or size[1] >= height:
        return content
    # Halved and a little up again between these: a model paints this as calmly, and it takes a third of the time.
    if 0.5 < share <= NEARLY:
        return cv2.resize(halved(content), size)  # type: ignore[return-value]
    return scaled_down(content, size)


def upsample(painted: Picture, small: Picture, content: Picture) -> Picture:
    """Bring a painting to the size of the frame, with the frame's edges.

    The fast guided filter (He and Sun 2015, arXiv 1505.00996) with the frame's grey as its guide. Around each pixel the
    painting is a·guide + b, with a = cov(guide, painting) / (var(guide) + what counts as flat), worked out at half of the
    small size. At full size it is applied to detail only: the painting, scaled up, plus a times what the guide lost by
    being small. So the painting's own strokes, which the guide knows nothing of, stay as they are; where the frame is
    flat a is near 0 and no noise comes in; where the style turned dark into light a is negative, so there are no halos.

    Args:
        painted: What the model made of `small`: uint8, H×W×3, BGR.
        small: `content` scaled down, as the model saw it: uint8, of the same size as `painted`.
        content: The frame: uint8, H×W×3, BGR.

    Returns:
        A new picture of `content`'s size and kind.
    """
    size = (content.shape[1], content.shape[0])
    low = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    slope = _slope(low, cv2.cvtColor(painted, cv2.COLOR_BGR2GRAY))
    # Networks soften edges beyond what the size takes: measured against a guide softened as much, they come back whole.
    kept = cv2.resize(cv2.GaussianBlur(low, (5, 5), 0), size)
    result = cv2.resize(painted, size, dst=reused(content.shape))
    for rows, steep in scaled_up(slope, size):
        _add_detail(result[rows], cv2.cvtColor(content[rows], cv2.COLOR_BGR2GRAY), kept[rows], steep)
    return result  # type: ignore[return-value]


def _add_detail(result: npt.NDArray[Any], guide: _Grey, kept: _Grey, slope: _Plane) -> None:
    """Add to `result`, in place, `slope` times what is in `guide` but not in `kept`."""
    lighter = cv2.subtract(cv2.subtract(guide, kept), _FAINT)
    darker = cv2.subtract(cv2.subtract(kept, guide), _FAINT)
    detail = cv2.subtract(lighter, darker, dtype=cv2.CV_32F)
    # In 8 bits, which hold no sign: twice, saturating, and still several times as fast as floats in three channels.
    cv2.multiply(detail, slope, dst=lighter, dtype=cv2.CV_8U)
    cv2.multiply(detail, slope, dst=darker, scale=-1, dtype=cv2.CV_8U)
    cv2.add(result, cv2.cvtColor(lighter, cv2.COLOR_GRAY2BGR), dst=result)
    cv2.subtract(result, cv2.cvtColor(darker, cv2.COLOR_GRAY2BGR), dst=result)


def _slope(guide: _Grey, painted: _Grey) -> _Plane:
    """Work out the guided filter's a of two grey pictures of one size, at half their size, float32, some rows at a time."""
    g, p = halved(guide), halved(painted)
    slope: _Plane = np.empty(g.shape, np.float32)
    for top in range(0, len(slope), BAND):
        above, bottom = max(top - _AROUND, 0), min(top + BAND, len(slope))
        near = slice(above, bottom + _AROUND)
        piece = _slope_of(g[near].astype(np.float32), p[near].astype(np.float32))
        slope[top:bottom] = piece[top - above : bottom - above]
    return slope


def _slope_of(g: _Plane, p: _Plane) -> _Plane:
    mean_g, mean_p = cv2.blur(g, _REACH), cv2.blur(p, _REACH)
    variance = np.maximum(cv2.blur(g * g, _REACH) - mean_g * mean_g, 0)
    slope = (cv2.blur(g * p, _REACH) - mean_g * mean_p) / (variance + _FLAT)
    smooth: _Plane = cv2.blur(np.clip(slope, -_STEEPEST, _STEEPEST), (3, 3))
    return smooth
