"""The live session: streams that share one model, and the window of what is shown of them.

    capture (a thread a stream) ──▶ stylize (the host's thread) ──▶ window (the main thread), clip, snapshot
                                        ▲
    codes ──────────────────────────────┘  style codes, worked out ahead, off the way of the frames

What a person wants changed goes the other way, as commands to the `Controls` of a stream.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from realtime.control.quality import Quality
from realtime.control.settings import Settings
from realtime.control.slideshow import Slideshow
from realtime.core import threads
from realtime.core.events import Events, Notice
from realtime.core.meter import Figures, Meter
from realtime.core.signals import uninterrupted
from realtime.live.codes import Codes
from realtime.live.counter import Counter
from realtime.live.display import Display, Window
from realtime.live.outputs import Outputs, Saving
from realtime.live.stream import Shown, Stream
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks.view import ViewSettings
from realtime.sources.base import Source
from realtime.styles.library import StyleLibrary

_log = logging.getLogger(__name__)

END_SECONDS, INTERRUPTED_SECONDS = 60.0, 5.0
"""How long the end of a session waits for its threads and files, by itself and after Ctrl-C."""


class LiveSession:
    """Streams on one model, from `run` to its end. Everything but `run` may be called from any thread.

    It closes the window; the sources, the stylizer and the library stay the caller's.

    >>> session = LiveSession(stylizer, library)
    >>> stream = session.add(source)
    >>> print(session.run(WindowSink()))
    """

    def __init__(self, stylizer: Stylizer, library: StyleLibrary, strobe: bool = False) -> None:
        """Make a session without a stream; `strobe` lets slideshows change more than three times a second."""
        self.events = Events()
        """The feed of what happens in all streams."""
        self.library = library
        """The styles of all streams."""
        self._stylizer, self.strobe = stylizer, strobe
        stylizer.model.notify = lambda text: self.events.emit(Notice(text))
        self._host = ModelHost()
        self._streams, self._lent = tuple[Stream, ...](), set[Stream]()
        self.shown: Shown | None = None
        """What window and clips show: the first stream that was not lent, until `SeveralStreams` are put in its place."""
        self._outputs: dict[Shown, Outputs] = {}
        self._slideshows: dict[Stream, Slideshow] = {}
        self._stop, self._changing = threading.Event(), threading.Lock()
        self._error: BaseException | None = None
        self._display: Display | None = None
        self._codes: Codes | None = None
        self.hangs = False
        """Whether a thread that uses the model has not ended in time."""
        self._running, self._stepped = False, time.monotonic()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that there are."""
        return self._streams

    def add(
        self,
        source: Source,
        settings: Settings | None = None,
        view: ViewSettings | None = None,
        *,
        apart: bool = False,
        quality: Quality | None = None,
        lent: bool = False,
    ) -> Stream:
        """Add a stream. While the session runs, the stream starts at once.

        Args:
            source: Where its frames come from.
            settings: The settings to begin with; by default the first style, mirrored where the source is a camera.
            view: How its frames are shown at first.
            apart: Whether its events go to a feed of its own rather than to the session's.
            quality: Lowers the lines that the model sees while the rate is not held; by default it sees all.
            lent: Whether the stream comes and goes: the session neither ends with it nor fails when it does.

        Returns:
            The stream. The session ends when it fails, unless it was lent.

        Raises:
            StyleError: There is no style that can be used.
        """
        events = Events() if apart else self.events
        stream = Stream(
            source, self._stylizer, self.library, self._host, settings, view=view, events=events, quality=quality
        )
        with self._changing:
            self._streams = (*self._streams, stream)
            self._lent |= {stream} if lent else set()
            self.shown = self.shown or (None if lent else stream)
            self._slideshows[stream] = Slideshow(stream.controls, strobe=self.strobe)
            if self._running:
                stream.start()
        return stream

    def remove(self, stream: Stream, patience: float = 2.0) -> bool:
        """End a stream that was lent, and wait for its threads and files; its source stays the caller's to close.

        Args:
            stream: One of this session; harmless when it is one no more.
            patience: The most seconds to wait.

        Returns:
            Whether all of it has ended.
        """
        with self._changing:
            self._streams = tuple(known for known in self._streams if known is not stream)
            self._lent.discard(stream)
            self._slideshows.pop(stream, None)
            outputs = self._outputs.pop(stream, None)
        deadline = time.monotonic() + patience
        done = stream.close(deadline)
        return (outputs is None or outputs.close(deadline)) and done

    def save(self, shown: Shown, saving: Saving, windowed: bool = True) -> Outputs:
        """Save snapshots, clips and looks of something.

        Args:
            shown: A stream of this session, or the chosen one of several.
            saving: What is saved, where and how.
            windowed: Whether the session goes on when the clip that is recorded from the start ends early.

        Returns:
            What saves them.

        Raises:
            UsageError: There is no such codec, or the clip exists already.
            SinkError: The clip cannot be begun.
        """
        outputs = self._outputs[shown] = Outputs(shown, saving, self.stop, windowed)
        return outputs

    def stop(self) -> None:
        """End the session soon; `run` returns when all its threads have ended."""
        self._stop.set()

    @property
    def ending(self) -> bool:
        """Whether the session ends, or has ended."""
        return self._stop.is_set()

    def hanging(self, seconds: float) -> str:
        """Say what has hung for so many seconds: "the model", "the style network", "the window"; "" where nothing has."""
        if not self._running or self.ending:
            return ""
        if self._host.turn_seconds > seconds:
            return "the model"
        if self._codes and time.monotonic() - self._codes.began > seconds:
            return "the style network"
        return "the window" if time.monotonic() - self._stepped > seconds else ""

    @property
    def own(self) -> tuple[Stream, ...]:
        """The streams that were not lent; the session ends with them, or, where there are none, when it is told to."""
        return tuple(stream for stream in self._streams if stream not in self._lent)

    @property
    def figures(self) -> Figures:
        """How the first stream of its own runs, or ran; zeros where it has none."""
        return self.figures_of(self.shown.streams[0]) if self.shown else Meter().figures(0)

    def figures_of(self, stream: Stream) -> Figures:
        """Give how a stream runs, or ran; with the first of several, all that was lost after the model."""
        shown = self.shown if self.shown and stream is self.shown.streams[0] else stream
        outputs = self._outputs.get(shown)
        lost = self._display.dropped if self._display and shown is self.shown else 0
        if outputs:
            lost += outputs.dropped + (outputs.recorder.dropped if outputs.recorder else 0)
        return stream.figures(lost)

    def run(
        self,
        window: Window | None = None,
        *,
        frames: int | None = None,
        seconds: float | None = None,
        greeting: Sequence[str] = (),
        kiosk: frozenset[str] | None = None,
    ) -> Figures:
        """Run until the person quits, Ctrl-C, `stop`, or the frames or seconds are over. From the main thread.

        Args:
            window: Shows `shown`.
            frames: End after so many frames of it: shown, or stylized where there is no window.
            seconds: End after so many seconds.
            greeting: Notices for the window's first seconds.
            kiosk: The names of the keys that work, where strangers stand before the window, as `Display` has it.

        Returns:
            How the first stream ran.

        Raises:
            RealtimeError: The error of a thread, when all have ended and the clip is closed; or that of the clip that was to
                be recorded from the start: the picture goes on meanwhile, where there is a window for it.
        """
        hurry = threading.Event()
        interrupted = False
        codes: threading.Thread | None = None
        try:
            shown = self.shown
            if window and shown:
                outputs = self._outputs.get(shown)
                self._display = Display(window, shown, lambda: outputs.recorder if outputs else None, greeting, kiosk)
                self._display.open()
            elif shown:
                shown.attach(Counter(shown, frames))
            with self._changing:
                self._stepped, self._running = time.monotonic(), True
                for stream in self._streams:
                    if shown is None or stream not in shown.streams:
                        stream.attach(Counter(stream, None))
                    stream.start()
            codes = threads.start(self._work_out_codes, "codes")
            self._go_on(frames, seconds)
        except KeyboardInterrupt:
            interrupted = True
        except BaseException as error:
            self._error = self._error or error
        finally:
            with uninterrupted(hurry):
                self._finish(codes, INTERRUPTED_SECONDS if interrupted else END_SECONDS, hurry)
        for stream in self._streams:
            _log.info("stream of %s: %s", stream.source.name, self.figures_of(stream))
        errors = [self._error, *(stream.error for stream in self.own), *(o.error for o in self._outputs.values())]
        if wrong := next((error for error in errors if error is not None), None):
            raise wrong
        return self.figures

    def _go_on(self, frames: int | None, seconds: float | None) -> None:
        begin = time.monotonic()
        while not self._stop.is_set():
            self._stepped = time.monotonic()
            if self._display:
                self._display.step()
            else:
                self._stop.wait(0.02)
            for slideshow in tuple(self._slideshows.values()):
                slideshow.tick()
            own = self.own
            done = sum(stream.meter.shown.count for stream in self.shown.streams) if self.shown else 0
            over = own and (all(stream.ended.is_set() for stream in own) or any(stream.error for stream in own))
            if over or (seconds is not None and time.monotonic() - begin >= seconds) or (frames and done >= frames):
                return

    def _work_out_codes(self) -> None:
        try:
            self._codes = Codes(self.library, self._stylizer, lambda: self._streams, lambda: self.shown, self.events)
            self._codes.run(self._stop)
        except BaseException as error:
            self._error = self._error or error
            self._stop.set()

    def _finish(self, codes: threading.Thread | None, patience: float, hurry: threading.Event) -> None:
        """End everything, whatever of it fails: what goes wrong first is what `run` raises."""
        deadline = time.monotonic() + patience
        self._stop.set()
        with self._changing:
            self._running = False  # a stream that is added from now on starts no more
        for stream in self._streams:
            stream.stop()

        def wait(end: Callable[[], bool]) -> None:
            self.hangs = not end() or self.hangs

        try:
            with ExitStack() as stack:  # in the opposite order
                if codes:
                    stack.callback(wait, lambda: threads.join([codes], deadline, hurry))
                stack.callback(wait, lambda: self._host.close(deadline, hurry))
                for outputs in self._outputs.values():
                    stack.callback(outputs.close, deadline, hurry)
                for shown in (*self._streams, *([self.shown] if self.shown else [])):
                    stack.callback(shown.close, min(deadline, time.monotonic() + 2.0), hurry)
                if self._display:  # first, so that quitting is felt at once
                    stack.callback(self._display.close)
        except BaseException as error:
            self._error = self._error or error
