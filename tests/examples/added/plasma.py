"""A source of one's own: `realtime --source plasma` paints waves of colour."""

import numpy as np

import realtime
from realtime.sources.base import Pace


class PlasmaSource(realtime.Source):
    """Waves of colour, drawn at the rate that is asked for."""

    name = "plasma"

    def __init__(self, text: str, size: tuple[int, int], fps: float) -> None:
        """Begin at once; `text` is what stands after --source, here always "plasma"."""
        self._x, self._y = np.meshgrid(np.linspace(0, 6, size[0]), np.linspace(0, 4, size[1]))
        self._fps, self._count, self._pace = fps, 0, Pace(self.name)

    def read(self, timeout: float = 1.0) -> realtime.Frame | None:
        """Give the next frame when it is due."""
        due = self._pace.wait_until(self._count / self._fps, timeout)
        if due is None:
            return None
        self._count += 1
        now = self._count / self._fps
        waves = [np.sin(self._x + now), np.sin(self._y - 2 * now), np.sin(self._x + self._y + now)]
        return realtime.Frame((127.5 * (1 + np.stack(waves, axis=2))).astype(np.uint8), due)

    def close(self) -> None:
        """Wake the reader."""
        self._pace.close()
