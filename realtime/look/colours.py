"""Own colours: the brightness of the painting with the colours of what was painted."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture

_LUMINANCE = np.array([[0.0722, 0.7152, 0.2126]], np.float32)  # of linear B, G, R: ITU-R BT.709
_NONE, _ALL, _WHITE = np.float32(0), np.float32(1), np.float32(255)
_BAND = 24  # rows at a time: what is worked out between the first and the last step then stays in the cache

_Plane = npt.NDArray[Any]  # float32, H×W; OpenCV's stubs do not say which type comes out


def own_colours(painted: Picture, content: Picture, amount: float) -> Picture:
    """Give a painting the colours of its content, and keep the painting's luminance.

    Args:
        painted: uint8, H×W×3, BGR.
        content: The same size and type.
        amount: 0..1: 0 gives `painted` itself, 1 all of the content's colours.

    Returns:
        uint8, H×W×3, BGR.

    A pixel becomes t + s·c on each channel. c is the content's chroma, its channels less their luminance-weighted mean,
    in the picture's own encoding, which is close to even for the eye. t is chosen so that the luminance in linear light
    is the painting's; linear light is taken as the square of the encoded value, and as c has a mean of 0, that is
    t² = T² - s²·V (T²: the painting's luminance, V: the weighted mean of c²). s is 1 where the colour can be shown, else
    the largest value with which all three channels stay within 0..255: it fades towards grey, hue and luminance stay,
    and no channel is clipped.
    """
    if amount == 0.0:
        return painted
    result = np.empty_like(painted)
    for top in range(0, painted.shape[0], _BAND):
        rows = slice(top, top + _BAND)
        _recolour(painted[rows], content[rows], result[rows])
    if amount < 1.0:
        cv2.addWeighted(result, amount, painted, 1.0 - amount, 0.0, dst=result)
    return result


def _recolour(painted: Picture, content: Picture, out: Picture) -> None:
    # Planes are written over as soon as they are not needed again: fewer of them stay in the cache.
    linear = painted.astype(np.float32)
    luminance: _Plane = cv2.transform(cv2.multiply(linear, linear, dst=linear), _LUMINANCE)
    colour = content.astype(np.float32)
    mean: _Plane = cv2.transform(colour, _LUMINANCE)
    spread: _Plane = cv2.transform(cv2.multiply(colour, colour), _LUMINANCE)
    spread -= mean * mean
    np.maximum(spread, _NONE, out=spread)
    blue, green, red = cv2.split(content)
    above = cv2.subtract(cv2.max(cv2.max(blue, green), red), mean, dtype=cv2.CV_32F)
    below = cv2.subtract(mean, cv2.min(cv2.min(blue, green), red), dtype=cv2.CV_32F)
    share = _above_black(luminance, spread, below)
    np.minimum(share, _below_white(luminance, spread, above), out=share)
    np.minimum(share, _ALL, out=share)
    spread *= share
    spread *= share
    luminance -= spread
    np.maximum(luminance, _NONE, out=luminance)
    base = cv2.sqrt(luminance)
    mean *= share
    base -= mean
    cv2.multiply(colour, cv2.cvtColor(share, cv2.COLOR_GRAY2BGR), dst=colour)
    cv2.add(colour, cv2.cvtColor(base, cv2.COLOR_GRAY2BGR), dst=out, dtype=cv2.CV_8U)


def _above_black(luminance: _Plane, spread: _Plane, below: _Plane) -> _Plane:
    """Find the largest s for which sqrt(T² - s²·V) - s·below is not below 0. Writes over `below`."""
    below *= below
    below += spread
    np.maximum(below, np.float32(0.25), out=below)
    np.divide(luminance, below, out=below)
    return cv2.sqrt(below, below)


def _below_white(luminance: _Plane, spread: _Plane, above: _Plane) -> _Plane:
    """Find the largest s up to 1 for which sqrt(T² - s²·V) + s·above is not above 255; 1 or more where any s will do.

    The smaller root of (above² + V)·s² - 510·above·s + 255² - T². Where there is none, the result is at least 1:
    V is at most above·below (Bhatia and Davis 2000), and above + below at most 255. Writes over `above`.
    """
    np.maximum(above, np.float32(0.5), out=above)  # of a grey pixel any share will do
    square = above * above
    square += spread
    above *= _WHITE
    root = _WHITE * _WHITE - luminance
    root *= square
    np.subtract(above * above, root, out=root)
    np.maximum(root, _NONE, out=root)
    above -= cv2.sqrt(root, root)
    above /= square
    return above
