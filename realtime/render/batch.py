"""Several files: who paints what, what becomes of one that fails, and of a Ctrl-C."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from realtime.core.batch import Tally
from realtime.core.errors import RealtimeError, SourceError
from realtime.core.signals import uninterrupted
from realtime.core.text import clean
from realtime.media.ffmpeg import failures, why
from realtime.models.base import StyleCode
from realtime.models.litert import physical_cores
from realtime.models.stylizer import Stylizer
from realtime.render.progress import Display
from realtime.render.rendering import Rendering
from realtime.render.task import Outcome, Task
from realtime.render.workspace import is_made

log = logging.getLogger(__name__)

_MOST = 8  # stylizers: at 3840×2160 each takes 0.8 GB

Make = Callable[..., Rendering]
"""`Rendering`, or what takes the same and makes one that works elsewhere."""


def workers(model: str, first: Stylizer, files: int, remembers: bool) -> list[list[Stylizer]]:
    """Open the stylizers of each file that is made at the same time.

    On a CPU two stylizers with a thread each are quicker than one with two. So one file has as many as there are cores,
    and the files take turns; of several files whose frames depend on those before, as many are made at once instead.

    Args:
        model: What `Stylizer` takes.
        first: A stylizer of that model, which is there already.
        files: How many files are to be made.
        remembers: Whether a frame depends on those before it.

    Returns:
        A list of stylizers for each file at a time.
    """
    cores = physical_cores()
    if not first.model.copies or cores == 1:
        return [[first]]
    if not remembers or files == 1:
        count = min(cores, _MOST)
        return [[Stylizer(model, threads=cores // count) for _ in range(count)]]
    at_once = min(files, cores, _MOST)
    return [[Stylizer(model, threads=cores // at_once)] for _ in range(at_once)]


def render_all(
    tasks: Sequence[Task], teams: Sequence[Sequence[Stylizer]], code: Callable[[str], StyleCode], display: Display,
    make: Make = Rendering,
) -> list[Outcome | RealtimeError]:  # fmt: skip
    """Make all files; a file that fails, however it does, does not keep the others.

    To be called from the main thread: a Ctrl-C ends all soon, each with what there is of it kept, and is not raised.

    Args:
        tasks: What is to be made.
        teams: The stylizers of each file that is made at the same time, as `workers` gives them.
        code: Gives a style's code by its name.
        display: Is told how it gets on.
        make: What makes a `Rendering`.

    Returns:
        What became of each task, in order.
    """
    stop = threading.Event()
    free = list(teams)
    results: list[Future[Outcome | RealtimeError]] = []
    tally = Tally(len(tasks))

    def run(number: int, task: Task) -> Outcome | RealtimeError:
        if stop.is_set():
            return Outcome(task.out)
        if task.resume and is_made(task.out):  # of many files, one that was finished before the others were interrupted
            tally.left_out(task.source)
            display.kept(task)
            return Outcome(task.out, finished=True)
        team = free.pop()
        try:
            outcome = make(task, team, code, display.watch(task.source, tally.position(number)), stop.is_set).run()
            if outcome.finished:
                tally.made()
            return outcome
        except RealtimeError as error:
            return fail(task, error)
        except failures() as error:  # a file that went away, say
            return fail(task, SourceError(f"{clean(task.source)} cannot be painted ({why(error)})"))
        except Exception as error:
            if os.environ.get("REALTIME_TRACEBACK"):
                raise
            log.exception("%s could not be made", task.source)
            said = f"{clean(task.source)}: this should not happen: {type(error).__name__}: {error}"
            return fail(task, RealtimeError(f"{said}; REALTIME_TRACEBACK=1 shows where, for a bug report"))
        finally:
            free.append(team)

    def fail(task: Task, error: RealtimeError) -> RealtimeError:
        tally.failed(task.source)
        display.failed(task.source, error)
        return error

    display.begin(len(tasks))
    with ThreadPoolExecutor(len(teams), "render") as pool:
        try:
            results = [pool.submit(run, number, task) for number, task in enumerate(tasks, 1)]
            while wait(results, timeout=0.2).not_done:
                pass
        except KeyboardInterrupt:
            with uninterrupted():
                stop.set()
                wait(results)
    outcomes = [result.result() for result in results]
    if len(tasks) > 1:
        display.summary(tally)
    return outcomes
