"""What leads from a stream to a sink: the sink is opened for the first frame and given what its view composes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from realtime.core import threads
from realtime.core.mailbox import Mailbox
from realtime.look.stylized import Stylized
from realtime.sinks.base import Format, Sink
from realtime.sinks.view import View

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
