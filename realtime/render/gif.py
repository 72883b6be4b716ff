"""Pictures in the 256 colours of a GIF: one palette for all of them, so that nothing flickers, and an ordered dither."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from realtime.core.frame import Picture

_BITS = 6  # of each channel that the table of nearest colours goes by
_SPREAD = 10  # how far, of 255, the dither moves a colour up or down
_SMALL = (160, 120)


class Palette:
    """256 colours that suit some pictures (uint8, H×W×3, BGR), by median cut."""

    def __init__(self, samples: Iterable[Picture]) -> None:
        small = [cv2.resize(picture, _SMALL, interpolation=cv2.INTER_AREA)[:, :, ::-1] for picture in samples]
        reduced = Image.fromarray(np.concatenate(small)).quantize(256, Image.Quantize.MEDIANCUT)
        chosen = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)
        self._rgb = np.resize(chosen, (256, 3))
        self._nearest = _nearest(self._rgb.astype(np.float32))
        self._tiles: dict[tuple[int, int], npt.NDArray[np.int16]] = {}

    def frame(self, picture: Picture) -> Any:
        """The picture as a PyAV frame of the format pal8."""
        import av

        height, width = picture.shape[:2]
        dithered = cv2.add(picture.astype(np.int16), self._dither(height, width))
        levels = np.clip(dithered, 0, 255).astype(np.uint16) >> (8 - _BITS)
        places = (levels[:, :, 2].astype(np.int32) << 2 * _BITS) | (levels[:, :, 1] << _BITS) | levels[:, :, 0]
        opaque = np.concatenate([np.full((256, 1), 255, np.uint8), self._rgb], axis=1)
        pixels: Any = (self._nearest[places], opaque)
        return av.VideoFrame.from_ndarray(pixels, format="pal8")

    def _dither(self, height: int, width: int) -> npt.NDArray[np.int16]:
        if (height, width) not in self._tiles:
            order = np.zeros((1, 1))
            for _ in range(3):  # Bayer's matrix of 8×8
                order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
            tile = np.round((order / 63 - 0.5) * 2 * _SPREAD).astype(np.int16)
            whole = np.tile(tile, (-(-height // 8), -(-width // 8)))[:height, :width]
            self._tiles[height, width] = np.repeat(whole[:, :, np.newaxis], 3, axis=2)
        return self._tiles[height, width]


def _nearest(colours: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """For every R, G, B of `_BITS` bits each the number of the nearest colour."""
    levels = (np.arange(2**_BITS, dtype=np.float32) + 0.5) * 2 ** (8 - _BITS)
    rest = np.stack(np.meshgrid(levels, levels, indexing="ij"), axis=-1).reshape(-1, 2)  # green, blue
    rows = []
    for red in levels:
        cells = np.concatenate([np.full((len(rest), 1), red, np.float32), rest], axis=1)
        rows.append(((colours**2).sum(axis=1) - 2 * cells @ colours.T).argmin(axis=1).astype(np.uint8))
    return np.concatenate(rows)
