"""A frame network in a .tflite file made to take one size, as accelerators want it: on a GPU, or in a browser.

The file that ships has open sizes and float16 weights. Its shapes are worked out by LiteRT for a size, written into the
flatbuffer, and its weights become float32; the result is kept in the user's cache folder.

Packed, a pixel crosses the border to the accelerator as one float32 of the bytes red, green, blue, 75 (little-endian):
4 bytes instead of the 12 of three floats, and no conversion on either side. Such a float is 2^23 + v for the 24 bits v
below 2^23, and 2v from there on, which the graph tells apart by a minimum, and makes by a maximum.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from realtime.core.errors import ModelError
from realtime.core.frame import Size
from realtime.models.base import fingerprint
from realtime.models.native_output import first_line

FOURTH_BYTE = 75
"""The highest byte of a packed pixel: with it the bits of a pixel are an ordinary float32."""
_HALF, _BYTE = float(1 << 23), 256.0
_DIGEST = 32  # bytes of the checksum that a kept file begins with
_VERSION = 1  # of the rewriting: another one makes all files anew
_MOST_FILES = 24
_ENDING = ".network"


def fixed_size(file: Path, size: Size, packed: bool = False, folder: Path | None = None) -> bytes:
    """Make a frame network take pictures of one size.

    Args:
        file: The .tflite file of a frame network with open sizes: a picture 1×H×W×3 and a code in, a picture out, float32.
        size: The size (width, height) that the network sees, margin included.
        packed: Whether pictures go in and out as packed pixels, 1×H×(W/4)×4, instead of as three floats a pixel.
        folder: Where results are kept, by default in the user's cache folder.

    Returns:
        The bytes of a .tflite file, whose tensors all have a fixed size and whose weights are float32.

    Raises:
        ModelError: The network cannot run at this size, or its widths cannot be packed since 4 does not divide them.
    """
    folder = folder or platformdirs.user_cache_path("realtime") / "networks"
    try:
        data = file.read_bytes()
        name = f"{fingerprint((file,))}-{size[0]}x{size[1]}{'-packed' if packed else ''}-{_VERSION}{_ENDING}"
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}); install the program again") from error
    kept = _load(folder / name)
    if kept is None:
        kept = _Rewriting(data, file.name, size).finish(packed)
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


class _Rewriting:
    """A network on its way to one size."""

    def __init__(self, data: bytes, name: str, size: Size) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema, self._name = schema, name
        self._model: Any = schema.ModelT.InitFromPackedBuf(data, 0)
        self._graph = self._model.subgraphs[0]
        shapes = self._shapes(data, size)
        for tensor, shape in zip(self._graph.tensors, shapes, strict=False):
            tensor.shape, tensor.shapeSignature = np.array(shape, np.int32), None
        self._widen()

    def finish(self, packed: bool) -> bytes:
        """Give the .tflite file."""
        import flatbuffers  # type: ignore[import-untyped]

        if packed:
            self._pack_input()
            self._pack_output()
        builder = flatbuffers.Builder(1 << 21)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

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
        return [by_index[index] for index in range(len(self._graph.tensors))]

    def _widen(self) -> None:
        """Turn weights of float16, and what dequantizes them, into weights of float32: every accelerator takes these."""
        kept, narrow = [], []
        for operator in self._graph.operators:
            source, target = (self._graph.tensors[int(ts[0])] for ts in (operator.inputs, operator.outputs))
            data = self._model.buffers[source.buffer].data
            if source.type != self._schema.TensorType.FLOAT16 or data is None:
                kept.append(operator)
                continue
            wide = np.frombuffer(np.asarray(data, np.uint8).tobytes(), np.float16).astype(np.float32)
            target.buffer = self._buffer(wide)
            narrow.append(source.buffer)
        self._graph.operators = kept
        for buffer in narrow:
            self._model.buffers[buffer].data = None

    def _pack_input(self) -> None:
        """Put before the network what makes floats of packed pixels."""
        _, height, width, _ = (int(n) for n in self._graph.tensors[self._picture].shape)
        cells = self._cells(height, width)
        before, self._graph.operators = self._graph.operators, []
        pixels = self._tensor(cells)
        value = self._apply("MINIMUM", self._apply("SUB", pixels, self._constant(_HALF)),
                            self._apply("MUL", pixels, self._constant(0.5)))  # fmt: skip
        planes = []
        for _ in range(2):
            above = self._apply("FLOOR", self._apply("MUL", value, self._constant(1 / _BYTE)))
            planes.append(self._apply("SUB", value, self._apply("MUL", above, self._constant(_BYTE))))
            value = above
        planes.append(value)
        joined = self._tensor((*cells[:3], 12))  # the red of four pixels, then their green, then their blue
        self._operator("CONCATENATION", planes, joined, "Concatenation", axis=3)
        order = np.zeros((12, 1, 1, 12), np.float32)
        for pixel in range(4):
            for colour in range(3):
                order[3 * pixel + colour, 0, 0, 4 * colour + pixel] = 1
        mixed = self._convolve(joined, order)
        shares = self._apply("MUL", mixed, self._constant(1 / 255))
        self._reshape(shares, self._picture)
        self._graph.operators += before
        self._rename("inputs", self._picture, pixels)

    def _pack_output(self) -> None:
        """Put behind the network what makes packed pixels of floats."""
        painted = int(self._graph.outputs[0])
        _, height, width, _ = (int(n) for n in self._graph.tensors[painted].shape)
        cells = self._cells(height, width)
        joined = self._tensor((*cells[:3], 12))
        self._reshape(painted, joined)
        scaled = self._apply("ADD", self._apply("MUL", joined, self._constant(255.0)), self._constant(0.5))
        levels = self._apply("FLOOR", scaled)
        weights = np.zeros((4, 1, 1, 12), np.float32)
        for pixel in range(4):
            weights[pixel, 0, 0, 3 * pixel : 3 * pixel + 3] = 1, _BYTE, _BYTE**2
        value = self._convolve(levels, weights)
        pixels = self._apply("MAXIMUM", self._apply("ADD", value, self._constant(_HALF)),
                             self._apply("MUL", value, self._constant(2.0)))  # fmt: skip
        self._rename("outputs", painted, pixels)

    def _cells(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Give the shape of packed pixels, four of a row together: accelerators keep channels in fours."""
        if width % 4:
            raise ModelError(f"{self._name} at {width}×{height} cannot be packed: 4 does not divide its width")
        return 1, height, width // 4, 4

    def _rename(self, kind: str, old: int, new: int) -> None:
        """Let one of the network's inputs or outputs be another tensor, in its signatures as well."""
        places = [new if place == old else int(place) for place in getattr(self._graph, kind)]
        setattr(self._graph, kind, np.array(places, np.int32))
        for signature in self._model.signatureDefs or []:
            for entry in getattr(signature, kind):
                if entry.tensorIndex == old:
                    entry.tensorIndex = new

    def _apply(self, kind: str, first: int, second: int | None = None) -> int:
        """Add an operation on each number; the result has the shape of its first input."""
        options = {"MINIMUM": "MaximumMinimum", "MAXIMUM": "MaximumMinimum", "FLOOR": ""}.get(kind, kind.capitalize())
        result = self._tensor(tuple(int(n) for n in self._graph.tensors[first].shape))
        self._operator(kind, [first] if second is None else [first, second], result, options)
        return result

    def _convolve(self, of: int, weights: npt.NDArray[np.float32]) -> int:
        """Add a 1×1 convolution; weights are out×1×1×in."""
        bias = self._constant(np.zeros(len(weights), np.float32))
        shape = (*(int(n) for n in self._graph.tensors[of].shape[:3]), len(weights))
        result = self._tensor(shape)
        self._operator("CONV_2D", [of, self._constant(weights), bias], result, "Conv2D", strideW=1, strideH=1,
                       dilationWFactor=1, dilationHFactor=1)  # fmt: skip
        return result

    def _reshape(self, of: int, to: int) -> None:
        shape = np.array(self._graph.tensors[to].shape, np.int32)
        self._operator("RESHAPE", [of, self._constant(shape)], to, "Reshape", newShape=shape)

    def _operator(self, kind: str, inputs: list[int], output: int, options: str, **settings: Any) -> None:
        code = self._schema.OperatorCodeT()
        value = getattr(self._schema.BuiltinOperator, kind)
        code.builtinCode, code.deprecatedBuiltinCode, code.version = value, min(value, 127), 1
        self._model.operatorCodes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if options:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, f"{options}Options")
            operator.builtinOptions = getattr(self._schema, f"{options}OptionsT")()
            for name, setting in settings.items():
                setattr(operator.builtinOptions, name, setting)
        self._graph.operators.append(operator)

    def _constant(self, value: float | npt.NDArray[Any]) -> int:
        array = np.array(value, np.float32) if isinstance(value, float) else value
        tensor = self._tensor(array.shape)
        self._graph.tensors[tensor].buffer = self._buffer(array)
        if array.dtype == np.int32:
            self._graph.tensors[tensor].type = self._schema.TensorType.INT32
        return tensor

    def _tensor(self, shape: tuple[int, ...]) -> int:
        """Add a float32 tensor."""
        tensor = self._schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = np.array(shape, np.int32), self._schema.TensorType.FLOAT32, 0
        tensor.name = f"border{len(self._graph.tensors)}".encode()
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _buffer(self, array: npt.NDArray[Any]) -> int:
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return len(self._model.buffers) - 1
