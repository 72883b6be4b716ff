"""One .tflite file in LiteRT: which of its tensors is the picture and which the code, and running it."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError, StyleError
from realtime.core.frame import Size
from realtime.core.memory import return_free_memory
from realtime.models.base import STYLE_SIZE
from realtime.models.fitting import Inputs
from realtime.models.native_output import first_line, without_announcements

_MULTIPLES = (8, 16, 32)  # a network that halves the picture k times wants sides that 2**k divides


class Network:
    """One .tflite file: which of its tensors is the picture and which the code."""

    def __init__(self, file: Path, threads: int) -> None:
        self.file, self._threads = file, threads
        self._pixels = 0  # of the largest picture that the interpreter was made ready for
        try:
            with without_announcements("LiteRT"):
                self._interpreter = self._new_interpreter()
                self._inputs = self._interpreter.get_input_details()
                try:
                    self._interpreter.allocate_tensors()
                except RuntimeError:
                    if not any(-1 in d["shape_signature"][1:] for d in self._inputs):
                        raise  # else it says 1×1, which may be too small for it
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{file} is not a .tflite model that LiteRT can run ({first_line(error)})") from error
        self._output = self._interpreter.get_output_details()[0]
        pictures = [d for d in self._inputs if len(d["shape"]) == 4 and d["shape"][-1] == 3 and _holds_pictures(d)]
        codes = [d for d in self._inputs if d not in pictures and d["dtype"] == np.float32]
        out = self._output["shape"]  # without a length where it depends on the input's
        self.resizes = False
        """Whether a frame network takes pictures of several sizes: `sides` finds out."""
        floats = len(pictures) == 1 and pictures[0]["dtype"] == np.float32
        self.is_style = floats and len(self._inputs) == 1 and len(out) > 0 and int(np.prod(out)) == out[-1]
        paints = len(pictures) == 1 and _holds_pictures(self._output)
        self.is_frame = paints and len(codes) == 1 and len(self._inputs) == 2
        if not self.is_style and not self.is_frame:
            return
        self._picture = pictures[0]
        self._code = codes[0] if self.is_frame else None
        self.code_shape: tuple[int, ...] = tuple(int(n) for n in (codes[0] if self.is_frame else self._output)["shape"])
        self.picture_size: Size = (int(pictures[0]["shape"][2]), int(pictures[0]["shape"][1]))
        self._open = bool(np.any(np.asarray(pictures[0]["shape_signature"])[1:3] < 0))
        if self.is_style and self._open:  # it takes any size; LiteRT says 1×1
            self.picture_size = (STYLE_SIZE, STYLE_SIZE)
            self.resize(self.picture_size)

    def _new_interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter  # here, so that `import realtime` stays light

        return Interpreter(model_path=str(self.file), num_threads=self._threads)

    def __str__(self) -> str:
        return " and ".join("×".join(str(n) for n in d["shape"]) for d in self._inputs)

    def sides(self) -> tuple[int, int] | None:
        """Find out by trying what the network takes.

        Returns:
            What the sides of a painted picture must divide by, and the pixels that the network sees beyond it on each side; None
            when it has one fixed size.

        Raises:
            ModelError: The network takes any size but runs at none.
        """
        for multiple, more in itertools.product(_MULTIPLES, (0, 4)):
            width, height = (multiple * cells + more for cells in (9, 11))
            try:
                self.resize((width, height))
                self._interpreter.invoke()
                painted = self._interpreter.get_tensor(self._output["index"]).shape
            except (ModelError, ValueError, RuntimeError):
                continue
            less = height - painted[1]
            even = less >= 0 and less % 2 == 0 and painted[1] % multiple == 0
            if even and painted == (1, height - less, width - less, 3):
                self.resizes = True
                return multiple, less // 2
        if self._open:
            raise ModelError(f"{self.file.name} takes any size but runs at none that {_MULTIPLES[-1]} divides")
        self.resize(self.picture_size)
        return None

    def resize(self, size: Size) -> None:
        """Make the network ready for pictures of `size` (width, height).

        LiteRT keeps the memory of the largest picture that it was made ready for, so it is opened anew for a smaller one: that
        takes some milliseconds.
        """
        pixels = size[0] * size[1]
        fewer = pixels < self._pixels
        try:
            if fewer:
                self._interpreter = self._new_interpreter()
            self._pixels = pixels
            self._interpreter.resize_tensor_input(self._picture["index"], [1, size[1], size[0], 3])
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self.file.name} cannot run at {size[0]}×{size[1]}: {first_line(error)}") from error
        if fewer:
            return_free_memory()

    def run_style(self, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 1×H×W×3 RGB 0..1 to the code as the file gives it."""
        self._interpreter.set_tensor(self._picture["index"], picture)
        self._interpreter.invoke()
        code: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"])
        return code

    def run_frame(self, inputs: Inputs, code: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        """Stylize `inputs`, written straight into the interpreter's memory; a view of that comes back, H×W×3."""
        assert self._code is not None
        # LiteRT refuses to run while a view into its memory lives: none may be kept in a name.
        inputs.write(self._interpreter.tensor(self._picture["index"])()[0])
        if code.size != math.prod(self.code_shape):
            raise StyleError(
                f"this style code has {code.size} numbers, but {self.file.name} takes {math.prod(self.code_shape)}; encode the"
                " style again"
            )
        self._interpreter.set_tensor(self._code["index"], code.reshape(self.code_shape))
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(f"LiteRT failed on {self.file.name} ({first_line(error)}); try another --size") from error
        painted: npt.NDArray[Any] = self._interpreter.tensor(self._output["index"])()[0]
        return painted


def _holds_pictures(detail: dict[str, Any]) -> bool:
    """Say whether a tensor is of numbers that stand for 0..1: floats, or bytes of 1/255."""
    scale, zero = detail["quantization"]
    return bool(
        detail["dtype"] == np.float32 or (detail["dtype"] == np.uint8 and zero == 0 and np.isclose(scale, 1 / 255))
    )
