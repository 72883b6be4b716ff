"""Stillness for any model: what does not change is held, what moves is followed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture
from realtime.core.geometry import BAND, fit, scaled_down, scaled_up

_Plane = npt.NDArray[Any]

_WORK = 160
"""The longer side at which contents are compared: of the camera's noise little is left in the mean of so many pixels."""
_LEAST = 40
"""Of a side shorter than this no optical flow is taken (OpenCV 5.0 crashes below 32), and nothing that moves is held."""
_HOLD = 0.12
"""Seconds in which what is still follows what the model paints (63 % of the way), at amount 1."""
_FOLLOW = 0.06
"""The same for a motion of one such pixel a frame: a picture warped again and again loses its sharpness."""
_FAST = 6.0
"""Such pixels a frame from which on nothing is held: the eye sees no shimmer there, but it does see trails."""
_MOVES = 2
"""Difference of a place in two contents, of 255, from which on something may have moved there."""
_ALIKE, _OTHER = 2.5, 6.0
"""Difference of two contents, of 255, up to which they are the same, and from which on they are not."""
_CUT = 0.4
"""The share of the picture that must have become another for a cut."""
_REPAINTED = 14.0
"""Mean change of the painting, of 255, between two frames of one and the same content that another style explains, ..."""
_RESTLESS = 2.0
"""... if it is so many times the change before: some networks flicker as much in every frame, from the camera's noise alone."""
_GAP = 0.5
"""Seconds between two frames after which nothing of the older one is held."""
_MOST_BOXES = 12
"""Places that move apart from one another; of more, all that lies between them is moved along."""
_NEARLY = 0.1
"""How far another size may lie from the last one, as a share, for the same picture in fewer or more lines."""
_NONE: Any = None  # for remap's second map, and the flow to begin with: the stubs do not let them be None
_NEAR, _AROUND = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
_AGREEMENT = np.clip((_OTHER - np.arange(256, dtype=np.float32)) / np.float32(_OTHER - _ALIKE), 0, 1)
"""How far two contents agree, 0..1, by their difference."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is remembered of a frame."""

    content: _Plane  # grey, at the size at which contents are compared
    probe: Picture  # some pixels of what the model painted
    picture: Picture  # what was shown
    time: float
    change: float  # of the probe since the frame before, of 255, on average


class Steady:
    """Holds one stream's painting still. For one thread at a time; it remembers one frame.

    The picture shown last is moved along with the content (DIS optical flow, Kroeger et al. 2016, arXiv 1603.03590, on
    small grey contents), confined to the colours that the new painting has around each pixel (Karis, "High quality
    temporal supersampling", SIGGRAPH 2014), and blended with the new painting: much of it where the content agrees and
    is still, less where it moves, none where it differs or moves fast. So the painting follows within about 0.2 s
    whatever the model does, and what was uncovered, or appeared, is as new as the frame.
    """

    def __init__(self) -> None:
        self._shown: _Shown | None = None

    def reset(self) -> None:
        """Hold nothing of what was shown: a new clip, or a look that is to be seen at once."""
        self._shown = None

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return what the next frame depends on, as arrays by name; nothing where there is nothing to hold."""
        if (shown := self._shown) is None:
            return {}
        numbers = np.array((shown.time, shown.change), np.float64)
        return {"content": shown.content, "probe": shown.probe, "picture": shown.picture, "numbers": numbers}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on after the frame that `state` was taken after.

        Args:
            state: What `state` returned, perhaps read from a file: every array is checked.

        Raises:
            ValueError: An array is missing or of another kind or size than `state` returns.
        """
        if not state:
            return self.reset()
        try:
            content, probe, picture = state["content"], state["probe"], state["picture"]
            time, change = (float(number) for number in state["numbers"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"what is held still lacks {error}") from error
        known = all(array.dtype == np.uint8 for array in (content, probe, picture))
        if not known or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise ValueError("what is held still is not a picture")
        if content.shape != _small(picture).shape or probe.shape != picture[4::8, 4::8].shape:
            raise ValueError("what is held still does not fit together")
        self._shown = _Shown(content, probe, picture, time, change)

    def __call__(self, painted: Picture, content: Picture, amount: float, time: float) -> Picture:
        """`painted`, made of `content`, held by `amount` 0..1: uint8, H×W×3, BGR, both of one size.

        At 0, and where there is nothing to hold, `painted` itself comes back, else a new picture. A picture of nearly the
        same size and shape as the last one is the same picture in more or fewer lines, and goes on. `time` is the frame's,
        in seconds: it makes streams of different rates alike, and after half a second without a frame, or going
        backwards, it starts anew. So do cuts, which are seen in the content, and a change of style at once, seen where the
        painting changes all over, far more than it did before, and the content does not; a style that morphs is followed.
        Callers who know that the picture is meant to change call `reset`.
        """
        if amount == 0.0:
            self._shown = None
            return painted
        small, probe = _small(content), painted[4::8, 4::8].copy()
        last, picture, change = self._shown, painted, 0.0
        if last and 0 < time - last.time <= _GAP and (known := _at_size(last, painted, small)):
            last, change = known, known.change
            if last.probe.shape == probe.shape:
                change = cv2.norm(probe, last.probe, cv2.NORM_L1) / max(1, probe.size)
            picture = _held(painted, small, change, last, amount, time - last.time)
        self._shown = _Shown(small, probe, picture, time, change)
        return picture


def _at_size(last: _Shown, painted: Picture, small: _Plane) -> _Shown | None:
    """Give what is remembered at the size of a new painting; None where that is of another size altogether."""
    (height, width), (high, wide) = painted.shape[:2], last.picture.shape[:2]
    if (high, wide) == (height, width):
        return last
    larger, wider = height / high, width / wide
    if abs(larger - 1) > _NEARLY or abs(larger / wider - 1) > 2 / min(height, width):  # a pixel that rounding made
        return None
    content: _Plane = cv2.resize(last.content, small.shape[::-1])
    picture: Picture = cv2.resize(last.picture, (width, height)).astype(np.uint8, copy=False)
    return replace(last, content=content, picture=picture)


def _held(painted: Picture, small: _Plane, change: float, last: _Shown, amount: float, passed: float) -> Picture:
    """Blend, or give `painted` itself where nothing is to be held. `passed` is seconds."""
    # Blurred first and then compared for motion, which leaves no noise; for agreement compared first, which misses nothing.
    smooth = cv2.blur(small, (5, 5))
    changed = cv2.absdiff(smooth, cv2.blur(last.content, (5, 5)))
    differs = cv2.blur(cv2.absdiff(small, last.content), (5, 5))
    moving = cv2.dilate((changed >= _MOVES).view(np.uint8), _AROUND)
    share = cv2.countNonZero(moving) / moving.size
    camera_moves = share > 0.5
    if not camera_moves and change > max(_REPAINTED, _RESTLESS * last.change):
        return painted
    picture: _Plane = last.picture
    speed: _Plane = np.zeros(small.shape, np.float32)
    if share and min(small.shape) >= _LEAST:
        flow = _flow(small, smooth, last.content)
        if not camera_moves:
            flow = cv2.copyTo(flow, moving)  # what is still must not even be resampled
        differs = cv2.blur(cv2.absdiff(small, _moved(last.content, flow)), (5, 5))
        if np.count_nonzero(differs > _OTHER) > _CUT * differs.size:
            return painted
        speed = cv2.magnitude(*cv2.split(flow))
        picture = _moved(picture, flow, () if camera_moves else _boxes(moving, picture.shape[0]))
    agreement = cv2.LUT(cv2.dilate(differs, _NEAR), _AGREEMENT)
    still, follow = (math.exp(-passed / (seconds * amount)) for seconds in (_HOLD, _FOLLOW))
    slow = still + (follow - still) * speed
    fast = follow * np.maximum((_FAST - speed) / np.float32(_FAST - 1), 0)
    keep = cv2.multiply(np.where(speed < 1, slow, fast), agreement, scale=255, dtype=cv2.CV_8U)
    keep = cv2.resize(keep, (painted.shape[1], painted.shape[0]))
    # What was moved is nobody else's: it gives its memory to the result.
    return _blended(painted, picture, keep, np.empty_like(painted) if picture is last.picture else picture)


def _blended(painted: Picture, picture: _Plane, keep: _Plane, blended: Picture) -> Picture:
    """Blend with what of `picture` the colours around each pixel of `painted` allow, by `keep` 0..255, some rows at a time.

    The result goes into `blended`, which may be `picture` itself.
    """
    height = painted.shape[0]
    for top in range(0, height, BAND):
        rows = slice(top, min(top + BAND, height))
        above, below = max(top - 1, 0), min(top + BAND + 1, height)  # a pixel sees its neighbours
        near, own = painted[above:below], slice(rows.start - above, rows.stop - above)
        new, share = painted[rows], cv2.cvtColor(keep[rows], cv2.COLOR_GRAY2BGR)
        confined = cv2.max(picture[rows], cv2.erode(near, _NEAR)[own])
        cv2.min(confined, cv2.dilate(near, _NEAR)[own], dst=confined)
        # Towards `confined` by a share of the difference, in 8 bits, which hold no sign: whichever way, it lies between the two.
        step = cv2.absdiff(confined, new)
        cv2.multiply(step, share, dst=step, scale=1 / 255)
        cv2.max(confined, cv2.subtract(new, step, dst=share), dst=confined)
        cv2.min(confined, cv2.add(new, step, dst=step), dst=blended[rows])
    return blended


def _small(content: Picture) -> _Plane:
    """Give the content in grey, at the size at which contents are compared."""
    width, height = fit((content.shape[1], content.shape[0]), (_WORK, _WORK))
    grey: _Plane = cv2.cvtColor(content, cv2.COLOR_BGR2GRAY)
    return scaled_down(grey, (width, height))


def _flow(content: _Plane, smooth: _Plane, before: _Plane) -> _Plane:
    """Where each pixel of `content` was in `before`: float32, H×W×2, smooth, from where there is something to see."""
    # Made anew each time, which costs nothing: one that is kept would begin from the flow it found last.
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)  # type: ignore[attr-defined]
    flow: _Plane = search.calc(content, before, _NONE)
    edges = cv2.absdiff(content, smooth).astype(np.float32)
    trust = cv2.multiply(edges, edges) + np.float32(0.5)
    flow = cv2.blur(cv2.multiply(flow, cv2.merge((trust, trust))), (9, 9))
    trust = cv2.blur(trust, (9, 9))
    return cv2.divide(flow, cv2.merge((trust, trust)))


def _boxes(moving: _Plane, height: int) -> list[tuple[int, int, int, int]]:
    """Find rectangles (x, y, width, height) that hold all that moves, with a pixel around it.

    They begin and end at rows that lie alike in a picture of a height.
    """
    rows, columns = moving.shape
    step = rows // math.gcd(rows, height)

    def framed(x: int, y: int, w: int, h: int) -> tuple[int, int, int, int]:
        left, top = max(0, x - 1), max(0, y - 1) // step * step
        return left, top, min(columns, x + w + 1) - left, min(rows, -(-(y + h + 1) // step) * step) - top

    whole = framed(*cv2.boundingRect(moving))
    count, _, places, _ = cv2.connectedComponentsWithStats(moving, ltype=cv2.CV_16U)  # the first is what does not move
    if count - 1 > _MOST_BOXES:
        return [whole]
    boxes = [framed(*place) for place in places[1:, :4].tolist()]
    return boxes if sum(w * h for _, _, w, h in boxes) < whole[2] * whole[3] else [whole]


def _moved(picture: _Plane, flow: _Plane, boxes: Sequence[tuple[int, int, int, int]] = ()) -> _Plane:
    """`picture` along a flow of its own or of a smaller size, which is nothing outside `boxes` where there are any."""
    (height, width), (rows, columns) = picture.shape[:2], flow.shape[:2]
    colours = picture.ndim == 3  # remap takes half the time for four channels that it takes for three
    how = cv2.INTER_LINEAR | cv2.WARP_RELATIVE_MAP
    result: _Plane = picture.copy() if boxes else np.empty_like(picture)
    for x, y, w, h in boxes or [(0, 0, columns, rows)]:
        left, right = x * width // columns, -(-(x + w) * width // columns)
        top, bottom = y * height // rows, (y + h) * height // rows
        piece = flow[y : y + h, x : x + w] * np.float32(width / columns)
        far = math.ceil(cv2.norm(piece, cv2.NORM_INF)) + 2  # pixels, with those that are interpolated
        for band, places in scaled_up(piece, (right - left, bottom - top)):
            before, above = max(0, left - far), max(0, top + band.start - far)
            source = picture[above : top + band.stop + far, before : right + far]
            source = cv2.cvtColor(source, cv2.COLOR_BGR2BGRA) if colours else source
            begin: Any = (left - before, top + band.start - above, 0, 0)  # the stubs know of no numbers here
            moved = cv2.remap(source, cv2.add(places, begin, dst=places), _NONE, how, borderMode=cv2.BORDER_REPLICATE)
            moved = cv2.cvtColor(moved, cv2.COLOR_BGRA2BGR) if colours else moved
            result[top + band.start : top + band.stop, left:right] = moved
    return result
