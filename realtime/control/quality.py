"""Automatic quality: the model sees fewer lines while a stream cannot hold its rate, and more again when there is room.

Quality belongs to a machine and a moment: it is in no look, no settings, and no file.
"""

from __future__ import annotations

import math
from collections import deque

LEAST_SHARE, LEAST_LINES = 0.75, 360
"""The floor: the model never sees less than three quarters of the lines that the brush asks for, so that strokes grow by a
third at most; and never fewer than 360 lines where the brush asks for more, below which faces are no longer seen. A brush that
asks for fewer lines than that asks for large strokes, and costs little."""

STEP = 1.08
"""The lines before a change to those after it: a step that is hardly seen."""

PAUSE = 3.0
"""The least seconds between two changes."""

_EASE = 0.5  # seconds that a change takes
_SETTLE = 1.0  # seconds after a change, or at the start, that say nothing: networks are made ready for new sizes
_WINDOW = 2.0  # seconds over which rates are measured
_HELD = 0.975  # the share of the wished rate that counts as held
_BUSY = 0.6  # the share of the time that frames wait or are painted, below which it is the source that is slow
_ROOM = 0.8  # the share of the time that would be needed after a rise, at most
_PATIENCE = 6.0, 300.0  # seconds for which there must be room before a rise, at first and at most
_VAIN = 20.0  # seconds within which a fall means that the rise before it was in vain
_GRID = 8  # on the way to other lines sizes are multiples of this: each new size costs the model about a frame


class Quality:
    """Says how many lines the model is to see of a stream's frames. Never reads a clock: all times are the caller's."""

    def __init__(self, rate: float | None = None) -> None:
        """Begin with all lines.

        Args:
            rate: The frames a second to hold; by default the source's, which is never exceeded either.
        """
        self._rate = rate or math.inf
        self._share = self._before = 1.0  # of the lines asked for: now, and before the last change
        self._floor = 1.0
        self._changed = self._rose = -math.inf
        self._patience = _PATIENCE[0]
        self._roomy_since: float | None = None
        self._from = math.inf  # when measuring began
        self._served: deque[tuple[float, float]] = deque()  # of each frame: its delivery, and the seconds it needed
        self.wished = 0.0
        """Frames a second that are to be held."""
        self.falls_short = False
        """Whether the rate is not held though the model sees as few lines as it may."""

    @property
    def share(self) -> float:
        """The share of the lines asked for that the model sees, up to 1."""
        return self._share

    def lines(self, asked: float, now: float) -> int:
        """Give the lines for the next frame.

        Args:
            asked: The lines that the brush asks for.
            now: The time in seconds.

        Returns:
            The lines that the model is to see.
        """
        self._floor = max(LEAST_SHARE, min(1.0, LEAST_LINES / asked))
        self._share, self._before = max(self._share, self._floor), max(self._before, self._floor)
        way = (now - self._changed) / _EASE
        if way >= 1:
            return round(asked * self._share)
        between = asked * (self._before + (self._share - self._before) * way)
        return max(round(asked * self._floor), _GRID * round(between / _GRID))

    def delivered(self, since: float, now: float, rate: float) -> None:
        """Hear of a frame.

        Args:
            since: When the frame, or one that it replaced, began to wait for its turn, in seconds.
            now: When the frame was delivered.
            rate: The frames a second that the source means to give.
        """
        last = self._served[-1][0] if self._served else -math.inf
        if now - last > _SETTLE:  # the first frame, or the first one after a rest
            self._served.clear()
            self._from = now + _SETTLE
        self._served.append((now, now - max(since, last)))
        self.wished = min(self._rate, rate)
        while len(self._served) > 1 and self._served[0][0] < max(now - _WINDOW, self._from):
            self._served.popleft()
        if now - self._from >= _WINDOW:
            self._judge(now)

    def _judge(self, now: float) -> None:
        span = now - self._served[0][0]
        frames = len(self._served) - 1
        if not span:
            return
        needed = sum(seconds for _, seconds in self._served) - self._served[0][1]
        held = frames / span >= _HELD * self.wished
        short = not held and needed / span > _BUSY
        self.falls_short = short and self._share <= self._floor
        roomy = held and self._share < 1 and needed / frames * self.wished * STEP**2 < _ROOM
        self._roomy_since = (self._roomy_since or now) if roomy else None
        if now - self._changed < PAUSE:
            return
        if short and self._share > self._floor:
            if now - self._rose < _VAIN:  # what was given was too much: it is given again later and later
                self._patience = min(2 * self._patience, _PATIENCE[1])
            self._change(max(self._floor, self._share / STEP), now)
        elif self._roomy_since is not None and now - self._roomy_since >= self._patience:
            self._rose = now
            self._change(min(1.0, self._share * STEP), now)

    def _change(self, share: float, now: float) -> None:
        self._before, self._share, self._changed = self._share, share, now
        self._from, self._roomy_since = now + _SETTLE, None
