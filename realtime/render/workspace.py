"""Where an unfinished output lies: a folder `OUT.segments` beside it, with its finished segments, until they are joined.

Whatever is read from the folder is data: it may come from somebody else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from realtime.core.errors import SinkError, UsageError
from realtime.core.paths import beside
from realtime.core.text import clean
from realtime.render.guard import LIST, check_free, made_before, segments_of

_OURS = re.compile(
    r"\d{6,}\.(nut|unfinished|state)|plan\.json|done\.jsonl|rehearsal\.nut|(so-far|joined|rehearsal)(\.\w+)?"
)
"""What a render puts into the folder, besides its lock."""


@dataclass(frozen=True)
class Done:
    """A finished segment.

    Attributes:
        segment: Its number.
        frames: How many frames it has.
        broken: The times (`pts`) of the frames that stand in for broken ones.
        last: The last frame's time.
        duration: The last frame's duration.
    """

    segment: int
    frames: int
    broken: Sequence[int]
    last: int
    duration: int

    @classmethod
    def from_json(cls, line: str) -> Done:
        """Read what `json.dumps(asdict(done))` wrote.

        Raises:
            ValueError: The line is something else.
        """
        read = json.loads(line)
        if not isinstance(read, dict):
            raise ValueError("this is no record of a segment")
        numbers: list[Any] = [read.get(name) for name in ("segment", "frames", "last", "duration")]
        broken: Any = read.get("broken")
        if not isinstance(broken, list) or not all(type(number) is int for number in [*numbers, *broken]):
            raise ValueError("this is no record of a segment")
        segment, frames, last, duration = numbers
        if segment < 0 or frames < 1:
            raise ValueError(f"there is no segment {segment} of {frames} frames")
        return cls(segment, frames, tuple(broken), last, duration)


class Workspace:
    """The segments of one output, which this process alone may touch until `close`. They stay until `remove`."""

    def __init__(self, out: Path, plan: dict[str, Any], resume: bool, force: bool) -> None:
        """Open the folder beside `out`, or make it.

        Args:
            out: The output.
            plan: All that the result follows from, as JSON.
            resume: Go on with the segments that are there.
            force: Replace the output, and begin anew where there are segments.

        Raises:
            UsageError: Something is in the way, another process is at work there, or `plan` is not the one of the segments
                that are there.
            SinkError: The folder cannot be made.
        """
        self.out, self.path = out, segments_of(out)
        self.done: dict[int, Done] = {}
        self._plan, self._list = self.path / "plan.json", self.path / "done.jsonl"
        self._lock = FileLock(self.path / "lock", thread_local=False)
        check_free(out, force)
        if resume and not os.path.lexists(self.path) and (old := beside(out, ".parts")).is_dir():
            raise UsageError(
                f"{clean(str(old))} was begun by an older version of this program, which --resume cannot go on with;"
                " remove it and begin anew"
            )
        if os.path.lexists(self.path) and not self._is_ours():
            raise UsageError(f"{clean(str(self.path))} is in the way; move it or choose another name for the output")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take()
        except OSError as error:
            raise SinkError(f"nothing can be written to {clean(str(out.parent))} ({error.strerror})") from error
        try:
            self._begin(plan, self._plan.is_file(), resume, force)
        except BaseException:
            self.close()
            raise

    def _is_ours(self) -> bool:
        """Whether a render made the folder; one that was killed at once left nothing but its lock."""
        return self._plan.is_file() or (
            self.path.is_dir() and {p.name for p in self.path.iterdir()} <= {"lock", "holder.json"}
        )

    def _take(self) -> None:
        """Lock the folder, and note who holds it."""
        holder = self.path / "holder.json"
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            held = _read(holder)
            process, host = held.get("process"), str(held.get("host", "?"))
            named = "".join(letter for letter in clean(host)[:80] if letter.isprintable())
            who = f"process {process if type(process) is int else '?'} on {named}"
            raise UsageError(
                f"{clean(str(self.out))} is being made by {who}; wait until that ends or choose another name"
            ) from None
        holder.write_text(json.dumps({"process": os.getpid(), "host": socket.gethostname()}), encoding="utf-8")

    def _begin(self, plan: dict[str, Any], there: bool, resume: bool, force: bool) -> None:
        if there and resume:
            self._check(_read(self._plan), plan)
            self._load()
            for path in self.path.glob("*.unfinished"):  # of a process that was killed
                path.unlink(missing_ok=True)
            return
        if there and not force:
            raise UsageError(
                f"{clean(self.path.name)} is there from an unfinished render; --resume goes on with it, --force begins anew"
            )
        self._empty()
        try:
            self._plan.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        except OSError as error:
            raise SinkError(f"nothing can be written to {clean(str(self.path))} ({error.strerror})") from error

    def file(self, segment: int) -> Path:
        """Return where a finished segment lies."""
        return self.path / f"{segment:06}.nut"

    def working(self, segment: int) -> Path:
        """Return where a segment is written until it is finished."""
        return self.path / f"{segment:06}.unfinished"

    def finish(self, done: Done, state: bytes = b"") -> None:
        """Keep the segment in `working`, and what the painter remembers after it.

        Raises:
            SinkError: It cannot be kept.
        """
        try:
            if state:
                self._state(done.segment).write_bytes(state)
            self.working(done.segment).replace(self.file(done.segment))
            with open(self._list, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(done)) + "\n")
        except OSError as error:
            raise SinkError(f"{clean(self.path.name)} cannot be written ({error.strerror})") from error
        self.done[done.segment] = done
        if state:
            for old in self.path.glob("*.state"):
                if old != self._state(done.segment):
                    old.unlink(missing_ok=True)

    def state(self, segment: int) -> bytes:
        """Return what the painter remembered after a segment; nothing where it does not remember."""
        try:
            return self._state(segment).read_bytes()
        except OSError:
            return b""

    def keep(self, joined: Path, force: bool) -> None:
        """Put what was joined in the output's place.

        Raises:
            UsageError: Something came into its place meanwhile.
            SinkError: It cannot be written.
        """
        check_free(self.out, force)
        try:
            if joined.is_dir() and self.out.is_dir():
                for old in made_before(self.out):
                    (self.out / old).unlink(missing_ok=True)
                for new in joined.iterdir():
                    new.replace(self.out / new.name)
            else:
                os.replace(joined, self.out)
        except OSError as error:
            raise SinkError(
                f"{clean(str(self.out))} cannot be written ({error.strerror}); --resume tries again"
            ) from error

    def remove(self) -> None:
        """Remove the segments and give the folder back. What somebody else put into it stays."""
        self._empty()
        with suppress(OSError):
            (self.path / "holder.json").unlink(missing_ok=True)
            if os.name != "nt":  # whoever waits for this file sees that it is gone
                (self.path / "lock").unlink(missing_ok=True)
        self.close()
        with suppress(OSError):
            (self.path / "lock").unlink(missing_ok=True)
            self.path.rmdir()

    def close(self) -> None:
        """Give the folder back; the segments stay. Harmless when called again."""
        self._lock.release()

    def _empty(self) -> None:
        for path in self.path.iterdir():
            if not _OURS.fullmatch(path.name):
                continue
            with suppress(OSError):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()

    def _state(self, segment: int) -> Path:
        return self.path / f"{segment:06}.state"

    def _check(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        now = json.loads(json.dumps(now))
        changed = [name for name in now if before.get(name) != now[name]]
        if changed:
            raise UsageError(
                f"{clean(self.path.name)} was begun with another {changed[0]}; --resume needs the same, --force begins anew"
            )

    def _load(self) -> None:
        with suppress(OSError, ValueError):  # the last line may be half written: that segment is made again
            for line in self._list.read_text(encoding="utf-8").splitlines():
                done = Done.from_json(line)
                if self.file(done.segment).is_file():
                    self.done[done.segment] = done


def is_made(out: Path) -> bool:
    """Return whether there is an output at `out` already, and nothing unfinished beside it."""
    made = out if out.suffix else out / LIST
    return made.is_file() and not os.path.lexists(segments_of(out))


def _read(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
