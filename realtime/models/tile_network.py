"""Pictures too large for one run: a network opened at its norms, so that every tile is painted with the whole's statistics.

Instance norms take mean and variance over the picture that they are given. Given one tile of a picture after the other they
would take each tile's own, and the tiles would not match. An opened network has the statistics of its norms as inputs, and
the feature maps that they are taken of as outputs: they are measured over all tiles, from the first norm to the last, each
with those before it settled, and then the tiles are painted. The result is what the whole picture would have given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture
from realtime.models.fitting import EngineSpec, Fitting, Inputs

Map: TypeAlias = npt.NDArray[np.float32]
"""A feature map of a tile: float32, h×w×C; there are a power of two of the tile's pixels to a feature. Features of what the
tile is continued by lie around it, as many on each side, and do not count."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A mean that a network takes over its picture.

    Attributes:
        given: The tensor that holds the mean, and becomes an input.
        of: The feature map that it is taken of.
        kind: Of the map itself, of its square, or of its squared difference from its mean.
        stage: How many statistics it needs before it.
    """

    given: Hashable
    of: Hashable
    kind: Literal["mean", "square", "variance"]
    stage: int


class TileNetwork(ABC):
    """A network and a style code, for the tiles of one picture. For one thread at a time."""

    def __init__(self, spec: EngineSpec, statistics: Sequence[Statistic]) -> None:
        """Begin with nothing measured.

        Args:
            spec: What the engine takes: any size.
            statistics: The means that the network takes over its picture.
        """
        self._statistics = statistics
        self._fitting = Fitting(spec)
        self._settled: dict[Hashable, Map] = {}
        self.multiple = spec.multiple
        """What the sides of a tile must divide by."""
        self.stages = max((s.stage + 1 for s in statistics), default=0)
        """How often the tiles are to be measured before they can be painted."""

    def measure(self, tile: Picture, at: tuple[int, int], stage: int) -> Mapping[Hashable, Map]:
        """Work out the feature maps that the statistics of a stage are taken of.

        Args:
            tile: uint8, H×W×3, BGR.
            at: Row and column of the picture at which the tile begins.
            stage: The stage; those before it must be settled.

        Returns:
            The maps, each by its name in the statistics.

        Raises:
            ModelError: The network fails at this size.
        """
        return dict(zip(self._measured(stage), self._run(self._fitting.lay(tile, at), stage), strict=True))

    def paint(self, tile: Picture, at: tuple[int, int]) -> Picture:
        """Paint a tile when all stages are settled.

        Args:
            tile: uint8, H×W×3, BGR.
            at: Row and column of the picture at which the tile begins.

        Returns:
            The painted tile, of the same size and kind.

        Raises:
            ModelError: The network fails at this size.
        """
        painted = self._run(self._fitting.lay(tile, at), self.stages)[0]
        return self._fitting.take(painted, (tile.shape[1], tile.shape[0]))

    def settle(self, stage: int, means: Mapping[Hashable, npt.NDArray[np.float64]],
               squares: Mapping[Hashable, npt.NDArray[np.float64]]) -> None:  # fmt: skip
        """Fix the statistics of a stage.

        Args:
            stage: The stage.
            means: The mean of each feature map over the whole picture, C numbers.
            squares: The mean of its square, C numbers.
        """
        for statistic in self._of(stage):
            mean, square = means[statistic.of], squares[statistic.of]
            value = {"mean": mean, "square": square, "variance": np.maximum(square - mean * mean, 0)}[statistic.kind]
            self._settled[statistic.given] = value.astype(np.float32)

    @abstractmethod
    def _run(self, inputs: Inputs, stage: int) -> Sequence[npt.NDArray[Any]]:
        """Run the network up to a stage.

        Args:
            inputs: The tile as the engine takes it.
            stage: The stage to measure, or `stages` to paint.

        Returns:
            The feature maps of `_measured(stage)`, h×w×C each, or the painting alone, as `Engine.run` returns it.
        """

    def _measured(self, stage: int) -> list[Hashable]:
        """List the feature maps of a stage, each once."""
        return list(dict.fromkeys(statistic.of for statistic in self._of(stage)))

    def _of(self, stage: int) -> list[Statistic]:
        return [statistic for statistic in self._statistics if statistic.stage == stage]

    def _before(self, stage: int) -> list[Statistic]:
        return [statistic for statistic in self._statistics if statistic.stage < stage]
