"""The networks that judge strokes in training, and the terms made of their maps.

VGG-19 as style transfer uses it (L. Gatys, A. Ecker, M. Bethge, Image Style Transfer Using Convolutional Neural Networks,
2016) to relu3_1, and an encoder sixteen times smaller to relu4_1. No convolution pads: what lies outside a picture is
nowhere invented, so nothing can be gained at its border.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

Tensor = Any
VGG = ("conv1_1*", "conv1_2", "pool", "conv2_1*", "conv2_2", "pool", "conv3_1*")
SMALL = (
    *("conv11", "conv12", "pool", "conv21", "conv22", "pool"),
    *("conv31*", "conv32", "conv33", "conv34", "pool", "conv41*"),
)
"""Layers in order; the maps of those with a star are given."""


def blocks(x: Tensor, window: int) -> Tensor:
    """Divide maps into blocks of `window` pixels, what is over at the end dropped.

    Taking a maximum or mean of these has a gradient that is a product; that of pooling takes far longer on a GPU.

    Args:
        x: (N, H, W, C).
        window: Side of a block, in pixels.

    Returns:
        (N, h, window, w, window, C).
    """
    height, width, channels = x.shape[1] // window, x.shape[2] // window, x.shape[3]
    return ops.reshape(x[:, : height * window, : width * window], (-1, height, window, width, window, channels))


def pooled(x: Tensor, window: int) -> Tensor:
    """Average over blocks of `window` pixels: (N, H, W, C) -> (N, H / window, W / window, C)."""
    return ops.mean(blocks(x, window), axis=(2, 4))


class Percept:
    """RGB pictures (N, H, W, 3) in 0..1 -> feature maps (N, h, w, C)."""

    def __init__(self, weights: Mapping[str, np.ndarray], dtype: str = "float32") -> None:
        """Take the weights.

        Args:
            weights: ``vgg/NAME/w``, ``vgg/NAME/b``, ``small/NAME.weight``, ``small/NAME.bias``, kernels out×in×h×w.
            dtype: What to compute with.
        """
        self.dtype = dtype
        self.layers = {
            "vgg": self._layers(weights, VGG, "vgg/{}/w", "vgg/{}/b"),
            "small": self._layers(weights, SMALL, "small/{}.weight", "small/{}.bias"),
        }

    def _layers(
        self, weights: Mapping[str, np.ndarray], names: tuple[str, ...], kernel_form: str, bias_form: str
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Order kernels and biases by name, the scaling of colours by conv0 taken into the first convolution."""
        scale = np.asarray(weights[kernel_form.format("conv0")], np.float32)[:, :, 0, 0]
        offset = np.asarray(weights[bias_form.format("conv0")], np.float32)
        kept: dict[str, tuple[Tensor, Tensor]] = {}
        for name in (n.strip("*") for n in names if n != "pool"):
            kernel = np.asarray(weights[kernel_form.format(name)], np.float32).transpose(2, 3, 1, 0)
            bias = np.asarray(weights[bias_form.format(name)], np.float32)
            if not kept:
                bias = bias + np.einsum("hwmo,m->o", kernel, offset)
                kernel = np.einsum("hwmo,mc->hwco", kernel, scale)
            tensors = (ops.convert_to_tensor(np.ascontiguousarray(v)) for v in (kernel, bias))
            first, second = (ops.cast(t, self.dtype) for t in tensors)
            kept[name] = first, second
        return kept

    def _maps(self, picture: Tensor, family: str, names: tuple[str, ...]) -> list[Tensor]:
        x, found = ops.cast(picture, self.dtype), []
        for name in names:
            if name == "pool":
                x = ops.max(blocks(x, 2), axis=(2, 4))
                continue
            kernel, bias = self.layers[family][name.strip("*")]
            x = ops.relu(ops.conv(x, kernel, padding="valid", data_format="channels_last") + bias)
            if name.endswith("*"):
                found.append(x)
        return found

    def vgg(self, picture: Tensor) -> list[Tensor]:
        """Compute relu1_1, relu2_1, relu3_1 of VGG-19: 64, 128, 256 channels at 1, 1/2, 1/4 of the size."""
        return self._maps(picture, "vgg", VGG)

    def small(self, picture: Tensor) -> list[Tensor]:
        """Compute relu3_1 and relu4_1 of the small encoder: 64 and 128 channels at 1/4 and 1/8 of the size."""
        return self._maps(picture, "small", SMALL)


def statistics(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute Gram matrices (N, C, C), means and deviations (N, C) of maps (N, H, W, C), float32."""
    count, channels = maps.shape[1] * maps.shape[2], maps.shape[3]
    flat = ops.reshape(maps, (-1, count, channels))
    gram = ops.cast(ops.matmul(ops.transpose(flat, (0, 2, 1)), flat / count**0.5), "float32") / count**0.5
    mean = ops.mean(ops.cast(flat, "float32"), axis=1)
    square = ops.mean(ops.square(ops.cast(flat, "float32")), axis=1)
    return gram, mean, ops.sqrt(ops.relu(square - ops.square(mean)) + 1e-5)


def _relative(gap: Tensor, wanted: Tensor, axes: tuple[int, ...]) -> Tensor:
    share = ops.sum(ops.square(gap), axis=axes) / (ops.sum(ops.square(wanted), axis=axes) + 1e-6)
    return ops.minimum(ops.sqrt(share + 1e-4), 3.0)


def gram_gap(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> Tensor:
    """Measure the relative distance of Gram matrices, at most 3: (N,)."""
    return _relative(found[0] - wanted[0], wanted[0], (1, 2))


def moments_gap(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> Tensor:
    """Measure the relative distance of means and deviations, at most 3: (N,).

    X. Huang, S. Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017.
    """
    both = [ops.concatenate(pair[1:], axis=-1) for pair in (found, wanted)]
    return _relative(both[0] - both[1], both[1], (1,))


def normed(maps: Tensor) -> Tensor:
    """Bring maps (N, H, W, C) to mean 0 and variance 1 in each channel, float32: a change of palette is free."""
    maps = ops.cast(maps, "float32")
    mean = ops.mean(maps, axis=(1, 2), keepdims=True)
    variance = ops.mean(ops.square(maps - mean), axis=(1, 2), keepdims=True)
    return (maps - mean) * ops.rsqrt(variance + 1e-3)


def content_gap(found: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Average the squared differences of normed maps (N, H, W, C), weighted by place (N, H, W, 1): (N,)."""
    gap = ops.mean(ops.square(normed(found) - normed(wanted)), axis=-1, keepdims=True)
    return ops.mean(gap * weight, axis=(1, 2, 3))


def local_deviation(maps: Tensor, window: int) -> Tensor:
    """Measure how much maps (N, H, W, C) differ within windows, over all channels: (N, H / window, W / window)."""
    maps = ops.cast(maps, "float32")
    gap = pooled(ops.square(maps), window) - ops.square(pooled(maps, window))
    return ops.sqrt(ops.sum(ops.relu(gap), axis=-1) + 1e-4)
