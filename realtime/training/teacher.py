"""Magenta's mobile pair (LiteRT files) ported to ``keras.ops``: labels made as they are needed, and losses with gradients.

Pictures are (N, H, W, 3), RGB, 0..1; style codes are (N, 100). All weights are frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from realtime.core.errors import UsageError

Tensor = Any
TRANSFORMER_FILE = "style_transfer_f16_384.tflite"
PREDICTOR_FILE = "style_predict_quantized_256.tflite"
CODE_SIZE = 100


def read_constants(path: Path) -> dict[str, np.ndarray]:
    """Read all constant tensors of a LiteRT file.

    Args:
        path: The file.

    Returns:
        The tensors by name, as float32 (dequantized with their scales).

    Raises:
        UsageError: There is no such file.
    """
    from ai_edge_litert.interpreter import Interpreter

    if not path.is_file():
        raise UsageError(f"there is no network {path}")
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    written = {i for op in interpreter._get_ops_details() for i in op["outputs"]}
    constants: dict[str, np.ndarray] = {}
    for detail in interpreter.get_tensor_details():
        if detail["index"] in written or not detail["name"]:
            continue
        try:
            raw = interpreter.get_tensor(detail["index"])
        except ValueError:
            continue
        value = np.asarray(raw, np.float32)
        quantization = detail["quantization_parameters"]
        scales = np.asarray(quantization["scales"], np.float32)
        if scales.size:
            zeros = np.asarray(quantization["zero_points"], np.float32)
            shape = [1] * value.ndim
            if scales.size > 1:
                shape[quantization["quantized_dimension"]] = scales.size
            value = (value - zeros.reshape(shape)) * scales.reshape(shape)
        constants[detail["name"]] = value
    return constants


def _reflect(x: Tensor, pad: int) -> Tensor:
    return ops.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]], mode="reflect")


class Transformer:
    """The frame half: content (N, H, W, 3) and code (N, 100) -> stylized picture (N, H, W, 3); H and W multiples of 4."""

    def __init__(self, folder: str | Path, dtype: str = "float32") -> None:
        raw = read_constants(Path(folder) / TRANSFORMER_FILE)
        self.dtype = dtype
        self.kernels: dict[str, Tensor] = {}
        self.biases: dict[str, Tensor] = {}
        self.norms: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
        layers = [f"contract/conv{k}" for k in (1, 2, 3)]
        layers += [f"residual/residual{k}/conv{j}" for k in range(1, 6) for j in (1, 2)]
        layers += [f"expand/conv{k}/conv" for k in (1, 2, 3)]
        for name in layers:
            kernel = raw[f"transformer/{name}/weights"]
            self.kernels[name] = ops.cast(ops.convert_to_tensor(kernel.transpose(1, 2, 3, 0).copy()), dtype)
            if name.startswith("contract"):
                self.biases[name] = ops.cast(ops.convert_to_tensor(raw[f"transformer/{name}/Conv2D_bias"]), dtype)
                continue
            pair = []
            for part in ("StyleNorm/Conv", "StyleNorm/Conv_1"):  # beta, gamma
                weights = raw[f"style_params/transformer/{name}/{part}/weights"]
                bias = raw.get(f"style_params/transformer/{name}/{part}/Conv2D_bias")
                if bias is None:
                    raise KeyError(f"{TRANSFORMER_FILE}: no bias for {name}/{part}")
                pair += [ops.convert_to_tensor(weights.reshape(-1, CODE_SIZE).T.copy()), ops.convert_to_tensor(bias)]
            self.norms[name] = (pair[0], pair[1], pair[2], pair[3])

    def _conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        kernel = self.kernels[name]
        y = ops.conv(
            _reflect(x, kernel.shape[0] // 2), kernel, strides=stride, padding="valid", data_format="channels_last"
        )
        return y + self.biases[name] if name in self.biases else y

    def _styled(self, x: Tensor, code: Tensor, name: str) -> Tensor:
        """Convolve, normalize each instance, scale and shift by the code."""
        y = ops.cast(self._conv(x, name), "float32")
        beta_w, beta_b, gamma_w, gamma_b = self.norms[name]
        mean, variance = ops.moments(y, axes=[1, 2], keepdims=True)
        gamma = (ops.matmul(code, gamma_w) + gamma_b)[:, None, None, :] * ops.rsqrt(variance + 1e-5)
        beta = (ops.matmul(code, beta_w) + beta_b)[:, None, None, :]
        return y * gamma + (beta - mean * gamma)

    def features(self, x: Tensor) -> list[Tensor]:
        """Compute the three encoder maps: (N, H, W, 8), (N, H/2, W/2, 16), (N, H/4, W/4, 32)."""
        maps = [ops.relu(self._conv(ops.cast(x, self.dtype), "contract/conv1"))]
        maps.append(ops.relu(self._conv(maps[0], "contract/conv2", 2)))
        maps.append(ops.relu(self._conv(maps[1], "contract/conv3", 2)))
        return maps

    def __call__(self, content: Tensor, code: Tensor) -> Tensor:
        """Paint contents (N, H, W, 3) by codes (N, 100)."""
        x = self.features(content)[-1]
        for k in range(1, 6):
            y = ops.cast(ops.relu(self._styled(x, code, f"residual/residual{k}/conv1")), self.dtype)
            x = x + ops.cast(self._styled(y, code, f"residual/residual{k}/conv2"), self.dtype)
        for k in (1, 2, 3):
            if k < 3:
                x = ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2)
            y = self._styled(x, code, f"expand/conv{k}/conv")
            x = ops.cast(ops.relu(y), self.dtype) if k < 3 else ops.sigmoid(y)
        return x


class Predictor:
    """The style half, a MobileNet V2: picture (N, H, W, 3), best 256×256 -> code (N, 100), and feature maps for losses."""

    BLOCKS = 17

    def __init__(self, folder: str | Path, dtype: str = "float32") -> None:
        raw = read_constants(Path(folder) / PREDICTOR_FILE)
        self.dtype = dtype
        self.constants: dict[str, Tensor] = {}

        def put(key: str, weights: str, bias: str, depthwise: bool = False) -> None:
            kernel = raw[weights].transpose(1, 2, 3, 0).copy()
            self.constants[key] = ops.cast(ops.convert_to_tensor(kernel), dtype)
            self.constants[key + "/bias"] = ops.cast(ops.convert_to_tensor(raw[bias]), dtype)

        put("stem", "MobilenetV2/Conv/weights", "MobilenetV2/Conv/Conv2D_bias")
        for k in range(self.BLOCKS):
            root = "MobilenetV2/expanded_conv" + (f"_{k}" if k else "")
            if k:
                put(f"{k}/expand", f"{root}/expand/weights", f"{root}/expand/Conv2D_bias")
            put(f"{k}/depthwise", f"{root}/depthwise/depthwise_weights", f"{root}/depthwise/depthwise_bias")
            put(f"{k}/project", f"{root}/project/weights", f"{root}/project/Conv2D_bias")
        put("top", "MobilenetV2/Conv_1/weights", "MobilenetV2/Conv_1/Conv2D_bias")
        put("code", "mobilenet_conv/Conv/weights", "mobilenet_conv/Conv/Conv2D_bias")

    def _conv(self, x: Tensor, key: str, stride: int = 1) -> Tensor:
        y = ops.conv(x, self.constants[key], strides=stride, padding="same", data_format="channels_last")
        return y + self.constants[key + "/bias"]

    def _depthwise(self, x: Tensor, key: str, stride: int) -> Tensor:
        kernel = self.constants[key]
        kernel = ops.transpose(kernel, (0, 1, 2, 3)) if kernel.shape[-1] == 1 else kernel
        y = ops.depthwise_conv(x, kernel, strides=stride, padding="same", data_format="channels_last")
        return y + self.constants[key + "/bias"]

    def maps(self, x: Tensor, taps: tuple[int, ...] = (), top: bool = True) -> tuple[list[Tensor], Tensor | None]:
        """Compute feature maps and local codes.

        Args:
            x: Pictures (N, H, W, 3).
            taps: The blocks whose output maps are given.
            top: Whether to go on to the local codes.

        Returns:
            The maps of the blocks, and the local codes (N, H/32, W/32, 100), whose mean is the code, or None without `top`.
        """
        strided = (1, 3, 6, 13)
        last = self.BLOCKS if top else max(taps) + 1
        y = ops.relu6(self._conv(ops.cast(x, self.dtype), "stem", 2))
        found = []
        for k in range(last):
            z = ops.relu6(self._conv(y, f"{k}/expand")) if k else y
            z = ops.relu6(self._depthwise(z, f"{k}/depthwise", 2 if k in strided else 1))
            z = self._conv(z, f"{k}/project")
            y = y + z if k and y.shape[-1] == z.shape[-1] and k not in strided else z
            if k in taps:
                found.append(y)
        if not top:
            return found, None
        y = ops.relu6(self._conv(y, "top"))
        return found, ops.cast(self._conv(y, "code"), "float32")

    def __call__(self, x: Tensor) -> Tensor:
        """Encode pictures (N, H, W, 3): codes (N, 100)."""
        local = self.maps(x)[1]
        return ops.mean(local, axis=(1, 2))


class TeacherModel(keras.Model):  # type: ignore[misc]
    """The teacher as a model without weights to train, for ``predict_on_batch``."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Paint contents (N, S, S, 3) by codes (N, 100)."""
        return self.transformer(inputs[0], inputs[1])


def labeller(folder: str | Path) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Make a function that paints as the teacher does.

    Args:
        folder: Folder of Magenta's mobile pair.

    Returns:
        A function from contents (N, S, S, 3) in 0..1 and codes (N, 100) to the teacher's pictures.
    """
    model = TeacherModel(Transformer(folder))
    return lambda contents, codes: np.asarray(model.predict_on_batch([contents, codes]))
