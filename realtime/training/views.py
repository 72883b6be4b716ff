"""Views of photos and styles for the training of strokes: what is drawn for a step, and its sampling on the device.

What a step sees follows from the seed and the number of the step alone. Only a few numbers are drawn on the host;
pictures lie on the device as bytes, and each view is two products with matrices that take its rows and its columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from .data import Floats, Picture

Tensor = Any
STYLE_SIDE = 256


def canvas(pictures: Sequence[Picture]) -> tuple[Picture, Floats]:
    """Put pictures of many sizes into one array, each in its top left corner.

    Args:
        pictures: RGB uint8 pictures.

    Returns:
        uint8 (N, H, W, 3), and the sizes (N, 2).
    """
    height, width = (max(p.shape[axis] for p in pictures) for axis in (0, 1))
    out = np.zeros((len(pictures), height, width, 3), np.uint8)
    for place, picture in zip(out, pictures, strict=True):
        place[: picture.shape[0], : picture.shape[1]] = picture
    return out, np.array([p.shape[:2] for p in pictures], np.float32)


def rows(start: Tensor, length: Tensor, count: int, side: int, size: Tensor, mirrored: Tensor | None = None) -> Tensor:
    """Make matrices that sample `count` places of a stretch of `side` numbers, of which `size` hold.

    Each place is the mean of what lies about it, weighted by a tent as wide as the distance of two places, at least that of two
    numbers. The stretch is reflected where it reaches over an end.

    Args:
        start: Where each stretch begins, (N,).
        length: How long it is, (N,).
        count: Places to sample.
        side: Numbers of a row.
        size: How many of them hold, (N,).
        mirrored: Which are sampled from the end, (N,).

    Returns:
        (N, count, side).
    """
    at = (ops.arange(count, dtype="float32") + 0.5) / count
    if mirrored is not None:
        at = ops.where(mirrored[:, None], 1 - at, at)
    places = start[:, None] + at * length[:, None]
    places = ops.mod(places, 2 * size[:, None])
    places = ops.minimum(places, 2 * size[:, None] - places) - 0.5
    reach = ops.maximum(length / count, 1.0)[:, None, None]
    numbers = ops.arange(side, dtype="float32")
    places = ops.clip(places, 0.0, size[:, None] - 1)
    weights = ops.relu(1 - ops.abs(places[:, :, None] - numbers) / reach) * ops.cast(
        numbers < size[:, None, None], "float32"
    )
    return weights / (ops.sum(weights, axis=-1, keepdims=True) + 1e-6)


def sampled(down: Tensor, pictures: Tensor, across: Tensor) -> Tensor:
    """Sample pictures (N, H, W, 3) by matrices of their rows (N, h, H) and columns (N, w, W): (N, h, w, 3)."""
    _, height, width, channels = pictures.shape
    lines = ops.matmul(down, ops.reshape(pictures, (-1, height, width * channels)))
    lines = ops.reshape(lines, (-1, down.shape[1], width, channels))
    return ops.matmul(across[:, None], lines)


class Draws:
    """The numbers that each step needs, as arrays, for a batch of photos of which two each share a style.

    Of four second views one differs from the first in noise alone; two ``moves``, a little, under a grain that lies still;
    and one lies ``beside``, so that its border is inside the first, and its grain with it.
    """

    def __init__(
        self,
        photo_sizes: Floats,
        people: np.ndarray,
        style_sizes: Floats,
        shares: Floats,
        batch: int,
        view: int,
        loss_side: int,
        own: int = 2,
        crowd: float = 0.4,
        seed: int = 1,
    ) -> None:
        """Take the sizes of all pictures.

        Args:
            photo_sizes: Height and width of each photo, (N, 2).
            people: Whether each photo shows people, (N,).
            style_sizes: Height and width of each style, (M, 2).
            shares: How often each style is drawn, (M,).
            batch: Photos of a step.
            view: Side of a view, in pixels.
            loss_side: Side of a view as the losses see it.
            own: How many of the styles are the content itself.
            crowd: The share of photos of people.
            seed: From which all follows.
        """
        self.photo_sizes, self.style_sizes = photo_sizes, style_sizes
        self.people, self.crowds = people.astype(bool), np.flatnonzero(people)
        self.shares = shares.astype(np.float64) / shares.sum(dtype=np.float64)
        self.batch, self.styles, self.own, self.crowd = batch, batch // 2, own, crowd
        self.view, self.loss_side, self.seed = view, loss_side, seed

    def step(self, number: int) -> dict[str, np.ndarray]:
        """Draw the numbers for step `number`, float32 and int32, by name."""
        rng = np.random.default_rng([self.seed, 5, number])
        n, m, view = self.batch, self.styles, self.view
        photo = rng.integers(len(self.photo_sizes), size=n)
        if len(self.crowds):
            photo = np.where(rng.random(n) < self.crowd, self.crowds[rng.integers(len(self.crowds), size=n)], photo)
        sizes = self.photo_sizes[photo]
        side = sizes.min(axis=1) * np.exp(rng.uniform(math.log(0.45), 0, n)) * 0.94
        corner = rng.random((n, 2)) * (sizes - side[:, None])
        moves, beside = np.arange(n) % 2 == 1, np.arange(n) % 4 == 2
        zoom = np.where(moves, np.exp(rng.normal(0, 0.008, n)), 1.0)
        shift = np.where(moves[:, None], rng.uniform(-5, 5, (n, 2)) * rng.choice([0.3, 1.0], (n, 1)), 0.0)
        aside = rng.integers(view // 10, view // 5, (n, 2)) * rng.choice([-1, 1], (n, 2))
        shift = np.where(beside[:, None], aside, shift)
        style = rng.choice(len(self.shares), size=m, p=self.shares)
        sizes = self.style_sizes[style]
        whole = rng.random((m, 1)) < 0.55
        box = np.where(whole, sizes, sizes.min(axis=1, keepdims=True) * rng.uniform(0.55, 1.0, (m, 1)))
        order = np.where(rng.random((m, 1)) < 0.8, np.arange(3), rng.permuted(np.tile(np.arange(3), (m, 1)), axis=1))
        mixed = rng.random(m) * (rng.random(m) < 0.3) * (np.arange(m) >= self.own)
        scale = math.exp(rng.uniform(math.log(0.8), math.log(1.25)))
        seen = min(self.loss_side / scale, view)
        values = {
            "side": side,
            "corner": corner,
            "shift": shift,
            "zoom": zoom,
            "moves": moves,
            "beside": beside,
            "gamma": np.exp(rng.normal(0, 0.2, n)),
            "people": self.people[photo],
            "style_corner": rng.random((m, 2)) * (sizes - box),
            "style_box": box,
            "style_mirrored": rng.random(m) < 0.5,
            "style_gamma": np.exp(rng.normal(0, 0.12, m)),
            "mixed": mixed,
            "seen": np.full(n, seen),
            "seen_corner": rng.random((n, 2)) * (view - seen),
            "style_seen": np.full(m, STYLE_SIDE / scale),
            "style_seen_corner": rng.random((m, 2)) * np.maximum(0.0, STYLE_SIDE - STYLE_SIDE / scale),
            "noise": np.float64(rng.uniform(0, 6 / 255)),
        }
        whole_numbers = {
            "photo": photo,
            "style": style,
            "order": order,
            "grain": rng.integers(256, size=2),
            "noise_seed": rng.integers(2**31),
        }
        out = {name: np.asarray(value, np.float32) for name, value in values.items()}
        return out | {name: np.asarray(value, np.int32) for name, value in whole_numbers.items()}


def views_of(data: Mapping[str, Tensor], draw: Mapping[str, Tensor], view: int, own: int) -> dict[str, Tensor]:
    """Make what a step sees.

    Args:
        data: ``photos``, ``styles`` (N, H, W, 3) uint8, their sizes (N, 2), and ``grain`` (256, 256).
        draw: What `Draws.step` gives.
        view: Side of a view.
        own: How many styles are the content itself.

    Returns:
        ``plain``: the first views (N, V, V, 3); ``both``: first and second ones with noise and grain (2 N, V, V, 3);
        ``style``: (N / 2, 256, 256, 3).
    """
    import jax

    photos = ops.cast(ops.take(data["photos"], draw["photo"], axis=0), "float32") / 255
    sizes = ops.take(data["photo_sizes"], draw["photo"], axis=0)

    def view_of(corner: Tensor, side: Tensor) -> Tensor:
        axes = [rows(corner[:, k], side, view, photos.shape[1 + k], sizes[:, k]) for k in range(2)]
        return ops.power(ops.clip(sampled(axes[0], photos, axes[1]), 1e-4, 1.0), draw["gamma"][:, None, None, None])

    pixel = (draw["side"] / view)[:, None]
    first = view_of(draw["corner"], draw["side"])
    second = view_of(draw["corner"] + draw["shift"] * pixel, draw["side"] * draw["zoom"])
    laid = ops.concatenate([laid_grain(data["grain"], draw, view, share) for share in (0.0, 1.0)], axis=0)
    key = jax.random.key(draw["noise_seed"], impl="rbg")
    both = ops.concatenate([first, second], axis=0)
    both = ops.clip(both + jax.random.normal(key, both.shape) * draw["noise"], 0.0, 1.0)
    whole = ops.image.resize(first[:own], (STYLE_SIDE, STYLE_SIDE), antialias=True, data_format="channels_last")
    style = ops.concatenate([whole, style_views(data, draw)[own:]], axis=0)
    return {"plain": first, "both": ops.clip(both + laid, 0.0, 1.0), "style": style}


def style_views(data: Mapping[str, Tensor], draw: Mapping[str, Tensor]) -> Tensor:
    """Make the style pictures of a step, (M, 256, 256, 3)."""
    pictures = ops.cast(ops.take(data["styles"], draw["style"], axis=0), "float32") / 255
    sizes = ops.take(data["style_sizes"], draw["style"], axis=0)
    mirrored = (None, draw["style_mirrored"] > 0.5)
    corner, box = draw["style_corner"], draw["style_box"]
    axes = [
        rows(corner[:, k], box[:, k], STYLE_SIDE, pictures.shape[1 + k], sizes[:, k], mirrored[k]) for k in range(2)
    ]
    style = ops.clip(sampled(axes[0], pictures, axes[1]), 1e-4, 1.0)
    swap = ops.one_hot(draw["order"], 3)[:, None, None]
    style = sum(style[..., c : c + 1] * swap[..., c] for c in range(3))
    return ops.power(style, draw["style_gamma"][:, None, None, None])


def laid_grain(tile: Tensor, draw: Mapping[str, Tensor], view: int, share: float) -> Tensor:
    """Make what the grain adds to first (`share` 0) or second (1) views, (N, V, V, 1): it goes along with those beside."""
    aside = ops.cast(draw["shift"] * draw["beside"][:, None] * share, "int32")
    down, across = ((ops.arange(view)[None] + draw["grain"][k] + aside[:, k : k + 1]) % 256 for k in range(2))
    places = ops.broadcast_to(across[:, None, :], (across.shape[0], view, view))
    return ops.take_along_axis(ops.take(tile, down, axis=0), places, axis=2)[..., None]


def overlap(draw: Mapping[str, Tensor], view: int, border: int = 6) -> tuple[Tensor, Tensor]:
    """Mark where two views can be compared, (N, V, V) each.

    Args:
        draw: What `Draws.step` gives.
        view: Side of a view, in pixels.
        border: Pixels at each side that do not count.

    Returns:
        Which pixels of the second view the first one holds too, less a border of both; and which lie in the outer eighth
        of the second but not in that of the first.
    """
    band, at = view // 8, ops.arange(view, dtype="float32") + 0.5
    inside, deep, outer = [], [], []
    for k in range(2):
        place = draw["shift"][:, k][:, None] + at * draw["zoom"][:, None]
        inside.append((place > border) & (place < view - border) & (at > border) & (at < view - border))
        deep.append((place > band) & (place < view - band))
        outer.append((at < band) | (at > view - band))
    kept, deep_enough = (ops.cast(a[:, :, None] & b[:, None, :], "float32") for a, b in (inside, deep))
    return kept, deep_enough * ops.cast(outer[0][:, None] | outer[1][None, :], "float32")
