"""A module with the interface and the architecture of Magenta's, with random weights, for the tests to load.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (BMVC 2017,
arXiv 1705.06830): a style network (Inception-v3 up to Mixed_6e, averaged over space, a bottleneck of 100 numbers), an
affine map for the scale and the shift of each of 13 conditional instance norms, and a transformer network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

CODE = 100


class _Style(tf.Module):
    """Picture to code. At full width Inception-v3 up to Mixed_6e, else three small convolutions."""

    def __init__(self, full: bool, rng: tf.random.Generator) -> None:
        super().__init__()
        if full:
            inception = tf.keras.applications.InceptionV3(include_top=False, weights=None)
            self.body = tf.keras.Model(inception.input, inception.get_layer("mixed7").output)
            channels = 768
        else:
            channels = 32
            sizes = [(3, 8), (8, 16), (16, channels)]
            self.kernels = [tf.Variable(rng.normal((3, 3, a, b), stddev=(2 / (9 * a)) ** 0.5)) for a, b in sizes]
        self.full = full
        self.bottleneck = tf.Variable(rng.normal((channels, CODE), stddev=channels**-0.5))

    def __call__(self, picture: Any) -> Any:
        x = picture * 2 - 1
        if self.full:
            x = self.body(x, training=False)
        else:
            for kernel in self.kernels:
                x = tf.nn.relu(tf.nn.conv2d(x, kernel, 2, "SAME"))
        return tf.reduce_mean(x, [1, 2]) @ self.bottleneck


class MagentaShaped(tf.Module):
    """`module(content, style)` gives a list of one picture. `width` 1 is the published network."""

    def __init__(self, width: float = 1.0, seed: int = 0) -> None:
        super().__init__()
        rng = tf.random.Generator.from_seed(seed)
        tf.keras.utils.set_random_seed(seed)
        a, b, c = (max(4, round(n * width)) for n in (32, 64, 128))
        self.style = _Style(width == 1.0, rng)
        # kernel, channels in, channels out, stride, upsample before it
        self.plan = [(9, 3, a, 1, 1), (3, a, b, 2, 1), (3, b, c, 2, 1)] + [(3, c, c, 1, 1)] * 10
        self.plan += [(3, c, b, 1, 2), (3, b, a, 1, 2), (9, a, 3, 1, 1)]
        self.kernels = [
            tf.Variable(rng.normal((k, k, i, o), stddev=(2 / (k * k * i)) ** 0.5)) for k, i, o, _, _ in self.plan
        ]
        # The three contracting layers have plain norms; the ten of the residual blocks and the three that expand are steered.
        self.scales = [tf.Variable(rng.normal((CODE, o), stddev=0.1)) for _, _, o, _, _ in self.plan[3:]]
        self.shifts = [tf.Variable(rng.normal((CODE, o), stddev=0.1)) for _, _, o, _, _ in self.plan[3:]]

    def _layer(self, x: Any, code: Any, index: int, activation: Any = tf.nn.relu) -> Any:
        kernel_size, _, _, stride, up = self.plan[index]
        if up > 1:
            shape = tf.shape(x)
            x = tf.image.resize(x, [shape[1] * up, shape[2] * up], method="nearest")
        pad = kernel_size // 2
        x = tf.nn.conv2d(
            tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]], "REFLECT"), self.kernels[index], stride, "VALID"
        )
        mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
        x = (x - mean) * tf.math.rsqrt(variance + 1e-5)
        if index >= 3:
            x = x * (1 + code @ self.scales[index - 3])[:, None, None] + (code @ self.shifts[index - 3])[:, None, None]
        return activation(x)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, None, 3), name="placeholder"),
            tf.TensorSpec((None, None, None, 3), name="placeholder_1"),
        ]
    )
    def __call__(self, placeholder: Any, placeholder_1: Any) -> list[Any]:
        code = self.style(placeholder_1)
        x = placeholder
        for index in range(3):
            x = self._layer(x, code, index)
        for block in range(5):
            first = self._layer(x, code, 3 + 2 * block)
            x = x + self._layer(first, code, 4 + 2 * block, tf.identity)
        x = self._layer(self._layer(x, code, 13), code, 14)
        return [self._layer(x, code, 15, tf.sigmoid)]


def save(folder: Path, width: float = 1.0) -> Path:
    """Write a module to `folder` as Magenta's is: signature serving_default from placeholder, placeholder_1 to output_0."""
    module = MagentaShaped(width)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None, None, 3), name="placeholder"),
            tf.TensorSpec((None, None, None, 3), name="placeholder_1"),
        ]
    )
    def serve(placeholder: Any, placeholder_1: Any) -> dict[str, Any]:
        return {"output_0": module(placeholder, placeholder_1)[0]}

    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    return folder
