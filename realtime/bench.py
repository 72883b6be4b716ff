"""How fast a model is here, measured against others in the same run."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from realtime.errors import UsageError
from realtime.frame import Size
from realtime.models import Model
from realtime.sources.scene import Scene


@dataclass(frozen=True, slots=True)
class Timing:
    """What was timed, and the median of its times in milliseconds."""

    what: str
    milliseconds: float


def bench(models: Sequence[Model], size: Size, rounds: int = 20) -> Iterator[Timing]:
    """Time each model's style encoding and one frame of `size` (width, height).

    The models take turns, round by round, so that a machine that slows down slows all of them. UsageError for no rounds.
    """
    if rounds < 1:
        raise UsageError(f"{rounds} rounds measure nothing; at least 1 is needed")
    scene = Scene(size)
    frame, style = scene.draw(12.0), scene.draw(33.0)
    codes = [model.encode(style) for model in models]
    tasks: dict[str, Callable[[], object]] = {}
    for model, code in zip(models, codes, strict=True):
        tasks[f"{model.description}: encode a style"] = functools.partial(model.encode, style)
        tasks[f"{model.description}: one frame"] = functools.partial(model.stylize, frame, code)
    times: dict[str, list[float]] = {what: [] for what in tasks}
    for number in range(rounds + 1):
        for what, task in tasks.items():
            begin = time.perf_counter()
            task()
            if number:  # the first round warms up
                times[what].append(time.perf_counter() - begin)
    for what, seconds in times.items():
        yield Timing(what, statistics.median(seconds) * 1000)
