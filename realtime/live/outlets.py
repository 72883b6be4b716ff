"""What leads from a stream to its sinks: each is opened for the first frame and given what the view composes."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from realtime.core import threads
from realtime.core.events import Events, Notice
from realtime.core.mailbox import Mailbox
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format, Sink
from realtime.sinks.view import View, ViewSettings

_log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where a stream puts its frames: a mailbox, or what leads to a sink."""

    @property
    def full(self) -> bool:
        """Whether no frame is to be painted for its sake now: one waits there already, and would be lost."""

    def put(self, item: Stylized) -> None:
        """Take a frame; return at once and raise nothing."""


class SinkOutlet:
    """Leads to one sink. A sink that queues is written to at once; any other has a thread, and one slot before it."""

    def __init__(
        self,
        sink: Sink,
        view: View,
        rate: float,
        failed: Callable[[Sink, BaseException], None],
        *,
        info: bool = False,
        keep_open: bool = False,
        taken: Callable[[], None] | None = None,
    ) -> None:
        """Make an outlet.

        Args:
            sink: The sink, not open yet.
            view: Composes the pictures.
            rate: Frames a second of the source, about.
            failed: Is told once, on whichever thread writes, when the sink cannot take a frame; it gets no more then.
            info: Whether the heads-up line is drawn into the pictures.
            keep_open: Whether the sink stays the caller's to close.
            taken: Is told when there is room for another frame.
        """
        self.sink, self._keep_open = sink, keep_open
        self._view, self._rate, self._failed, self._info = view, rate, failed, info
        self._done = False
        self._slot: Mailbox[Stylized] = Mailbox(taken)
        self.thread = None if sink.queues else threads.start(self._run, f"sink {sink.name}")

    @property
    def full(self) -> bool:
        """Whether no frame is to be painted for the sink's sake now."""
        return self._done or not self.sink.asks or self._slot.full

    def put(self, item: Stylized) -> None:
        """Take a frame for the sink."""
        if self.sink.queues:
            self._write(item)
        else:
            self._slot.put(item)

    def end(self) -> None:
        """Take no more frames, and close the sink: by its thread where it has one."""
        self._slot.close()
        self._done = True
        if not self.thread:
            self._close()

    def _write(self, stylized: Stylized) -> None:
        if self._done:
            return
        try:
            picture = self._view.compose(stylized, self._info)
            if self.sink.format is None:
                self.sink.open(Format((picture.shape[1], picture.shape[0]), self._rate))
            self.sink.write(stylized if picture is stylized.picture else replace(stylized, picture=picture))
        except Exception as error:
            self._done = True
            _log.info("%s takes no more frames: %s", self.sink.name, error)
            self._failed(self.sink, error)

    def _run(self) -> None:
        while not self._done:
            if (stylized := self._slot.get(0.2)) is not None:
                self._write(stylized)
        self._close()

    def _close(self) -> None:
        if self._keep_open:
            return
        try:
            self.sink.close()
        except Exception as error:
            self._failed(self.sink, error)


class Outlets(ABC):
    """Gives stylized frames to outlets. Any thread may call its methods."""

    def __init__(self, events: Events, view: ViewSettings | None = None) -> None:
        """Begin without an outlet.

        Args:
            events: The feed that is told of what happens.
            view: How sinks show frames at first.
        """
        self.events = events
        self.view = View(view, self.describe, events)
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
    def rate(self) -> float:
        """Frames a second of the source, about."""

    @abstractmethod
    def describe(self, stylized: Stylized) -> str:
        """Give the text of the heads-up line for a frame."""

    @abstractmethod
    def wake(self) -> None:
        """Let the model's host see anew whether there is something to stylize."""

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
        outlet = SinkOutlet(sink, self.view, self.rate, failed, info=info, keep_open=keep_open, taken=self.wake)
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
