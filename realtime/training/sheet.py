"""Sheets to look at: content, style, teacher and lite side by side, from any folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from .data import Picture, resized

Painter = Callable[[Picture, Picture], Picture]


def fitted(picture: Picture, width: int, height: int) -> Picture:
    """Crop a picture to the aspect of width × height about its middle, and resize it."""
    h, w = picture.shape[:2]
    aspect = width / height
    cut_w, cut_h = (round(h * aspect), h) if w / h > aspect else (w, round(w / aspect))
    top, left = (h - cut_h) // 2, (w - cut_w) // 2
    return resized(picture[top : top + cut_h, left : left + cut_w], width, height)


def sheet(
    contents: Sequence[Picture],
    styles: Sequence[Picture],
    painters: Sequence[Painter],
    size: tuple[int, int] = (384, 288),
) -> Picture:
    """Draw a row for each pair of a content and a style: content, style, and what each painter makes of them.

    Args:
        contents: RGB uint8 pictures.
        styles: RGB uint8 pictures.
        painters: Functions of a content and a style.
        size: Width and height of each picture of the sheet, in pixels.

    Returns:
        RGB uint8 (rows * H, columns * W, 3).
    """
    rows = []
    for content in contents:
        for style in styles:
            small = fitted(content, *size)
            row = [small, fitted(style, *size), *(paint(small, style) for paint in painters)]
            rows.append(np.concatenate(row, axis=1))
    return np.concatenate(rows, axis=0)


def save(picture: Picture, path: Path) -> None:
    """Write a picture; the ending of the name says the format.

    Args:
        picture: RGB uint8 (H, W, 3).
        path: The file; its folder is made.

    Raises:
        ValueError: OpenCV cannot write this format.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(path.suffix, np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not done:
        raise ValueError(f"cannot write {path}")
    path.write_bytes(data.tobytes())
