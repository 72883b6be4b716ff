"""The two networks that ship: ``build_frame`` (frame and code -> frame) and ``build_style`` (picture -> code).

Both are functional Keras models, made of what LiteRT's fast path runs well: plain, 1x1 and depthwise convolutions, padded
with zeros or not at all, depth-to-space, means over the picture.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

Tensor = Any
CODE_SIZE = 100
MULTIPLE = 8
"""Height and width of a frame must be multiples of this."""
AROUND = 18
"""A frame is continued by so many pixels on each side, by reflection; the network's picture is that much smaller."""


@keras.saving.register_keras_serializable("realtime")
class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """(N, H, W, block * block * C) -> (N, H * block, W * block, C), in TensorFlow's channel order."""

    def __init__(self, block: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, x: Tensor) -> Tensor:
        r = self.block
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.nn.depth_to_space(x, r)
        n, h, w, c = ops.shape(x)
        y = ops.reshape(x, (n, h, w, r, r, c // (r * r)))
        return ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (n, h * r, w * r, c // (r * r)))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        n, h, w, c = shape
        grow = [None if side is None else side * self.block for side in (h, w)]
        return (n, grow[0], grow[1], (c or 0) // self.block**2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable("realtime")
class Stem(layers.Layer):  # type: ignore[misc]
    """A convolution of pictures in 0..1, centred about nothing, (N, H, W, 3) -> (N, H / 4 - 1, W / 4 - 1, C): 8x8, stride 4.

    In use, the picture is laid out in blocks of 4x4 pixels first, of which the convolution takes 2x2: with 48 channels to go
    through instead of 3 it takes half the time.
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(shape=(8, 8, 3, self.channels), name="kernel")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        kernel, strides = 2.0 * self.kernel, 4
        if not training and keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            blocks = ops.transpose(ops.reshape(kernel, (2, 4, 2, 4, 3, self.channels)), (0, 2, 1, 3, 4, 5))
            x, kernel, strides = tf.nn.space_to_depth(x, 4), ops.reshape(blocks, (2, 2, 48, self.channels)), 1
        y = ops.conv(x, kernel, strides=strides, padding="valid", data_format="channels_last")
        return y - ops.sum(self.kernel, axis=(0, 1, 2))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        n, *sides, _ = shape
        return (n, *(None if side is None else side // 4 - 1 for side in sides), self.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("realtime")
class Depthwise(layers.DepthwiseConv2D):  # type: ignore[misc]
    """A depthwise convolution; under JAX a sum of shifted products, whose gradient takes a fraction of the time on a GPU."""

    def call(self, x: Tensor) -> Tensor:
        if keras.backend.backend() != "jax":
            return super().call(x)
        (down, across), stride = self.kernel_size, self.strides[0]
        height, width = x.shape[1:3]
        if self.padding == "same":
            grown = [
                max((-(-side // stride) - 1) * stride + size - side, 0)
                for side, size in ((height, down), (width, across))
            ]
            x = ops.pad(x, [[0, 0], *([extra // 2, extra - extra // 2] for extra in grown), [0, 0]])
            height, width = x.shape[1:3]
        rows, columns = (height - down) // stride + 1, (width - across) // stride + 1
        total = 0.0 if self.bias is None else self.bias
        for i in range(down):
            for j in range(across):
                seen = x[:, i : i + (rows - 1) * stride + 1 : stride, j : j + (columns - 1) * stride + 1 : stride]
                total = total + seen * self.kernel[i, j, :, 0]
        return total


def _mean(x: Tensor) -> Tensor:
    """The mean over a picture, (N, H, W, C) -> (N, 1, 1, C)."""
    return ops.mean(x, axis=(1, 2), keepdims=True)


def picture_mean(x: Tensor) -> Tensor:
    """The same, for pictures of a known size, as a product with ones, whose gradient takes a fraction of the time on a CPU."""
    if keras.backend.backend() == "jax":  # where products round to ten bits
        return _mean(x)
    count = x.shape[1] * x.shape[2]
    flat = ops.reshape(x, (-1, count, x.shape[3]))
    return (ops.matmul(ops.ones((1, 1, count), x.dtype), flat) / count)[:, :, None]


def _in_float(code: Tensor, linear: Tensor) -> Tensor:
    """A linear map of a code as sums of products: LiteRT would round codes to 8 bits for a matrix, too few for them."""
    return ops.sum(ops.reshape(code, (-1, 1, CODE_SIZE, 1)) * linear, axis=2, keepdims=True)


@keras.saving.register_keras_serializable("realtime")
class StyledNorm(layers.Layer):  # type: ignore[misc]
    """Instance norm whose scale and shift are linear maps of the code: (N, H, W, C), (N, 1, 1, 100) -> (N, H, W, C).

    Without `epsilon` only scale and shift are applied, and without `shift` or `scale` only the other; with `repeat` the
    channels are that many copies of C / repeat channels which share their scale and shift (the pixels of a depth-to-space
    block, say).
    """

    def __init__(
        self, epsilon: float | None = None, repeat: int = 1, scale: bool = True, shift: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon, self.repeat, self.scale, self.shift = epsilon, repeat, scale, shift

    def build(self, shapes: list[tuple[int | None, ...]]) -> None:
        channels = int(shapes[0][-1] or 0) // self.repeat
        small = keras.initializers.RandomNormal(stddev=0.02, seed=keras.random.SeedGenerator())
        if self.scale:
            self.scale_map = self.add_weight(shape=(CODE_SIZE, channels), initializer=small, name="scale_map")
            self.scale_bias = self.add_weight(shape=(channels,), initializer="ones", name="scale_bias")
        if self.shift:
            self.shift_map = self.add_weight(shape=(CODE_SIZE, channels), initializer=small, name="shift_map")
            self.shift_bias = self.add_weight(shape=(channels,), initializer="zeros", name="shift_bias")

    def maps(self) -> list[tuple[Any, Any]]:
        """The linear maps of the code, each with its bias."""
        scale = [(self.scale_map, self.scale_bias)] if self.scale else []
        return scale + ([(self.shift_map, self.shift_bias)] if self.shift else [])

    def call(self, inputs: list[Tensor], training: bool = False) -> Tensor:
        x, code = inputs
        apply = ops.matmul if training else _in_float
        scale = apply(code, self.scale_map) + self.scale_bias if self.scale else None
        shift = apply(code, self.shift_map) + self.shift_bias if self.shift else None
        if self.repeat > 1:
            scale, shift = (ops.tile(p, (1, 1, 1, self.repeat)) for p in (scale, shift))
        if self.epsilon is not None:
            average = picture_mean if training else _mean
            mean = average(x)
            variance = ops.relu(average(ops.square(x)) - ops.square(mean))
            scale = scale * ops.rsqrt(variance + self.epsilon)
            shift = shift - mean * scale if self.shift else -mean * scale
        x = x if scale is None else x * scale
        return x if shift is None else x + shift

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        own = ("epsilon", "repeat", "scale", "shift")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _conv(channels: int, size: int, stride: int = 1, bias: bool = False, name: str | None = None) -> layers.Layer:
    return layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=bias, name=name)


def _block(x: Tensor, code: Tensor, channels: int, expand: int, name: str) -> Tensor:
    """Norm, 3x3 depthwise, shift, 1x1 up, ReLU, 1x1 down, with a shortcut; scale and shift by the code."""
    y = StyledNorm(1.0, shift=False, name=f"{name}_norm")([x, code])
    y = Depthwise(3, padding="same", use_bias=False, name=f"{name}_depth")(y)
    y = StyledNorm(scale=False, name=f"{name}_shift")([y, code])
    y = layers.ReLU(name=f"{name}_relu")(_conv(channels * expand, 1, bias=True, name=f"{name}_wide")(y))
    y = _conv(channels, 1, bias=True, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def build_frame(stem: int = 32, body: int = 64, blocks: int = 6, expand: int = 2, tail: int = 40) -> keras.Model:
    """The frame network: content (N, H + 36, W + 36, 3) in 0..1 and code (N, 1, 1, 100) -> picture (N, H, W, 3) in 0..1.

    A stem of stride 4, a body at 1/8 of the size, and back up; the code steers every norm. Upwards from 1/8 the maps
    are doubled by repetition and smoothed, so that no weight can paint a lattice of 8 pixels; the last step is depth-
    to-space x4. Nothing is padded but the maps of the body, and these where they are centred: zeros there are the mean
    of the map, and what is flat stays flat up to its edges.
    """
    least = 0.03
    content = keras.Input((None, None, 3), name="content")
    code = keras.Input((1, 1, CODE_SIZE), name="code")

    x = Stem(stem, name="stem")(content)
    fine = layers.ReLU(name="stem_relu")(StyledNorm(least, name="stem_norm")([x, code]))
    x = Depthwise(4, strides=2, use_bias=False, name="down_depth")(fine)
    x = _conv(body, 1, name="down")(x)
    x = StyledNorm(least, name="down_norm")([x, code])
    for k in range(blocks):
        x = _block(x, code, body, expand, f"block{k}")
    x = _conv(stem, 1, bias=True, name="up")(x)
    x = DepthToSpace(2, name="up2")(layers.Concatenate(name="up_repeat")([x, x, x, x]))
    x = Depthwise(3, use_bias=False, name="up_smooth")(x)
    x = layers.Add(name="join")([x, layers.Cropping2D(2, name="fine_inside")(fine)])
    x = Depthwise(3, use_bias=False, name="tail1_depth")(x)
    x = _conv(tail, 1, name="tail1")(x)
    x = layers.ReLU(name="tail1_relu")(StyledNorm(least, name="tail1_norm")([x, code]))
    x = layers.Conv2D(48, 3, use_bias=False, name="tail2")(x)
    x = StyledNorm(repeat=16, name="colour")([x, code])
    x = layers.Activation("sigmoid", dtype="float32", name="sigmoid")(x)
    picture = DepthToSpace(4, name="picture")(x)
    model = keras.Model([content, code], picture, name="lite_frame")
    _start_smooth(model)
    return model


def recode(frame: keras.Model, matrix: np.ndarray, offset: np.ndarray) -> None:
    """Make a frame network that takes codes (100,) take other ones, from which those are ``code @ matrix + offset``."""
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
    """1x1 up, depthwise 3x3, 1x1 down, with a shortcut where the shape stays."""
    y = _conv(wide, 1, bias=True, name=f"{name}_wide")(x)
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = Depthwise(3, strides=stride, padding="same", name=f"{name}_depth")(y)
    y = layers.ReLU(name=f"{name}_relu2")(y)
    y = _conv(channels, 1, bias=True, name=f"{name}_narrow")(y)
    return layers.Add(name=f"{name}_add")([x, y]) if stride == 1 and x.shape[-1] == channels else y


def build_style_stages(head: int = 800) -> list[keras.Model]:
    """The parts of the style network, first picture (N, 256, 256, 3) -> (N, 64, 64, 24), last (N, 8, 8, 320) -> local
    codes (N, 8, 8, 100)."""
    stages = []
    sides = [None, 64, 32, 16, 16, 8, 8]
    ins = [3, 24, 32, 64, 96, 160, 320]

    def start(k: int) -> Tensor:
        return keras.Input((None, None, ins[k]), name=f"in{k}")

    x0 = start(0)
    x = layers.Rescaling(2.0, -1.0, name="style_centre")(x0)
    x = layers.ReLU(name="s0_relu1")(_conv(48, 3, 2, bias=True, name="s0_a")(x))
    x = layers.ReLU(name="s0_relu2")(_conv(96, 3, 2, bias=True, name="s0_b")(x))
    x = _conv(24, 1, bias=True, name="s0_c")(x)
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
    x = layers.ReLU(name="top_relu")(_conv(head, 1, bias=True, name="top")(x0))
    stages.append(keras.Model(x0, _conv(CODE_SIZE, 1, bias=True, name="local_code")(x), name="stage6"))
    assert len(sides) == len(stages)
    return stages


@keras.saving.register_keras_serializable("realtime")
class CodeScale(layers.Layer):  # type: ignore[misc]
    """Back from normalized local codes to codes: the mean over the picture, times a spread, plus a mean; (N, h, w,
    100) -> (N, 1, 1, 100)."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.spread = self.add_weight(shape=(CODE_SIZE,), initializer="ones", trainable=False, name="spread")
        self.mean = self.add_weight(shape=(CODE_SIZE,), initializer="zeros", trainable=False, name="mean")

    def call(self, x: Tensor) -> Tensor:
        return ops.mean(x, axis=(1, 2), keepdims=True) * self.spread + self.mean

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (shape[0], 1, 1, CODE_SIZE)


def build_style(stages: list[keras.Model] | None = None) -> keras.Model:
    """The style network: picture (N, 256, 256, 3) in 0..1 -> code (N, 1, 1, 100); new, or of the stages given."""
    picture = keras.Input((STYLE_SIZE, STYLE_SIZE, 3), name="style")
    x = picture
    for stage in stages or build_style_stages():
        x = stage(x)
    return keras.Model(picture, CodeScale(name="code_scale")(x), name="lite_style")
