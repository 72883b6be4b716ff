"""The frame half of a cut TensorFlow graph, opened at its norms."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import tensorflow as tf

from realtime.core.errors import ModelError
from realtime.core.frame import Picture
from realtime.models.tile_network import Map, Parts, Statistic

_REDUCTIONS = ("Mean", "Sum", "Max", "Min", "Prod", "FusedBatchNormV3")
_COPIES = ("Identity", "StopGradient", "CheckNumerics")


class HubParts(Parts):
    """The parts of a picture through a frame half whose norms are means over height and width.

    Grain that a module lays by itself begins anew in every part; where parts meet, one fades into the other.
    """

    def __init__(self, frame_half: Any, arrays: tuple[Any, ...], multiple: int) -> None:
        """`frame_half` is a WrappedFunction of a picture and `arrays`, a style's. ModelError when it cannot be opened."""
        self._half, self._arrays, self.multiple = frame_half, arrays, multiple
        super().__init__(_find(frame_half))
        self._stage, self._run = -1, frame_half

    def measure(self, part: Picture, at: tuple[int, int], stage: int) -> Mapping[Hashable, Map]:
        wanted = list(dict.fromkeys(s.of for s in self._of(stage)))
        return {of: array[0].numpy() for of, array in zip(wanted, self._call(part, stage, wanted), strict=True)}

    def paint(self, part: Picture, at: tuple[int, int]) -> Picture:
        result = self._call(part, self.stages, [self._half.outputs[0].name])[0][0]
        picture = tf.cast(tf.round(tf.clip_by_value(result, 0.0, 1.0) * 255), tf.uint8)
        painted: Picture = tf.reverse(picture, [2]).numpy()
        return painted

    def _call(self, part: Picture, stage: int, wanted: list[Any]) -> list[Any]:
        before = self._before(stage)
        find = self._half.graph.as_graph_element
        if stage != self._stage:
            feeds = [*self._half.inputs, *(find(s.given) for s in before)]
            self._run = self._half.prune(feeds, [find(name) for name in wanted])
            self._stage = stage
        content = tf.cast(tf.reverse(part, [2])[tf.newaxis], tf.float32) * (1 / 255)
        given = [tf.reshape(self._settled[s.given], [1, 1, 1, -1]) for s in before]
        try:
            return list(self._run(content, *self._arrays, *given))
        except tf.errors.OpError as error:
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(f"TensorFlow failed on a part of {part.shape[1]}×{part.shape[0]} ({reason})") from error


def _find(half: Any) -> list[Statistic]:
    """The statistics of a frame half, by the names of its tensors."""
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
                raise ModelError(f"the network cannot be run in parts: its {op.type} is of another kind than a norm's")
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
