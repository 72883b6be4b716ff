"""Commands that change no settings: somebody carries them out. They are checked as those of `commands` are."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.control.checks import check_whole
from realtime.control.commands import PRESETS, Command
from realtime.core.errors import UsageError


class Action(Command):
    """A command that changes no settings: somebody carries it out."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class KeepLook(Action):
    """Keep the look in use under a number."""

    number: int

    def __post_init__(self) -> None:
        check_whole("a preset", self.number, 1, PRESETS)


@dataclass(frozen=True, slots=True)
class RecallLook(Action):
    """Take up the look that is kept under a number."""

    number: int

    def __post_init__(self) -> None:
        check_whole("a preset", self.number, 1, PRESETS)


@dataclass(frozen=True, slots=True)
class Snapshot(Action):
    """Save the picture that is shown."""


@dataclass(frozen=True, slots=True)
class Record(Action):
    """Begin or end a clip; `on` None does what is not being done."""

    on: bool | None = None

    def __post_init__(self) -> None:
        if self.on not in (True, False, None):
            raise UsageError(f"recording is on or off, not {self.on!r}")


@dataclass(frozen=True, slots=True)
class SaveReplay(Action):
    """Save the last seconds as a clip."""


@dataclass(frozen=True, slots=True)
class Quit(Action):
    """End the session."""
