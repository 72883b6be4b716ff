"""Pictures too large for one go: a network opened at its norms, so that every part is painted with the whole's statistics.

Instance norms take mean and variance over the picture they are given. Given one part of a picture after the other they
would take each part's own, and the parts would not match. Opened, a network has its norms' statistics as inputs, and the
feature maps that they are taken of as outputs: they are measured over all parts, from the first norm to the last, each
with those before it settled, and then the parts are painted. What comes out is what the whole picture would have given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture

Map: TypeAlias = npt.NDArray[np.float32]
"""A feature map of a part: float32, h×w×C; there are a power of two of the part's pixels to a feature. Features of what the
part is continued by lie around it, as many on each side, and do not count."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One mean that a network takes over its picture: of the feature map `of`, itself, squared, or about its mean.

    `given` is the tensor that holds it, and becomes an input; `stage` counts the statistics that it needs before it.
    """

    given: Hashable
    of: Hashable
    kind: Literal["mean", "square", "variance"]
    stage: int


class Parts(ABC):
    """A network and a style code, for the parts of one picture. Not for two threads."""

    multiple: int
    """What the sides of a part must divide by."""

    def __init__(self, statistics: Sequence[Statistic]) -> None:
        self._statistics = statistics
        self._settled: dict[Hashable, Map] = {}
        self.stages = max((s.stage + 1 for s in statistics), default=0)
        """How often the parts are to be measured before they can be painted."""

    @abstractmethod
    def measure(self, part: Picture, at: tuple[int, int], stage: int) -> Mapping[Hashable, Map]:
        """The feature maps that the statistics of a stage are taken of; those of the stages before must be settled.

        `at` is the row and the column of the picture at which the part begins.
        """

    @abstractmethod
    def paint(self, part: Picture, at: tuple[int, int]) -> Picture:
        """A part, which begins `at` a place, painted, of its size, uint8, H×W×3, BGR, when all stages are settled."""

    def settle(self, stage: int, means: Mapping[Hashable, npt.NDArray[np.float64]],
               squares: Mapping[Hashable, npt.NDArray[np.float64]]) -> None:  # fmt: skip
        """Fix the statistics of a stage: the mean of each feature map and of its square, C numbers each."""
        for statistic in self._of(stage):
            mean, square = means[statistic.of], squares[statistic.of]
            value = {"mean": mean, "square": square, "variance": np.maximum(square - mean * mean, 0)}[statistic.kind]
            self._settled[statistic.given] = value.astype(np.float32)

    def _of(self, stage: int) -> list[Statistic]:
        return [statistic for statistic in self._statistics if statistic.stage == stage]

    def _before(self, stage: int) -> list[Statistic]:
        return [statistic for statistic in self._statistics if statistic.stage < stage]
