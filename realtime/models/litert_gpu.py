"""The LiteRT engine on a GPU: WebGPU on Linux and Windows, Metal on macOS, both in LiteRT's package.

The accelerator takes networks of fixed sizes (`fixed_size`), so there is one for each size, compiled when it is first asked
for. Arithmetic is float32: in float16 the sums over a whole picture overflow.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError, StyleError
from realtime.core.frame import Size
from realtime.models.base import StyleCode, fingerprint
from realtime.models.engine import Engine
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.fixed_size import fixed_size
from realtime.models.litert import physical_cores
from realtime.models.native_output import first_line, without_announcements

_environments: list[Any] = []  # one for the process: it holds the connection to the driver
_SIZES = 4  # for how many sizes a network is kept compiled: two streams, and their thumbnails


class LiteRTGpuEngine(Engine):
    """A frame network on an accelerator of LiteRT. The engine must stay on one thread."""

    def __init__(
        self, file: Path, spec: EngineSpec, as_bytes: bool, accelerator: str = "GPU", folder: Path | None = None
    ) -> None:
        """Take the file; nothing is compiled yet.

        Args:
            file: The network with open sizes: `Engine.accelerated` of the engine on the CPU.
            spec: What the same network takes on the CPU, and the name of the device.
            as_bytes: Whether pictures go in and out as bytes: see `fixed_size`.
            accelerator: The name of one of LiteRT's `HardwareAccelerator`s.
            folder: Where networks of fixed sizes are kept: see `fixed_size`.

        Raises:
            ModelError: The file cannot be read.
        """
        self._file, self._as_bytes, self._accelerator, self._folder = file, as_bytes, accelerator, folder
        try:
            self.identity = f"{fingerprint((file,))}-gpu"
        except OSError as error:
            raise ModelError(f"{file} cannot be read ({error.strerror}); install the program again") from error
        self.spec = replace(spec, copies=False, one_thread=True)
        self._ready: dict[Size, _Network] = {}  # by the size that they see, the one used last at the end

    def ready(self, size: Size) -> bool:
        """Say whether a network for a size is compiled.

        Args:
            size: The size (width, height) that the network sees, margin included.
        """
        return size in self._ready

    def prepare(self, size: Size) -> None:
        """Compile the network for a size, unless that is done. It takes seconds.

        Args:
            size: The size (width, height) that the network sees, margin included.

        Raises:
            ModelError: The accelerator does not take the network.
        """
        if size in self._ready:
            return
        while len(self._ready) >= _SIZES:
            del self._ready[next(iter(self._ready))]
        data = fixed_size(self._file, size, self._as_bytes, self._folder)
        self._ready[size] = _Network(data, self._file.name, size, self._as_bytes, self._accelerator)

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        """Stylize one picture: see `Engine.run`."""
        size = (inputs.shape[1], inputs.shape[0])
        self.prepare(size)
        network = self._ready.pop(size)
        self._ready[size] = network
        return network.run(inputs, code)

    def close(self) -> None:
        """Give back the accelerator's memory."""
        self._ready.clear()


class _Network:
    """A network of one size, compiled, with its buffers and the arrays that are copied to and from them."""

    def __init__(self, data: bytes, name: str, size: Size, as_bytes: bool, accelerator: str) -> None:
        self._as_bytes, self._name = as_bytes, name
        self._runner = _Compiled(data, name, accelerator)
        shape = self._runner.output_shape
        self._code: StyleCode | None = None
        kind = np.uint8 if as_bytes else np.float32
        self._floats = np.empty((0 if as_bytes else size[1], size[0], 3), np.float32)
        self._result = np.empty((shape[1], shape[2], 3), kind)

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        """Stylize a picture."""
        given = inputs.rgb if self._as_bytes else inputs.floats(self._floats)
        try:
            self._runner.run(given, None if code is self._code else code.arrays[0])
            self._code = code
            self._runner.read(self._result)
        except (RuntimeError, ValueError) as error:
            self._code = None
            raise ModelError(f"the accelerator failed on {self._name} ({first_line(error)})") from error
        return self._result


class _Compiled:
    """LiteRT's `CompiledModel` of one network: its buffers stay, and so does the code in them."""

    def __init__(self, data: bytes, name: str, accelerator: str) -> None:
        try:
            from ai_edge_litert import tensor_buffer
            from ai_edge_litert.compiled_model import CompiledModel
            from ai_edge_litert.environment import Environment, EnvironmentOptions
            from ai_edge_litert.hardware_accelerator import HardwareAccelerator
            from ai_edge_litert.options import CpuOptions, GpuOptions, Options
        except ImportError as error:
            raise ModelError(
                f"this version of LiteRT cannot use a GPU ({error}); install ai-edge-litert 2.3"
            ) from error
        threads = CpuOptions(num_threads=physical_cores())
        options = Options(
            HardwareAccelerator[accelerator], cpu_options=threads, gpu_options=GpuOptions(enforce_f32=True)
        )
        self._data = data  # LiteRT reads weights from it for as long as the model lives
        try:
            with without_announcements("LiteRT's accelerator", each_time=True):
                if not _environments:
                    home = EnvironmentOptions(runtime_path=str(Path(tensor_buffer.__file__).parent))
                    _environments.append(Environment.create(options=home))
                self._model = CompiledModel.from_buffer(data, options=options, environment=_environments[0])
                self._inputs = self._model.create_input_buffers(0)
                self._outputs = self._model.create_output_buffers(0)
                self._model.run_by_index(0, self._inputs, self._outputs)  # what it does the first time alone
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"LiteRT finds no GPU that it can use for {name}") from error
        if accelerator != "CPU" and not self._model.is_fully_accelerated():
            raise ModelError(f"the accelerator does not take all of {name}")
        key, signature = next(iter(self._model.get_signature_list().items()))
        details = self._model.get_input_tensor_details(key)
        shapes = [tuple(int(n) for n in details[place]["shape"]) for place in signature["inputs"]]
        self._picture = max(range(2), key=lambda place: int(np.prod(shapes[place])))
        self._code_shape = shapes[1 - self._picture]
        output = next(iter(self._model.get_output_tensor_details(key).values()))
        self.output_shape = tuple(int(n) for n in output["shape"])
        # The public `read` makes a new array each time, which for large pictures takes longer than the copying itself.
        self._copy: Any = getattr(getattr(tensor_buffer, "_tb", None), "ReadTensorToBuffer", None)

    def run(self, picture: npt.NDArray[Any], code: npt.NDArray[np.float32] | None) -> None:
        """Run the network; a `code` of None is the one of the run before."""
        if code is not None and code.size != math.prod(self._code_shape):
            raise StyleError(
                f"this style code has {code.size} numbers, but the network takes {math.prod(self._code_shape)}; encode the style"
                " again"
            )
        if code is not None:
            self._inputs[1 - self._picture].write(code.reshape(self._code_shape))
        self._inputs[self._picture].write(picture)
        self._model.run_by_index(0, self._inputs, self._outputs)

    def read(self, painted: npt.NDArray[Any]) -> None:
        """Copy the output into an array."""
        if self._copy:
            self._copy(self._outputs[0].capsule, painted.reshape(-1), painted.dtype.name)
        else:
            painted.reshape(-1)[:] = self._outputs[0].read(painted.size, painted.dtype.type)
