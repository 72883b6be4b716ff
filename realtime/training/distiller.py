"""The frame network with the losses by which it learns from the teacher."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from . import losses
from .frame_network import AROUND
from .samples import MARGIN
from .teacher import Predictor

Tensor = Any

TERMS = ("pixel", "tone", "feature", "texture", "arrival", "still", "grid", "edges")


class Distiller(keras.Model):  # type: ignore[misc]
    """The frame network with its losses: batches as `samples.Samples.step` makes them."""

    def __init__(self, student: keras.Model, predictor: Predictor) -> None:
        super().__init__()
        self.student = student
        self.predictor = predictor
        self.parts = [keras.metrics.Mean(name=n) for n in TERMS]

    def call(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        """Paint both views, one after the other: (2 N, V, V, 3)."""
        both = ops.concatenate([inputs["first"], inputs["second"]], axis=0)
        codes = ops.concatenate([inputs["code"], inputs["code"]], axis=0)
        around = [[0, 0], [AROUND, AROUND], [AROUND, AROUND], [0, 0]]
        return self.student([ops.pad(both, around, mode="symmetric"), codes], training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """Sum all terms by their weights, averaged over the batch."""
        x = {name: ops.convert_to_tensor(value) for name, value in x.items()}
        y = {name: ops.convert_to_tensor(value) for name, value in y.items()}
        pixel, tone, feature, texture, arrival, moved, calm, grid, edges = (x["weights"][k] for k in range(9))
        first, second = ops.split(y_pred, 2)
        found, local = self.predictor.maps(losses.as_seen(first), losses.TAPS)
        wanted = [ops.stop_gradient(m) for m in losses.wanted_maps(self.predictor, losses.as_seen(y["label"]))]
        terms = [
            losses.pixel_loss(first, y["label"]),
            losses.tone_loss(first, y["label"]),
            losses.feature_loss(found, wanted),
            losses.texture_loss(found, wanted),
            losses.arrival_loss(local, y["target"]),
            losses.still_loss(first, second, x["shift"], MARGIN),
            losses.grid_loss(first),
            losses.edges_loss(first, x["plain"]),
        ]
        total = 0.0
        unmoved = ops.cast(ops.all(ops.equal(x["shift"], 0)), "float32")
        still = moved + (calm - moved) * unmoved
        factors = (pixel, tone, feature, texture, arrival, still, grid, edges)
        for term, factor, metric in zip(terms, factors, self.parts, strict=True):
            value = ops.mean(term)
            metric.update_state(value)
            total = total + factor * value
        return total

    @property
    def metrics(self) -> list[Any]:
        """The running means of the terms."""
        return [*super().metrics, *self.parts] if self.parts[0] not in super().metrics else super().metrics
