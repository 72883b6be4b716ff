"""The form in which the frame network learns with style codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from .data import Floats
from .frame_network import recode


@dataclass(frozen=True)
class Whitening:
    """Codes as the frame network learns with them: less their `mean` (100,), times a `matrix` (100, 100).

    As they come, codes have a mean twice as long as their distances from it, and most of their variance in a few
    directions: steps that suit these are far too small for the others. So all directions are made nearly alike, but for
    those in which codes hardly differ. The finished network takes codes as they come again (`recode`).
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def of(cls, codes: Floats, least: float = 0.02) -> Whitening:
        """Make the whitening of codes (M, 100), of which directions with a variance below `least` count less."""
        mean = codes.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(codes - mean, rowvar=False))
        return cls(mean.astype(np.float32), (axes / np.sqrt(variances + least) @ axes.T).astype(np.float32))

    @classmethod
    def of_state(cls, path: Path) -> Whitening | None:
        """Read the whitening of a state written by `save_state`; None when it was trained without."""
        with np.load(path) as state:
            if "whitening/mean" not in state:
                return None
            return cls(state["whitening/mean"], state["whitening/matrix"])

    def __call__(self, codes: Floats) -> Floats:
        """Whiten codes (..., 100)."""
        return np.asarray((codes - self.mean) @ self.matrix, np.float32)

    def finish(self, frame: keras.Model) -> None:
        """Make a network that learned with these codes take them as they come."""
        recode(frame, self.matrix, -self.mean @ self.matrix)

    def begin(self, frame: keras.Model) -> None:
        """Make a network that takes codes as they come take these."""
        recode(frame, np.linalg.inv(self.matrix.astype(np.float64)).astype(np.float32), self.mean)
