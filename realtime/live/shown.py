"""What is shown and steered: a stream, or the one of several that is chosen. It gives its frames to outlets."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from realtime.control.actions import Action
from realtime.control.commands import Command
from realtime.core.errors import UsageError
from realtime.core.events import Events, Notice
from realtime.live.outlets import Outlet, SinkOutlet
from realtime.look.stylized import Stylized
from realtime.models.stylizer import Stylizer
from realtime.sinks.base import Sink
from realtime.sinks.view import View, ViewSettings
from realtime.styles.library import StyleLibrary

if TYPE_CHECKING:
    from realtime.live.stream import Stream


class Shown(ABC):
    """Something that window, page, clips and the like can show, and commands can steer. Any thread may call its methods."""

    def __init__(
        self, stylizer: Stylizer, library: StyleLibrary, events: Events, view: ViewSettings | None = None
    ) -> None:
        """Begin without an outlet.

        Args:
            stylizer: What stylizes the frames.
            library: The styles and their codes.
            events: The feed that is told of what happens.
            view: How sinks show frames at first.
        """
        self.stylizer, self.library, self.events = stylizer, library, events
        self.view = View(view, lambda stylized: self.stream.describe(stylized), events)
        self.perform: Callable[[Action], None] = _nobody
        """Carries out the actions: snapshots, clips, kept looks. `Outputs` puts itself here."""
        self.latest: Stylized | None = None
        """The newest stylized frame."""
        self.wanted = threading.Event()
        """Set while there is an outlet: without one no frame is read or painted."""
        self._outlets: tuple[Outlet, ...] = ()
        self._sinks: dict[Sink, SinkOutlet] = {}
        self._first: list[Callable[[], None]] = []
        self._changing = threading.Lock()

    @property
    @abstractmethod
    def streams(self) -> tuple[Stream, ...]:
        """The streams that there are to choose from."""

    @property
    @abstractmethod
    def place(self) -> int:
        """The place among `streams` of the one that is shown, from 0."""

    @property
    def stream(self) -> Stream:
        """The stream that is shown."""
        return self.streams[self.place]

    @property
    def name(self) -> str:
        """The names of the sources."""
        return " and ".join(stream.source.name for stream in self.streams)

    @abstractmethod
    def apply(self, command: Command) -> None:
        """Carry out a command: on the view, on the settings, on the choice of the source, or as an action.

        Raises:
            RealtimeError: It cannot be carried out; all goes on as before.
        """

    def wake(self) -> None:
        """Let the model's host see anew whether there is something to stylize."""
        self.stream.wake()

    def stop(self) -> None:
        """Let the threads of the streams end soon."""
        for stream in self.streams:
            stream.stop()

    @abstractmethod
    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """End what it began, and wait for its threads as `threads.join` has it. Harmless when called again."""

    @property
    def full(self) -> bool:
        """Whether no outlet has room for a frame."""
        return all(outlet.full for outlet in self._outlets)

    def attach(self, outlet: Outlet) -> None:
        """Give an outlet every frame from now on."""
        with self._changing:
            self._outlets = (*self._outlets, outlet)
            self.wanted.set()

    def detach(self, outlet: Outlet) -> None:
        """Give an outlet no more frames."""
        with self._changing:
            self._outlets = tuple(known for known in self._outlets if known is not outlet)
            if not self._outlets:
                self.wanted.clear()

    def add_sink(
        self,
        sink: Sink,
        *,
        info: bool = False,
        failed: Callable[[Sink, BaseException], None] | None = None,
        keep_open: bool = False,
    ) -> None:
        """Give a sink every frame from now on, as the view shows it.

        Args:
            sink: The sink, not open yet, or kept open before; it is opened for the first frame.
            info: Whether the heads-up line is drawn into the pictures.
            failed: Is told when the sink takes no more frames; by default the feed is.
            keep_open: Whether the sink stays the caller's to close.
        """
        failed = failed or self._sink_failed
        rate = self.stream.rate
        outlet = SinkOutlet(sink, self.view, rate, failed, info=info, keep_open=keep_open, taken=self.wake)
        self._sinks[sink] = outlet
        self.attach(outlet)

    def remove_sink(self, sink: Sink) -> SinkOutlet | None:
        """Give a sink no more frames, and close it unless it was to be kept open."""
        outlet = self._sinks.pop(sink, None)
        if outlet:
            self.detach(outlet)
            outlet.end()
        return outlet

    def remove_sinks(self) -> list[threading.Thread]:
        """Remove all sinks; give the threads that close them, to be waited for."""
        outlets = [self.remove_sink(sink) for sink in tuple(self._sinks)]
        return [outlet.thread for outlet in outlets if outlet and outlet.thread]

    def after_first(self, do: Callable[[], None]) -> None:
        """Call `do` when there is a frame, which may be now."""
        with self._changing:
            if self.latest is None:
                self._first.append(do)
                return
        do()

    def _sink_failed(self, sink: Sink, error: BaseException) -> None:
        self.events.emit(Notice(f"{sink.name}: {error}"))
        self.remove_sink(sink)

    def _deliver(self, latest: Stylized) -> None:
        """Give a frame to the outlets."""
        with self._changing:
            self.latest = latest
            first, self._first = self._first, []
        for do in first:
            do()
        for outlet in self._outlets:
            outlet.put(latest)


def _nobody(action: Action) -> None:
    raise UsageError(f"nobody here carries out {type(action).__name__}")
