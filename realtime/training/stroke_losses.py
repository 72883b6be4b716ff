"""The terms that a painting is judged by in the training on strokes, each (N,) for N pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from . import losses
from .percept import Percept, content_gap, gram_gap, local_deviation, moments_gap, pooled, statistics

Tensor = Any
WINDOWS = (16, 8)
"""Windows in which texture is measured in relu1_1 and relu2_1: 16 pixels each."""


def lightness(picture: Tensor) -> Tensor:
    """Compute the lightness of pictures, (N, H, W, 3) -> (N, H, W, 1)."""
    return picture[..., :1] * 0.299 + picture[..., 1:2] * 0.587 + picture[..., 2:] * 0.114


def smoothed(picture: Tensor, sigma: float) -> Tensor:
    """Blur pictures (N, H, W, C) by a Gaussian of `sigma` pixels, their ends reflected."""
    reach = math.ceil(3 * sigma)
    row = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    blurs = []
    for side in picture.shape[1:3]:
        matrix = losses.banded(row / row.sum(), side + 2 * reach)
        fold = np.pad(np.eye(side), ((reach, reach), (0, 0)), mode="symmetric")
        blurs.append(matrix @ fold)
    return ops.transpose(losses.along(blurs[0], picture, blurs[1]), (0, 2, 3, 1))


def colour_detail(picture: Tensor) -> Tensor:
    """Measure how much the hue changes within a few pixels: (N, H, W)."""
    chroma = picture - lightness(picture)
    return ops.sqrt(ops.sum(ops.square(chroma - smoothed(chroma, 2.0)), axis=-1) + 1e-6)


def rim_gap(picture: Tensor, content: Tensor, width: int = 6) -> Tensor:
    """Square the logarithm of how much sharper than the rest the border is, less that of the content: (N,)."""
    height, across = picture.shape[1:3]
    inner = np.zeros((height, across), np.float32)
    inner[width:-width, width:-width] = 1
    ratios = []
    for x in (picture, content):
        grey = ops.mean(x, axis=-1, keepdims=True)
        sharp = ops.abs(grey - smoothed(grey, 2.0))[..., 0]
        inside = ops.sum(sharp * inner, axis=(1, 2)) / inner.sum()
        rim = ops.sum(sharp * (1 - inner), axis=(1, 2)) / (1 - inner).sum()
        ratios.append(ops.log((rim + 2e-3) / (inside + 2e-3)))
    return ops.square(ratios[0] - ratios[1])


def plainness(content: Tensor, window: int) -> Tensor:
    """Measure where the content is plain, 0..1, in cells of `window` pixels: (N, H / window, W / window)."""
    grey = lightness(content)
    deviation = local_deviation(grey, window)
    return ops.exp(-ops.square(deviation / 0.035))


def fineness(content: Tensor, side: int, stride: int) -> Tensor:
    """Weigh places of the content's middle, larger where it has much detail.

    Args:
        content: (N, V, V, 3).
        side: Side of the maps to weigh.
        stride: Pixels of the content to a place of the maps.

    Returns:
        Weights (N, side, side, 1) about 1.
    """
    grey = lightness(content)
    detail = ops.abs(grey - smoothed(grey, 2.5))
    spare = (content.shape[1] - stride * side) // 2
    detail = detail[:, spare : spare + stride * side, spare : spare + stride * side]
    cells = smoothed(pooled(detail, stride), 10 / stride)
    share = cells / (ops.mean(cells, axis=(1, 2), keepdims=True) + 2e-3)
    return 0.5 + 0.5 * ops.minimum(share, 4.0)


def lack_of_strokes(maps: Sequence[Tensor], content: Tensor, faint: Tensor) -> Tensor:
    """Measure how much less texture a painting has where the content is plain than the style has at its faintest.

    Args:
        maps: relu1_1 and relu2_1 of the painting.
        content: (N, H, W, 3).
        faint: How much texture the style has at its faintest in both maps, (N, 2).

    Returns:
        (N,).
    """
    plain, lacking = plainness(content, WINDOWS[0]), 0.0
    for k, (found, window) in enumerate(zip(maps, WINDOWS, strict=True)):
        local, wanted = local_deviation(found, window), faint[:, k][:, None, None]
        at = plain[:, : local.shape[1], : local.shape[2]]
        lacking += ops.mean(at * ops.relu(wanted - local) / (wanted + 0.05), axis=(1, 2))
    return lacking


def blotches(picture: Tensor, content: Tensor, window: int = 12) -> Tensor:
    """Measure how much colour, and half as much lightness, changes from cell to cell where the content is plain: (N,)."""
    cells, even = pooled(picture, window), plainness(content, window)
    cells = cells - 0.5 * lightness(cells)
    total = 0.0
    for a, b, c, d in (
        (cells[:, 1:], cells[:, :-1], even[:, 1:], even[:, :-1]),
        (cells[:, :, 1:], cells[:, :, :-1], even[:, :, 1:], even[:, :, :-1]),
    ):
        total += ops.mean(ops.sqrt(ops.sum(ops.square(a - b), axis=-1) + 1e-6) * c * d, axis=(1, 2))
    return total


def fringe(picture: Tensor, content: Tensor, usual: Tensor) -> Tensor:
    """Measure how much more the hue changes at the content's edges than the style's does anywhere, `usual` (N,): (N,)."""
    edge = ops.transpose(losses.edge_strength(content), (0, 2, 3, 1))[..., 0]
    edge = edge / (ops.mean(edge, axis=(1, 2), keepdims=True) + 0.02)
    colour = colour_detail(picture)[:, 5:-5, 5:-5]
    at_edges = ops.sum(colour * edge, axis=(1, 2)) / (ops.sum(edge, axis=(1, 2)) + 1e-3)
    return ops.relu(at_edges - usual)


class Losses:
    """The terms of one picture each, for frames painted from views that `Draws` describes."""

    def __init__(self, percept: Percept) -> None:
        self.percept = percept

    def wanted(self, style: Tensor) -> tuple[list[tuple[Tensor, ...]], Tensor]:
        """Compute what the losses ask of style pictures.

        Args:
            style: (M, H, W, 3).

        Returns:
            Statistics at both sizes, and how much texture the styles have where they have little, (M, 2).
        """
        whole = [*self.percept.vgg(style), self.percept.small(style)[1]]
        return [statistics(m) for m in (*whole, *self.percept.vgg(pooled(style, 2)))], self._faint(whole)

    @staticmethod
    def _faint(whole: list[Tensor]) -> Tensor:
        found = []
        for maps, window in zip(whole[:2], WINDOWS, strict=True):
            local = local_deviation(maps, window)
            ordered = ops.sort(ops.reshape(local, (-1, local.shape[1] * local.shape[2])), axis=-1)
            found.append(ordered[:, int(0.35 * ordered.shape[1])])
        return ops.stack(found, axis=-1)

    def terms(
        self,
        seen: Tensor,
        content: Tensor,
        targets: Sequence[tuple[Tensor, ...]],
        faint: Tensor,
        style_colour: Tensor,
        people: Tensor,
    ) -> dict[str, Tensor]:
        """Compute the terms of paintings.

        Args:
            seen: What is painted, (N, L, L, 3).
            content: The content, seen alike.
            targets: Statistics of the styles, as `wanted` gives them.
            faint: Their faintest texture, (N, 2).
            style_colour: How much their hue changes, (N,).
            people: Whether a content shows people, 0 or 1, (N,).

        Returns:
            The terms by name, each (N,).
        """
        vgg, (small3, small4) = self.percept.vgg(seen), self.percept.small(seen)
        content3, content4 = (ops.stop_gradient(m) for m in self.percept.small(content))
        half = self.percept.vgg(pooled(seen, 2))
        found = [statistics(m) for m in (*vgg, small4, *half)]
        grams = [gram_gap(f, w) for f, w in zip(found, targets, strict=True)]
        moments = [moments_gap(f, w) for f, w in zip(found, targets, strict=True)]
        fine = [fineness(content, m.shape[1], stride) for m, stride in ((small4, 8), (small3, 4))]
        worth = 1.0 + 0.5 * people
        return {
            "gram": sum(grams[:4]),
            "moments": sum(moments[:4]),
            "coarse": sum(grams[4:]) + sum(moments[4:]),
            "content": worth * content_gap(small4, content4, fine[0]),
            "detail": worth * content_gap(small3, content3, fine[1]),
            "edges": losses.edges_loss(seen, content),
            "coarse_edges": losses.edges_loss(pooled(seen, 2), pooled(content, 2)),
            "fringe": fringe(seen, content, style_colour),
            "plain": lack_of_strokes(vgg[:2], content, faint),
            "blotch": blotches(seen, content),
        }
