"""The LiteRT engine: a style network and a frame network, each a .tflite file.

The pair is of the kind that Magenta published for mobile phones: the style network takes 1×256×256×3 and gives a code
(1×1×1×100); the frame network takes 1×H×W×3 and the code and gives 1×H×W×3. All float32, RGB, 0..1.
"""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.core.frame import Picture, Size
from realtime.models.base import (
    STYLE_SIZE,
    Model,
    StyleCode,
    check_picture,
    divisible,
    fingerprint,
    style_input,
)
from realtime.models.grain import Grain
from realtime.models.native_output import quiet_engine
from realtime.models.tile_network import Parts

_SHARES = (np.arange(256) / 255).astype(np.float32)  # 0..1 of bytes
_MULTIPLES = (8, 16, 32)  # a network that halves the picture k times wants sides that 2**k divides


def physical_cores() -> int:
    """Cores that this process may use; hardware threads beyond these only slow LiteRT down."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        import psutil
    except ImportError:  # LiteRT, OpenCV and NumPy are enough to paint
        return usable
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


class LiteRTModel(Model):
    """A pair of .tflite files run by LiteRT on the CPU.

    A frame network whose input can be resized runs at the frame's own size, padded by reflection to what the network
    divides and cropped back; one that paints a smaller picture than it sees, as convolutions without padding do, gets
    the frame continued by that on all sides. One of a fixed size gets the frame scaled to fit, its aspect kept and the
    rest filled by reflection; its output is scaled back. With a picture grain.png beside the frame network, that is laid
    over every frame first (`Grain`).
    """

    def __init__(self, style_file: Path, frame_file: Path, name: str, threads: int | None = None) -> None:
        """Load the pair. `threads` defaults to the physical cores. ModelError when it is no such pair."""
        threads = threads or physical_cores()
        self.identity = f"litert-{fingerprint((style_file, frame_file))}"
        self._style = _Network(style_file, threads)
        self._frame = _Network(frame_file, threads)
        self._threads = threads
        self._encoding = threading.Lock()
        if not self._style.is_style or not self._frame.is_frame:
            raise ModelError(
                f"{style_file.name} and {frame_file.name} are no style network and frame network: wanted one picture in and a"
                f" code out, and a picture and a code in and a picture out; they take {self._style} and {self._frame}"
            )
        if self._style.code_shape[-1] != self._frame.code_shape[-1]:
            raise ModelError(
                f"{style_file.name} gives codes of {self._style.code_shape[-1]} numbers, but {frame_file.name} takes"
                f" {self._frame.code_shape[-1]}; use the two files of one model"
            )
        self._multiple, self._around = self._frame.sides() or (0, 0)
        self._fixed: Size | None = None if self._multiple else self._frame.picture_size
        self._grain = Grain.beside(frame_file)
        self._rgb = self._painted = np.empty((0, 0, 3), np.uint8)
        self.description = f"{name} (LiteRT, {threads} thread{'s' * (threads > 1)})"

    def encode(self, style: Picture) -> StyleCode:
        with self._encoding:
            code = self._style.run_style(style_input(style, self._style.picture_size))
        return StyleCode(self.identity, (code.reshape(self._frame.code_shape),))

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        check_picture(picture)
        self.check(code)
        height, width = picture.shape[:2]
        if self._fixed:
            inner = _inside((width, height), self._fixed)
            picture = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
            canvas = self._fixed
        else:
            inner = (width, height)
            canvas = divisible(inner, self._multiple)
        around, right, below = self._around, canvas[0] - inner[0], canvas[1] - inner[1]
        shape = (canvas[1], canvas[0], 3)
        if self._painted.shape != shape:
            self._painted = np.empty((0, 0, 3), np.uint8)  # of no size, should the network refuse this one
            seen = canvas[0] + 2 * around, canvas[1] + 2 * around
            self._frame.resize(seen)
            self._rgb, self._painted = np.empty((seen[1], seen[0], 3), np.uint8), np.empty(shape, np.uint8)
        inside = self._rgb[around : around + inner[1], around : around + inner[0]]
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=inside)
        if self._grain:
            self._grain.lay(inside, dst=inside)
        # What lies in its place already stays there.
        cv2.copyMakeBorder(inside, around, around + below, around, around + right, cv2.BORDER_REFLECT, dst=self._rgb)
        self._frame.run_frame(self._rgb, code.arrays[0], self._painted)
        result: Picture = cv2.cvtColor(self._painted[: inner[1], : inner[0]], cv2.COLOR_RGB2BGR)  # type: ignore[assignment]
        if inner != (width, height):
            result = cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
        return result

    def parts(self, code: StyleCode) -> Parts | None:
        self.check(code)
        if self._fixed:
            return None
        from realtime.models.litert_tiles import LiteRTParts  # seldom needed: the file's schema takes a while to import

        try:
            grain = Grain(self._grain.tile) if self._grain else None  # of its own: it makes room for other sizes
            return LiteRTParts(self._frame.file, code.arrays[0], self._multiple, self._around, grain, self._threads)
        except ModelError:
            return None


class _Network:
    """One .tflite file: which of its tensors is the picture and which the code."""

    def __init__(self, file: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter  # here, so that `import realtime` stays light

        self.file = file
        try:
            with quiet_engine():
                self._interpreter: Any = Interpreter(model_path=str(file), num_threads=threads)
                self._inputs = self._interpreter.get_input_details()
                try:
                    self._interpreter.allocate_tensors()
                except RuntimeError:
                    if not any(-1 in d["shape_signature"][1:] for d in self._inputs):
                        raise  # else it says 1×1, which may be too small for it
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{file} is not a .tflite model that LiteRT can run ({_first_line(error)})") from error
        self._output = self._interpreter.get_output_details()[0]
        pictures = [
            d for d in self._inputs if len(d["shape"]) == 4 and d["shape"][-1] == 3 and d["dtype"] == np.float32
        ]
        codes = [d for d in self._inputs if d not in pictures and d["dtype"] == np.float32]
        out = self._output["shape"]  # without a length where it depends on the input's
        self.is_style = len(pictures) == 1 and len(self._inputs) == 1 and len(out) > 0 and int(np.prod(out)) == out[-1]
        self.is_frame = len(pictures) == 1 and len(codes) == 1 and len(self._inputs) == 2
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

    def __str__(self) -> str:
        return " and ".join("×".join(str(n) for n in d["shape"]) for d in self._inputs)

    def sides(self) -> tuple[int, int] | None:
        """What the sides of a picture must divide by, and how many pixels more than it paints the network sees on each
        side, found by trying; None when the network has one fixed size."""
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
                return multiple, less // 2
        if self._open:
            raise ModelError(f"{self.file.name} takes any size but runs at none that {_MULTIPLES[-1]} divides")
        self.resize(self.picture_size)
        return None

    def resize(self, size: Size) -> None:
        """Make the network ready for pictures of `size` (width, height)."""
        try:
            self._interpreter.resize_tensor_input(self._picture["index"], [1, size[1], size[0], 3])
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self.file.name} cannot run at {size[0]}×{size[1]}: {_first_line(error)}") from error

    def run_style(self, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 1×H×W×3 RGB 0..1 to the code as the file gives it."""
        self._interpreter.set_tensor(self._picture["index"], picture)
        self._interpreter.invoke()
        code: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"])
        return code

    def run_frame(self, rgb: Picture, code: npt.NDArray[np.float32], painted: Picture) -> None:
        """uint8 H×W×3 RGB into `painted`, the same kind, converted straight into and out of the interpreter's own memory."""
        assert self._code is not None
        picture_in = self._interpreter.tensor(self._picture["index"])()
        cv2.LUT(rgb, _SHARES, dst=picture_in[0])  # of what turns bytes into floats the quickest
        del picture_in  # LiteRT refuses to run while a view into its memory lives
        self._interpreter.set_tensor(self._code["index"], code)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(f"LiteRT failed on {self.file.name} ({_first_line(error)}); try another --size") from error
        result = self._interpreter.tensor(self._output["index"])()[0]
        # Rounded, and held to 0..255: in OpenCV the quickest of what does both.
        cv2.addWeighted(result, 255.0, result, 0.0, 0.0, dst=painted, dtype=cv2.CV_8U)


def find_pair(folder: Path) -> tuple[Path, Path]:
    """The style network and the frame network of a folder; of several frame networks, one that takes any size.

    ModelError when the folder holds no such pair.
    """
    style: Path | None = None
    frame: Path | None = None
    frame_resizes = False
    for file in sorted(folder.glob("*.tflite")):
        network = _Network(file, threads=1)
        if network.is_style and style is None:
            style = file
        elif network.is_frame and (frame is None or not frame_resizes):
            resizes = network.sides() is not None
            if frame is None or resizes:
                frame, frame_resizes = file, resizes
    if style is None or frame is None:
        missing = (
            "style network (picture in, code out)"
            if style is None
            else "frame network (picture and code in, picture out)"
        )
        raise ModelError(f"{folder} has no .tflite file that is a {missing}; a LiteRT model is a folder with both")
    return style, frame


def _inside(size: Size, box: Size) -> Size:
    """`size` scaled, up or down, to just fit into `box`."""
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
