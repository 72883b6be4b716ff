"""The TensorFlow engine: modules with the interface of Magenta's arbitrary stylization module on TensorFlow Hub.

Such a module is called as `module(content, style)`, both float32 N×H×W×3 RGB 0..1 of any size, and gives a list whose
first item is the stylized picture, of the content's size (https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2).
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.models.base import STYLE_SIZE, StyleCode, fingerprint
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import CPU, EngineSpec, Inputs
from realtime.models.model import EngineModel
from realtime.models.native_output import first_line, without_announcements

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # a person at a terminal has no use for TensorFlow's start-up lines
with without_announcements("TensorFlow"), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # tensorflow-hub imports pkg_resources, which warns of its own end
    import tensorflow as tf
    import tensorflow_hub  # noqa: F401

from realtime.models.hub_cache import cache_folder
from realtime.models.hub_download import is_address, module_folder
from realtime.models.hub_tiles import HubTiles
from realtime.models.split_graph import CannotSplitError, split
from realtime.models.tile_network import TileNetwork

_MULTIPLE = 4  # Magenta's network halves the picture twice
_LEAST = 32
_SAME = 1.0  # of 255: the mean difference up to which paintings are the same


class HubStyle(StyleEngine):
    """The style half of a module; of one that cannot be split, the style picture itself is the code."""

    def __init__(self, identity: str, half: Any | None) -> None:
        """Take the half.

        Args:
            identity: The module's.
            half: A WrappedFunction of a style picture, or None.
        """
        super().__init__(identity)
        self._half = half

    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Run the half on a style picture: see `StyleEngine.run`."""
        picture = tf.constant(inputs)
        return tuple(array.numpy() for array in ([picture] if self._half is None else self._half(picture)))


class HubEngine(Engine):
    """The frame half of a module, or the whole module, on the first GPU when there is one, else on the CPU."""

    def __init__(self, identity: str, half: Any, spec: EngineSpec, opens: bool) -> None:
        """Take the half.

        Args:
            identity: The module's.
            half: A function of a float32 picture 1×H×W×3 and the arrays of a code that gives the painting.
            spec: What the module takes.
            opens: Whether `half` can be opened for tiles.
        """
        self.identity, self.spec = identity, spec
        self._half, self._opens = half, opens

        # Bytes in and out, so that a GPU is sent a quarter of the data and converts it itself. The sizes are open: one
        # trace serves every frame, and no old trace is kept when the size changes.
        @tf.function(autograph=False, reduce_retracing=True)  # type: ignore[untyped-decorator]
        def run(picture: Any, arrays: tuple[Any, ...]) -> Any:
            result = half(tf.cast(picture[tf.newaxis], tf.float32) * (1 / 255), *arrays)[0]
            return tf.cast(tf.round(tf.clip_by_value(result, 0.0, 1.0) * 255), tf.uint8)

        self._function = run
        self._concrete: Any = None
        self._place: str | None = None
        self._mixed: bool | None = None if spec.device != CPU else False  # None is to be found out
        self._last: tuple[StyleCode, tuple[Any, ...]] | None = None

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[np.uint8]:
        """Stylize one picture: see `Engine.run`."""
        if self._last is None or self._last[0] is not code:  # the code stays on the device while the style does
            self._last = (code, tuple(tf.constant(array) for array in code.arrays))
        arrays = self._last[1]
        if self._concrete is None:
            self._concrete = self._function.get_concrete_function(
                tf.TensorSpec((None, None, 3), tf.uint8), tuple(tf.TensorSpec(a.shape, tf.float32) for a in arrays)
            )
        picture = tf.constant(inputs.rgb)
        try:
            if self._mixed is None:
                self._mixed = self._bears_float16(picture, arrays)
            result = self._paint(picture, arrays, self._mixed)
        except tf.errors.OpError as error:  # the GPU's memory is full, most often
            height, width = inputs.shape[:2]
            raise ModelError(
                f"TensorFlow failed at {width}×{height} ({first_line(error)}); try a smaller --size"
            ) from error
        return result

    def _paint(self, picture: Any, arrays: tuple[Any, ...], mixed: bool) -> npt.NDArray[np.uint8]:
        """Run the half, with convolutions in float16 where `mixed`."""
        with _float16(mixed), tf.device(self._place):
            result: npt.NDArray[np.uint8] = self._concrete(picture, *arrays).numpy()
        return result

    def _bears_float16(self, picture: Any, arrays: tuple[Any, ...]) -> bool:
        """Say whether the painting is the same, within 1 of 255 on average, where convolutions are worked out in float16."""
        exact = self._paint(picture, arrays, False).astype(np.int16)
        return float(np.abs(self._paint(picture, arrays, True) - exact).mean()) <= _SAME

    def stay_on_cpu(self) -> None:
        """Run on the CPU from now on: see `Engine.stay_on_cpu`."""
        self._place, self._mixed, self._last = "/CPU:0", False, None

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the half for the tiles of one large picture: see `Engine.tile_network`."""
        if not self._opens:
            return None
        try:
            return HubTiles(self._half, tuple(tf.constant(array) for array in code.arrays), self.spec)
        except ModelError:
            return None


@contextlib.contextmanager
def _float16(mixed: bool) -> Iterator[None]:
    """Let TensorFlow rewrite what runs in this block for mixed precision; other uses of TensorFlow are left alone."""
    if not mixed:
        yield
        return
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"auto_mixed_precision": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision": False, **before})


def open_module(handle: str, whole: bool = False) -> EngineModel:
    """Load a module, check its interface by running it once, and split it.

    Args:
        handle: An http or https address, a folder, or a .tar.gz.
        whole: Whether to leave it whole, so that it works on the style picture anew with each frame: to compare.

    Returns:
        The model.

    Raises:
        ModelError: One of these failed; the message says which, and why.
    """
    with without_announcements("TensorFlow's devices"):
        device = _device()
    folder = module_folder(handle)
    function = _signature(_load(handle, folder), handle)
    content, style = _which_is_which(function, handle)
    any_size = _takes_any_size(function, content, style)
    spec = EngineSpec(multiple=1 if any_size else _MULTIPLE, least=1 if any_size else _LEAST, device=device)
    style_half, frame_half, how = None, _whole(function, content, style), "called whole"
    try:
        if not whole:
            style_half, frame_half, tensors = split(function, content, style)
            how = f"split at {tensors} tensors"
    except (CannotSplitError, ValueError, KeyError, NotImplementedError, tf.errors.OpError) as error:
        how = f"whole, since it cannot be split: {first_line(error)}"
    identity = f"hub-{fingerprint(_weights(folder))}"
    name = "magenta" if "arbitrary-image-stylization-v1-256" in handle else Path(handle).name
    engine = HubEngine(identity, frame_half, spec, opens=style_half is not None)
    description = f"{name} (TensorFlow on {device}, {how})"
    unsplit = partial(open_module, handle, whole=True) if style_half else None
    return EngineModel(HubStyle(identity, style_half), engine, description, unsplit)


def _whole(function: Any, content: str, style: str) -> Callable[[Any, Any], Any]:
    """Make a function of a content and a style picture of the whole module."""

    def call(picture: Any, style_picture: Any) -> Any:
        return next(iter(function(**{content: picture, style: style_picture}).values()))

    return call


def _device() -> str:
    """Name what TensorFlow will run on. On a GPU let it take memory as it needs it, not all at once."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return CPU
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow is running already: somebody else has decided
            break
    details = tf.config.experimental.get_device_details(gpus[0])
    return f"GPU {details.get('device_name', gpus[0].name)}"


def _load(handle: str, folder: Path) -> Any:
    if not (folder / "saved_model.pb").is_file():
        if is_address(handle):
            raise ModelError(
                f"the cached copy of {handle} in {folder} is not complete (a download was broken off);"
                " delete that folder and try again, or name a local folder (--model PATH)"
            )
        raise ModelError(
            f"{handle} is not a model: it has no saved_model.pb and no .tflite files; name a model's folder"
        )
    try:
        return tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises of every family here, and each means the same to a person
        hint = "get a fresh copy"
        if folder.parent == cache_folder():
            hint = "delete that folder and try again, or name a local folder (--model PATH)"
        raise ModelError(f"the SavedModel in {folder} cannot be loaded ({first_line(error)}); {hint}") from error


def _signature(module: Any, handle: str) -> Any:
    """Find the ConcreteFunction of two pictures to one, which keeps the module alive."""
    function = getattr(module, "signatures", {}).get("serving_default")
    if function is None and callable(module):
        spec = tf.TensorSpec((None, None, None, 3), tf.float32)

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]
        def call(content: Any, style: Any) -> dict[str, Any]:
            result = module(content, style)
            return {"output_0": result[0] if isinstance(result, (list, tuple)) else result}

        try:
            function = call.get_concrete_function(spec, spec)
        except Exception as error:  # whatever tracing a stranger's code raises
            raise _other_interface(handle, f"it cannot be called with two pictures: {first_line(error)}") from error
    if function is None:
        raise _other_interface(handle, "it has no signature serving_default and cannot be called")
    inputs = function.structured_input_signature[1] or {s.name: s for s in function.structured_input_signature[0]}
    pictures = [s for s in inputs.values() if s.dtype == tf.float32 and s.shape.rank == 4 and s.shape[-1] in (3, None)]
    if len(inputs) != 2 or len(pictures) != 2:
        takes = ", ".join(f"{s.name} {s.dtype.name} {s.shape}" for s in inputs.values()) or "nothing"
        raise _other_interface(handle, f"it takes {takes}")
    function._module = module
    return function


def _which_is_which(function: Any, handle: str) -> tuple[str, str]:
    """Name the content and the style input: the picture that comes out is of the content's size."""
    keys = sorted(function.structured_input_signature[1] or {s.name: s for s in function.structured_input_signature[0]})
    shapes: list[Any] = []
    for content, style in (keys, keys[::-1]):
        pictures = {content: tf.zeros((1, 64, 96, 3)), style: tf.zeros((1, STYLE_SIZE, STYLE_SIZE, 3))}
        try:
            results = list(function(**pictures).values())
        except tf.errors.OpError as error:
            shapes.append(first_line(error))
            continue
        shapes.append([tuple(result.shape) for result in results])
        if results and tuple(results[0].shape) == (1, 64, 96, 3):
            return content, style
    raise _other_interface(handle, f"for a content of 1×64×96×3 it gave {shapes[0]}")


def _takes_any_size(function: Any, content: str, style: str) -> bool:
    """Tell whether the module gives back a picture of any size whole: it then continues by itself what does not divide."""
    size = (1, 61, 83, 3)
    try:
        results = function(**{content: tf.zeros(size), style: tf.zeros((1, STYLE_SIZE, STYLE_SIZE, 3))})
    except tf.errors.OpError:
        return False
    return tuple(next(iter(results.values())).shape) == size


def _other_interface(handle: str, why: str) -> ModelError:
    return ModelError(
        f"{handle} is a model of another kind: wanted module(content, style) of two float32 pictures, but {why}"
    )


def _weights(folder: Path) -> list[Path]:
    return [folder / "saved_model.pb", *sorted((folder / "variables").glob("*"))]
