"""One file: what is read is painted, encoded in segments, and joined.

read ──▶ paint, several at a time where they can ──▶ encode ──▶ segments ──▶ join

What the encoder and the muxer refuse is found before the painting: a few frames go the whole way first.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime import __version__
from realtime.core.errors import SinkError, SourceError
from realtime.core.paths import check_name
from realtime.media.ffmpeg import failures, why
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage
from realtime.render.guard import check_free, check_unread
from realtime.render.joining import Film, join
from realtime.render.painting import Painted, Painters
from realtime.render.preview import write_preview
from realtime.render.reading import open_footage
from realtime.render.segments import Segments, missing
from realtime.render.task import Outcome, Task, Watcher
from realtime.render.tracks import FORMATS, Tracks, choose_tracks
from realtime.render.trimming import Trimmed
from realtime.render.workspace import Done, Workspace
from realtime.render.writing import Segment, kind_of

_MISSED = 1.0  # seconds that may be missing at the end: what files say of their length is not that exact


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
        """Open what is read, and check that the output can be.

        Args:
            task: What is to be made.
            stylizers: Of one model.
            code: Gives a style's code by its name.
            watcher: Is told how it gets on.
            stop: Is asked between frames.

        Raises:
            UsageError: There is no such source, or the output's ending or place cannot be.
            SourceError: The source cannot be read.
        """
        self.task, self.stylizers, self.code, self.watcher, self.stop = task, stylizers, code, watcher, stop
        self.kind = kind_of(task.out)
        check_name(task.out)
        check_free(task.out, task.force)
        self.footage = open_footage(task.source, task.rate)
        check_unread(task.out, [*self.footage.files, *task.read])
        if task.begin or task.end is not None:
            self.footage = Trimmed(self.footage, task.begin, task.end)
        self.outcome = Outcome(task.out)
        self.tracks = Tracks()
        self._end = self._last_duration = 0

    def run(self) -> Outcome:
        """Make the file.

        When it is stopped, what there is so far lies among the segments, as `so-far` with the output's ending, and
        `Task.resume` goes on from there.

        Returns:
            What became of it.

        Raises:
            UsageError: Segments are in the way or do not fit, or another process makes the same output.
            SourceError: It cannot be read.
            SinkError: It cannot be written.
        """
        begin = time.monotonic()
        ending = self.task.out.suffix.lower()
        if self.footage.container and ending in FORMATS:
            try:
                self.tracks = choose_tracks(self.footage.container, ending)
            except failures() as error:
                raise SourceError(f"{self.footage.name} cannot be read ({why(error)})") from error
        with closing(Workspace(self.task.out, self._plan(), self.task.resume, self.task.force)) as space:
            self._run(space)
        self.outcome.seconds = time.monotonic() - begin
        self.watcher.end(self.outcome)
        return self.outcome

    def _run(self, space: Workspace) -> None:
        self._rehearse(space)
        for done in space.done.values():
            self._count(done)
        self.watcher.begin(self.footage.name, self.footage.frames, self.outcome.frames)
        for note in [*self.footage.notes, *self.tracks.notes]:
            self._note(note)
        if self.task.preview:
            place = write_preview(self.footage, self.stylizers[0], self.code, self.task.schedule, self.task.out)
            self._note(f"four frames as they will be: {place}")
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

    def _rehearse(self, space: Workspace) -> None:
        """Let the first frame go the whole way, unpainted, with the beginning of all else.

        Raises:
            SinkError: The output cannot be; the segments of before stay.
        """
        footage = self.footage
        segment, joined = space.path / "rehearsal.nut", space.path / f"rehearsal{self.task.out.suffix}"
        try:
            shot = next(footage.shots(), None)
            if shot is None:
                return
            encoder = Segment(segment, self.kind, footage.size, footage.time_base)
            with closing(encoder):
                encoder.write(shot.picture, shot.pts, shot.duration)
            until = Fraction(shot.pts + max(1, shot.duration)) * footage.time_base
            join(
                [segment],
                Film(footage, self.tracks, max(1, shot.duration), until),
                joined,
                self.task.out.suffix.lower(),
            )
        except SinkError:
            if not space.done:
                space.remove()
            raise
        finally:
            segment.unlink(missing_ok=True)
            _delete(joined)

    def _note(self, text: str) -> None:
        self.outcome.notes.append(text)
        self.watcher.note(text)

    def _compare_with_promised(self) -> None:
        footage, lasted = self.footage, self.footage.at(self._end)
        if footage.promised and lasted < footage.promised - _MISSED:
            self.outcome.truncated = True
            self._note(f"it ends after {lasted:.1f} s, but says of itself that it lasts {footage.promised:.1f} s")

    def _compare_with_schedule(self) -> None:
        lasted = self.footage.at(self._end)
        for late, styles in self.task.schedule.changes:
            if late >= lasted:
                names = "+".join(name for name, _ in styles)
                self._note(f"it ends after {lasted:.1f} s, before it turns to {names} at {late:g} s")

    def make_segments(self, space: Workspace) -> None:
        """Make the segments that are missing."""
        for since, until, before in missing(self.footage, sorted(space.done)):
            state = space.state(before) if self.task.schedule.remembers and before >= 0 else b""
            painters = Painters(self.stylizers, self.code, self.task.schedule, state)
            with Segments(self.footage, self.kind, space.working, space.finish, self.stop) as segments:
                painters.paint(self.footage, since, until, self.stop, self._watched(segments.write))

    def count(self, done: Done) -> None:
        """Take note of a segment that another process made."""
        self._count(done)
        self.outcome.painted += done.frames
        self.watcher.painted(done.frames)
        for pts in done.broken:
            self.watcher.broken(self.footage.at(pts), "could not be read")

    def _watched(self, write: Callable[[Painted], None]) -> Callable[[Painted], None]:
        def take(painted: Painted) -> None:
            shot = painted.shot
            if shot.broken:
                self.outcome.broken += 1
                self.watcher.broken(self.footage.at(shot.pts), shot.broken)
            self._end, self._last_duration = shot.pts + shot.duration, shot.duration
            self.outcome.frames += 1
            self.outcome.painted += 1
            write(painted)
            self.watcher.painted(1)

        return take

    def _count(self, done: Done) -> None:
        self.outcome.frames += done.frames
        self.outcome.broken += len(done.broken)
        if done.last + done.duration > self._end:
            self._end, self._last_duration = done.last + done.duration, done.duration

    def _join(self, files: Sequence[Path], joined: Path, until: Fraction | None = None) -> None:
        _delete(joined)
        film = Film(self.footage, self.tracks, self._last_duration, self.footage.end if until is None else until)
        for note in join(files, film, joined, self.task.out.suffix.lower()):
            self._note(note)

    def _join_so_far(self, space: Workspace, files: list[Path]) -> None:
        unfinished = sorted(space.path.glob("*.unfinished"))
        if files or unfinished:
            self.outcome.out = space.path / f"so-far{self.task.out.suffix}"
            self._join([*files, *unfinished], self.outcome.out, self._end * self.footage.time_base)
        for path in unfinished:
            path.unlink()

    def _plan(self) -> dict[str, Any]:
        """Tell all that the result follows from."""
        look = asdict(self.task.schedule)
        return {
            "footage": _identity(self.footage),
            "rate": self.task.rate,
            "--from": self.task.begin,
            "--to": self.task.end,
            "look": look,
            "style picture": {name: _digest(self.code(name)) for name in sorted(self.task.schedule.styles)},
            "model": self.stylizers[0].model.fingerprint,
            "version of this program": __version__,
        }


def _identity(footage: Footage) -> list[object]:
    """Tell what changes when the footage does."""
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in footage.files]


def _digest(code: StyleCode) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for array in code.arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        with suppress(OSError):
            os.unlink(path)
