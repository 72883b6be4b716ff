"""What the training of the frame network asks for, and for how long."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from realtime.core.errors import UsageError

from .data import Floats
from .losses import COPYING, SETTLING, Weights


@dataclass(frozen=True)
class Plan:
    """A run: its lengths, rates and what it is trained for.

    A network that is asked for stillness and arrival before it can paint at all settles on a blur that it never leaves:
    so it first copies the teacher, with the weights `early`, until the share `turn[0]` of `steps`; from `turn[1]` on
    `weights` hold. After `steps` the rate rises and falls again in `rounds` of `round_steps`, the last with the weights `late`. The
    mean of the network at the ends of the rounds arrives further and is stiller than any of them (Izmailov et al.,
    Averaging Weights Leads to Wider Optima and Better Generalization, 2018). After each of them the styles are cropped
    anew: a network that always sees the same codes learns their errors by heart.
    """

    steps: int = 4800
    rounds: int = 2
    round_steps: int = 850
    batch: int = 8
    fresh: int = 2
    view: int = 192
    rate: float = 3e-3
    round_rate: float = 1.5e-3
    last_rate: float = 1e-5
    warmup: int = 100
    noise: float = 6.0
    seed: int = 1
    weights: Weights = field(default_factory=Weights)
    early: Weights = COPYING
    late: Weights = SETTLING
    turn: tuple[float, float] = (0.2, 0.5)

    @property
    def whole(self) -> int:
        """All steps of the run."""
        return self.steps + self.rounds * self.round_steps

    def rounds_before(self, step: int) -> int:
        """Count the rounds that have ended before a step."""
        return max(0, step - self.steps) // self.round_steps

    def ends_round(self, step: int) -> bool:
        """Say whether a round ends with `step` steps done."""
        return step > self.steps and (step - self.steps) % self.round_steps == 0

    def rate_at(self, step: int) -> float:
        """Compute the learning rate at a step: a short rise, then a cosine down; so in every round."""
        length, rate, at = self.steps, self.rate, step
        if step >= self.steps:
            length, rate, at = self.round_steps, self.round_rate, (step - self.steps) % self.round_steps
        rise = min(1.0, (at + 1) / max(1, self.warmup))
        return rise * (self.last_rate + (rate - self.last_rate) * 0.5 * (1 + math.cos(math.pi * at / length)))

    def weights_at(self, step: int) -> Floats:
        """Compute what each loss term counts at a step, in the order of the fields of `Weights`."""
        if self.rounds and step >= self.whole - self.round_steps:
            return np.array(astuple(self.late), np.float32)
        begin, end = (share * self.steps for share in self.turn)
        part = min(1.0, max(0.0, (step - begin) / (end - begin))) if end > begin else 1.0
        begun, wanted = (np.array(astuple(w), np.float32) for w in (self.early, self.weights))
        return np.asarray(begun + np.float32(part) * (wanted - begun))


def keep_plan(path: Path, plan: Mapping[str, Any], longer: str, begun: bool) -> None:
    """Write the plan of a run.

    Args:
        path: The file.
        plan: The plan by the names of its fields.
        longer: The field that may grow while a run goes on.
        begun: Whether the run has begun.

    Raises:
        UsageError: The run has begun with another plan.
    """
    new = json.loads(json.dumps(plan))
    if begun and path.exists():
        old = json.loads(path.read_text())
        for name in sorted(set(old) | set(new)):
            if old.get(name) != new.get(name) and not (name == longer and new[name] > old.get(name, new[name])):
                raise UsageError(
                    f"the run in {path.parent} has {name} {old.get(name)}, not {new.get(name)};"
                    " go on with the options that it began with, or begin anew with another --out"
                )
    path.write_text(json.dumps(new, indent=1))
