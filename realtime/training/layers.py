"""The layers of both networks, for TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any
CODE_SIZE = 100


@keras.saving.register_keras_serializable("realtime")
class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """Pixels out of channels, in TensorFlow's order: (N, H, W, block * block * C) -> (N, H * block, W * block, C)."""

    def __init__(self, block: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, x: Tensor) -> Tensor:
        """Rearrange the channels."""
        r = self.block
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.nn.depth_to_space(x, r)
        n, h, w, c = ops.shape(x)
        y = ops.reshape(x, (n, h, w, r, r, c // (r * r)))
        return ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (n, h * r, w * r, c // (r * r)))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Compute the shape of what `call` gives."""
        n, h, w, c = shape
        grow = [None if side is None else side * self.block for side in (h, w)]
        return (n, grow[0], grow[1], (c or 0) // self.block**2)

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made with."""
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
        """Add the kernel."""
        self.kernel = self.add_weight(shape=(8, 8, 3, self.channels), name="kernel")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Convolve pictures."""
        kernel, strides = 2.0 * self.kernel, 4
        if not training and keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            blocks = ops.transpose(ops.reshape(kernel, (2, 4, 2, 4, 3, self.channels)), (0, 2, 1, 3, 4, 5))
            x, kernel, strides = tf.nn.space_to_depth(x, 4), ops.reshape(blocks, (2, 2, 48, self.channels)), 1
        y = ops.conv(x, kernel, strides=strides, padding="valid", data_format="channels_last")
        return y - ops.sum(self.kernel, axis=(0, 1, 2))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Compute the shape of what `call` gives."""
        n, *sides, _ = shape
        return (n, *(None if side is None else side // 4 - 1 for side in sides), self.channels)

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made with."""
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable("realtime")
class Depthwise(layers.DepthwiseConv2D):  # type: ignore[misc]
    """A depthwise convolution; under JAX a sum of shifted products, whose gradient takes a fraction of the time on a GPU."""

    def call(self, x: Tensor) -> Tensor:
        """Convolve maps (N, H, W, C), channel by channel."""
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
    """Average over a picture, (N, H, W, C) -> (N, 1, 1, C)."""
    return ops.mean(x, axis=(1, 2), keepdims=True)


def picture_mean(x: Tensor) -> Tensor:
    """Average over pictures of a known size, (N, H, W, C) -> (N, 1, 1, C).

    On TensorFlow it is a product with ones, whose gradient takes a fraction of the time on a CPU.
    """
    if keras.backend.backend() == "jax":  # where products round to ten bits
        return _mean(x)
    count = x.shape[1] * x.shape[2]
    flat = ops.reshape(x, (-1, count, x.shape[3]))
    return (ops.matmul(ops.ones((1, 1, count), x.dtype), flat) / count)[:, :, None]


def _in_float(code: Tensor, linear: Tensor) -> Tensor:
    """Map a code as sums of products: LiteRT would round codes to 8 bits for a matrix, too few for them."""
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
        """Add the linear maps and their biases."""
        channels = int(shapes[0][-1] or 0) // self.repeat
        small = keras.initializers.RandomNormal(stddev=0.02, seed=keras.random.SeedGenerator())
        if self.scale:
            self.scale_map = self.add_weight(shape=(CODE_SIZE, channels), initializer=small, name="scale_map")
            self.scale_bias = self.add_weight(shape=(channels,), initializer="ones", name="scale_bias")
        if self.shift:
            self.shift_map = self.add_weight(shape=(CODE_SIZE, channels), initializer=small, name="shift_map")
            self.shift_bias = self.add_weight(shape=(channels,), initializer="zeros", name="shift_bias")

    def maps(self) -> list[tuple[Any, Any]]:
        """Give the linear maps of the code, each with its bias."""
        scale = [(self.scale_map, self.scale_bias)] if self.scale else []
        return scale + ([(self.shift_map, self.shift_bias)] if self.shift else [])

    def call(self, inputs: list[Tensor], training: bool = False) -> Tensor:
        """Normalize maps, then scale and shift them by the code."""
        x, code = inputs
        apply = ops.matmul if training else _in_float
        # Weights are repeated, not what is made of a code: LiteRT's fast path repeats nothing, and falls in two for it.
        wide = [[ops.concatenate([w] * self.repeat, axis=-1) for w in pair] for pair in self.maps()]
        steered = [apply(code, linear) + bias for linear, bias in (wide if self.repeat > 1 else self.maps())]
        scale = steered[0] if self.scale else None
        shift = steered[-1] if self.shift else None
        if self.epsilon is not None:
            average = picture_mean if training else _mean
            mean = average(x)
            variance = ops.relu(average(ops.square(x)) - ops.square(mean))
            scale = scale * ops.rsqrt(variance + self.epsilon)
            shift = shift - mean * scale if self.shift else -mean * scale
        x = x if scale is None else x * scale
        return x if shift is None else x + shift

    def compute_output_shape(self, shapes: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Compute the shape of what `call` gives."""
        return shapes[0]

    def get_config(self) -> dict[str, Any]:
        """Give what the layer is made with."""
        own = ("epsilon", "repeat", "scale", "shift")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def conv(channels: int, size: int, stride: int = 1, bias: bool = False, name: str | None = None) -> layers.Layer:
    """Make a convolution padded with zeros.

    Args:
        channels: Channels of the output.
        size: Side of the kernel.
        stride: Pixels from one place to the next.
        bias: Whether it has a bias.
        name: The layer's name.

    Returns:
        The layer.
    """
    return layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=bias, name=name)
