"""The LiteRT engine: a style network and a frame network, each a .tflite file.

The pair is of the kind that Magenta published for mobile phones: the style network takes 1×256×256×3 and gives a code
(1×1×1×100); the frame network takes 1×H×W×3 and the code and gives 1×H×W×3. All float32, RGB, 0..1.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError, StyleError
from realtime.core.frame import Size
from realtime.models.base import STYLE_SIZE, StyleCode, fingerprint
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.grain import grain_beside
from realtime.models.model import EngineModel
from realtime.models.native_output import first_line, without_announcements
from realtime.models.tile_network import TileNetwork

_SIZES, _SIZES_PIXELS = 2, 1_500_000  # for how many sizes a network is kept ready, if they have no more pixels together
_MULTIPLES = (8, 16, 32)  # a network that halves the picture k times wants sides that 2**k divides


def physical_cores() -> int:
    """Count the cores that this process may use.

    Returns:
        The number of cores; hardware threads beyond these only slow LiteRT down.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        import psutil
    except ImportError:  # LiteRT, OpenCV and NumPy are enough to paint
        return usable
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable))


class LiteRTStyle(StyleEngine):
    """A style network in a .tflite file."""

    def __init__(self, file: Path, threads: int) -> None:
        """Load the network.

        Args:
            file: The .tflite file.
            threads: How many threads it may use.

        Raises:
            ModelError: The file is no network that LiteRT can run.
        """
        self.network = _Network(file, threads)
        super().__init__(f"litert-{fingerprint((file,))}", self.network.picture_size)

    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Run the network on a style picture: see `StyleEngine.run`."""
        return (self.network.run_style(inputs),)


class LiteRTEngine(Engine):
    """A frame network in a .tflite file, on the CPU.

    A network whose input can be resized takes any size that its own halvings divide; one that paints a smaller picture than
    it sees, as convolutions without padding do, sees a margin. A picture grain.png beside the file is added to every frame.
    The same network for accelerators lies beside frame.tflite as frame_gpu.tflite.
    """

    def __init__(self, file: Path, threads: int) -> None:
        """Load the network and find out what it takes.

        Args:
            file: The .tflite file.
            threads: How many threads it may use.

        Raises:
            ModelError: The file is no network that LiteRT can run, or its grain cannot be read.
        """
        self.network = _Network(file, threads)
        self.identity = fingerprint((file,))
        self._threads = threads
        self._networks: dict[Size, _Network] = {}  # by the size they are ready for, the one used last at the end
        if self.network.is_frame:
            multiple, margin = self.network.sides() or (1, 0)
            fixed = None if self.network.resizes else self.network.picture_size
            self.spec = EngineSpec(size=fixed, multiple=multiple, margin=margin, grain=grain_beside(file), copies=True)
            twin = file.with_name(f"{file.stem}_gpu.tflite")
            self.accelerated = twin if fixed is None and twin.is_file() else None

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[np.float32]:
        """Stylize one picture: see `Engine.run`."""
        size = (inputs.rgb.shape[1], inputs.rgb.shape[0])
        network = self._networks.pop(size, None)
        if network is None:
            network = self._another(size)
            network.resize(size)
        self._networks[size] = network
        return network.run_frame(inputs, code.arrays[0])

    def _another(self, size: Size) -> _Network:
        """Find a network to make ready for a size: making it ready takes as long as a frame, so two streams have two."""
        if not self._networks:
            return self.network
        if len(self._networks) < _SIZES and sum(w * h for w, h in (*self._networks, size)) <= _SIZES_PIXELS:
            return _Network(self.network.file, self._threads)
        network = self._networks.pop(next(iter(self._networks)))
        self._networks.clear()
        return network

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the network for the tiles of one large picture: see `Engine.tile_network`."""
        if self.spec.size:
            return None
        from realtime.models.litert_tiles import LiteRTTiles  # seldom needed: the file's schema takes a while to import

        try:
            shaped = code.arrays[0].reshape(self.network.code_shape)
            return LiteRTTiles(self.network.file, shaped, self.spec, self._threads)
        except ModelError:
            return None

    def operations(self, size: Size) -> int | None:
        """Count the operations of a run: see `Engine.operations`."""
        from realtime.models.litert_operations import count_operations

        return count_operations(self.network.file, size)


def open_pair(style_file: Path, frame_file: Path, name: str, threads: int | None = None) -> EngineModel:
    """Load a style network and a frame network.

    Args:
        style_file: The .tflite file of the style network.
        frame_file: The .tflite file of a frame network that reads its codes.
        name: The model's name, for a person.
        threads: Threads for each network, by default the physical cores.

    Returns:
        The model.

    Raises:
        ModelError: The files are no such pair.
    """
    threads = threads or physical_cores()
    style, frame = LiteRTStyle(style_file, threads), LiteRTEngine(frame_file, threads)
    if not style.network.is_style or not frame.network.is_frame:
        raise ModelError(
            f"{style_file.name} and {frame_file.name} are no style network and frame network: wanted one picture in and a"
            f" code out, and a picture and a code in and a picture out; they take {style.network} and {frame.network}"
        )
    if style.network.code_shape[-1] != frame.network.code_shape[-1]:
        raise ModelError(
            f"{style_file.name} gives codes of {style.network.code_shape[-1]} numbers, but {frame_file.name} takes"
            f" {frame.network.code_shape[-1]}; use the two files of one model"
        )
    return EngineModel(style, frame, f"{name} (LiteRT, {threads} thread{'s' * (threads > 1)})")


class _Network:
    """One .tflite file: which of its tensors is the picture and which the code."""

    def __init__(self, file: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter  # here, so that `import realtime` stays light

        self.file = file
        try:
            with without_announcements("LiteRT"):
                self._interpreter: Any = Interpreter(model_path=str(file), num_threads=threads)
                self._inputs = self._interpreter.get_input_details()
                try:
                    self._interpreter.allocate_tensors()
                except RuntimeError:
                    if not any(-1 in d["shape_signature"][1:] for d in self._inputs):
                        raise  # else it says 1×1, which may be too small for it
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{file} is not a .tflite model that LiteRT can run ({first_line(error)})") from error
        self._output = self._interpreter.get_output_details()[0]
        pictures = [
            d for d in self._inputs if len(d["shape"]) == 4 and d["shape"][-1] == 3 and d["dtype"] == np.float32
        ]
        codes = [d for d in self._inputs if d not in pictures and d["dtype"] == np.float32]
        out = self._output["shape"]  # without a length where it depends on the input's
        self.resizes = False
        """Whether a frame network takes pictures of several sizes: `sides` finds out."""
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
        """Make the network ready for pictures of `size` (width, height)."""
        try:
            self._interpreter.resize_tensor_input(self._picture["index"], [1, size[1], size[0], 3])
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self.file.name} cannot run at {size[0]}×{size[1]}: {first_line(error)}") from error

    def run_style(self, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """float32 1×H×W×3 RGB 0..1 to the code as the file gives it."""
        self._interpreter.set_tensor(self._picture["index"], picture)
        self._interpreter.invoke()
        code: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"])
        return code

    def run_frame(self, inputs: Inputs, code: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Stylize `inputs`, converted straight into the interpreter's memory; a view of that comes back, H×W×3."""
        assert self._code is not None
        # LiteRT refuses to run while a view into its memory lives: none may be kept in a name.
        inputs.floats(self._interpreter.tensor(self._picture["index"])()[0])
        if code.size != np.prod(self.code_shape):
            raise StyleError(
                f"this style code has {code.size} numbers, but {self.file.name} takes {np.prod(self.code_shape)}; encode the"
                " style again"
            )
        self._interpreter.set_tensor(self._code["index"], code.reshape(self.code_shape))
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(f"LiteRT failed on {self.file.name} ({first_line(error)}); try another --size") from error
        painted: npt.NDArray[np.float32] = self._interpreter.tensor(self._output["index"])()[0]
        return painted


def find_pair(folder: Path) -> tuple[Path, Path]:
    """Find the style network and the frame network of a folder; of several frame networks, one that takes any size.

    Args:
        folder: A folder with .tflite files.

    Returns:
        The files of the two.

    Raises:
        ModelError: The folder holds no such pair.
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
