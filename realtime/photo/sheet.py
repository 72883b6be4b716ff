"""A contact sheet: one picture in every style, with the styles' names."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.core.text import clean
from realtime.models.stylizer import Stylizer

_GAP = 8
_TEXT = 22
_PAPER = (250, 250, 250)
_INK = (40, 40, 40)


def contact_sheet(
    stylizer: Stylizer,
    picture: Picture,
    styles: Iterable[tuple[str, Picture]],
    side: int = 320,
    columns: int = 5,
) -> Picture:
    """`picture` as it is and in each of the named style pictures, all uint8, H×W×3, BGR, in tiles whose longer side is `side`."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    tile = max(1, round(width * scale)), max(1, round(height * scale))
    named = [("original", picture)] + [(name, stylizer(picture, stylizer.encode(style))) for name, style in styles]
    rows = -(-len(named) // columns)
    step = (tile[0] + _GAP, tile[1] + _GAP + _TEXT)
    sheet = np.full((rows * step[1] + _GAP, columns * step[0] + _GAP, 3), _PAPER, np.uint8)
    for number, (name, painted) in enumerate(named):
        left, top = _GAP + number % columns * step[0], _GAP + number // columns * step[1]
        sheet[top : top + tile[1], left : left + tile[0]] = cv2.resize(painted, tile, interpolation=cv2.INTER_AREA)
        at = (left + 2, top + tile[1] + round(_TEXT * 0.72))
        cv2.putText(sheet, clean(name), at, _INK, cv2.FontFace("sans"), round(_TEXT * 0.65), weight=400)
    return sheet
