"""What the frame network is trained for: the teacher's picture and feature maps, arrival in style space, and stillness.

Pictures are float32 RGB (N, H, W, 3) in 0..1. A loss is given for each picture: (N,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from .layers import picture_mean
from .teacher import Predictor

Tensor = Any


@dataclass(frozen=True)
class Weights:
    """How much each term counts: `still` for two views that lie shifted, `calm` for two that differ in noise alone.

    Arrival asked for above all is had by ripples along edges, which move with them and so are still: it counts for less
    than the strokes of the teacher.
    """

    pixel: float = 6.0
    tone: float = 8.0
    feature: float = 1.0
    texture: float = 1.2
    arrival: float = 2.5
    still: float = 6.0
    calm: float = 12.0
    grid: float = 30.0
    edges: float = 0.3


COPYING = Weights(arrival=0.5, still=4.0, calm=4.0, grid=5.0, edges=0.5)
"""For a network that begins: the teacher's picture above all."""
SETTLING = Weights(arrival=4.0, calm=9.0)
"""For the last round: more arrival, less stillness."""


def summed(x: Tensor) -> Tensor:
    """Sum over all but the first axis: (N, ...) -> (N,).

    As a product with ones: its gradient, and those of the other products here, take a fraction of the time that those of
    sums, pooling and slices take on a CPU.
    """
    flat = ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))
    return ops.matmul(flat, ops.ones((flat.shape[1], 1), flat.dtype))[:, 0]


def averaged(x: Tensor) -> Tensor:
    """Average over all but the first axis: (N, ...) -> (N,)."""
    return summed(x) / int(np.prod(x.shape[1:]))


def pixel_loss(picture: Tensor, label: Tensor) -> Tensor:
    """Measure the mean absolute difference of pictures: (N,)."""
    return averaged(ops.abs(picture - label))


def tone_loss(picture: Tensor, label: Tensor, cell: int = 8) -> Tensor:
    """Measure the mean absolute difference of the mean colours of cells: (N,). Halos count here, strokes do not."""
    means = area(picture.shape[1], picture.shape[1] // cell), area(picture.shape[2], picture.shape[2] // cell)
    return averaged(ops.abs(along(means[0], picture - label, means[1])))


def relative(a: Tensor, b: Tensor) -> Tensor:
    """Measure |a - b| over |b|, summed over all but the first axis: (N,)."""
    return summed(ops.abs(a - b)) / (summed(ops.abs(b)) + 1e-6)


def gram(maps: Tensor) -> Tensor:
    """Average the products of the channels about their means: (N, H, W, C) -> (N, C, C)."""
    count, c = maps.shape[1] * maps.shape[2], maps.shape[3]
    flat = ops.reshape(maps, (-1, count, c))
    mean = picture_mean(maps)[:, 0]
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / count - ops.transpose(mean, (0, 2, 1)) * mean


def spread(maps: Tensor, window: int = 8) -> Tensor:
    """Measure the standard deviation of each channel in windows: (N, H, W, C) -> (N, H / window, W / window, C)."""
    window = min(window, maps.shape[1], maps.shape[2])
    mean = ops.average_pool(maps, window, window, padding="valid")
    square = ops.average_pool(ops.square(maps), window, window, padding="valid")
    return ops.sqrt(ops.relu(square - ops.square(mean)) + 1e-4)


def feature_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Measure the relative difference of feature maps (N, h, w, C), mean over the maps: (N,)."""
    return sum(relative(f, w) for f, w in zip(found, wanted, strict=True)) / len(found)


def texture_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Measure the relative difference of Gram matrices and of local standard deviations, mean over the maps: (N,).

    Gram matrices as in L. Gatys, A. Ecker, M. Bethge, Image Style Transfer Using Convolutional Neural Networks, 2016.
    """
    total = 0.0
    for f, w in zip(found, wanted, strict=True):
        total = total + relative(gram(f), gram(w)) + relative(spread(f), spread(w))
    return total / len(found)


def arrival_loss(local: Tensor, code: Tensor, typical: float = 4.0) -> Tensor:
    """Measure the distance of a picture's code from the wanted one, in typical distances.

    Args:
        local: Local codes (N, h, w, 100), whose mean is the picture's code.
        code: The wanted codes (N, 100).
        typical: The typical distance of two codes.

    Returns:
        (N,).
    """
    gap = ops.mean(local, axis=(1, 2)) - code
    return ops.sqrt(ops.sum(ops.square(gap), axis=-1) + 1e-4) / typical


def still_loss(first: Tensor, second: Tensor, shift: Tensor, margin: int) -> Tensor:
    """Measure the mean absolute difference of two views where they overlap.

    The first is sampled bilinearly, as a picture is that follows a camera.

    Args:
        first: Pictures (N, V, V, 3).
        second: Pictures of the same contents, moved.
        shift: How far the second is moved, (2,), in pixels and fractions of them.
        margin: The most that it may be moved.

    Returns:
        (N,).
    """
    n, side, channels = first.shape[0], first.shape[1] - margin - 1, 3
    whole = ops.floor(shift)
    part = shift - whole
    down, right = (ops.stack([1 - part[k], part[k]]) for k in range(2))
    cells = ops.cast(whole, "int32")
    zero = ops.zeros_like(cells)
    at_first, at_second = ops.maximum(cells, zero), ops.maximum(-cells, zero)
    a = ops.slice(first, [0, at_first[0], at_first[1], 0], (n, side + 1, side + 1, channels))
    corner = ops.tile((down[:, None] * right)[:, :, None, None], (1, 1, channels, 1))
    a = ops.depthwise_conv(a, corner, padding="valid", data_format="channels_last")
    b = ops.slice(second, [0, at_second[0], at_second[1], 0], (n, side, side, channels))
    return averaged(ops.abs(a - b))


def along(rows: np.ndarray, picture: Tensor, columns: np.ndarray) -> Tensor:
    """Map the rows and the columns of pictures linearly.

    Args:
        rows: Matrix (h, H).
        picture: (N, H, W, C).
        columns: Matrix (w, W).

    Returns:
        (N, C, h, w).
    """
    channels, height, width = picture.shape[3], len(rows), len(columns)
    left, right = (ops.convert_to_tensor(m.astype(np.float32)) for m in (rows[None, None], columns.T))
    across = ops.matmul(left, ops.transpose(picture, (0, 3, 1, 2)))
    across = ops.matmul(ops.reshape(across, (-1, columns.shape[1])), right)
    return ops.reshape(across, (-1, channels, height, width))


def banded(row: np.ndarray, side: int) -> np.ndarray:
    """Make the matrix of a correlation with `row` (K,) of `side` numbers: (side - K + 1, side)."""
    out = np.zeros((side - len(row) + 1, side))
    for k, value in enumerate(row):
        out += value * np.eye(*out.shape, k)
    return out


def area(side: int, smaller: int) -> np.ndarray:
    """Make the matrix that averages `side` numbers to `smaller` ones, each the mean of those that it covers: (smaller, side)."""
    edges = np.arange(smaller + 1) * side / smaller
    reached = np.clip(edges[:, None] - np.arange(side), 0, 1)  # how much of each number lies before an edge
    return np.diff(reached, axis=0) * smaller / side


def as_seen(picture: Tensor) -> Tensor:
    """Resize a view of a frame to what a style network sees of it, that of a frame of 384×288 in a square of 256.

    Args:
        picture: (N, V, V, 3).

    Returns:
        (N, V * 7 / 8, V * 2 / 3, 3).
    """
    height, width = picture.shape[1], picture.shape[2]
    planes = along(area(height, height * 7 // 8), picture, area(width, width * 2 // 3))
    return ops.transpose(planes, (0, 2, 3, 1))


def lattice(picture: Tensor, period: int, window: int) -> Tensor:
    """Measure what of a picture repeats every `period` pixels, window by window.

    The picture less its mean over a period is averaged over all cells of a window; what remains, less its mean, is in every cell.

    Args:
        picture: (N, V, V, 3).
        period: Side of a cell, in pixels.
        window: Side of a window, in pixels.

    Returns:
        (N,).
    """
    view = picture.shape[1]
    smooth = banded(np.full(period, 1 / period), view)
    span, half = len(smooth), period // 2
    window = min(window, span // period * period)
    count, cells = span // window, window // period
    side = count * window
    fold = np.kron(np.eye(count), np.kron(np.full((1, cells), 1 / cells), np.eye(period)))
    total = 0.0
    for at in (0, span - side):  # windows from the top left, and windows from the bottom right, so that all is covered
        sharp = fold @ np.eye(side, view, half + at)
        soft = fold @ smooth[at : at + side]
        cell = along(sharp, picture, sharp) - along(soft, picture, soft)
        cell = ops.reshape(cell, (-1, 3, count, period, count, period))
        flat = ops.mean(cell, axis=(3, 5), keepdims=True)
        total = total + 0.5 * averaged(ops.abs(cell - flat))
    return total


def grid_loss(picture: Tensor) -> Tensor:
    """Measure how much of a lattice of 4 or 8 pixels, the network's strides, pictures (N, V, V, 3) have: (N,)."""
    return lattice(picture, 8, 48) + lattice(picture, 4, 12)


def edge_strength(picture: Tensor) -> Tensor:
    """Measure how steep the lightness of pictures (N, H, W, 3) is, less blurred margins: (N, 1, H - 10, W - 10)."""
    reach = np.arange(-4, 5)
    blur = np.exp(-(reach**2) / (2 * 1.5**2))
    blur = blur / blur.sum()
    light = picture[..., :1] * 0.299 + picture[..., 1:2] * 0.587 + picture[..., 2:] * 0.114
    (steep_y, flat_y), (steep_x, flat_x) = (
        [banded(np.convolve(blur, row), side) for row in ([-1, 0, 1], [1, 2, 1])] for side in picture.shape[1:3]
    )
    slopes = along(flat_y, light, steep_x), along(steep_y, light, flat_x)
    return ops.sqrt(ops.square(slopes[0]) + ops.square(slopes[1]) + 1e-6)


def edges_loss(picture: Tensor, content: Tensor) -> Tensor:
    """Give one less the correlation of the edge strengths of painting and content: (N,)."""
    a, b = (x - averaged(x)[:, None, None, None] for x in (edge_strength(picture), edge_strength(content)))
    return 1 - summed(a * b) / ops.sqrt(summed(a * a) * summed(b * b) + 1e-6)


TAPS = (0, 2, 5)
"""Blocks of the style predictor whose outputs are compared: 1/2, 1/4 and 1/8 of the picture's size."""


def wanted_maps(predictor: Predictor, label: Tensor) -> list[Tensor]:
    """Compute the feature maps of the teacher's pictures, those of the blocks `TAPS`."""
    return predictor.maps(label, TAPS, top=False)[0]
