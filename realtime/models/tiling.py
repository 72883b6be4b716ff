"""Painting large pictures in tiles that leave no seams, in little memory."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture, Size
from realtime.models.base import StyleCode
from realtime.models.fitting import divisible
from realtime.models.model import Model
from realtime.models.tile_network import TileNetwork
from realtime.models.upsample import upsample

WHOLE = 4_000_000
"""Pixels up to which a picture is painted in one go. `lite` takes about 110 bytes for each, Magenta's network 600."""
_CORE = 832
_MARGIN = 96  # more than any of the networks looks around a pixel
_BLEND = 16  # int8 networks round a little differently from tile to tile: here one fades into the next
_GRID = 32  # networks that halve the picture up to five times see the same grid in every tile


class Tiled(Model):
    """A model for pictures of any size: large ones go through the network in tiles which share its norms' statistics.

    The result is what the model would give for the whole, which `TileNetwork` makes possible. A model without a tile
    network (one of a fixed size, say) paints a large picture reduced to `whole`, which is brought back along its edges.
    """

    def __init__(self, model: Model, whole: int = WHOLE) -> None:
        """Wrap a model, which stays the caller's to close.

        Args:
            model: The model.
            whole: Pixels up to which a picture is painted in one go.
        """
        self._model, self._whole = model, whole
        self.identity, self.description = model.identity, model.description

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of the model from those of others."""
        return self._model.fingerprint

    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture: see `Model.encode`."""
        return self._model.encode(style)

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture with a style: see `Model.stylize`."""
        height, width = picture.shape[:2]
        if width * height <= self._whole:
            return self._model.stylize(picture, code)
        network = self._model.tile_network(code)
        if network:
            return _paint(network, picture)
        scale = (self._whole / (width * height)) ** 0.5
        size = int(width * scale), int(height * scale)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return upsample(self._model.stylize(small, code), small, picture)


def padded(picture: Picture, size: Size) -> Picture:
    """Continue a picture by reflection, to the right and downwards.

    Args:
        picture: uint8, H×W×3.
        size: The size (width, height) to fill.

    Returns:
        A new picture of that size.
    """
    right, below = size[0] - picture.shape[1], size[1] - picture.shape[0]
    return cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REFLECT)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Span:
    """A tile along one side: its own pixels, `core`, lie within the `seen` ones."""

    core: slice
    seen: slice


def _paint(network: TileNetwork, picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    picture = padded(picture, divisible((width, height), network.multiple, _GRID))
    spans = list(_spans(picture.shape[0])), list(_spans(picture.shape[1]))
    for stage in range(network.stages):
        _measure(network, stage, picture, *spans)
    painted = np.empty_like(picture)
    for down in spans[0]:
        strip = np.empty((down.seen.stop - down.seen.start, picture.shape[1], 3), np.uint8)
        for across in spans[1]:
            tile = np.ascontiguousarray(picture[down.seen, across.seen])
            _lay(strip, network.paint(tile, (down.seen.start, across.seen.start)), across, axis=1)
        _lay(painted, strip, down, axis=0)
    return painted[:height, :width]


def _spans(length: int) -> Iterator[_Span]:
    count = -(-length // _CORE)
    edges = [length * k // count // _GRID * _GRID for k in range(count)] + [length]
    for start, stop in itertools.pairwise(edges):
        yield _Span(slice(start, stop), slice(max(0, start - _MARGIN), min(length, stop + _MARGIN)))


def _measure(network: TileNetwork, stage: int, picture: Picture, downs: list[_Span], acrosses: list[_Span]) -> None:
    """Settle the statistics of a stage: every place of the picture counts once, as seen by the tile that it is in."""
    sums: dict[Hashable, npt.NDArray[np.float64]] = {}
    squares: dict[Hashable, npt.NDArray[np.float64]] = {}
    count: dict[Hashable, int] = {}
    for down in downs:
        for across in acrosses:
            tile = np.ascontiguousarray(picture[down.seen, across.seen])
            at = down.seen.start, across.seen.start
            for of, features in network.measure(tile, at, stage).items():
                core = features[_of_core(down, features.shape[0]), _of_core(across, features.shape[1])]
                sums[of] = sums.get(of, 0.0) + core.sum(axis=(0, 1), dtype=np.float64)
                squares[of] = squares.get(of, 0.0) + np.square(core).sum(axis=(0, 1), dtype=np.float64)
                count[of] = count.get(of, 0) + core.shape[0] * core.shape[1]
    network.settle(
        stage,
        {of: total / count[of] for of, total in sums.items()},
        {of: total / count[of] for of, total in squares.items()},
    )


def _of_core(span: _Span, features: int) -> slice:
    """Find where the features of a span's core lie.

    There are a power of two of pixels to a feature, and as many features beyond the seen pixels at either end.
    """
    seen = span.seen.stop - span.seen.start
    step: int = 1 << round(np.log2(seen / features))
    beyond = (features - seen // step) // 2
    return slice(
        beyond + (span.core.start - span.seen.start) // step, beyond + (span.core.stop - span.seen.start) // step
    )


def _lay(canvas: Picture, tile: Picture, span: _Span, axis: int) -> None:
    """Lay a tile over the canvas, from a little before its core to as far as it is sound, fading in where one lies before."""
    first = max(span.seen.start, span.core.start - _BLEND)
    tile = tile[(slice(None),) * axis + (slice(first - span.seen.start, None),)]
    under = canvas[(slice(None),) * axis + (slice(first, span.seen.stop),)]
    if span.core.start == 0:
        under[:] = tile
        return
    fade = np.arange(1, 2 * _BLEND + 1, dtype=np.float32) / (2 * _BLEND + 1)
    fade = fade.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    band = (slice(None),) * axis + (slice(0, 2 * _BLEND),)
    mixed = under[band] + (tile[band].astype(np.float32) - under[band]) * fade
    under[:] = tile
    under[band] = np.rint(mixed)
