"""A stream: one source, its settings, one pipeline, and its sinks.

source ──▶ [mailbox] ──▶ pipeline, in the turns that the host gives ──▶ outlets ──▶ sinks
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from realtime.control.commands import Action, Command, ViewCommand
from realtime.control.controls import Controls
from realtime.control.settings import Settings
from realtime.core import threads
from realtime.core.errors import SourceEndedError, UsageError
from realtime.core.events import Event, Events, Notice, SettingsChanged, Trouble
from realtime.core.frame import Frame, Picture
from realtime.core.geometry import flipped
from realtime.core.mailbox import Mailbox
from realtime.core.meter import Figures, Meter
from realtime.live.line import heads_up_line
from realtime.live.outlets import Outlet, SinkOutlet
from realtime.live.thumbnails import Thumbnails
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks.base import Sink
from realtime.sinks.view import View, ViewSettings
from realtime.sources.base import Source
from realtime.styles.library import StyleLibrary

_log = logging.getLogger(__name__)
_STILL_SECONDS = 0.1  # how often a frozen picture is given again, for a clip that is recorded
_REPAINT_SECONDS = 0.04  # how often a picture that stays is painted again while a morph goes on


class Stream:
    """One source, stylized with settings of its own, from `start` to `close`. A guest of the model's host.

    Any thread may call its methods.
    """

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

        Raises:
            StyleError: No settings were given, and there is no style that can be used.
        """
        self.source, self.library = source, library
        self.events = events or Events()
        settings = settings or Settings(Look(((library.first(), 1.0),)), mirror=source.mirror)
        self.controls = Controls(settings, lambda: library.names, self.events, lambda action: self.perform(action))
        self.view = View(view, self._describe, self.events)
        self.thumbnails = Thumbnails(stylizer, library, host, lambda: self.latest, self.events)
        self.meter = Meter()
        self.perform: Callable[[Action], None] = _nobody
        """Carries out the actions: snapshots, clips, kept looks. `Outputs` puts itself here."""
        self.error: BaseException | None = None
        """What ended the stream, if it was an error."""
        self.latest: Stylized | None = None
        """The newest stylized frame."""
        self.trouble = ""
        """What is wrong with the source just now, for a person; empty when all is well."""
        self.in_use = settings.look
        """The last look whose styles were all known: what to go back to when a style cannot be used."""
        self.ended = threading.Event()
        """Set when no more frames come: the stream was closed, its source has ended, or it failed."""
        self._host = host
        self._pipeline = Pipeline(stylizer, library.ready, settings.morph)
        self._captured: Mailbox[Frame] = Mailbox()
        self._outlets: tuple[Outlet, ...] = ()
        self._sinks: dict[Sink, SinkOutlet] = {}
        self._first: list[Callable[[], None]] = []
        self._changing = threading.Lock()
        self._newest: Frame | None = None
        self._painted_with: Settings | None = None
        self._painted_at = 0.0
        self._held: Picture | None = None
        self._mirrored: tuple[Picture, Picture] | None = None
        self._capture: threading.Thread | None = None
        self._unsubscribe = self.events.subscribe(self._heard)

    def apply(self, command: Command) -> None:
        """Carry out a command: on the view, on the settings, or as an action.

        Raises:
            RealtimeError: It cannot be carried out; the stream goes on.
        """
        if isinstance(command, ViewCommand):
            self.view.apply(command)
        else:
            self.controls.apply(command)

    def attach(self, outlet: Outlet) -> None:
        """Give an outlet every frame from now on."""
        with self._changing:
            self._outlets = (*self._outlets, outlet)

    def detach(self, outlet: Outlet) -> None:
        """Give an outlet no more frames."""
        with self._changing:
            self._outlets = tuple(known for known in self._outlets if known is not outlet)

    def add_sink(
        self,
        sink: Sink,
        *,
        info: bool = False,
        failed: Callable[[Sink, BaseException], None] | None = None,
        keep_open: bool = False,
    ) -> None:
        """Give a sink every frame from now on, as the stream's view shows it.

        Args:
            sink: The sink, not open yet, or kept open before; it is opened for the first frame.
            info: Whether the heads-up line is drawn into the pictures.
            failed: Is told when the sink takes no more frames; by default the feed is.
            keep_open: Whether the sink stays the caller's to close.
        """
        outlet = SinkOutlet(sink, self.view, self.rate, failed or self._sink_failed, info=info, keep_open=keep_open)
        with self._changing:
            self._sinks[sink] = outlet
            self._outlets = (*self._outlets, outlet)

    def remove_sink(self, sink: Sink) -> SinkOutlet | None:
        """Give a sink no more frames, and close it unless it was to be kept open."""
        with self._changing:
            outlet = self._sinks.pop(sink, None)
            self._outlets = tuple(known for known in self._outlets if known is not outlet)
        if outlet:
            outlet.end()
        return outlet

    def _sink_failed(self, sink: Sink, error: BaseException) -> None:
        self.events.emit(Notice(f"{sink.name}: {error}"))
        with self._changing:
            outlet = self._sinks.pop(sink, None)
            self._outlets = tuple(known for known in self._outlets if known is not outlet)

    def after_first(self, do: Callable[[], None]) -> None:
        """Call `do` when there is a frame, which may be now."""
        with self._changing:
            if self.latest is None:
                self._first.append(do)
                return
        do()

    @property
    def rate(self) -> float:
        """Frames a second of the source, about."""
        return self.source.rate or 30.0

    def figures(self, dropped: int = 0) -> Figures:
        """Give how the stream runs, or ran; `dropped` are frames that were lost after the model."""
        return self.meter.figures(self._captured.dropped + dropped)

    def start(self) -> None:
        """Begin to read the source and to take turns."""
        for name, _ in self.in_use.styles:
            self.library.code(name)
        self._capture = threads.start(self._read, f"capture {self.source.name}")
        self._host.add(self)

    def stop(self) -> None:
        """Let the threads of the stream end soon."""
        self.ended.set()
        self._captured.close()

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """Stop, and wait for the threads of the stream as `threads.join` has it."""
        self.stop()
        self._unsubscribe()
        self.thumbnails.close()
        patience = 0.0 if hurry and hurry.is_set() else max(0.0, deadline - time.monotonic())
        done = self._host.remove(self, patience)
        ended = [outlet.thread for sink in tuple(self._sinks) if (outlet := self.remove_sink(sink)) and outlet.thread]
        if self._capture:
            ended.append(self._capture)
        return threads.join(ended, deadline, hurry) and done

    def failed(self, error: BaseException) -> None:
        """End the stream with an error."""
        _log.error("stream of %s ends: %s", self.source.name, error)
        self.error = self.error or error
        self.stop()

    def _read(self) -> None:
        try:
            while not self.ended.is_set():
                frame = self._still() or self.source.read(0.1)
                self._look_for_trouble()
                if frame is not None:
                    self.meter.captured.tick()
                    self._captured.put(frame)
                    self._host.wake()
        except SourceEndedError:
            _log.info("source %s has ended", self.source.name)
            self.stop()
        except BaseException as error:
            self.failed(error)

    def _still(self) -> Frame | None:
        """Give the frozen picture once more, after a while: the source, which may have to draw or to decode, rests."""
        if (held := self._held) is None or not self.controls.settings.frozen:
            return None
        self.ended.wait(_STILL_SECONDS)
        return Frame(held, time.monotonic())

    def _look_for_trouble(self) -> None:
        before, self.trouble = self.trouble, self.source.notice
        if bool(self.trouble) != bool(before):  # how long it lasts is in the notice: the feed hears of it once
            self.events.emit(Trouble(self.trouble))

    def ready(self) -> bool:
        """Say whether there is something to stylize: a frame, or the last one anew since the settings changed."""
        if self.ended.is_set():
            return False
        if self._captured.full:
            return True
        if self._newest is None:
            return False
        changed = self.controls.settings is not self._painted_with
        return changed or (not self._pipeline.settled and time.monotonic() - self._painted_at > _REPAINT_SECONDS)

    def take_turn(self) -> None:
        """Stylize the newest frame and put it into the outlets."""
        frame = self._captured.get(0.0)
        if frame is None:
            if self._newest is None:
                return
            # A command came, or a style is on its way, and no new picture comes.
            frame = Frame(self._newest.picture, time.monotonic())
        settings = self.controls.settings
        self._newest, self._painted_with = frame, settings
        latest = self._stylize(frame, settings)
        self._painted_at = time.monotonic()
        if all(self.library.ready(name) for name, _ in settings.look.styles):
            self.in_use = settings.look  # not what a morph is at, which nobody chose
        self.meter.add_stylized(latest.model_seconds)
        self._deliver(latest)

    def _stylize(self, frame: Frame, settings: Settings) -> Stylized:
        self._held = (self._held if self._held is not None else frame.picture) if settings.frozen else None
        picture = frame.picture if self._held is None else self._held
        if settings.mirror:
            # A slideshow gives the same picture many times: it stays one, and the model paints it once.
            if self._mirrored is None or self._mirrored[0] is not picture:
                self._mirrored = picture, flipped(picture)
            picture = self._mirrored[1]
        self._pipeline.morph = settings.morph
        frame = Frame(picture, frame.time, settings.mirror)
        return (self._pipeline.untouched if settings.original else self._pipeline.paint)(frame, settings.look)

    def _deliver(self, latest: Stylized) -> None:
        with self._changing:
            self.latest = latest
            first, self._first = self._first, []
        for do in first:
            do()
        for outlet in self._outlets:
            outlet.put(latest)

    def _heard(self, event: Event) -> None:
        if isinstance(event, SettingsChanged):
            self._host.wake()

    def _describe(self, stylized: Stylized) -> str:
        return heads_up_line(stylized, self.controls.settings, self.library.names, self.meter.shown.lately)


def _nobody(action: Action) -> None:
    raise UsageError(f"nobody here carries out {type(action).__name__}")
