"""A frame network in a .tflite file, opened at its norms: the file is rewritten in memory, once a stage."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import ModelError
from realtime.core.frame import Picture
from realtime.models.grain import Grain
from realtime.models.native_output import quiet_engine
from realtime.models.tile_network import Map, Parts, Statistic

_REDUCTIONS = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL")


class LiteRTParts(Parts):
    """The parts of a picture through a frame network whose norms are means over height and width."""

    def __init__(
        self,
        file: Path,
        code: npt.NDArray[np.float32],
        multiple: int,
        around: int,
        grain: Grain | None,
        threads: int,
    ) -> None:
        """`code` is the style code as the network takes it, `around` how much more of a picture than it paints it sees on
        each side. ModelError when the network cannot be opened."""
        self._data = file.read_bytes()
        self._name, self._code, self._threads = file.name, code, threads
        self.multiple, self._around, self._grain = multiple, around, grain
        network = _Graph(self._data)
        if network.obstacle:
            raise ModelError(f"{file.name} cannot be run in parts: {network.obstacle}")
        super().__init__(network.statistics)
        self._stage = -1
        self._interpreter: Any = None
        self._shape: tuple[int, ...] = ()

    def measure(self, part: Picture, at: tuple[int, int], stage: int) -> Mapping[Hashable, Map]:
        self._run(part, at, stage)
        details = self._interpreter.get_output_details()
        return {
            of: self._interpreter.get_tensor(detail["index"])[0]
            for of, detail in zip(_measured(self._of(stage)), details, strict=True)
        }

    def paint(self, part: Picture, at: tuple[int, int]) -> Picture:
        self._run(part, at, self.stages)
        result = self._interpreter.tensor(self._interpreter.get_output_details()[0]["index"])()[0]
        rounded = cv2.addWeighted(result, 255.0, result, 0.0, 0.0, dtype=cv2.CV_8U)
        painted: Picture = cv2.cvtColor(rounded, cv2.COLOR_RGB2BGR)
        return painted

    def _run(self, part: Picture, at: tuple[int, int], stage: int) -> None:
        if stage != self._stage:
            self._open(stage)
        interpreter = self._interpreter
        inputs = interpreter.get_input_details()
        picture = next(d["index"] for d in inputs[:2] if len(d["shape"]) == 4 and d["shape"][-1] == 3)
        try:
            if self._grain:
                part = self._grain.lay(part, *at)
            part = cv2.copyMakeBorder(part, *(self._around,) * 4, cv2.BORDER_REFLECT)  # type: ignore[assignment]
            if part.shape != self._shape:
                interpreter.resize_tensor_input(picture, [1, *part.shape])
                interpreter.allocate_tensors()
                self._shape = part.shape
            rgb = interpreter.tensor(picture)()[0]
            np.multiply(cv2.cvtColor(part, cv2.COLOR_BGR2RGB), np.float32(1 / 255), out=rgb, casting="unsafe")
            del rgb  # LiteRT refuses to run while a view into its memory lives
            interpreter.set_tensor(next(d["index"] for d in inputs[:2] if d["index"] != picture), self._code)
            for statistic, detail in zip(self._before(stage), inputs[2:], strict=True):
                interpreter.set_tensor(detail["index"], self._settled[statistic.given].reshape(1, 1, 1, -1))
            interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(f"LiteRT failed on a part of {part.shape[1]}×{part.shape[0]} ({reason})") from error

    def _open(self, stage: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        given = {int(s.given): self._settled[s.given].size for s in self._before(stage)}  # type: ignore[call-overload]
        self._interpreter = None  # the memory of the stage before, first
        with quiet_engine():
            self._interpreter = Interpreter(
                model_content=_Graph(self._data).opened(given, _measured(self._of(stage))), num_threads=self._threads
            )
        self._stage, self._shape = stage, ()


def _measured(statistics: list[Statistic]) -> list[int]:
    """The feature maps of some statistics, each once."""
    return list(dict.fromkeys(int(s.of) for s in statistics))  # type: ignore[call-overload]


class _Graph:
    """The operators of a .tflite file with one subgraph, and the statistics among them."""

    def __init__(self, data: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._model: Any = schema.ModelT.InitFromPackedBuf(data, 0)
        self._graph = self._model.subgraphs[0]
        self._names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        self.statistics: list[Statistic] = []
        self.obstacle = ""
        self._find()

    def _find(self) -> None:
        graph = self._graph
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
            kind = self._kind(operator)
            whole = graph.tensors[inputs[0]].type == self._schema.TensorType.FLOAT32 and kind in _REDUCTIONS
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
        kind = self._kind(maker) if maker else ""
        if kind == "SQUARE":
            return Statistic(given, int(maker.inputs[0]), "square", stage)
        if kind == "SQUARED_DIFFERENCE" and means.get(int(maker.inputs[1])) == int(maker.inputs[0]):
            # It needs the mean alone besides, and that is of the same feature map: both in one stage.
            return Statistic(given, int(maker.inputs[0]), "variance", stage - 1)
        return Statistic(given, of, "mean", stage)

    def opened(self, given: dict[int, int], outputs: list[int]) -> bytes:
        """The network with the tensors `given`, of so many channels, as further inputs, and `outputs`, where there are
        any, for its own."""
        import flatbuffers  # type: ignore[import-untyped]

        graph = self._graph
        self._model.signatureDefs = None  # they name inputs and outputs of old
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
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _kind(self, operator: Any) -> str:
        code = self._model.operatorCodes[operator.opcodeIndex]
        name: str = self._names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        return name

    def _axes(self, tensor: int) -> list[int]:
        """The axes in a constant tensor, counted from the first of four; none when they are not constant."""
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        return [] if data is None else sorted(int(n) % 4 for n in np.frombuffer(bytes(bytearray(data)), np.int32))
