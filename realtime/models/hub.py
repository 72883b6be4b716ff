"""The TensorFlow engine: modules with the interface of Magenta's arbitrary stylization module on TensorFlow Hub.

Such a module is called as `module(content, style)`, both float32 N×H×W×3 RGB 0..1 of any size, and gives a list whose
first item is the stylized picture, of the content's size (https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2).
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import socket
import tarfile
import tempfile
import threading
import urllib.error
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import psutil

from realtime.core.errors import ModelError
from realtime.core.frame import Picture
from realtime.core.paths import user_path
from realtime.models.base import STYLE_SIZE, Model, StyleCode, check_picture, divisible, fingerprint, pad, style_input
from realtime.models.native_output import quiet_engine

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # a person at a terminal has no use for TensorFlow's start-up lines
with quiet_engine(), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # tensorflow-hub imports pkg_resources, which warns of its own end
    import tensorflow as tf
    import tensorflow_hub as hub

from realtime.models.hub_tiles import HubParts
from realtime.models.split_graph import CannotCutError, cut
from realtime.models.tile_network import Parts

PATIENCE = 30.0
"""Seconds that a server may be silent."""
_MULTIPLE = 4  # Magenta's network halves the picture twice
_LEAST = 32


class HubModel(Model):
    """A module from a handle, a folder or a .tar.gz, on the first GPU when there is one, else on the CPU."""

    def __init__(self, handle: str) -> None:
        """Load, check the interface by running it once, and cut. ModelError says which of these failed, and why."""
        with quiet_engine():
            device = _device()
        folder = _folder(handle)
        function = _signature(_load(handle, folder), handle)
        content_key, style_key = _which_is_which(function, handle)
        self._any_size = _takes_any_size(function, content_key, style_key)
        self.identity = f"hub-{fingerprint(_weights(folder))}"
        self._lock = threading.Lock()
        try:
            style_half, frame_half, tensors = cut(function, content_key, style_key)
            how = f"cut at {tensors} tensors"
        except (CannotCutError, ValueError, KeyError, NotImplementedError, tf.errors.OpError) as error:
            style_half, frame_half = None, function
            how = f"whole, since it cannot be cut: {_first_line(error)}"
        self._style_half = style_half
        self._frame_half = frame_half
        self._content_key, self._style_key = content_key, style_key

        # uint8 in and out, so that a GPU is sent a quarter of the bytes and converts them itself. The sizes are open: one
        # trace serves every frame, and nothing is left behind when the size changes.
        @tf.function(autograph=False, reduce_retracing=True)  # type: ignore[untyped-decorator]
        def run(picture: Any, arrays: tuple[Any, ...]) -> Any:
            content = tf.cast(tf.reverse(picture, [2])[tf.newaxis], tf.float32) * (1 / 255)
            if style_half is None:
                result = next(iter(function(**{content_key: content, style_key: arrays[0]}).values()))
            else:
                result = frame_half(content, *arrays)
            result = tf.cast(tf.round(tf.clip_by_value(result[0], 0.0, 1.0) * 255), tf.uint8)
            return tf.reverse(result, [2])

        self._run = run
        self._concrete: Any = None
        self._last: tuple[StyleCode, tuple[Any, ...]] | None = None
        name = "magenta" if "arbitrary-image-stylization-v1-256" in handle else Path(handle).name
        self.description = f"{name} (TensorFlow on {device}, {how})"

    def encode(self, style: Picture) -> StyleCode:
        picture = tf.constant(style_input(style))
        with self._lock:
            arrays = [picture] if self._style_half is None else self._style_half(picture)
        return StyleCode(self.identity, tuple(array.numpy() for array in arrays))

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        check_picture(picture)
        self.check(code)
        if self._last is None or self._last[0] is not code:  # the code stays on the device while the style does
            self._last = (code, tuple(tf.constant(array) for array in code.arrays))
        arrays = self._last[1]
        if self._concrete is None:
            self._concrete = self._run.get_concrete_function(
                tf.TensorSpec((None, None, 3), tf.uint8), tuple(tf.TensorSpec(a.shape, tf.float32) for a in arrays)
            )
        canvas = (picture.shape[1], picture.shape[0])
        if not self._any_size:
            canvas = divisible(canvas, _MULTIPLE, least=_LEAST)
        picture, place = pad(picture, canvas)
        try:
            result: Picture = self._concrete(tf.constant(picture), *arrays).numpy()[place]
        except tf.errors.OpError as error:  # the GPU's memory is full, most often
            raise ModelError(
                f"TensorFlow failed at {canvas[0]}×{canvas[1]} ({_first_line(error)}); try a smaller --size"
            ) from error
        return np.ascontiguousarray(result)

    def parts(self, code: StyleCode) -> Parts | None:
        self.check(code)
        if self._style_half is None:
            return None
        try:
            return HubParts(self._frame_half, tuple(tf.constant(array) for array in code.arrays), _MULTIPLE)
        except ModelError:
            return None


def _device() -> str:
    """The name of what TensorFlow will run on; on a GPU it takes memory as it needs it, not all at once."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "the CPU"
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow is running already: somebody else has decided
            break
    details = tf.config.experimental.get_device_details(gpus[0])
    return f"GPU {details.get('device_name', gpus[0].name)}"


def _cache() -> Path:
    return Path(os.environ.get("TFHUB_CACHE_DIR") or platformdirs.user_cache_path("realtime") / "hub")


def _folder(handle: str) -> Path:
    """The SavedModel folder behind a handle, downloaded or unpacked into the cache when it is not there yet."""
    return _downloaded(handle) if _is_address(handle) else _unpacked(user_path(handle))


def _is_address(handle: str) -> bool:
    return handle.startswith(("http://", "https://"))


def _downloaded(handle: str) -> Path:
    os.environ.setdefault("TFHUB_CACHE_DIR", str(_cache()))
    _drop_dead_lock(handle)
    way_out = "download it with a browser and name the .tar.gz or the unpacked folder instead (--model PATH)"
    try:
        with _patience():
            return Path(hub.resolve(handle))
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(f"{handle} answered {error.code} {error.reason}; {way_out}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.InvalidURL) as error:
        raise ModelError(f"{handle} cannot be reached ({getattr(error, 'reason', error)}); {way_out}") from error
    except PermissionError as error:
        raise _no_cache(error) from error
    except tf.errors.OpError as error:  # how TensorFlow's file functions fail
        raise _no_cache(error) from error
    except (tarfile.TarError, zlib.error, http.client.HTTPException, EOFError, OSError, ValueError) as error:
        raise ModelError(
            f"what {handle} sent is no complete .tar.gz of a model ({_first_line(error)}); nothing of it was kept in {_cache()}:"
            f" try again, or {way_out}"
        ) from error


def _unpacked(path: Path) -> Path:
    if not hasattr(tarfile, "data_filter"):
        raise ModelError(f"this Python is too old to unpack {path} safely; unpack it yourself and name the folder")
    if path.is_dir():
        return path
    try:
        folder = _cache() / f"unpacked-{fingerprint([path])}"
        if (folder / "saved_model.pb").is_file():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
            fresh = Path(scratch, "model")
            try:
                with tarfile.open(path, "r:*") as archive:
                    archive.extractall(fresh, filter="data")
                    while archive.fileobj and archive.fileobj.read(1 << 20):
                        pass  # to the end, where the check sum is compared
            except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
                raise ModelError(
                    f"{path} is no complete .tar.gz of a SavedModel ({_first_line(error)}); get a fresh copy of it"
                ) from error
            inside = [found.parent for found in sorted(fresh.glob("**/saved_model.pb"))]
            if not inside:
                raise ModelError(f"{path} holds no saved_model.pb: it is not a SavedModel of TensorFlow")
            with contextlib.suppress(OSError):  # another process may have been faster
                os.rename(inside[0], folder)
    except OSError as error:
        raise _no_cache(error) from error
    if not (folder / "saved_model.pb").is_file():
        raise ModelError(f"{folder} is in the way of unpacking {path}; remove it and try again")
    return folder


def _no_cache(error: Exception) -> ModelError:
    return ModelError(
        f"the model cannot be kept in {_cache()} ({_first_line(error)});"
        " set TFHUB_CACHE_DIR to a folder that can be written, or name an unpacked model folder (--model PATH)"
    )


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """tensorflow-hub sets no time limit of its own: a server that falls silent would be waited for without end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _drop_dead_lock(handle: str) -> None:
    """Remove the lock that a download of this machine left behind when it was killed.

    tensorflow-hub would wait ten minutes for it, and say nothing. It holds "host.process.task".
    """
    lock = Path(os.environ["TFHUB_CACHE_DIR"], hashlib.sha1(handle.encode()).hexdigest() + ".lock")
    try:
        host, process, _ = lock.read_text().rsplit(".", 2)
        if host == socket.gethostname() and not psutil.pid_exists(int(process)):
            lock.unlink()
    except (OSError, ValueError):
        pass  # no lock, or not one that can be judged


def _load(handle: str, folder: Path) -> Any:
    if not (folder / "saved_model.pb").is_file():
        if _is_address(handle):
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
        if folder.parent == _cache():
            hint = "delete that folder and try again, or name a local folder (--model PATH)"
        raise ModelError(f"the SavedModel in {folder} cannot be loaded ({_first_line(error)}); {hint}") from error


def _signature(module: Any, handle: str) -> Any:
    """The ConcreteFunction of two pictures to one. The module is kept alive by it."""
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
            raise _other_interface(handle, f"it cannot be called with two pictures: {_first_line(error)}") from error
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
    """The names of the content and the style input: the picture that comes out is of the content's size."""
    keys = sorted(function.structured_input_signature[1] or {s.name: s for s in function.structured_input_signature[0]})
    shapes: list[Any] = []
    for content, style in (keys, keys[::-1]):
        pictures = {content: tf.zeros((1, 64, 96, 3)), style: tf.zeros((1, STYLE_SIZE, STYLE_SIZE, 3))}
        try:
            results = list(function(**pictures).values())
        except tf.errors.OpError as error:
            shapes.append(_first_line(error))
            continue
        shapes.append([tuple(result.shape) for result in results])
        if results and tuple(results[0].shape) == (1, 64, 96, 3):
            return content, style
    raise _other_interface(handle, f"for a content of 1×64×96×3 it gave {shapes[0]}")


def _takes_any_size(function: Any, content: str, style: str) -> bool:
    """Whether it gives back a picture of any size whole: it then has its own way of continuing what does not divide."""
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


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(":;,.") or type(error).__name__
