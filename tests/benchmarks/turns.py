"""Timing tasks against one another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def in_turns(tasks: Mapping[str, Callable[[], object]], rounds: int, warm: int) -> dict[str, list[float]]:
    """The seconds that each task took, round by round: they take turns, so that a machine that slows down slows all. The
    first `warm` rounds do not count."""
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + warm):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            if number >= warm:
                took[name].append(time.perf_counter() - begin)
    return took
