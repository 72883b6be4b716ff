"""Several files: who paints what, and what becomes of a Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from realtime.core.errors import RealtimeError
from realtime.core.signals import uninterrupted
from realtime.models.base import StyleCode
from realtime.models.litert import physical_cores
from realtime.models.stylizer import Stylizer
from realtime.render.progress import Display
from realtime.render.rendering import Outcome, Rendering, Task
from realtime.render.workspace import is_made

_MOST = 8  # stylizers: at 3840×2160 each takes 0.8 GB

Make = Callable[..., Rendering]
"""`Rendering`, or what takes the same and makes one that works elsewhere."""


def workers(model: str, first: Stylizer, files: int, remembers: bool) -> list[list[Stylizer]]:
    """The stylizers of each file that is made at the same time.

    On a CPU two stylizers with a thread each are quicker than one with two. So one file has as many as there are cores,
    and the files take turns; where frames depend on those before, a file has one, and several files are made at once.
    """
    cores = physical_cores()
    if not first.model.copies or cores == 1:
        return [[first]]
    if not remembers:
        count = min(cores, _MOST)
        return [[Stylizer(model, threads=cores // count) for _ in range(count)]]
    at_once = min(files, cores, _MOST)
    return [[Stylizer(model, threads=cores // at_once)] for _ in range(at_once)]


def render_all(
    tasks: Sequence[Task], teams: Sequence[Sequence[Stylizer]], code: Callable[[str], StyleCode], display: Display,
    make: Make = Rendering,
) -> list[Outcome | RealtimeError]:  # fmt: skip
    """Make all files; a file that fails does not keep the others. From the main thread: a Ctrl-C ends all soon, each with
    what there is of it kept, and is not raised."""
    stop = threading.Event()
    free = list(teams)
    results: list[Future[Outcome | RealtimeError]] = []

    def run(task: Task) -> Outcome | RealtimeError:
        if stop.is_set():
            return Outcome(task.out)
        if task.resume and is_made(task.out):  # of many files, one that was finished before the others were interrupted
            display.left(task)
            return Outcome(task.out, finished=True)
        team = free.pop()
        try:
            return make(task, team, code, display.watch(task.source), stop.is_set).run()
        except RealtimeError as error:
            display.failed(task.source, error)
            return error
        finally:
            free.append(team)

    with ThreadPoolExecutor(len(teams), "render") as pool:
        try:
            results = [pool.submit(run, task) for task in tasks]
            while wait(results, timeout=0.2).not_done:
                pass
        except KeyboardInterrupt:
            with uninterrupted():
                stop.set()
                wait(results)
    return [result.result() for result in results]
