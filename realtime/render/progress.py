"""How far it is: bars on a terminal, JSON lines for machines, or nothing."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

import click

from realtime.core.batch import Tally
from realtime.core.errors import RealtimeError
from realtime.core.text import clean
from realtime.render.schedule import clock
from realtime.render.task import Outcome, Task, Watcher

_OFTEN = 0.5  # seconds between two lines of JSON about the same file
_FEW = 10  # broken frames of a file that are said one by one


class Display(ABC):
    """What a person or a machine sees of all files. A context manager."""

    @abstractmethod
    def watch(self, source: str, position: str) -> Watcher:
        """Give a watcher for one file. `position` is its place in a batch, such as "file 7 of 200", or nothing."""

    def notice(self, text: str) -> None:
        """Say something about the whole."""
        click.echo(f"realtime: {text}", err=True)

    def begin(self, files: int) -> None:  # noqa: B027 - most have nothing to show of it
        """Hear how many files are to be made."""

    def failed(self, source: str, error: RealtimeError) -> None:
        """Hear that a file could not be made."""
        click.echo(f"realtime: {_told(source, error)}", err=True)

    def kept(self, task: Task) -> None:  # noqa: B027 - who is quiet says nothing
        """Hear that there is such an output already, and it stays as it is."""

    def summary(self, tally: Tally) -> None:
        """Hear that all files of a batch are done, or were interrupted."""
        if tally.failures:
            click.echo(f"realtime: {tally.summary()}", err=True)

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:  # noqa: B027 - most have nothing to end
        """Show nothing more."""


def open_display(quiet: bool, as_json: bool) -> Display:
    """Return the display that was asked for."""
    if as_json:
        return Lines()
    return Quiet() if quiet else Bars()


class Quiet(Display):
    """Says what went wrong, and nothing else."""

    def watch(self, source: str, position: str) -> Watcher:
        """Give a watcher that says what goes wrong."""
        return _Watch(clean(source))


class _Watch:
    """Says at the end what went wrong on the way."""

    def __init__(self, source: str) -> None:
        self._source = source

    def begin(self, name: str, frames: int | None, done: int) -> None: ...

    def note(self, text: str) -> None:
        click.echo(f"realtime: {self._source}: {text}", err=True)

    def painted(self, count: int) -> None: ...

    def broken(self, seconds: float, why: str) -> None: ...

    def end(self, outcome: Outcome) -> None:
        if outcome.broken:
            click.echo(f"realtime: {self._source}: {outcome.broken} of {outcome.frames} frames are broken", err=True)


class Lines(Display):
    """One JSON object a line on the standard output; "event" is begin, note, progress, broken, end, left, error or summary."""

    def __init__(self) -> None:
        self._writing = Lock()

    def write(self, event: str, source: str | None, **facts: Any) -> None:
        """Write one line about a file, or about all."""
        file = {} if source is None else {"file": clean(source)}
        with self._writing:
            sys.stdout.write(json.dumps({"event": event, **file, **facts}) + "\n")
            sys.stdout.flush()

    def watch(self, source: str, position: str) -> Watcher:
        """Give a watcher that writes lines."""
        return _LinesOf(self, source, position)

    def failed(self, source: str, error: RealtimeError) -> None:
        """Write that a file could not be made."""
        self.write("error", source, error=str(error))

    def kept(self, task: Task) -> None:
        """Write that there is such an output already."""
        self.write("left", task.source, out=clean(str(task.out)))

    def summary(self, tally: Tally) -> None:
        """Write the summary."""
        self.write("summary", None, text=tally.summary(), failed=tally.failures)


class _LinesOf:
    def __init__(self, lines: Lines, source: str, position: str) -> None:
        self._lines, self._source, self._position = lines, source, position
        self._total: int | None = None
        self._done = self._painted = 0
        self._begin = self._written = time.monotonic()

    def begin(self, name: str, frames: int | None, done: int) -> None:
        self._total, self._done = frames, done
        self._begin = self._written = time.monotonic()
        place = {"position": self._position} if self._position else {}
        self._lines.write("begin", self._source, frames=frames, done=done, **place)

    def note(self, text: str) -> None:
        self._lines.write("note", self._source, note=text)

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
    """A bar for every file and one for all, with the time that they take, where there is a terminal; a line at each's end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Task as Bar
        from rich.text import Text

        class Speed(ProgressColumn):
            def render(self, task: Bar) -> Text:
                speed = task.finished_speed or task.speed
                return Text(f"{speed:.1f} fps" if speed and task.fields["unit"] == "frames" else "")

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.fields[of]} {task.fields[unit]}"),
            Speed(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._whole: Any = None

    def notice(self, text: str) -> None:
        """Say something about the whole."""
        self.say(text)

    def begin(self, files: int) -> None:
        """Show a bar for the whole of several files."""
        if files > 1:
            self._whole = self._progress.add_task("all", total=files, unit="files", of=files)

    def watch(self, source: str, position: str) -> Watcher:
        """Give a watcher that shows a bar."""
        return _Bar(self, source, position)

    def advance(self) -> None:
        """Count one more file in the bar for the whole."""
        if self._whole is not None:
            self._progress.advance(self._whole)

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        if self._progress.disable:
            click.echo(f"realtime: {text}", err=True)
        else:
            self._progress.console.print(f"realtime: {text}", markup=False, highlight=False, soft_wrap=True)

    def failed(self, source: str, error: RealtimeError) -> None:
        """Say why a file could not be made."""
        self.say(_told(source, error))
        self.advance()

    def kept(self, task: Task) -> None:
        """Say that there is such an output already."""
        self.say(f"{clean(task.source)}: {clean(str(task.out))} is there already and stays as it is")
        self.advance()

    def summary(self, tally: Tally) -> None:
        """Say what became of all."""
        if self._whole is not None:
            self._progress.update(self._whole, visible=False)  # a line that stays says it now
        self.say(tally.summary())

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Bar:
    def __init__(self, bars: Bars, source: str, position: str) -> None:
        self._bars, self._progress, self._source, self._position = bars, bars._progress, clean(source), position
        self._task: Any = None
        self._broken = 0

    def begin(self, name: str, frames: int | None, done: int) -> None:
        text = f"{name} ({self._position})" if self._position else name
        self._task = self._progress.add_task(text, total=frames, completed=done, unit="frames", of=frames or "?")

    def note(self, text: str) -> None:
        self._bars.say(f"{self._source}: {text}")

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
        self._bars.advance()
        speed = f", {outcome.painted / outcome.seconds:.1f} a second" if outcome.painted and outcome.seconds else ""
        broken = f", {outcome.broken} of them broken in the footage" if outcome.broken else ""
        frames = f"{outcome.frames} frame{'s' * (outcome.frames != 1)}{broken}{speed}"
        if outcome.finished:
            place = f"{self._position}: " if self._position else ""
            self._bars.say(f"{place}saved {clean(str(outcome.out))} ({frames})")
        else:
            kept = f"; {clean(str(outcome.out))} holds what there is" if outcome.frames else ""
            self._bars.say(f"{self._source}: interrupted ({frames}){kept}, --resume goes on from there")


def _told(source: str, error: RealtimeError) -> str:
    """Say what went wrong, with the name of the file."""
    name = Path(clean(source)).name
    return str(error) if name in str(error) else f"{clean(source)}: {error}"
