"""The feed of what a person, or a program, should know of a session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `text` is for a person; it is empty where a person sees the change anyway."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """A short text for the person; `of_settings` where a `SettingsChanged` told the same before."""

    of_settings: bool = False


@dataclass(frozen=True, slots=True)
class Trouble(Event):
    """The source gives no pictures just now, and why; an empty `text` means that it does again."""


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """A snapshot or a clip is on the disk, at `path`."""

    path: Path = Path()


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """The settings of a stream, or of a view, are others now."""


@dataclass(frozen=True, slots=True)
class StylesChanged(Event):
    """A style came, went, or has another code now."""


@dataclass(frozen=True, slots=True)
class LooksChanged(Event):
    """A look was kept under a number."""


class Events:
    """One feed: whoever emits an event reaches everybody who subscribed. Any thread may call."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._hearers: tuple[Callable[[Event], None], ...] = ()

    def subscribe(self, hear: Callable[[Event], None]) -> Callable[[], None]:
        """Call `hear` with every event from now on, on the thread that emits it.

        Args:
            hear: Returns at once and raises nothing.

        Returns:
            A function that ends the subscription.
        """
        with self._changing:
            self._hearers = (*self._hearers, hear)

        def end() -> None:
            with self._changing:
                self._hearers = tuple(known for known in self._hearers if known is not hear)

        return end

    def emit(self, event: Event) -> None:
        """Tell everybody who subscribed of an event."""
        for hear in self._hearers:
            hear(event)
