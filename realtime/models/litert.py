"""The LiteRT engine: a style network and a frame network, each a .tflite file.

The pair is of the kind that Magenta published for mobile phones: the style network takes 1×256×256×3 and gives a code
(1×1×1×100); the frame network takes 1×H×W×3 and the code and gives 1×H×W×3. All float32, RGB, 0..1; the frame network's
pictures may be uint8 instead, 0..255, with the scale 1/255.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.core.frame import Size
from realtime.core.memory import return_free_memory
from realtime.models.base import STYLE_SIZE, StyleCode, fingerprint
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.grain import grain_beside
from realtime.models.litert_network import Network
from realtime.models.model import EngineModel
from realtime.models.tile_network import TileNetwork

_SIZES_PIXELS = (
    1_500_000  # two networks are kept ready for two sizes that take turns, if these have no more pixels together
)
_REST_SECONDS = 5.0  # after a style code, until the style network is let go of
_TURN_RUNS = 30
"""Runs after which a size that comes back does not take turns with the other."""


def physical_cores() -> int:
    """Count the cores that this process may use.

    Returns:
        The number of cores; hardware threads beyond these only slow LiteRT down.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, _all_cores() or usable))


def _all_cores() -> int:
    """Count the cores of the machine; 0 where that is not known."""
    if sys.platform == "linux":  # by the lists of hardware threads of a core, as psutil does, which takes 1.4 MB
        found = (
            Path("/sys/devices/system/cpu").glob(f"cpu[0-9]*/topology/{name}")
            for name in ("core_cpus_list", "thread_siblings_list")  # the same, before Linux 5.3 under the second name
        )
        return len({path.read_text() for paths in found for path in paths})
    try:
        import psutil
    except ImportError:  # LiteRT, OpenCV and NumPy are enough to paint
        return 0
    return psutil.cpu_count(logical=False) or 0


def leave_cores_to_model() -> None:
    """Give OpenCV half of the cores, in a program whose model needs them: OpenCV's threads wait busily for one another."""
    cv2.setNumThreads(max(1, physical_cores() // 2))


class LiteRTStyle(StyleEngine):
    """A style network in a .tflite file."""

    def __init__(self, file: Path, threads: int, later: bool = False) -> None:
        """Load the network.

        Args:
            file: The .tflite file.
            threads: How many threads it may use.
            later: Whether a network that is known to be one, and to take squares of `STYLE_SIZE`, is loaded when it is needed:
                a session whose codes are all in the cache goes without its 30 MB, and `rest` lets go of it.

        Raises:
            ModelError: The file is no network that LiteRT can run.
        """
        self._file, self._threads = file, threads
        self._later, self._used_at = later, 0.0
        self._loaded = None if later else Network(file, threads)
        size = self._loaded.picture_size if self._loaded else (STYLE_SIZE, STYLE_SIZE)
        super().__init__(f"litert-{fingerprint((file,))}", size)

    @property
    def network(self) -> Network:
        """The network; for one thread at a time."""
        self._loaded = self._loaded or Network(self._file, self._threads)
        return self._loaded

    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Run the network on a style picture: see `StyleEngine.run`."""
        self._used_at = time.monotonic()
        return (self.network.run_style(inputs),)

    def rest(self) -> None:
        """Let go of a network that was loaded when it was needed, and is in 10 ms again: see `StyleEngine.rest`."""
        with self._lock:
            if self._loaded is None or not self._later or time.monotonic() - self._used_at < _REST_SECONDS:
                return
            self._loaded = None
        return_free_memory()


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
        self.network = Network(file, threads)
        self.identity = fingerprint((file,))
        self._threads = threads
        self._networks: dict[Size, Network] = {}  # by the size they are ready for, the one used last at the end
        self._left: Size | None = None  # the size that a network was last taken from
        self._runs = 0  # since then
        if self.network.is_frame:
            multiple, margin = self.network.sides() or (1, 0)
            fixed = None if self.network.resizes else self.network.picture_size
            self.spec = EngineSpec(size=fixed, multiple=multiple, margin=margin, grain=grain_beside(file), copies=True)
            twin = file.with_name(f"{file.stem}_gpu.tflite")
            self.accelerated = twin if fixed is None and twin.is_file() else None

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        """Stylize one picture: see `Engine.run`."""
        size = (inputs.shape[1], inputs.shape[0])
        network = self._networks.pop(size, None)
        if network is None:
            network = self._another(size)
            network.resize(size)
        self._networks[size] = network
        self._runs += 1
        return network.run_frame(inputs, code.arrays[0])

    def _another(self, size: Size) -> Network:
        """Find a network to make ready for a size: making it ready takes as long as a frame, so sizes that take turns have two.

        One that was given up and comes back soon takes turns with the other. A size that replaces another for good, or for
        seconds as automatic quality does, needs no more: a network of 1280×720 at 480 lines holds 40 MB.
        """
        if not self._networks:
            return self.network
        together = sum(w * h for w, h in (*self._networks, size)) <= _SIZES_PIXELS
        if len(self._networks) == 1 and size == self._left and together and self._runs < _TURN_RUNS:
            return Network(self.network.file, self._threads)
        self._left, self._runs = next(iter(self._networks)), 0
        network = self._networks.pop(self._left)
        if not together:
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


def open_pair(
    style_file: Path, frame_file: Path, name: str, threads: int | None = None, known: bool = False
) -> EngineModel:
    """Load a style network and a frame network.

    Args:
        style_file: The .tflite file of the style network.
        frame_file: The .tflite file of a frame network that reads its codes.
        name: The model's name, for a person.
        threads: Threads for each network, by default the physical cores.
        known: Whether the files are known to be a pair, as ours are: the style network is then loaded when it is needed.

    Returns:
        The model.

    Raises:
        ModelError: The files are no such pair.
    """
    threads = threads or physical_cores()
    style, frame = LiteRTStyle(style_file, threads, later=known), LiteRTEngine(frame_file, threads)
    if not known:
        _check_pair(style, frame)
    return EngineModel(style, frame, f"{name} (LiteRT, {threads} thread{'s' * (threads > 1)})")


def _check_pair(style: LiteRTStyle, frame: LiteRTEngine) -> None:
    """Make sure that two networks are a pair; ModelError where they are not."""
    names = style.network.file.name, frame.network.file.name
    if not style.network.is_style or not frame.network.is_frame:
        raise ModelError(
            f"{names[0]} and {names[1]} are no style network and frame network: wanted one picture in and a"
            f" code out, and a picture and a code in and a picture out; they take {style.network} and {frame.network}"
        )
    if style.network.code_shape[-1] != frame.network.code_shape[-1]:
        raise ModelError(
            f"{names[0]} gives codes of {style.network.code_shape[-1]} numbers, but {names[1]} takes"
            f" {frame.network.code_shape[-1]}; use the two files of one model"
        )


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
        network = Network(file, threads=1)
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
