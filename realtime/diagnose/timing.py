"""Timing of tasks against one another, and the spread of what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

LEAST_ROUNDS = 3
_SLOW = 0.3  # seconds: what takes longer is not hastened by caches
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Spread:
    """Several runs of one measurement.

    Attributes:
        median: The median.
        low: The lower quartile.
        high: The upper quartile.
        runs: How many runs there were.
    """

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float], scale: float = 1.0) -> Spread:
        """Sum up measured values.

        Args:
            values: The values, at least one.
            scale: What each is multiplied by: 1000 for milliseconds of seconds.

        Returns:
            Their median and quartiles.
        """
        low, median, high = (float(value) * scale for value in np.percentile(values, (25, 50, 75)))
        return cls(median, low, high, len(values))

    @property
    def width(self) -> float:
        """The distance of the quartiles as a share of the median; 0 where the median is 0."""
        return (self.high - self.low) / self.median if self.median else 0.0


@dataclass(slots=True)
class Laps:
    """What a task took, round by round.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processor time, of all threads of this process.
        error: What the task raised; it was not run again.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    error: Exception | None = None


def in_turns(
    tasks: Mapping[K, Callable[[], object]],
    rounds: int,
    warm: int = 1,
    *,
    seconds: float = float("inf"),
    twice: bool = False,
) -> dict[K, Laps]:
    """Time tasks round by round: they take turns, so that a machine that slows down slows all of them.

    Args:
        tasks: The tasks, by name. One that raises takes no more turns; the others go on.
        rounds: The most rounds that count.
        warm: Rounds before these, which do not count.
        seconds: How long one task may take in all its rounds: a slow task has fewer, but at least three, or `rounds`.
        twice: Whether a task runs twice in each round, and its second run counts: live, frame follows frame, and no frame
            finds the caches full of another task's data.

    Returns:
        The laps of each task, in the order of `tasks`.
    """
    laps = {name: Laps() for name in tasks}
    spent = dict.fromkeys(tasks, 0.0)
    for number in range(rounds + warm):
        for name, task in tasks.items():
            lap = laps[name]
            if lap.error or (spent[name] > seconds and len(lap.wall) >= min(LEAST_ROUNDS, rounds)):
                continue
            begin = time.perf_counter()
            try:
                if twice and number >= warm and spent[name] < _SLOW * number:
                    task()
                before, used = time.perf_counter(), time.process_time()
                task()
                end, used = time.perf_counter(), time.process_time() - used
            except Exception as error:  # a model of any package may run here
                lap.error = error
                continue
            spent[name] += end - begin
            if number >= warm:
                lap.wall.append(end - before)
                lap.cpu.append(used)
    return laps
