"""A frame network in a .tflite file, opened at its norms: the file is rewritten in memory, once a stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.graph_file import GraphFile
from realtime.models.native_output import first_line, without_announcements
from realtime.models.tile_network import Statistic, TileNetwork

_REDUCTIONS = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL")


class LiteRTTiles(TileNetwork):
    """The tiles of a picture through a frame network whose norms are means over height and width."""

    def __init__(self, file: Path, code: npt.NDArray[np.float32], spec: EngineSpec, threads: int) -> None:
        """Open the network.

        Args:
            file: The .tflite file.
            code: The style code as the network takes it.
            spec: What the network takes.
            threads: How many threads it may use.

        Raises:
            ModelError: The network cannot be opened.
        """
        self._data = file.read_bytes()
        self._code, self._threads = code, threads
        network = _Graph(self._data)
        if network.obstacle:
            raise ModelError(f"{file.name} cannot be run in tiles: {network.obstacle}")
        super().__init__(spec, network.statistics)
        self._stage = -1
        self._interpreter: Any = None
        self._shape: tuple[int, ...] = ()

    def _run(self, inputs: Inputs, stage: int) -> Sequence[npt.NDArray[Any]]:
        if stage != self._stage:
            self._open(stage)
        interpreter = self._interpreter
        details = interpreter.get_input_details()
        picture = next(d["index"] for d in details[:2] if len(d["shape"]) == 4 and d["shape"][-1] == 3)
        height, width = inputs.shape[:2]
        try:
            if inputs.shape != self._shape:
                interpreter.resize_tensor_input(picture, [1, height, width, 3])
                interpreter.allocate_tensors()
                self._shape = inputs.shape
            inputs.write(interpreter.tensor(picture)()[0])
            interpreter.set_tensor(next(d["index"] for d in details[:2] if d["index"] != picture), self._code)
            for statistic, detail in zip(self._before(stage), details[2:], strict=True):
                interpreter.set_tensor(detail["index"], self._settled[statistic.given].reshape(1, 1, 1, -1))
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"LiteRT failed on a tile of {width}×{height} ({first_line(error)})") from error
        return [interpreter.get_tensor(detail["index"])[0] for detail in interpreter.get_output_details()]

    def _open(self, stage: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        given = {int(s.given): self._settled[s.given].size for s in self._before(stage)}  # type: ignore[call-overload]
        outputs = [int(tensor) for tensor in self._measured(stage)]  # type: ignore[call-overload]
        self._interpreter = None  # the memory of the stage before, first
        with without_announcements("LiteRT"):
            self._interpreter = Interpreter(
                model_content=_Graph(self._data).opened(given, outputs), num_threads=self._threads
            )
        self._stage, self._shape = stage, ()


class _Graph(GraphFile):
    """The operators of a .tflite file with one subgraph, and the statistics among them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.statistics: list[Statistic] = []
        self.obstacle = ""
        self._find()

    def _find(self) -> None:
        graph = self.graph
        shapes = {int(t): list(graph.tensors[t].shape) for t in graph.inputs}
        reached = {t for t, shape in shapes.items() if len(shape) == 4 and shape[-1] == 3}  # by the picture
        stages: dict[int, int] = {}  # what a tensor needs: none that is not named
        makers: dict[int, Any] = {}
        means: dict[int, int] = {}  # which feature map a tensor is the mean of
        for operator in graph.operators:
            inputs, outputs = [int(t) for t in operator.inputs], [int(t) for t in operator.outputs]
            makers.update((t, operator) for t in outputs)
            if not reached.intersection(inputs):
                continue
            reached.update(outputs)
            stage = max(stages.get(t, 0) for t in inputs)
            kind = self.kind(operator)
            whole = graph.tensors[inputs[0]].type == self.schema.TensorType.FLOAT32 and kind in _REDUCTIONS
            norm = kind == "MEAN" and operator.builtinOptions.keepDims and self._axes(inputs[1]) == [1, 2]
            if whole and not norm:
                self.obstacle = f"its {kind} is of another kind than a norm's"
            elif whole:
                found = self._statistic(inputs[0], outputs[0], stage, makers, means)
                self.statistics.append(found)
                if found.kind == "mean":
                    means[outputs[0]] = inputs[0]
                stage = found.stage + 1
            stages.update((t, stage) for t in outputs)

    def _statistic(self, of: int, given: int, stage: int, makers: dict[int, Any], means: dict[int, int]) -> Statistic:
        maker: Any = makers.get(of)
        kind = self.kind(maker) if maker else ""
        if kind == "SQUARE":
            return Statistic(given, int(maker.inputs[0]), "square", stage)
        if kind == "SQUARED_DIFFERENCE" and means.get(int(maker.inputs[1])) == int(maker.inputs[0]):
            # It needs the mean alone besides, and that is of the same feature map: both in one stage.
            return Statistic(given, int(maker.inputs[0]), "variance", stage - 1)
        return Statistic(given, of, "mean", stage)

    def opened(self, given: dict[int, int], outputs: list[int]) -> bytes:
        """Rewrite the network so that its statistics are given to it, and its feature maps come out.

        Args:
            given: The tensors that become further inputs, and their channels.
            outputs: The tensors that become its outputs; where there are none it keeps its own.

        Returns:
            The .tflite file.
        """
        graph = self.graph
        self.model.signatureDefs = None  # they name inputs and outputs of old
        graph.inputs = np.array([*graph.inputs, *given], np.int32)
        for tensor, channels in given.items():  # some files leave it open
            graph.tensors[tensor].shape = np.array([1, 1, 1, channels], np.int32)
            graph.tensors[tensor].shapeSignature = None
        if outputs:
            graph.outputs = np.array(outputs, np.int32)
        wanted = {int(t) for t in graph.outputs}
        kept = []
        for operator in reversed(graph.operators):
            if any(int(t) in wanted and int(t) not in given for t in operator.outputs):
                kept.append(operator)
                wanted.update(int(t) for t in operator.inputs)
        graph.operators = kept[::-1]
        return self.pack()

    def _axes(self, tensor: int) -> list[int]:
        """Read the axes in a constant tensor, counted from the first of four; none when they are not constant."""
        data = self.model.buffers[self.graph.tensors[tensor].buffer].data
        return [] if data is None else sorted(int(n) % 4 for n in np.frombuffer(bytes(bytearray(data)), np.int32))
