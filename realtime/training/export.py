"""From trained Keras models to the files that ship: two LiteRT files and a SavedModel in the Hub interface.

Needs TensorFlow.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from realtime.models.grain import MIDDLE

from .augment import grain
from .for_cpu import for_cpu
from .frame_network import AROUND, MULTIPLE, build_frame
from .style_network import STYLE_SIZE, build_style


def to_litert(model: keras.Model, weights: str = "float32") -> bytes:
    """Convert a model to a LiteRT file.

    Args:
        model: The model.
        weights: ``float32``, ``float16``, or ``dynamic`` (int8 weights, float in and out).

    Returns:
        The bytes of a .tflite file.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def hub_module(frame: keras.Model, style: keras.Model) -> Any:
    """Make a TensorFlow module that is called as ``module(content, style)``.

    It takes float32 (N, H, W, 3) in 0..1 of any sizes and gives ``[picture]``. All weights are stored as float16 and computed
    with as float32. Content gets its grain, is continued by reflection, to what the network divides and by `AROUND`, and
    cropped back; style is resized to 256×256.

    Args:
        frame: The frame network.
        style: The style network.

    Returns:
        The module, to be saved as a SavedModel.
    """
    import tensorflow as tf

    def reflected(size: Any) -> Any:
        """Give the indices ... 1, 0, 0, 1, ... size - 1, size - 1, size - 2, ..."""
        padded = (size + MULTIPLE - 1) // MULTIPLE * MULTIPLE
        at = tf.math.floormod(tf.range(-AROUND, padded + AROUND), 2 * size)
        return tf.where(at < size, at, 2 * size - 1 - at)

    def run(model: keras.Model, weights: list[Any], inputs: Any) -> Any:
        """Run the model with these weights in place of its own, as float32."""
        order = {id(v): tf.cast(w, tf.float32) for v, w in zip(model.weights, weights, strict=True)}
        free = [order[id(v)] for v in model.trainable_variables]
        fixed = [order[id(v)] for v in model.non_trainable_variables]
        return model.stateless_call(free, fixed, inputs, training=False)[0]

    class Module(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.frame_weights = [tf.Variable(w.astype(np.float16)) for w in frame.get_weights()]
            self.style_weights = [tf.Variable(w.astype(np.float16)) for w in style.get_weights()]

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[
                tf.TensorSpec((None, None, None, 3), tf.float32, "placeholder"),
                tf.TensorSpec((None, None, None, 3), tf.float32, "placeholder_1"),
            ]
        )
        def __call__(self, content: Any, picture: Any) -> list[Any]:
            small = tf.image.resize(picture, (STYLE_SIZE, STYLE_SIZE), method="area")
            code = run(style, self.style_weights, tf.clip_by_value(small, 0.0, 1.0))
            shape = tf.shape(content)
            tile = tf.constant(grain().tile)
            laid = tf.gather(tile, tf.range(shape[1]) % tile.shape[0], axis=0)
            laid = tf.gather(laid, tf.range(shape[2]) % tile.shape[1], axis=1)
            laid = (tf.cast(laid, tf.float32) - MIDDLE) / 255
            content = tf.clip_by_value(content + laid[tf.newaxis, :, :, tf.newaxis], 0.0, 1.0)
            padded = tf.gather(content, reflected(shape[1]), axis=1)
            padded = tf.gather(padded, reflected(shape[2]), axis=2)
            out = run(frame, self.frame_weights, [padded, code])
            return [out[:, : shape[1], : shape[2], :]]

        @tf.function(  # type: ignore[untyped-decorator]
            input_signature=[
                tf.TensorSpec((None, None, None, 3), tf.float32, "placeholder"),
                tf.TensorSpec((None, None, None, 3), tf.float32, "placeholder_1"),
            ]
        )
        def serve(self, placeholder: Any, placeholder_1: Any) -> dict[str, Any]:
            return {"output_0": self(placeholder, placeholder_1)[0]}

    return Module()


def export(
    frame: keras.Model,
    style: keras.Model,
    folder: str | Path,
    frame_weights: str = "float32",
    style_weights: str = "float16",
) -> int:
    """Write ``frame.tflite``, ``frame_gpu.tflite``, ``grain.png``, ``style.tflite`` and ``hub/``.

    Args:
        frame: The frame network.
        style: The style network.
        folder: Where the files go.
        frame_weights: The type of the frame network's weights: see `to_litert`.
        style_weights: The type of the style network's weights.

    Returns:
        The size of all files of the folder, in bytes.
    """
    import tensorflow as tf

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frame.tflite").write_bytes(for_cpu(to_litert(frame, frame_weights)))
    (folder / "frame_gpu.tflite").write_bytes(to_litert(frame, "float16"))
    (folder / "grain.png").write_bytes(cv2.imencode(".png", grain().tile)[1].tobytes())
    (folder / "style.tflite").write_bytes(to_litert(one_picture(style), style_weights))
    module = hub_module(frame, style)
    temporary = folder / "hub.tmp"
    tf.saved_model.save(module, str(temporary), signatures={"serving_default": module.serve})
    (temporary / "fingerprint.pb").unlink(missing_ok=True)
    shutil.rmtree(folder / "hub", ignore_errors=True)
    temporary.rename(folder / "hub")
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def export_accelerated(folder: Path) -> Path:
    """Write the frame network of an exported model anew for accelerators, from the weights of its SavedModel.

    Args:
        folder: The folder of the exported model.

    Returns:
        The file, ``frame_gpu.tflite``: float16 weights, open sizes.
    """
    file = folder / "frame_gpu.tflite"
    file.write_bytes(to_litert(read_exported(folder)[0], "float16"))
    return file


def read_exported(folder: str | Path) -> tuple[keras.Model, keras.Model]:
    """Read the frame and the style network of an exported SavedModel.

    Args:
        folder: The folder of the exported model.

    Returns:
        Both as Keras models.
    """
    import tensorflow as tf

    saved = tf.train.load_checkpoint(str(Path(folder) / "hub" / "variables" / "variables"))
    models = build_frame(), build_style()
    for model, name in zip(models, ("frame_weights", "style_weights"), strict=True):
        keys = [f"{name}/{k}/.ATTRIBUTES/VARIABLE_VALUE" for k in range(len(model.weights))]
        model.set_weights([saved.get_tensor(key).astype(np.float32) for key in keys])
    return models


def read_networks(path: Path) -> tuple[keras.Model, keras.Model]:
    """Read the frame and the style network of the networks.npz of a run on strokes.

    Args:
        path: The file.

    Returns:
        Both as Keras models.
    """
    models = build_frame(), build_style()
    with np.load(path) as file:
        for model, name in zip(models, ("lite", "style"), strict=True):
            model.set_weights([file[key] for key in sorted(file.files) if key.startswith(f"{name}/")])
    return models


def write_networks(path: Path, networks: Sequence[keras.Model]) -> None:
    """Write a frame and a style network for `read_networks`.

    Args:
        path: The file, networks.npz.
        networks: Both.
    """
    arrays: dict[str, Any] = {
        f"{name}/{k:03d}": weight
        for name, network in zip(("lite", "style"), networks, strict=True)
        for k, weight in enumerate(network.get_weights())
    }
    np.savez(path, **arrays)


def one_picture(model: keras.Model) -> keras.Model:
    """Fix the batch of a model to one, as the LiteRT file has it."""
    fixed = keras.Input(batch_shape=(1, *model.inputs[0].shape[1:]), name="style")
    return keras.Model(fixed, model(fixed), name=model.name)
