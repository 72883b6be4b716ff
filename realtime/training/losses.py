"""What the frame network is trained for: the teacher's picture, its feature maps and their statistics, arrival in style
space, and stillness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from .teacher import Predictor

Tensor = Any


@dataclass(frozen=True)
class Weights:
    """How much each term counts: `still` for two views that lie shifted, `calm` for two that differ in noise alone."""

    pixel: float = 4.0
    feature: float = 0.5
    texture: float = 0.6
    arrival: float = 5.0
    still: float = 21.0
    calm: float = 4.0
    grid: float = 30.0
    edges: float = 0.6


COPYING = Weights(arrival=0.5, still=4.0, calm=4.0, grid=5.0, edges=0.5)
"""For a network that begins: the teacher's picture above all."""
SETTLING = Weights(arrival=6.5, still=26.0, calm=2.0, edges=0.25)
"""For the rounds at the end: edges are well met by then, and what they have to spare goes to arrival."""


def pixel_loss(picture: Tensor, label: Tensor) -> Tensor:
    """Mean absolute difference, per picture: (N,)."""
    return ops.mean(ops.abs(picture - label), axis=(1, 2, 3))


def relative(a: Tensor, b: Tensor) -> Tensor:
    """|a - b| over |b|, summed over all but the first axis: (N,)."""
    axes = tuple(range(1, len(a.shape)))
    return ops.sum(ops.abs(a - b), axis=axes) / (ops.sum(ops.abs(b), axis=axes) + 1e-6)


def gram(maps: Tensor) -> Tensor:
    """(N, H, W, C) -> (N, C, C), the mean products of the channels about their means."""
    h, w, c = maps.shape[1], maps.shape[2], maps.shape[3]
    flat = ops.reshape(maps, (-1, h * w, c))
    flat = flat - ops.mean(flat, axis=1, keepdims=True)
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (h * w)


def spread(maps: Tensor, window: int = 8) -> Tensor:
    """Standard deviation of each channel in windows: (N, H, W, C) -> (N, H / window, W / window, C)."""
    window = min(window, maps.shape[1], maps.shape[2])
    mean = ops.average_pool(maps, window, window, padding="valid")
    square = ops.average_pool(ops.square(maps), window, window, padding="valid")
    return ops.sqrt(ops.relu(square - ops.square(mean)) + 1e-4)


def feature_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Relative difference of feature maps, mean over the maps: (N,)."""
    return sum(relative(f, w) for f, w in zip(found, wanted, strict=True)) / len(found)


def texture_loss(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Relative difference of Gram matrices and of local standard deviations, mean over the maps: (N,)."""
    total = 0.0
    for f, w in zip(found, wanted, strict=True):
        total = total + relative(gram(f), gram(w)) + relative(spread(f), spread(w))
    return total / len(found)


def arrival_loss(local: Tensor, code: Tensor, typical: float = 4.0) -> Tensor:
    """Distance of the picture's code (the mean of `local` (N, h, w, 100)) from the wanted one (N, 100), in typical
    distances."""
    gap = ops.mean(local, axis=(1, 2)) - code
    return ops.sqrt(ops.sum(ops.square(gap), axis=-1) + 1e-4) / typical


def still_loss(first: Tensor, second: Tensor, shift: Tensor, margin: int) -> Tensor:
    """Mean absolute difference of two views, the second moved by `shift` (2,) pixels or parts of them, where they
    overlap: (N,).

    The first is sampled bilinearly, as a picture is that follows a camera.
    """
    n, side, channels = first.shape[0], first.shape[1] - margin - 1, 3
    whole = ops.floor(shift)
    down, right = (shift - whole)[0], (shift - whole)[1]
    cells = ops.cast(whole, "int32")
    zero = ops.zeros_like(cells)
    at_first, at_second = ops.maximum(cells, zero), ops.maximum(-cells, zero)
    a = ops.slice(first, [0, at_first[0], at_first[1], 0], (n, side + 1, side + 1, channels))
    a = a[:, :-1] + down * (a[:, 1:] - a[:, :-1])
    a = a[:, :, :-1] + right * (a[:, :, 1:] - a[:, :, :-1])
    b = ops.slice(second, [0, at_second[0], at_second[1], 0], (n, side, side, channels))
    return ops.mean(ops.abs(a - b), axis=(1, 2, 3))


def lattice(picture: Tensor, period: int, window: int) -> Tensor:
    """What of a picture (N, V, V, 3) repeats every `period` pixels, window by window: (N,).

    The picture less its mean over a period is averaged over all cells of a window; what is left, less its mean, is
    in every cell.
    """
    smooth = ops.average_pool(picture, period, 1, padding="valid")
    span, half = smooth.shape[1], period // 2
    window = min(window, span // period * period)
    count, cells = span // window, window // period
    side = count * window
    gap = picture[:, half : half + span, half : half + span] - smooth
    total = 0.0
    for at in (0, span - side):  # windows from the top left, and windows from the bottom right, so that all is covered
        folded = ops.reshape(
            gap[:, at : at + side, at : at + side], (-1, count, cells, period, count, cells, period, 3)
        )
        cell = ops.mean(folded, axis=(2, 5))
        flat = ops.mean(cell, axis=(2, 4), keepdims=True)
        total = total + 0.5 * ops.mean(ops.abs(cell - flat), axis=(1, 2, 3, 4, 5))
    return total


def grid_loss(picture: Tensor) -> Tensor:
    """How much of a lattice of 4 or 8 pixels, the network's strides, the picture has: (N,)."""
    return lattice(picture, 8, 48) + lattice(picture, 4, 12)


def edge_strength(picture: Tensor) -> Tensor:
    """How steep the lightness of a picture (N, H, W, 3) is, less blurred margins: (N, H - 10, W - 10, 1)."""
    reach = np.arange(-4, 5)
    row = np.exp(-(reach**2) / (2 * 1.5**2))
    row = (row / row.sum()).astype(np.float32)
    slope = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
    light = ops.sum(picture * ops.convert_to_tensor(np.array([0.299, 0.587, 0.114], np.float32)), axis=3, keepdims=True)
    light = ops.conv(light, row.reshape(9, 1, 1, 1), padding="valid", data_format="channels_last")
    light = ops.conv(light, row.reshape(1, 9, 1, 1), padding="valid", data_format="channels_last")
    both = np.stack([slope, slope.T], axis=-1)[:, :, None, :]
    slopes = ops.conv(light, both, padding="valid", data_format="channels_last")
    return ops.sqrt(ops.sum(ops.square(slopes), axis=3, keepdims=True) + 1e-6)


def edges_loss(picture: Tensor, content: Tensor) -> Tensor:
    """One less the correlation of the edge strengths of painting and content: (N,)."""
    a, b = (x - ops.mean(x, axis=(1, 2, 3), keepdims=True) for x in (edge_strength(picture), edge_strength(content)))
    total = ops.sum(a * b, axis=(1, 2, 3))
    return 1 - total / ops.sqrt(ops.sum(a * a, axis=(1, 2, 3)) * ops.sum(b * b, axis=(1, 2, 3)) + 1e-6)


TAPS = (0, 2, 5)
"""Blocks of the style predictor whose outputs are compared: 1/2, 1/4 and 1/8 of the picture's size."""


def wanted_maps(predictor: Predictor, label: Tensor) -> list[Tensor]:
    """The teacher picture's feature maps."""
    return predictor.maps(label, TAPS, top=False)[0]
