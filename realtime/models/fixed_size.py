"""A frame network in a .tflite file made to take one size, as accelerators want it: on a GPU, or in a browser.

The file that ships has open sizes and float16 weights. Its shapes are worked out by LiteRT for a size, written into the
flatbuffer, and its weights become float32; the result is kept in the user's cache folder.

Pictures may go in and out as bytes: 3 a pixel cross the border to the accelerator instead of 12, and the graph makes floats of
them and bytes of its painting.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from realtime.core.errors import ModelError
from realtime.core.frame import Size
from realtime.models.base import fingerprint
from realtime.models.graph_file import GraphFile
from realtime.models.native_output import first_line

_DIGEST = 32  # bytes of the checksum that a kept file begins with
_VERSION = 2  # of the rewriting: another one makes all files anew
_MOST_FILES = 24
_ENDING = ".network"


def fixed_size(file: Path, size: Size, as_bytes: bool = False, folder: Path | None = None) -> bytes:
    """Make a frame network take pictures of one size.

    Args:
        file: The .tflite file of a frame network with open sizes: a picture 1×H×W×3 and a code in, a picture out, float32.
        size: The size (width, height) that the network sees, margin included.
        as_bytes: Whether pictures go in and out as uint8, 0..255, instead of as float32, 0..1.
        folder: Where results are kept, by default in the user's cache folder.

    Returns:
        The content of a .tflite file, whose tensors all have a fixed size and whose weights are float32.

    Raises:
        ModelError: The network cannot run at this size.
    """
    folder = folder or platformdirs.user_cache_path("realtime") / "networks"
    try:
        data = file.read_bytes()
        name = f"{fingerprint((file,))}-{size[0]}x{size[1]}{'-bytes' if as_bytes else ''}-{_VERSION}{_ENDING}"
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}); install the program again") from error
    kept = _load(folder / name)
    if kept is None:
        kept = _Rewriting(data, file.name, size).finish(as_bytes)
        _keep(kept, folder / name)
    return kept


def _load(path: Path) -> bytes | None:
    """Read a kept network; None where there is none, or it is not as it was written."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    digest, data = stored[:_DIGEST], stored[_DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the files used least recently are removed first
    return data


def _keep(data: bytes, path: Path) -> None:
    """Keep a network: the file appears whole or not at all. A folder that cannot be written costs time, and is no error."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=_ENDING, prefix="partial-", delete=False) as file:
            try:
                file.write(hashlib.sha256(data).digest() + data)
                file.close()
                os.replace(file.name, path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
        files = sorted(path.parent.glob(f"*{_ENDING}"), key=lambda kept: kept.stat().st_mtime)
        for old in files[:-_MOST_FILES]:
            old.unlink(missing_ok=True)


class _Rewriting(GraphFile):
    """A network on its way to one size."""

    def __init__(self, data: bytes, name: str, size: Size) -> None:
        super().__init__(data)
        self._name = name
        shapes = self._shapes(data, size)
        for tensor, shape in zip(self.graph.tensors, shapes, strict=False):
            tensor.shape, tensor.shapeSignature = np.array(shape, np.int32), None
        self._widen()

    def finish(self, as_bytes: bool) -> bytes:
        """Give the .tflite file."""
        if as_bytes:
            self._take_bytes()
            self._give_bytes()
        return self.pack()

    def _shapes(self, data: bytes, size: Size) -> list[tuple[int, ...]]:
        """Let LiteRT work out the shape of every tensor for a size."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            interpreter: Any = Interpreter(
                model_content=data,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,  # which hide tensors
            )
            picture = next(d for d in interpreter.get_input_details() if len(d["shape"]) == 4 and d["shape"][-1] == 3)
            interpreter.resize_tensor_input(picture["index"], [1, size[1], size[0], 3])
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError, StopIteration) as error:
            raise ModelError(f"{self._name} cannot run at {size[0]}×{size[1]}: {first_line(error)}") from error
        self._picture = int(picture["index"])
        by_index = {d["index"]: tuple(int(n) for n in d["shape"]) for d in interpreter.get_tensor_details()}
        return [by_index[index] for index in range(len(self.graph.tensors))]

    def _widen(self) -> None:
        """Turn weights of float16, and what dequantizes them, into weights of float32: every accelerator takes these."""
        kept, narrow = [], []
        for operator in self.graph.operators:
            source, target = (self.graph.tensors[int(ts[0])] for ts in (operator.inputs, operator.outputs))
            data = self.model.buffers[source.buffer].data
            if source.type != self.schema.TensorType.FLOAT16 or data is None:
                kept.append(operator)
                continue
            wide = np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float16).astype(np.float32)
            target.buffer = self.buffer(wide)
            narrow.append(source.buffer)
        self.graph.operators = kept
        for buffer in narrow:
            self.model.buffers[buffer].data = None

    def _take_bytes(self) -> None:
        """Put before the network what makes floats of bytes."""
        levels, numbers = self.like(self._picture, self.schema.TensorType.UINT8), self.like(self._picture)
        self.graph.operators[:0] = [
            self.operator("CAST", [levels], numbers, "Cast", inDataType=self.schema.TensorType.UINT8),
            self.operator("MUL", [numbers, self.constant(1 / 255)], self._picture, "Mul"),
        ]
        self.replace_border("inputs", self._picture, levels)

    def _give_bytes(self) -> None:
        """Put behind the network what makes bytes of floats: a half is added, since all below the whole number is lost."""
        painted = int(self.graph.outputs[0])
        scaled, raised, levels = (self.like(painted, kind) for kind in (0, 0, self.schema.TensorType.UINT8))
        self.graph.operators += [
            self.operator("MUL", [painted, self.constant(255.0)], scaled, "Mul"),
            self.operator("ADD", [scaled, self.constant(0.5)], raised, "Add"),
            self.operator("CAST", [raised], levels, "Cast", outDataType=self.schema.TensorType.UINT8),
        ]
        self.replace_border("outputs", painted, levels)
