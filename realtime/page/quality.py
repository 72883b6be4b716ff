"""The quality of the pictures of a lent camera: lowered while they lag, raised when there is room again."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.core.frame import Size

_LOW, _HIGH = 8.0, 18.0  # frames a second: below the first it lags, above the second there is room
_LOWER_SECONDS, _RAISE_SECONDS = 3.0, 10.0  # so long, without a break


@dataclass(frozen=True, slots=True)
class Level:
    """A quality.

    Attributes:
        size: The box that pictures fit in, in pixels.
        jpeg: The quality of the JPEGs, 0..1, as a browser's canvas counts.
    """

    size: Size
    jpeg: float


LEVELS = (Level((640, 480), 0.8), Level((480, 360), 0.75), Level((320, 240), 0.7))
"""From the best."""


class CameraQuality:
    """Chooses among `LEVELS` by the rate at which pictures come through."""

    def __init__(self) -> None:
        """Begin with the best."""
        self._at = 0
        self._since: tuple[int, float] = (0, 0.0)  # the direction in which it would go, and since when

    @property
    def level(self) -> Level:
        """The level now."""
        return LEVELS[self._at]

    def measure(self, rate: float, now: float) -> bool:
        """Take a measurement; to be called about once a second.

        Args:
            rate: Frames a second that came through lately.
            now: Seconds of any clock that goes forward.

        Returns:
            Whether the level changed.
        """
        direction = 1 if rate < _LOW else -1 if rate > _HIGH else 0
        if direction != self._since[0]:
            self._since = direction, now
        patience = _LOWER_SECONDS if direction > 0 else _RAISE_SECONDS
        wanted = min(len(LEVELS) - 1, max(0, self._at + direction))
        if wanted == self._at or now - self._since[1] < patience:
            return False
        self._at, self._since = wanted, (direction, now)
        return True
