"""Grain: a faint texture laid over every frame before it is painted, so that plain grounds get strokes that stay.

What a network paints on a plain wall begins with the faintest structure there, which in a video is noise: either its
strokes flicker or there are none. Grain does not move, and is stronger than noise at the size of strokes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.core.frame import Picture

MIDDLE = 128
"""The grey that changes nothing."""
_BLOCK = 256  # pixels, at least: the tile is repeated up to this, and then block by block, which stays in the cache


class Grain:
    """A grey picture repeated over frames from their top left corner on: its difference from `MIDDLE` is added to them."""

    def __init__(self, tile: npt.NDArray[np.uint8]) -> None:
        """Begin with the picture.

        Args:
            tile: uint8, h×w.
        """
        self.tile = tile
        height, width = (-(-_BLOCK // side) for side in tile.shape)
        block = np.tile(tile, (height, width)).astype(np.int16) - MIDDLE
        self._lighter, self._darker = (
            np.repeat(np.maximum(sign * block, 0).astype(np.uint8)[:, :, None], 3, axis=2) for sign in (1, -1)
        )

    def piece(self, height: int, width: int, top: int = 0, left: int = 0) -> npt.NDArray[np.int16]:
        """Give what is added to a piece of a frame.

        Args:
            height: Height of the piece in pixels.
            width: Width of the piece in pixels.
            top: Row of the frame at which the piece begins.
            left: Column of the frame at which the piece begins.

        Returns:
            int16, height×width.
        """
        rows = np.arange(top, top + height) % self.tile.shape[0]
        columns = np.arange(left, left + width) % self.tile.shape[1]
        piece: npt.NDArray[np.int16] = self.tile[rows[:, None], columns].astype(np.int16)
        return piece - MIDDLE

    def lay(self, picture: Picture, top: int = 0, left: int = 0, dst: Picture | None = None) -> Picture:
        """Add the grain to a picture.

        Args:
            picture: uint8, H×W×3.
            top: Row of the frame at which the picture begins.
            left: Column of the frame at which the picture begins.
            dst: Where the result goes; it may be the picture itself. By default a new picture.

        Returns:
            The picture with grain, held to 0..255: `dst`, where it is given.
        """
        laid: Picture = np.empty_like(picture) if dst is None else dst
        for rows, down in _blocks(picture.shape[0], top, self._lighter.shape[0]):
            for columns, across in _blocks(picture.shape[1], left, self._lighter.shape[1]):
                lighter = cv2.add(picture[rows, columns], self._lighter[down, across], dst=laid[rows, columns])
                cv2.subtract(lighter, self._darker[down, across], dst=lighter)
        return laid


def _blocks(length: int, start: int, block: int) -> Iterator[tuple[slice, slice]]:
    """Divide a side that begins at `start`, where a block is repeated: give what of the side lies on what of the block."""
    at = 0
    while at < length:
        first = (start + at) % block
        step = min(block - first, length - at)
        yield slice(at, at + step), slice(first, first + step)
        at += step


def grain_beside(frame_file: Path) -> npt.NDArray[np.uint8] | None:
    """Read the grain of a frame network: the picture grain.png in its folder.

    Args:
        frame_file: The file of the network.

    Returns:
        uint8, h×w, or None where there is no such picture.

    Raises:
        ModelError: The picture is broken.
    """
    file = frame_file.with_name("grain.png")
    if not file.exists():
        return None
    try:
        data = np.fromfile(file, np.uint8)
        tile = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    except (cv2.error, OSError):
        tile = None
    if tile is None:
        raise ModelError(f"{file} is no picture that can be read; {frame_file.name} beside it needs it as its grain")
    return tile.astype(np.uint8, copy=False)
