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
        busy: Strokes beyond those of the style's calm half where the content is plain.
        weave: Strokes that repeat there more than the style's.
        tone: Cells that are light where the content is dark, and dark where it is light.
        own: Difference from the content where it is its own style.
    """

    gram: float = 1.0
    moments: float = 1.0
    coarse: float = 0.5
    content: float = 1.5
    detail: float = 0.45
    edges: float = 0.3
    coarse_edges: float = 0.3
    calm: float = 46.0
    moved: float = 46.0
    grid: float = 30.0
    fringe: float = 8.0
    plain: float = 0.8
    rim: float = 0.3
    border: float = 40.0
    blotch: float = 16.0
    own: float = 2.0
    busy: float = 5.0
    weave: float = 1.5
    tone: float = 1.2


TERMS = tuple(f.name for f in fields(StrokeWeights))


@dataclass(frozen=True)
class StrokePlan:
    """A run, whose rate rises and falls once.

    Stillness counts little at first and as much as `weights` says from the share `settled` of the steps on: strokes come
    before they hold still. What ships is a mean of the averaged weights and, by `begin_share`, those that the run began
    from (M. Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
    """

    steps: int = 7200
    batch: int = 32
    view: int = 256
    loss_side: int = 192
    rate: float = 4e-3
    style_rate: float = 1e-3
    last_share: float = 0.01
    warmup: int = 150
    settled: float = 0.4
    average: float = 0.998
    begin_share: float = 0.13
    seed: int = 1
    weights: StrokeWeights = field(default_factory=StrokeWeights)

    def share_at(self, step: int) -> float:
        """Compute the learning rate as a share of the highest: a short rise, then a cosine down."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return rise * (self.last_share + (1 - self.last_share) * fall)

    def weights_at(self, step: int) -> Floats:
        """Compute what each term counts at a step, in the order of `TERMS`."""
        asked = min(1.0, step / (self.settled * self.steps)) if self.settled else 1.0
        share = np.array([0.15 + 0.85 * asked if name in ("calm", "moved") else 1.0 for name in TERMS])
        return np.asarray(np.array(astuple(self.weights)) * share, np.float32)
