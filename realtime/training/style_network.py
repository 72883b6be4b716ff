"""The style network that ships: picture -> code."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from .layers import CODE_SIZE, Depthwise, conv

Tensor = Any

STYLE_SIZE = 256
STAGES: tuple[tuple[int, int, int], ...] = (
    (2, 24, 4),
    (5, 32, 8),
    (9, 64, 16),
    (12, 96, 16),
    (15, 160, 32),
    (16, 320, 32),
)
"""Stages of the style network: the teacher block each one is trained to imitate, its channels, and its reduction of
the size."""


def _bottleneck(x: Tensor, channels: int, wide: int, stride: int, name: str) -> Tensor:
    """Apply 1x1 up, depthwise 3x3, 1x1 down, with a shortcut where the shape stays."""
    y = conv(wide, 1, bias=True, name=f"{name}_wide")(x)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = Depthwise(3, strides=stride, padding="same", name=f"{name}_depth")(y)
    y = layers.ReLU(name=f"{name}_relu2")(y)
    y = conv(channels, 1, bias=True, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y]) if stride == 1 and x.shape[-1] == channels else y


def build_style_stages(head: int = 800) -> list[keras.Model]:
    """Build the stages of the style network, with random weights.

    Args:
        head: Channels of the last layer but one.

    Returns:
        Seven models, the first (N, 256, 256, 3) -> (N, 64, 64, 24), the last (N, 8, 8, 320) -> local codes (N, 8, 8, 100).
    """
    stages = []
    sides = [None, 64, 32, 16, 16, 8, 8]
    ins = [3, 24, 32, 64, 96, 160, 320]

    def start(k: int) -> Tensor:
        return keras.Input((None, None, ins[k]), name=f"in{k}")

    x0 = start(0)
    x = layers.Rescaling(2.0, -1.0, name="style_centre")(x0)
    x = layers.ReLU(name="s0_relu1")(conv(48, 3, 2, bias=True, name="s0_a")(x))
    x = layers.ReLU(name="s0_relu2")(conv(96, 3, 2, bias=True, name="s0_b")(x))
    x = conv(24, 1, bias=True, name="s0_c")(x)
    x = _bottleneck(x, 24, 144, 1, "s0_d")
    stages.append(keras.Model(x0, x, name="stage0"))
    table = {
        1: ((32, 144, 2), (32, 160, 1)),
        2: ((64, 256, 2), (64, 256, 1), (64, 256, 1)),
        3: ((96, 384, 1), (96, 384, 1)),
        4: ((160, 512, 2), (160, 576, 1)),
        5: ((320, 800, 1),),
    }
    for k, blocks in table.items():
        x0 = x = start(k)
        for j, (channels, wide, stride) in enumerate(blocks):
            x = _bottleneck(x, channels, wide, stride, f"s{k}_{j}")
        stages.append(keras.Model(x0, x, name=f"stage{k}"))
    x0 = start(6)
    x = layers.ReLU(name="top_relu")(conv(head, 1, bias=True, name="top")(x0))
    stages.append(keras.Model(x0, conv(CODE_SIZE, 1, bias=True, name="local_code")(x), name="stage6"))
    assert len(sides) == len(stages)
    return stages


@keras.saving.register_keras_serializable("realtime")
class CodeScale(layers.Layer):  # type: ignore[misc]
    """Back from normalized local codes to codes: the mean over the picture, times a spread, plus a mean.

    (N, h, w, 100) -> (N, 1, 1, 100).
    """

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Add spread and mean, which are not trained."""
        self.spread = self.add_weight(shape=(CODE_SIZE,), initializer="ones", trainable=False, name="spread")
        self.mean = self.add_weight(shape=(CODE_SIZE,), initializer="zeros", trainable=False, name="mean")

    def call(self, x: Tensor) -> Tensor:
        """Average local codes, then scale and shift them."""
        return ops.mean(x, axis=(1, 2), keepdims=True) * self.spread + self.mean

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Compute the shape of what `call` gives."""
        return (shape[0], 1, 1, CODE_SIZE)


def build_style(stages: list[keras.Model] | None = None) -> keras.Model:
    """Build the style network: picture (N, 256, 256, 3) in 0..1 -> code (N, 1, 1, 100).

    Args:
        stages: Those it is made of; new ones by default.

    Returns:
        The model.
    """
    picture = keras.Input((STYLE_SIZE, STYLE_SIZE, 3), name="style")
    x = picture
    for stage in stages or build_style_stages():
        x = stage(x)
    return keras.Model(picture, CodeScale(name="code_scale")(x), name="lite_style")
