"""A stream: one source, its settings, one pipeline, and its sinks.

source ──▶ [mailbox] ──▶ pipeline, in the turns that the host gives ──▶ outlets ──▶ sinks
"""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace

from realtime.control.actions import Action
from realtime.control.commands import Command, SourceCommand, StepSource, ViewCommand
from realtime.control.controls import Controls
from realtime.control.quality import Quality
from realtime.control.settings import Settings
from realtime.core import threads
from realtime.core.errors import UsageError
from realtime.core.events import Event, Events, Notice, SettingsChanged
from realtime.core.frame import Frame, Picture, same_picture
from realtime.core.geometry import flipped
from realtime.core.meter import Figures, Meter
from realtime.live.capture import Capture
from realtime.live.line import heads_up_line
from realtime.live.outlets import Outlets
from realtime.live.thumbnails import Thumbnails
from realtime.look.brush import lines_asked
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks.view import ViewSettings
from realtime.sources.base import Source
from realtime.styles.library import StyleLibrary

_log = logging.getLogger(__name__)
_REPAINT_SECONDS = 0.04  # how often a picture that stays is painted again while a morph goes on


class Shown(Outlets):
    """What window, page and clips show, and commands steer: a stream, or the one of several that is chosen."""

    perform: Callable[[Action], None]
    """Carries out the actions: snapshots, clips, kept looks. `Outputs` puts itself here."""

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

    @abstractmethod
    def stop(self) -> None:
        """Let the threads of the streams end soon."""

    @abstractmethod
    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """End what it began, and wait for its threads as `threads.join` has it. Harmless when called again."""


class Stream(Shown):
    """One source, stylized with settings of its own, from `start` to `close`. A guest of the model's host."""

    def __init__(
        self,
        source: Source,
        stylizer: Stylizer,
        library: StyleLibrary,
        host: ModelHost,
        settings: Settings | None = None,
        *,
        view: ViewSettings | None = None,
        events: Events | None = None,
        quality: Quality | None = None,
    ) -> None:
        """Make a stream; the source, the stylizer, the library and the host stay the caller's.

        Args:
            source: Where the frames come from.
            stylizer: What stylizes them, in the turns of `host`.
            library: The styles and their codes.
            host: Gives the stream its turns.
            settings: The settings to begin with; by default the first style, mirrored where the source is a camera.
            view: How its sinks show frames at first.
            events: The feed that is told of what happens.
            quality: Lowers the lines that the model sees while the rate is not held; by default it sees all.

        Raises:
            StyleError: No settings were given, and there is no style that can be used.
        """
        super().__init__(events or Events(), view)
        self.source, self.library, self.stylizer, self.quality = source, library, stylizer, quality
        self.perform = _nobody
        settings = settings or Settings(Look(((library.first(), 1.0),)), mirror=source.mirror)
        self.controls = Controls(settings, lambda: library.names, self.events, lambda action: self.perform(action))
        self.thumbnails = Thumbnails(stylizer, library, host, lambda: self.latest, self.events)
        self.meter = Meter()
        self.error: BaseException | None = None
        """What ended the stream, if it was an error."""
        self.in_use = settings.look
        """The last look whose styles were all known: what to go back to when a style cannot be used."""
        self.ended = threading.Event()
        """Set when no more frames come: the stream was closed, its source has ended, or it failed."""
        self.spared: Callable[[BaseException | None], bool] = lambda error: False
        """Asked when the source gives no more frames, with its error if it is one: whether others go on without the stream."""
        self._host = host
        self._pipeline = Pipeline(stylizer, library.ready, settings.morph)
        self._capture = Capture(source, self.events, self.wanted, self._frozen, self._came, self._source_ended)
        self._newest: Frame | None = None
        self._painted_with: Settings | None = None
        self._painted_at = 0.0
        self._held: Frame | None = None
        self._mirrored: tuple[Picture, Picture] | None = None
        self._unsubscribe = self.events.subscribe(self._heard)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The stream itself."""
        return (self,)

    @property
    def place(self) -> int:
        """The place of the only one, 0."""
        return 0

    def apply(self, command: Command) -> None:
        """Carry out a command; its source stays the only one."""
        if isinstance(command, ViewCommand):
            self.view.apply(command)
        elif isinstance(command, SourceCommand):
            command.chosen(0, 1)
            if isinstance(command, StepSource):
                self.events.emit(Notice("there is one source; --source given twice makes it two"))
        else:
            self.controls.apply(command)

    @property
    def rate(self) -> float:
        """Frames a second of the source, about."""
        return self.source.rate or 30.0

    def figures(self, dropped: int = 0) -> Figures:
        """Give how the stream runs, or ran; `dropped` are frames that were lost after the model."""
        return self.meter.figures(self._capture.frames.dropped + dropped)

    def start(self) -> None:
        """Begin to read the source and to take turns."""
        for name, _ in self.in_use.styles:
            self.library.code(name)
        self._capture.start()
        self._host.add(self)

    def stop(self) -> None:
        """Let the threads of the stream end soon."""
        self.ended.set()
        self._capture.stop()

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """Stop, and wait for the threads of the stream as `threads.join` has it."""
        self.stop()
        self._unsubscribe()
        self.thumbnails.close()
        patience = 0.0 if hurry and hurry.is_set() else max(0.0, deadline - time.monotonic())
        done = self._host.remove(self, patience)
        return threads.join([*self.remove_sinks(), *self._capture.threads], deadline, hurry) and done

    def failed(self, error: BaseException) -> None:
        """End the stream with an error."""
        _log.error("stream of %s ends: %s", self.source.name, error)
        self.error = self.error or error
        self.stop()

    def _came(self) -> None:
        self.meter.captured.tick()
        self.wake()

    def _source_ended(self, error: BaseException | None) -> None:
        spared = self.spared(error)
        self.failed(error) if error and not spared else self.stop()

    def _frozen(self) -> Picture | None:
        return self._held.picture if self._held and self.controls.settings.frozen else None

    @property
    def trouble(self) -> str:
        """What is wrong with the source just now, for a person; empty when all is well."""
        return self._capture.trouble

    def wake(self) -> None:
        """Let the model's host see anew whether there is something to stylize."""
        self._host.wake()

    def ready(self) -> bool:
        """Say whether there is something to stylize: a frame, or the last one anew since the settings changed.

        While no outlet has room there is not: the frame would be painted and never shown.
        """
        if not self.wanted.is_set():
            self._newest = None  # it is old by the time that somebody wants a frame
        if self.ended.is_set() or self.full:
            return False
        if self._capture.frames.full:
            return True
        if self._newest is None:
            return False
        changed = self.controls.settings is not self._painted_with
        return changed or (not self._pipeline.settled and time.monotonic() - self._painted_at > _REPAINT_SECONDS)

    def take_turn(self) -> None:
        """Stylize the newest frame and put it into the outlets."""
        since, frame = self._capture.waits_since, self._capture.frames.get(0.0)
        came, before = frame is not None, self._newest
        if frame and self.latest and self.view.settings.blackout:
            self._deliver(replace(self.latest, frame=replace(self.latest.frame, time=frame.time), model_seconds=0.0))
            return
        if before and (frame is None or same_picture(frame.picture, before.picture)):
            # It stays one picture and is painted once, unless a command came or a style is on its way.
            frame = replace(before, time=frame.time if frame else time.monotonic())
        if frame is None:
            return
        settings = self.controls.settings
        self._newest, self._painted_with = frame, settings
        del before  # 3 MB at 1280×720, while the next one is painted
        latest = self._stylize(frame, settings)
        self._painted_at = time.monotonic()
        if all(self.library.ready(name) for name, _ in settings.look.styles):
            self.in_use = settings.look  # not what a morph is at, which nobody chose
        self.meter.add_stylized(latest.model_seconds)
        self._deliver(latest)
        if came and self.quality and self.stylizer.model.resizes:
            self.quality.delivered(since, time.monotonic(), self.rate)

    def _stylize(self, frame: Frame, settings: Settings) -> Stylized:
        self._held = (self._held or frame) if settings.frozen else None
        shown = self._held or frame
        picture = shown.picture
        if settings.mirror:
            # A slideshow gives the same picture many times: it stays one, and the model paints it once.
            if self._mirrored is None or self._mirrored[0] is not picture:
                self._mirrored = picture, flipped(picture)
            picture = self._mirrored[1]
        else:
            self._mirrored = None
        self._pipeline.morph = settings.morph
        frame = Frame(picture, frame.time, settings.mirror, shown.full)
        if settings.original:
            return self._pipeline.untouched(frame, settings.look)
        asked = lines_asked(picture, settings.look.brush)
        lines = self.quality.lines(asked, time.monotonic()) if self.quality and self.stylizer.model.resizes else None
        return self._pipeline.paint(frame, settings.look, lines)

    def _heard(self, event: Event) -> None:
        if isinstance(event, SettingsChanged):
            self.wake()

    def describe(self, stylized: Stylized) -> str:
        """Give the text of the heads-up line for a frame."""
        rate = self.meter.shown.lately
        return heads_up_line(stylized, self.controls.settings, self.library.names, rate, self.quality)


def _nobody(action: Action) -> None:
    raise UsageError(f"nobody here carries out {type(action).__name__}")
