"""What is to be made of a file, what became of it, and who is told on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from realtime.render.reading import SEQUENCE_RATE
from realtime.render.schedule import Schedule


@dataclass(frozen=True)
class Task:
    """A file to be made.

    Attributes:
        source: What is read, as `open_footage` takes it.
        out: The output.
        schedule: How it is painted.
        rate: Frames a second of pictures.
        resume: Go on with what was interrupted.
        force: Replace an output that exists.
        begin: Where to begin, in seconds of the footage.
        end: Where to end, in seconds of the footage; None is at its end.
        preview: Whether a sheet of four painted frames is written first.
        read: Files that are read besides, by other tasks for example: none of them is ever overwritten.
    """

    source: str
    out: Path
    schedule: Schedule
    rate: float = SEQUENCE_RATE
    resume: bool = False
    force: bool = False
    begin: float = 0.0
    end: float | None = None
    preview: bool = False
    read: Sequence[Path] = ()


@dataclass
class Outcome:
    """What became of a task.

    Attributes:
        out: What was made.
        frames: The frames of the whole output.
        painted: Those painted this time.
        broken: Those that stand in for broken ones.
        seconds: The time that it took.
        finished: Whether the output is whole.
        truncated: Whether the footage ends before it should.
        notes: What could not be kept, for a person.
    """

    out: Path
    frames: int = 0
    painted: int = 0
    broken: int = 0
    seconds: float = 0.0
    finished: bool = False
    truncated: bool = False
    notes: list[str] = field(default_factory=list)


class Watcher(Protocol):
    """Is told how a file gets on. The calls of a file come one after the other, from several threads."""

    def begin(self, name: str, frames: int | None, done: int) -> None:
        """Hear that it begins, how many frames there are, if that is known, and how many were done before."""

    def note(self, text: str) -> None:
        """Hear what is not kept, or other than a person may think."""

    def painted(self, count: int) -> None:
        """Hear that so many more frames are done."""

    def broken(self, seconds: float, why: str) -> None:
        """Hear that the frame at this time could not be read, and the one before stands in for it."""

    def end(self, outcome: Outcome) -> None:
        """Hear that it is finished or interrupted."""
