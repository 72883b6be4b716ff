"""The frame half of a split TensorFlow graph, opened at its norms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from realtime.core.errors import ModelError
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.native_output import first_line
from realtime.models.tile_network import Statistic, TileNetwork

_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "FusedBatchNormV3")
_COPIES = ("Identity", "StopGradient", "CheckNumerics")


class HubTiles(TileNetwork):
    """The tiles of a picture through a frame half whose norms are means over height and width.

    Grain that a module adds by itself begins anew in every tile; where tiles meet, one fades into the other.
    """

    def __init__(self, frame_half: Any, arrays: tuple[Any, ...], spec: EngineSpec) -> None:
        """Open the frame half.

        Args:
            frame_half: A WrappedFunction of a picture and `arrays`.
            arrays: The tensors of a style code.
            spec: What the frame half takes.

        Raises:
            ModelError: The frame half cannot be opened.
        """
        self._half, self._arrays = frame_half, arrays
        super().__init__(spec, _find(frame_half))
        self._stage, self._function = -1, frame_half

    def _run(self, inputs: Inputs, stage: int) -> Sequence[npt.NDArray[Any]]:
        before = self._before(stage)
        find = self._half.graph.as_graph_element
        if stage != self._stage:
            wanted = self._measured(stage) if stage < self.stages else [self._half.outputs[0].name]
            feeds = [*self._half.inputs, *(find(s.given) for s in before)]
            self._function = self._half.prune(feeds, [find(name) for name in wanted])
            self._stage = stage
        given = [tf.reshape(self._settled[s.given], [1, 1, 1, -1]) for s in before]
        try:
            results = self._function(tf.constant(inputs.floats()[np.newaxis]), *self._arrays, *given)
        except tf.errors.OpError as error:
            height, width = inputs.shape[:2]
            raise ModelError(f"TensorFlow failed on a tile of {width}×{height} ({first_line(error)})") from error
        return [result[0].numpy() for result in results]


def _find(half: Any) -> list[Statistic]:
    """Find the statistics of a frame half, by the names of its tensors."""
    content = half.inputs[0]
    stages: dict[str, int] = {content.name: 0}  # of what the picture reaches
    found: list[Statistic] = []
    means: dict[str, str] = {}
    for op in half.graph.get_operations():  # in the order in which they were made: none comes before its inputs
        reached = [tensor.name for tensor in op.inputs if tensor.name in stages]
        if not reached:
            continue
        stage = max(stages[name] for name in reached)
        floats = op.inputs[0].dtype == tf.float32
        if floats and op.type in _REDUCTIONS:
            if op.type != "Mean" or _axes(op) != [1, 2] or not op.get_attr("keep_dims"):
                raise ModelError(f"the network cannot be run in tiles: its {op.type} is of another kind than a norm's")
            statistic = _statistic(op, stage, means)
            if statistic.kind == "mean":
                means[op.outputs[0].name] = statistic.of  # type: ignore[assignment]
            found.append(statistic)
            stage = statistic.stage + 1
        elif op.type in _COPIES and op.inputs[0].name in means:
            means[op.outputs[0].name] = means[op.inputs[0].name]
        stages.update((tensor.name, stage) for tensor in op.outputs)
    return found


def _statistic(op: Any, stage: int, means: dict[str, str]) -> Statistic:
    given, of = op.outputs[0].name, op.inputs[0]
    if of.op.type == "SquaredDifference":
        features, mean = of.op.inputs
        if means.get(mean.name) == features.name:
            # It needs the mean alone besides, and that is of the same feature map: both in one stage.
            return Statistic(given, features.name, "variance", stage - 1)
    if of.op.type == "Square":
        return Statistic(given, of.op.inputs[0].name, "square", stage)
    return Statistic(given, of.name, "mean", stage)


def _axes(op: Any) -> list[int]:
    axes = tf.get_static_value(op.inputs[1])
    return [] if axes is None else sorted(int(axis) % 4 for axis in axes.reshape(-1))
