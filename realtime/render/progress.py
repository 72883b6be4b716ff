"""How far it is: bars on a terminal, JSON lines for machines, or nothing."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from threading import Lock
from typing import Any

import click

from realtime.core.errors import RealtimeError
from realtime.core.text import clean
from realtime.render.rendering import Outcome, Task, Watcher

_OFTEN = 0.5  # seconds between two lines of JSON about the same file
_FEW = 10  # broken frames of a file that are said one by one


class Display(ABC):
    """What a person or a machine sees of all files. A context manager."""

    @abstractmethod
    def watch(self, source: str) -> Watcher:
        """A watcher for one file."""

    def failed(self, source: str, error: RealtimeError) -> None:
        """A file could not be made."""
        click.echo(f"realtime: {error}", err=True)

    def left(self, task: Task) -> None:  # noqa: B027 - who is quiet says nothing
        """There is such an output already, and it is left as it is."""

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:  # noqa: B027 - most have nothing to end
        """Nothing more is shown."""


def open_display(quiet: bool, as_json: bool) -> Display:
    """The display that was asked for."""
    if as_json:
        return Lines()
    return Quiet() if quiet else Bars()


class Quiet(Display):
    """Says what went wrong, and nothing else."""

    def watch(self, source: str) -> Watcher:
        return _Watch(clean(source))


class _Watch:
    """Says at the end what went wrong on the way."""

    def __init__(self, source: str) -> None:
        self._source = source

    def begin(self, name: str, frames: int | None, done: int) -> None: ...

    def painted(self, count: int) -> None: ...

    def broken(self, seconds: float, why: str) -> None: ...

    def end(self, outcome: Outcome) -> None:
        for note in outcome.notes:
            click.echo(f"realtime: {self._source}: {note}", err=True)
        if outcome.broken:
            click.echo(f"realtime: {self._source}: {outcome.broken} of {outcome.frames} frames are broken", err=True)


class Lines(Display):
    """One JSON object a line on the standard output; "event" is begin, progress, broken, end, left or error."""

    def __init__(self) -> None:
        self._writing = Lock()

    def write(self, event: str, source: str, **facts: Any) -> None:
        with self._writing:
            sys.stdout.write(json.dumps({"event": event, "file": clean(source), **facts}) + "\n")
            sys.stdout.flush()

    def watch(self, source: str) -> Watcher:
        return _LinesOf(self, source)

    def failed(self, source: str, error: RealtimeError) -> None:
        self.write("error", source, error=str(error))

    def left(self, task: Task) -> None:
        self.write("left", task.source, out=clean(str(task.out)))


class _LinesOf:
    def __init__(self, lines: Lines, source: str) -> None:
        self._lines, self._source = lines, source
        self._total: int | None = None
        self._done = self._painted = 0
        self._begin = self._written = time.monotonic()

    def begin(self, name: str, frames: int | None, done: int) -> None:
        self._total, self._done = frames, done
        self._begin = self._written = time.monotonic()
        self._lines.write("begin", self._source, frames=frames, done=done)

    def painted(self, count: int) -> None:
        self._done += count
        self._painted += count
        now = time.monotonic()
        if now - self._written >= _OFTEN:
            self._written = now
            speed = self._painted / (now - self._begin)
            left = max(0, self._total - self._done) / speed if self._total else None
            self._lines.write(
                "progress", self._source, done=self._done, frames=self._total, fps=round(speed, 2),
                seconds_left=None if left is None else round(left, 1),
            )  # fmt: skip

    def broken(self, seconds: float, why: str) -> None:
        self._lines.write("broken", self._source, seconds=round(seconds, 3), why=why)

    def end(self, outcome: Outcome) -> None:
        facts = asdict(outcome) | {"out": clean(str(outcome.out)), "seconds": round(outcome.seconds, 2)}
        self._lines.write("end", self._source, **facts)


class Bars(Display):
    """A bar for every file, with its frames, its speed and the time left, where there is a terminal; a line at each's end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Task as Bar
        from rich.text import Text

        class Speed(ProgressColumn):
            def render(self, task: Bar) -> Text:
                speed = task.finished_speed or task.speed
                return Text(f"{speed:.1f} fps" if speed else "")

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.fields[frames]} frames"),
            Speed(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )

    def watch(self, source: str) -> Watcher:
        return _Bar(self, source)

    def say(self, text: str) -> None:
        """A line above the bars."""
        if self._progress.disable:
            click.echo(f"realtime: {text}", err=True)
        else:
            self._progress.console.print(f"realtime: {text}", markup=False, highlight=False, soft_wrap=True)

    def failed(self, source: str, error: RealtimeError) -> None:
        self.say(str(error))

    def left(self, task: Task) -> None:
        self.say(f"{clean(task.source)}: {clean(str(task.out))} is there already and is left as it is")

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Bar:
    def __init__(self, bars: Bars, source: str) -> None:
        self._bars, self._progress, self._source = bars, bars._progress, clean(source)
        self._task: Any = None
        self._broken = 0

    def begin(self, name: str, frames: int | None, done: int) -> None:
        self._task = self._progress.add_task(name, total=frames, completed=done, frames=frames or "?")

    def painted(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def broken(self, seconds: float, why: str) -> None:
        self._broken += 1
        if self._broken <= _FEW:
            more = "; more are only counted" if self._broken == _FEW else ""
            self._bars.say(
                f"{self._source}: the frame at {clock(seconds)} is broken ({why}), the one before stands in for it{more}"
            )

    def end(self, outcome: Outcome) -> None:
        self._progress.update(self._task, visible=False)  # a line that stays says it now
        for note in outcome.notes:
            self._bars.say(f"{self._source}: {note}")
        speed = f", {outcome.painted / outcome.seconds:.1f} a second" if outcome.painted and outcome.seconds else ""
        broken = f", {outcome.broken} of them broken in the footage" if outcome.broken else ""
        frames = f"{outcome.frames} frame{'s' * (outcome.frames != 1)}{broken}{speed}"
        if outcome.finished:
            self._bars.say(f"saved {clean(str(outcome.out))} ({frames})")
        else:
            kept = f"; {clean(str(outcome.out))} holds what there is" if outcome.frames else ""
            self._bars.say(f"{self._source}: interrupted ({frames}){kept}, --resume goes on from there")


def clock(seconds: float) -> str:
    """Seconds as M:SS.ss."""
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"
