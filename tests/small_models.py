"""Models small enough to be made while the tests run, whose pictures can be worked out by hand.

They tint: three quarters of the frame, softened, and one quarter of the style's mean colour.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from realtime.models.litert_gpu import LiteRTGpuEngine
from realtime.models.model import EngineModel, Model

CODE = 100


def tinted(colour: tuple[int, int, int], style: tuple[int, int, int]) -> np.ndarray:
    """What becomes of a frame all of one colour."""
    return 0.75 * np.array(colour) + 0.25 * np.array(style)


def write_network(file: Path, function: Any, *shapes: tuple[int | None, ...]) -> Path:
    """A .tflite file of a function of float32 tensors."""
    concrete = tf.function(function).get_concrete_function(*(tf.TensorSpec(shape, tf.float32) for shape in shapes))
    file.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
    return file


def style_network(file: Path, numbers: int = CODE, size: int | None = 256) -> Path:
    """A picture to its mean colour, and zeros."""

    def run(style: Any) -> Any:
        return tf.pad(tf.reduce_mean(style, [1, 2]), [[0, 0], [0, numbers - 3]])[:, tf.newaxis, tf.newaxis]

    return write_network(file, run, (1, size, size, 3))


def frame_network(file: Path, size: tuple[int, int] | None, numbers: int = CODE) -> Path:
    """A tinting network of one size (width, height), or one whose input can be resized by multiples of 4."""
    width, height = size or (None, None)

    def run(content: Any, code: Any) -> Any:
        low = tf.nn.avg_pool2d(content, 4, 4, "VALID")
        low = tf.image.resize(low, [4 * tf.shape(low)[1], 4 * tf.shape(low)[2]], "nearest")
        return 0.5 * content + 0.25 * low + 0.25 * code[:, :, :, :3]

    return write_network(file, run, (1, height, width, 3), (1, 1, 1, numbers))


def pair(folder: Path, size: tuple[int, int] | None = None) -> Path:
    """A folder with the two networks."""
    folder.mkdir(parents=True, exist_ok=True)
    style_network(folder / "style.tflite")
    frame_network(folder / "frame.tflite", size)
    return folder


def accelerated(model: Model, as_bytes: bool, folder: Path) -> EngineModel:
    """A LiteRT model on the engine for GPUs, of which LiteRT's accelerator for CPUs is the stand-in."""
    assert isinstance(model, EngineModel) and model.accelerated
    engine = LiteRTGpuEngine(model.accelerated, model.frame.spec, as_bytes, "CPU", folder)
    return EngineModel(model.style, engine, "lite (LiteRT on a stand-in)")


def save_module(folder: Path, call: Any, names: tuple[str, ...] = ("placeholder", "placeholder_1")) -> Path:
    """A SavedModel with `call` as its signature serving_default; all of its inputs are pictures of any size."""
    signature = [tf.TensorSpec((None, None, None, 3), tf.float32, name=name) for name in names]
    serve = tf.function(lambda *pictures: {"output_0": call(*pictures)}, input_signature=signature, autograph=False)
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})
    return folder


def tint_module(folder: Path) -> Path:
    """A module with the interface of Magenta's."""
    return save_module(
        folder, lambda content, style: 0.75 * content + 0.25 * tf.reduce_mean(style, [1, 2], keepdims=True)
    )


def unsplittable_module(folder: Path) -> Path:
    """The same, but the frame meets the style picture itself, laid under it."""

    def call(content: Any, style: Any) -> Any:
        return 0.75 * content + 0.25 * tf.image.resize(style, tf.shape(content)[1:3])

    return save_module(folder, call)


def packed(folder: Path, file: Path, *, inside: str = ".") -> Path:
    """A .tar.gz of a module's folder."""
    with tarfile.open(file, "w:gz") as archive:
        archive.add(folder, inside)
    return file


def trap(file: Path, name: str) -> Path:
    """A .tar.gz with one file whose name leads out of the folder that it is unpacked into."""
    with tarfile.open(file, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    return file
