"""The frame network that ships: frame and code -> frame.

Both networks are functional Keras models, made of what LiteRT's fast path runs well: plain, 1x1 and depthwise convolutions,
padded with zeros or not at all, depth-to-space, means over the picture.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from .layers import CODE_SIZE, DepthToSpace, Depthwise, Stem, StyledNorm, conv

Tensor = Any

MULTIPLE = 8
"""Height and width of a frame must be multiples of this."""
AROUND = 18
"""A frame is continued by so many pixels on each side, by reflection; the network's picture is that much smaller."""


def _block(x: Tensor, code: Tensor, channels: int, expand: int, name: str) -> Tensor:
    """Norm, 3x3 depthwise, shift, 1x1 up, ReLU, 1x1 down, with a shortcut; scale and shift by the code."""
    y = StyledNorm(1.0, shift=False, name=f"{name}_norm")([x, code])
    y = Depthwise(3, padding="same", use_bias=False, name=f"{name}_depth")(y)
    y = StyledNorm(scale=False, name=f"{name}_shift")([y, code])
    y = layers.ReLU(name=f"{name}_relu")(conv(channels * expand, 1, bias=True, name=f"{name}_wide")(y))
    y = conv(channels, 1, bias=True, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def build_frame(stem: int = 32, body: int = 64, blocks: int = 6, expand: int = 2, tail: int = 40) -> keras.Model:
    """Build the frame network, with random weights.

    It takes content (N, H + 36, W + 36, 3) in 0..1 and a code (N, 1, 1, 100) and gives a picture (N, H, W, 3) in 0..1. A stem of
    stride 4, a body at 1/8 of the size, and back up; the code steers every norm. Upwards from 1/8 the maps are doubled by
    repetition and smoothed, so that no weight can paint a lattice of 8 pixels; the last step is depth-to-space ×4. Nothing is
    padded but the maps of the body, and these where they are centred: zeros there are the mean of the map, and what is flat
    stays flat up to its edges.

    Args:
        stem: Channels at 1/4 of the size.
        body: Channels at 1/8 of the size.
        blocks: Blocks of the body.
        expand: How many times wider a block is inside.
        tail: Channels of the last layer but one.

    Returns:
        The model.
    """
    least = 0.03
    content = keras.Input((None, None, 3), name="content")
    code = keras.Input((1, 1, CODE_SIZE), name="code")

    x = Stem(stem, name="stem")(content)
    fine = layers.ReLU(name="stem_relu")(StyledNorm(least, name="stem_norm")([x, code]))
    x = Depthwise(4, strides=2, use_bias=False, name="down_depth")(fine)
    x = conv(body, 1, name="down")(x)
    x = StyledNorm(least, name="down_norm")([x, code])
    for k in range(blocks):
        x = _block(x, code, body, expand, f"block{k}")
    x = conv(stem, 1, bias=True, name="up")(x)
    x = DepthToSpace(2, name="up2")(layers.Concatenate(name="up_repeat")([x, x, x, x]))
    x = Depthwise(3, use_bias=False, name="up_smooth")(x)
    x = layers.Add(name="join")([x, layers.Cropping2D(2, name="fine_inside")(fine)])
    x = Depthwise(3, use_bias=False, name="tail1_depth")(x)
    x = conv(tail, 1, name="tail1")(x)
    x = layers.ReLU(name="tail1_relu")(StyledNorm(least, name="tail1_norm")([x, code]))
    x = layers.Conv2D(48, 3, use_bias=False, name="tail2")(x)
    x = StyledNorm(repeat=16, name="colour")([x, code])
    x = layers.Activation("sigmoid", dtype="float32", name="sigmoid")(x)
    picture = DepthToSpace(4, name="picture")(x)
    model = keras.Model([content, code], picture, name="lite_frame")
    _start_smooth(model)
    return model


def recode(frame: keras.Model, matrix: np.ndarray, offset: np.ndarray) -> None:
    """Make a frame network take other codes.

    Args:
        frame: A frame network that takes codes (100,); its weights are changed.
        matrix: (100, 100).
        offset: (100,); the codes taken so far are ``code @ matrix + offset`` of the new ones.
    """
    for layer in frame.layers:
        if isinstance(layer, StyledNorm):
            for linear, bias in layer.maps():
                bias.assign(ops.convert_to_numpy(bias) + offset @ ops.convert_to_numpy(linear))
                linear.assign(matrix @ ops.convert_to_numpy(linear))


def _start_smooth(model: keras.Model) -> None:
    """Start the layers that grow the picture without any lattice: blurs, and 16 equal pixels a block."""
    for name, size in (("down_depth", 4), ("up_smooth", 3)):
        layer = model.get_layer(name)
        row = np.poly1d([1, 1]) ** (size - 1)
        blur = np.outer(row.coeffs, row.coeffs) / np.sum(row.coeffs) ** 2
        noise = layer.get_weights()[0]
        layer.set_weights([(blur[:, :, None, None] + 0.1 * noise * (name == "down_depth")).astype(np.float32)])
    last = model.get_layer("tail2")
    kernel = last.get_weights()[0]
    last.set_weights([np.tile(kernel[..., :3], (1, 1, 1, 16)) + 0.05 * kernel])
