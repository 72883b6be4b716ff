"""One file: what is read is painted, encoded in segments, and joined.

read ──▶ paint, several at a time where they can ──▶ encode (the caller's thread) ──▶ segments ──▶ join
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from realtime import __version__
from realtime.core.errors import SourceError, UsageError
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage
from realtime.render.joining import join
from realtime.render.painting import Painted, Painters, segment_begin, segment_of
from realtime.render.reading import SEQUENCE_RATE, open_footage
from realtime.render.schedule import Schedule
from realtime.render.workspace import Done, Workspace, check_free
from realtime.render.writing import Kind, Segment, kind_of

_MISSED = 1.0  # seconds that may be missing at the end: what files say of their length is not that exact


@dataclass(frozen=True)
class Task:
    """A file to be made: `source` as `open_footage` takes it, `out`, and how it is painted. `rate` is for pictures."""

    source: str
    out: Path
    schedule: Schedule
    rate: float = SEQUENCE_RATE
    resume: bool = False
    force: bool = False


@dataclass
class Outcome:
    """What became of a task. `frames` are those of the whole output, `painted` those painted this time, in `seconds`;
    `truncated` says that the footage ends before it should; `notes` are what could not be kept, for a person."""

    out: Path
    frames: int = 0
    painted: int = 0
    broken: int = 0
    seconds: float = 0.0
    finished: bool = False
    truncated: bool = False
    notes: list[str] = field(default_factory=list)


class Watcher(Protocol):
    """Is told how a file gets on. All calls come from one thread a file."""

    def begin(self, name: str, frames: int | None, done: int) -> None:
        """It begins: how many frames there are, if that is known, and how many were done before."""

    def painted(self, count: int) -> None:
        """So many more frames are done."""

    def broken(self, seconds: float, why: str) -> None:
        """The frame at this time could not be read, and the one before stands in for it."""

    def end(self, outcome: Outcome) -> None:
        """It is finished or interrupted."""


class Rendering:
    """One task from beginning to end; `run` it once."""

    def __init__(
        self,
        task: Task,
        stylizers: Sequence[Stylizer],
        code: Callable[[str], StyleCode],
        watcher: Watcher,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """`stylizers` are of one model; a schedule that remembers uses the first. `stop` is asked between frames.

        UsageError when there is no such source, or the output's ending or place cannot be; SourceError when it cannot be read.
        """
        self.task, self.stylizers, self.code, self.watcher, self.stop = task, stylizers, code, watcher, stop
        self.kind = kind_of(task.out)
        check_free(task.out, task.force)
        self.footage = open_footage(task.source, task.rate)
        if self.footage.container and os.path.exists(task.out) and os.path.samefile(task.out, self.footage.container):
            raise UsageError(f"{task.out} is what is read; choose another name for the output")
        self.outcome = Outcome(task.out)
        self._end = self._last_duration = 0

    def run(self) -> Outcome:
        """Make the file. When it is stopped, what there is so far lies among the segments, as `so-far` with the output's
        ending, and `Task.resume` goes on from there.

        UsageError when segments are in the way or do not fit; SourceError and SinkError when it cannot be read or written.
        """
        begin = time.monotonic()
        with closing(Workspace(self.task.out, self._plan(), self.task.resume, self.task.force)) as space:
            self._run(space)
        self.outcome.seconds = time.monotonic() - begin
        self.watcher.end(self.outcome)
        return self.outcome

    def _run(self, space: Workspace) -> None:
        for done in space.done.values():
            self._count(done)
        self.watcher.begin(self.footage.name, self.footage.frames, self.outcome.frames)
        self.make_segments(space)
        files = [space.file(number) for number in sorted(space.done)]
        if self.stop():
            self._join_so_far(space, files)
        elif not files:
            space.remove()
            raise SourceError(f"no picture of {self.footage.name} can be read")
        else:
            joined = space.path / f"joined{self.task.out.suffix}"
            self._join(files, joined)
            space.keep(joined, self.task.force)
            space.remove()
            self.outcome.finished = True
            self._compare_with_promised()
            self._compare_with_schedule()

    def _compare_with_promised(self) -> None:
        footage, lasted = self.footage, self.footage.at(self._end)
        if footage.promised and lasted < footage.promised - _MISSED:
            self.outcome.truncated = True
            self.outcome.notes.append(
                f"it ends after {lasted:.1f} s, but says of itself that it lasts {footage.promised:.1f} s"
            )

    def _compare_with_schedule(self) -> None:
        lasted = self.footage.at(self._end)
        for late, styles in self.task.schedule.changes:
            if late >= lasted:
                names = "+".join(name for name, _ in styles)
                self.outcome.notes.append(f"it ends after {lasted:.1f} s, before it turns to {names} at {late:g} s")

    def make_segments(self, space: Workspace) -> None:
        """Make the segments that are missing."""
        for since, until, before in missing(self.footage, sorted(space.done)):
            state = space.state(before) if self.task.schedule.remembers and before >= 0 else b""
            painters = Painters(self.stylizers, self.code, self.task.schedule, state)
            # Closed at once, also when a segment cannot be written: threads end with it.
            with closing(painters.paint(self.footage, since, until, self.stop)) as frames:
                for done, after in make(self.footage, self.kind, self._watched(frames), space.working, self.stop):
                    space.finish(done, after)

    def count(self, done: Done) -> None:
        """Take note of a segment that another process made."""
        self._count(done)
        self.outcome.painted += done.frames
        self.watcher.painted(done.frames)
        for pts in done.broken:
            self.watcher.broken(self.footage.at(pts), "could not be read")

    def _watched(self, frames: Iterator[Painted]) -> Iterator[Painted]:
        for painted in frames:
            shot = painted.shot
            if shot.broken:
                self.outcome.broken += 1
                self.watcher.broken(self.footage.at(shot.pts), shot.broken)
            self._end, self._last_duration = shot.pts + shot.duration, shot.duration
            self.outcome.frames += 1
            self.outcome.painted += 1
            yield painted
            self.watcher.painted(1)

    def _count(self, done: Done) -> None:
        self.outcome.frames += done.frames
        self.outcome.broken += len(done.broken)
        if done.last + done.duration > self._end:
            self._end, self._last_duration = done.last + done.duration, done.duration

    def _join(self, files: Sequence[Path], joined: Path, until: float | None = None) -> None:
        if joined.is_dir():
            shutil.rmtree(joined)
        self.outcome.notes = join(files, self.footage, joined, self.task.out.suffix.lower(), self._last_duration, until)

    def _join_so_far(self, space: Workspace, files: list[Path]) -> None:
        unfinished = sorted(space.path.glob("*.unfinished"))
        if files or unfinished:
            self.outcome.out = space.path / f"so-far{self.task.out.suffix}"
            self._join([*files, *unfinished], self.outcome.out, self._end * float(self.footage.time_base))
        for path in unfinished:
            path.unlink()

    def _plan(self) -> dict[str, Any]:
        """All that the result follows from."""
        look = asdict(self.task.schedule)
        return {
            "footage": _identity(self.footage),
            "rate": self.task.rate,
            "look": look,
            "style picture": {name: _digest(self.code(name)) for name in sorted(self.task.schedule.styles)},
            "model": self.stylizers[0].model.fingerprint,
            "version of this program": __version__,
        }


def make(
    footage: Footage, kind: Kind, frames: Iterator[Painted], working: Callable[[int], Path], stop: Callable[[], bool]
) -> Iterator[tuple[Done, bytes]]:
    """Encode frames into segments, in the files that `working` names: each when it is finished, with the painter's state after
    it. One that `stop` cut short is closed, and not given."""
    segment: Segment | None = None
    number, count, broken, last, duration = -1, 0, list[int](), 0, 0
    try:
        for painted in frames:
            shot = painted.shot
            if segment is None or segment_of(footage, shot.pts) != number:
                if segment is not None:
                    segment.close()
                    yield Done(number, count, tuple(broken), last, duration), painted.state
                number, count, broken = segment_of(footage, shot.pts), 0, []
                segment = Segment(working(number), kind, footage.size, footage.time_base)
            segment.write(painted.picture, shot.pts)
            count, last, duration = count + 1, shot.pts, shot.duration
            if shot.broken:
                broken.append(shot.pts)
    finally:
        if segment is not None:
            segment.close()
    if segment is not None and not stop():
        yield Done(number, count, tuple(broken), last, duration), b""


def missing(footage: Footage, done: Sequence[int]) -> Iterator[tuple[int | None, int | None, int]]:
    """The stretches that no finished segment covers: from, to before (None: the beginning, the end), and the segment before."""
    before = -1
    for segment in done:
        if segment > before + 1:
            yield None if before < 0 else segment_begin(footage, before + 1), segment_begin(footage, segment), before
        before = segment
    yield None if before < 0 else segment_begin(footage, before + 1), None, before


def _identity(footage: Footage) -> list[object]:
    """What changes when the footage does."""
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in footage.files]


def _digest(code: StyleCode) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in code.arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
