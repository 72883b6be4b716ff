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
LEAST, MOST = 0.35, 0.5
"""Shares of a style's windows with less texture than is asked of plain grounds, and than is too much there."""
LAGS = tuple((d * k, a * k) for d, a in ((0, 1), (1, 0), (1, 1), (-1, 1)) for k in (4, 5, 6, 7, 8, 10, 12, 16))
"""Rows and columns by which strokes are shifted to find out whether they repeat."""
FAINT = 2e-5
"""Mean square of strokes that are too faint for their repetition to count."""


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


def strokes_on_plain(maps: Sequence[Tensor], content: Tensor, usual: Tensor) -> tuple[Tensor, Tensor]:
    """Measure how far the texture of a painting lies outside what the style has in its calm half, where the content is plain.

    Args:
        maps: relu1_1 and relu2_1 of the painting.
        content: (N, H, W, 3).
        usual: How much texture the style has in both maps at the least and at the most that is asked, (N, 2, 2).

    Returns:
        How much is lacking and how much is too much, (N,) each.
    """
    plain, lacking, busy = plainness(content, WINDOWS[0]), 0.0, 0.0
    for k, (found, window) in enumerate(zip(maps, WINDOWS, strict=True)):
        local = local_deviation(found, window)
        least, most = (usual[:, k, q][:, None, None] for q in range(2))
        at = plain[:, : local.shape[1], : local.shape[2]]
        lacking += ops.mean(at * ops.relu(least - local) / (least + 0.05), axis=(1, 2))
        busy += ops.mean(at * ops.relu(local - most) / (most + 0.05), axis=(1, 2))
    return lacking, busy


def repetition(picture: Tensor, where: Tensor | None = None) -> Tensor:
    """Correlate the strokes of a picture with themselves, shifted by `LAGS`: a weave has large values, brushwork small ones.

    Args:
        picture: (N, H, W, 3).
        where: How much each place counts, (N, H, W, 1); all alike by default.

    Returns:
        (N, number of lags).
    """
    grey = lightness(picture)
    fine = grey - smoothed(grey, 4.0)
    held = fine if where is None else fine * where
    power = ops.mean(held * fine, axis=(1, 2, 3)) + FAINT
    reach, found = max(max(abs(d), a) for d, a in LAGS), []
    inside = fine[:, reach:-reach, reach:-reach]
    if where is not None:
        inside = inside * where[:, reach:-reach, reach:-reach]
    height, width = fine.shape[1:3]
    for down, across in LAGS:
        beside = fine[:, reach + down : height - reach + down, reach + across : width - reach + across]
        found.append(ops.mean(inside * beside, axis=(1, 2, 3)) / power)
    return ops.stack(found, axis=-1)


def weave(picture: Tensor, content: Tensor, usual: Tensor) -> Tensor:
    """Measure how much more the strokes repeat where the content is plain than those of the style, `usual` (N, lags): (N,)."""
    cells = ops.repeat(ops.repeat(plainness(content, 16), 16, axis=1), 16, axis=2)[..., None]
    below, right = (whole - part for whole, part in zip(picture.shape[1:3], cells.shape[1:3], strict=True))
    even = ops.pad(cells, [[0, 0], [0, below], [0, right], [0, 0]])
    excess = ops.relu(repetition(picture, even) - ops.relu(usual) - 0.04)
    return ops.sum(excess, axis=-1) * ops.minimum(1.0, 4.0 * ops.mean(even, axis=(1, 2, 3)))


def tone_gap(picture: Tensor, content: Tensor, window: int = 12) -> Tensor:
    """Give one less the correlation of the lightness of cells: (N,). What is light stays light; the palette is free."""
    found, wanted = (lightness(pooled(x, window)) for x in (picture, content))
    found, wanted = (x - ops.mean(x, axis=(1, 2), keepdims=True) for x in (found, wanted))
    both, one, other = (ops.mean(a * b, axis=(1, 2, 3)) for a, b in ((found, wanted), (found, found), (wanted, wanted)))
    return 1 - both * ops.rsqrt((one + 1e-4) * (other + 1e-4))


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

    def wanted(self, style: Tensor) -> tuple[list[tuple[Tensor, ...]], tuple[Tensor, ...]]:
        """Compute what the losses ask of style pictures.

        Args:
            style: (M, H, W, 3).

        Returns:
            Statistics at both sizes; and what is usual in the styles: the bounds of their calm texture (M, 2, 2), how much
            their hue changes (M,), and how much their strokes repeat (M, lags).
        """
        whole = [*self.percept.vgg(style), self.percept.small(style)[1]]
        usual = self._calm(whole), ops.mean(colour_detail(style), axis=(1, 2)), repetition(style)
        return [statistics(m) for m in (*whole, *self.percept.vgg(pooled(style, 2)))], usual

    @staticmethod
    def _calm(whole: list[Tensor]) -> Tensor:
        found = []
        for maps, window in zip(whole[:2], WINDOWS, strict=True):
            local = local_deviation(maps, window)
            ordered = ops.sort(ops.reshape(local, (-1, local.shape[1] * local.shape[2])), axis=-1)
            places = [int(share * ordered.shape[1]) for share in (LEAST, MOST)]
            found.append(ops.stack([ordered[:, place] for place in places], axis=-1))
        return ops.stack(found, axis=1)

    def terms(
        self,
        seen: Tensor,
        content: Tensor,
        targets: Sequence[tuple[Tensor, ...]],
        usual: Sequence[Tensor],
        people: Tensor,
    ) -> dict[str, Tensor]:
        """Compute the terms of paintings.

        Args:
            seen: What is painted, (N, L, L, 3).
            content: The content, seen alike.
            targets: Statistics of the styles, as `wanted` gives them.
            usual: What is usual in them, as `wanted` gives it.
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
        calm, hue, repeated = usual
        lacking, busy = strokes_on_plain(vgg[:2], content, calm)
        return {
            "gram": sum(grams[:4]),
            "moments": sum(moments[:4]),
            "coarse": sum(grams[4:]) + sum(moments[4:]),
            "content": worth * content_gap(small4, content4, fine[0]),
            "detail": worth * content_gap(small3, content3, fine[1]),
            "edges": losses.edges_loss(seen, content),
            "coarse_edges": losses.edges_loss(pooled(seen, 2), pooled(content, 2)),
            "fringe": fringe(seen, content, hue),
            "plain": lacking,
            "busy": busy,
            "weave": weave(seen, content, repeated),
            "tone": tone_gap(seen, content),
            "blotch": blotches(seen, content),
        }
