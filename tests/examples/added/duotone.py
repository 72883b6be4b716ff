"""An engine of one's own: `realtime --model duotone` paints in shades of a style's mean colour, without a network."""

from typing import Any

import numpy as np
import numpy.typing as npt

import realtime


class MeanColour(realtime.StyleEngine):
    """Its code is the style's mean colour."""

    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Give the mean R, G and B of a style picture."""
        return (inputs.mean(axis=(0, 1, 2)),)


class Duotone(realtime.Engine):
    """Every shade of a frame between black and the style's colour, a little lightened."""

    identity = "duotone"
    spec = realtime.EngineSpec()  # any size, on the CPU

    def run(self, inputs: Any, code: realtime.StyleCode) -> npt.NDArray[Any]:
        """Paint a frame: its brightness, in the colour of the code."""
        shades = inputs.floats().mean(axis=2, keepdims=True)
        return np.asarray(np.minimum(shades * (0.2 + 0.8 * code.arrays[0] / code.arrays[0].max()), 1))


def open_duotone(text: str, threads: int | None) -> realtime.Model:
    """Put the two together; `text` is what stands after --model."""
    return realtime.EngineModel(MeanColour("duotone"), Duotone(), "duotone (NumPy)")
