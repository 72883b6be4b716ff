"""What the training on strokes asks for, and for how long."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, field, fields

import numpy as np

from .data import Floats


@dataclass(frozen=True)
class StrokeWeights:
    """How much each term counts.

    Attributes:
        gram: Gram matrices of relu1_1 to relu4_1, as seen.
        moments: Means and deviations of the same maps.
        coarse: Both again at half the size: large strokes.
        content: relu4_1 of the content; people count half as much again.
        detail: relu3_1 of the content: eyes and mouths.
        edges: Strengths of the content's edges.
        coarse_edges: The same at half the size.
        calm: Stillness of two views that differ in noise alone.
        moved: Stillness of two views that lie shifted.
        grid: What repeats every 4 or 8 pixels.
        fringe: Colour detail at the content's edges, beyond what the style has anywhere.
        plain: Strokes lacking where the content is plain.
        rim: Sharpness of the outer six pixels other than that of the rest.
        border: Difference of what is painted at the border of a view from what is painted there inside another view.
        blotch: Colour that changes over large patches where the content is plain.
        own: Difference from the content where it is its own style.
    """

    gram: float = 1.0
    moments: float = 1.0
    coarse: float = 0.5
    content: float = 1.7
    detail: float = 0.5
    edges: float = 0.3
    coarse_edges: float = 0.3
    calm: float = 36.0
    moved: float = 34.0
    grid: float = 30.0
    fringe: float = 8.0
    plain: float = 1.2
    rim: float = 0.2
    border: float = 40.0
    blotch: float = 12.0
    own: float = 2.0


BEGINNING = StrokeWeights(content=1.4, detail=0.35, calm=40.0, moved=30.0, plain=0.4, rim=1.0, border=0.0, blotch=0.0)
"""For the first steps."""
TERMS = tuple(f.name for f in fields(StrokeWeights))


@dataclass(frozen=True)
class StrokePlan:
    """A run: after `steps` the rate rises and falls again, once, for `last_steps` with the weights `late`.

    Stillness counts little at first and as much as `weights` says from the share `settled` of the steps on: strokes come
    before they hold still. What ships is a mean of three networks: the one at the end, the one at the end of the first
    round (`first_share` of these two), and the one that the run began from (`begin_share` of all; M. Wortsman et al.,
    Robust fine-tuning of zero-shot models, 2022).
    """

    steps: int = 5100
    last_steps: int = 4300
    batch: int = 32
    view: int = 256
    loss_side: int = 192
    rate: float = 4e-3
    style_rate: float = 1e-3
    last_share: float = 0.01
    last_rise: float = 0.75
    warmup: int = 150
    settled: float = 0.5
    average: float = 0.998
    first_share: float = 0.35
    begin_share: float = 0.13
    seed: int = 1
    weights: StrokeWeights = BEGINNING
    late: StrokeWeights = field(default_factory=StrokeWeights)

    def shares(self, step: int) -> tuple[float, float, float]:
        """Compute how much of what ships is the network at the beginning, after the first round, and now."""
        if step <= self.steps:
            return 0.0, 0.0, 1.0
        rest = 1 - self.begin_share
        return self.begin_share, rest * self.first_share, rest * (1 - self.first_share)

    @property
    def whole(self) -> int:
        """All steps of the run."""
        return self.steps + self.last_steps

    def share_at(self, step: int) -> float:
        """Compute the learning rate as a share of the highest: a short rise, then a cosine down; so in both rounds."""
        length, top, at = self.steps, 1.0, step
        if step >= self.steps:
            length, top, at = self.last_steps, self.last_rise, step - self.steps
        rise = min(1.0, (at + 1) / self.warmup)
        return top * rise * (self.last_share + (1 - self.last_share) * 0.5 * (1 + math.cos(math.pi * at / length)))

    def weights_at(self, step: int) -> Floats:
        """Compute what each term counts at a step, in the order of `TERMS`."""
        if step >= self.steps:
            return np.array(astuple(self.late), np.float32)
        asked = min(1.0, step / (self.settled * self.steps)) if self.settled else 1.0
        share = np.array([0.15 + 0.85 * asked if name in ("calm", "moved") else 1.0 for name in TERMS])
        return np.asarray(np.array(astuple(self.weights)) * share, np.float32)
