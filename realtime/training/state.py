"""The state of a run: written, taken up again, and read as a finished network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from realtime.core.errors import UsageError

from .distiller import Distiller
from .frame_network import build_frame
from .whitening import Whitening


class Average:
    """Exponential moving average of the student's weights, and the mean of what it was at the ends of the rounds."""

    def __init__(self, model: keras.Model, decay: float = 0.998) -> None:
        self.decay = decay
        self.values = [np.array(w) for w in model.get_weights()]
        self.ends = 0
        self.mean = [np.zeros_like(w) for w in self.values]

    @property
    def best(self) -> list[np.ndarray]:
        """The mean over the rounds that have ended; before the first has, the moving average."""
        return self.mean if self.ends else self.values

    def update(self, model: keras.Model, step: int, every: int = 5) -> None:
        """Take in the weights, every few steps."""
        if step % every:
            return
        decay = min(self.decay**every, (1 + step) / (10 + step))
        for kept, new in zip(self.values, model.get_weights(), strict=True):
            kept += (1 - decay) * (new - kept)

    def end_round(self) -> None:
        """Take the moving average into the mean; of many rounds the last few count."""
        self.ends += 1
        for mean, value in zip(self.mean, self.values, strict=True):
            mean += (value - mean) / min(self.ends, 4)

    def arrays(self) -> dict[str, Any]:
        """Give what `load` needs, by name."""
        named = {f"average/{i}": w for i, w in enumerate(self.values)}
        return named | {f"mean/{i}": w for i, w in enumerate(self.mean)} | {"ends": self.ends}

    def load(self, arrays: Mapping[str, Any]) -> None:
        """Become what gave these `arrays`.

        Args:
            arrays: Those of a state.

        Raises:
            UsageError: An older version wrote them.
        """
        if "ends" not in arrays:
            raise UsageError("this state is of an older version of the program; begin anew with another --out")
        self.ends = int(arrays["ends"])
        for i in range(len(self.values)):
            self.values[i], self.mean[i] = arrays[f"average/{i}"].copy(), arrays[f"mean/{i}"].copy()


def read_frame(path: Path) -> keras.Model:
    """Read the finished frame network of a state.

    Args:
        path: A file written by `save_state` or `write_frame`.

    Returns:
        The network with the weights of `Average.best`, taking codes as they come.

    Raises:
        UsageError: An older version wrote the state.
    """
    student = build_frame()
    average = Average(student)
    with np.load(path) as state:
        average.load(state)
    student.set_weights(average.best)
    if whitening := Whitening.of_state(path):
        whitening.finish(student)
    return student


def write_frame(path: Path, frame: keras.Model) -> None:
    """Write a state of a finished frame network, for `read_frame` and to begin from."""
    np.savez(path, step=0, **Average(frame).arrays())


def save_state(folder: Path, distiller: Distiller, average: Average, whitening: Whitening, step: int) -> None:
    """Write everything that a resumed run needs, in one file that is never half written.

    Args:
        folder: The run's folder; the file is ``state.npz``.
        distiller: The network and its optimizer.
        average: The averages of its weights.
        whitening: The form of its codes.
        step: Steps done.
    """
    arrays = {f"student/{i}": w for i, w in enumerate(distiller.student.get_weights())}
    arrays |= average.arrays()
    optimizer: dict[str, Any] = {}
    distiller.optimizer.save_own_variables(optimizer)
    arrays |= {f"optimizer/{k}": np.asarray(ops.convert_to_numpy(v)) for k, v in optimizer.items()}
    temporary = folder / "state.tmp.npz"
    arrays |= {f"whitening/{k}": v for k, v in asdict(whitening).items()}
    np.savez(temporary, step=step, **arrays)
    os.replace(temporary, folder / "state.npz")


def load_state(path: Path, distiller: Distiller, average: Average) -> int:
    """Take up a saved state.

    Args:
        path: A file written by `save_state`.
        distiller: Takes its weights and its optimizer's variables.
        average: Takes the averages.

    Returns:
        The steps done.

    Raises:
        UsageError: An older version wrote the state.
    """
    with np.load(path) as state:
        distiller.student.set_weights([state[f"student/{i}"] for i in range(len(average.values))])
        average.load(state)
        saved = {k.split("/", 1)[1]: state[k] for k in state.files if k.startswith("optimizer/")}
        distiller.optimizer.load_own_variables(saved)
        return int(state["step"])
