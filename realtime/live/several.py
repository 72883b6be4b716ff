"""Several streams of which one is shown: a change of it goes on in the same window, clip and call."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from realtime.control.commands import AwaitPreset, Command, SourceCommand, ViewCommand
from realtime.core import threads
from realtime.core.errors import SourceError
from realtime.core.events import Notice, SettingsChanged, Trouble
from realtime.core.frame import Picture
from realtime.core.geometry import boxed
from realtime.live.stream import Shown, Stream
from realtime.look.stylized import Stylized


class SeveralStreams(Shown):
    """Streams, each with a source and settings of its own, of which one is shown and steered.

    At a change the stream that leaves goes on being shown until the one that comes has a frame. Over the morph of that one
    both are painted and their pictures mixed. A stream that is neither shown nor watched by others is not read.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        """Show the first of some streams, which share a feed. A source that fails ends its stream alone while another goes on."""
        first = streams[0]
        super().__init__(first.events, first.view.settings)
        self._streams, self._place = tuple(streams), 0
        self._inlets = {stream: _Inlet(self, stream) for stream in streams}
        self._choosing = threading.Lock()
        self._over = set[Stream]()
        self._leaving: Stream | None = None
        self._morph = 0.0
        self._begin: float | None = None  # the time of the first frame of the stream that comes
        for stream in streams:
            stream.perform = lambda action: self.perform(action)
            stream.spared = partial(self._spares, stream)
        first.attach(self._inlets[first])

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that there are to choose from."""
        return self._streams

    @property
    def place(self) -> int:
        """The place among `streams` of the one that is shown, from 0."""
        return self._place

    @property
    def rate(self) -> float:
        """Frames a second of the source that is shown, about."""
        return self.stream.rate

    def describe(self, stylized: Stylized) -> str:
        """Give the text of the heads-up line for a frame."""
        return self.stream.describe(stylized)

    def wake(self) -> None:
        """Let the model's host see anew whether there is something to stylize."""
        self.stream.wake()

    def stop(self) -> None:
        """Let the threads of the streams end soon."""
        for stream in self._streams:
            stream.stop()

    def apply(self, command: Command) -> None:
        """Carry out a command: on all views, on the choice of the source, or on the stream that is shown."""
        if isinstance(command, SourceCommand):
            self._choose(command.chosen(self._place, len(self._streams)))
        elif isinstance(command, ViewCommand):
            for view in (self.view, *(stream.view for stream in self._streams)):
                view.apply(command)
        else:
            self.stream.apply(command)

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """Close the sinks, and wait for their threads as `threads.join` has it; the streams are closed by themselves."""
        return threads.join(self.remove_sinks(), deadline, hurry)

    def _choose(self, place: int) -> None:
        with self._choosing:
            old, new = self.stream, self._streams[place]
            if new is old:
                return
            if self._leaving is not new:
                if self._leaving:
                    self._leaving.detach(self._inlets[self._leaving])
                new.attach(self._inlets[new])
            self._place, self._leaving = place, old
            self._morph, self._begin = new.controls.settings.morph, None
        if old.controls.settings.awaits_preset:
            old.apply(AwaitPreset())  # the next key is meant for another look
        self.events.emit(SettingsChanged())
        self.events.emit(Notice(f"source {place + 1}: {new.source.name}", of_settings=True))

    def _spares(self, stream: Stream, error: BaseException | None) -> bool:
        """Say what a source came to, and whether it is to end nothing: it is not the last one, and its fault is no bug."""
        with self._choosing:
            self._over.add(stream)
            last = len(self._over) == len(self._streams)
        if last or not (error is None or isinstance(error, SourceError)):
            return False
        self.events.emit(Trouble(stream.trouble))
        return True

    def take(self, stream: Stream, item: Stylized) -> None:
        """Take a frame of the stream that is shown, or of the one that leaves, on the thread of the model's host."""
        with self._choosing:
            leaving = self._leaving
            if stream is not self.stream:
                if stream is not leaving or self._begin is not None:
                    return  # it is mixed in with the next frame of the stream that comes
            elif leaving:
                item = self._mixed(item, leaving)
        self._deliver(item)

    def _mixed(self, item: Stylized, leaving: Stream) -> Stylized:
        """Mix the newest frame of the stream that leaves in; once the morph is over, let that stream go."""
        now = time.monotonic()
        self._begin = now if self._begin is None else self._begin
        old = leaving.latest
        if old is None or now - self._begin >= self._morph:
            leaving.detach(self._inlets[leaving])
            self._leaving = None
            return item
        share = (now - self._begin) / self._morph
        frame = replace(item.frame, picture=_faded(old.frame.picture, item.frame.picture, share))
        return replace(item, frame=frame, picture=_faded(old.picture, item.picture, share))


class _Inlet:
    """Leads from one of several streams to what is shown of them."""

    def __init__(self, several: SeveralStreams, stream: Stream) -> None:
        self._several, self._stream = several, stream

    @property
    def full(self) -> bool:
        """Whether no frame is to be painted for the sake of what is shown."""
        return self._several.full

    def put(self, item: Stylized) -> None:
        """Take a frame."""
        self._several.take(self._stream, item)


def _faded(old: Picture, new: Picture, share: float) -> Picture:
    """Mix two pictures: uint8, of the new one's size, BGR."""
    before = boxed(old, (new.shape[1], new.shape[0]))
    mixed: Picture = cv2.addWeighted(new, share, before, 1 - share, 0).astype(np.uint8, copy=False)
    return mixed
