"""Where an unfinished output lies: a folder `OUT.parts` beside it, with its finished parts, until they are joined."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from realtime.core.errors import SinkError, UsageError
from realtime.core.text import clean


@dataclass(frozen=True)
class Done:
    """A finished part: its number, how many frames it has, the times (`pts`) of those that stand in for broken ones, and
    the last frame's time and duration."""

    part: int
    frames: int
    broken: Sequence[int]
    last: int
    duration: int


class Workspace:
    """The parts of one output. What is in it stays until `remove`."""

    def __init__(self, out: Path, plan: dict[str, Any], resume: bool, force: bool) -> None:
        """`plan` is all that the result follows from. UsageError when something is in the way or `plan` is another than
        that of the parts that are there; SinkError when the folder cannot be made."""
        self.out, self.path = out, out.with_name(f"{out.name}.parts")
        self.done: dict[int, Done] = {}
        plan_file, self._list = self.path / "plan.json", self.path / "done.jsonl"
        check_free(out, force)
        if os.path.lexists(self.path):
            ours = plan_file.is_file()
            if ours and resume:
                self._check(_read(plan_file), plan)
                self._load()
                for path in self.path.glob("*.unfinished"):  # of a process that was killed
                    path.unlink(missing_ok=True)
                return
            if not (ours and force):
                raise UsageError(
                    f"{clean(self.path.name)} is there from an unfinished render; --resume goes on with it, --force begins anew"
                    if ours
                    else f"{clean(str(self.path))} is in the way; move it or choose another name for the output"
                )
            self.remove()
        try:
            self.path.mkdir(parents=True)
            plan_file.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        except OSError as error:
            raise SinkError(f"nothing can be written to {clean(str(out.parent))} ({error.strerror})") from error

    def file(self, part: int) -> Path:
        """Where a part lies."""
        return self.path / f"{part:06}.nut"

    def working(self, part: int) -> Path:
        """Where a part is written until it is finished."""
        return self.path / f"{part:06}.unfinished"

    def finish(self, done: Done, state: bytes = b"") -> None:
        """Keep the part in `working`, and what the painter remembers after it. SinkError when it cannot be kept."""
        try:
            if state:
                self._state(done.part).write_bytes(state)
            self.working(done.part).replace(self.file(done.part))
            with open(self._list, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(done)) + "\n")
        except OSError as error:
            raise SinkError(f"{clean(self.path.name)} cannot be written ({error.strerror})") from error
        self.done[done.part] = done
        if state:
            for old in self.path.glob("*.state"):
                if old != self._state(done.part):
                    old.unlink(missing_ok=True)

    def state(self, part: int) -> bytes:
        """What the painter remembered after a part; nothing where it does not remember."""
        try:
            return self._state(part).read_bytes()
        except OSError:
            return b""

    def keep(self, joined: Path, force: bool) -> None:
        """Put what was joined in the output's place. UsageError when something came into it meanwhile."""
        check_free(self.out, force)
        try:
            if joined.is_dir() and self.out.is_dir():
                for old in _numbered(self.out):
                    old.unlink()
                for new in joined.iterdir():
                    new.replace(self.out / new.name)
            else:
                os.replace(joined, self.out)
        except OSError as error:
            raise SinkError(
                f"{clean(str(self.out))} cannot be written ({error.strerror}); --resume tries again"
            ) from error

    def remove(self) -> None:
        """Remove the parts."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _state(self, part: int) -> Path:
        return self.path / f"{part:06}.state"

    def _check(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        now = json.loads(json.dumps(now))
        changed = [name for name in now if before.get(name) != now[name]]
        if changed:
            raise UsageError(
                f"{clean(self.path.name)} was begun with another {changed[0]}; --resume needs the same, --force begins anew"
            )

    def _load(self) -> None:
        with suppress(OSError, ValueError):  # the last line may be half written: that part is made again
            for line in self._list.read_text(encoding="utf-8").splitlines():
                done = Done(**json.loads(line))
                if self.file(done.part).is_file():
                    self.done[done.part] = done


def is_made(out: Path) -> bool:
    """Whether there is an output at `out` already, and nothing unfinished beside it."""
    made = out if out.suffix else out / "frames.ffconcat"
    return made.is_file() and not os.path.lexists(out.with_name(f"{out.name}.parts"))


def check_free(out: Path, force: bool) -> None:
    """UsageError when there is something at `out` that would be lost."""
    if not os.path.lexists(out):
        return
    if out.suffix and out.is_dir():
        raise UsageError(f"{clean(str(out))} is a folder; choose another name")
    if not out.suffix and not out.is_dir():
        raise UsageError(f"{clean(str(out))} is a file; a folder of pictures wants another name, a video an ending")
    if force or (out.is_dir() and not any(out.iterdir())):
        return
    raise UsageError(f"{clean(str(out))} exists already; --force replaces it")


def _numbered(folder: Path) -> list[Path]:
    """What a render before put into a folder."""
    return [p for p in folder.iterdir() if p.name == "frames.ffconcat" or (p.suffix == ".png" and p.stem.isdecimal())]


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
