"""How well a session runs: rates, times and drops, in bounded memory."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import numpy as np

_WINDOW = 2.0  # seconds that a rate looks back


class Rate:
    """Events a second. One thread counts, any may ask."""

    def __init__(self) -> None:
        self.count = 0
        self._times: deque[float] = deque(maxlen=512)
        self._first: float | None = None
        self._last = 0.0

    def tick(self) -> None:
        """Count an event that happens now."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
        self._last = now
        self.count += 1
        self._times.append(now)

    @property
    def lately(self) -> float:
        """Events a second over the last two seconds, 0 when none came."""
        times = [t for t in tuple(self._times) if t > time.monotonic() - _WINDOW]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    @property
    def overall(self) -> float:
        """Events a second from the first to the last one."""
        if self._first is None or self._last == self._first:
            return 0.0
        return (self.count - 1) / (self._last - self._first)


@dataclass(frozen=True, slots=True)
class Figures:
    """A session measured. Rates are frames a second over the whole session, times milliseconds over the last 1000 frames.

    `model_ms` is the median of what the model took; latency goes from a frame's capture to its being on the screen.
    """

    captured: int
    stylized: int
    shown: int
    captured_fps: float
    stylized_fps: float
    shown_fps: float
    model_ms: float
    latency_ms: float
    latency_p95_ms: float
    dropped: int

    def __str__(self) -> str:
        return (
            f"{self.shown} frames shown, {self.shown_fps:.1f} a second (captured {self.captured_fps:.1f}, stylized"
            f" {self.stylized_fps:.1f}); model {self.model_ms:.1f} ms; capture to show {self.latency_ms:.0f} ms, p95"
            f" {self.latency_p95_ms:.0f} ms; {self.dropped} frames dropped"
        )


class Meter:
    """Counts along the way of the frames; each count is written by one thread alone."""

    def __init__(self) -> None:
        self.captured, self.stylized, self.shown = Rate(), Rate(), Rate()
        self._model: deque[float] = deque(maxlen=1000)
        self._latency: deque[float] = deque(maxlen=1000)

    def add_stylized(self, model_seconds: float) -> None:
        """Count a frame that left the model after `model_seconds`; 0 when the model had nothing to do."""
        self.stylized.tick()
        if model_seconds:
            self._model.append(model_seconds)

    def add_shown(self, captured_at: float) -> None:
        """Count a frame that is on the screen now and was captured at this `time.monotonic()`."""
        self.shown.tick()
        self._latency.append(time.monotonic() - captured_at)

    def figures(self, dropped: int) -> Figures:
        """Sum everything up, with the drops that the mailboxes counted."""
        model, latency = np.array(tuple(self._model) or (0.0,)) * 1000, np.array(tuple(self._latency) or (0.0,)) * 1000
        return Figures(
            self.captured.count,
            self.stylized.count,
            self.shown.count,
            self.captured.overall,
            self.stylized.overall,
            self.shown.overall,
            float(np.median(model)),
            float(np.median(latency)),
            float(np.percentile(latency, 95)),
            dropped,
        )
