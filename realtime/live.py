"""The live session: a source, a stylizer and a window, each in its own thread, with one-slot mailboxes between them.

    capture ──▶ stylize ──▶ show (the main thread) ──▶ window, clip, snapshot
                   ▲
    codes ─────────┘  style codes, worked out ahead, off the way of the frames

What a person wants changed goes the other way, as commands to `Controls`, whose settings every thread reads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import platformdirs

from realtime.commands import Action, Controls, Settings
from realtime.errors import RealtimeError, StyleError
from realtime.frame import Frame, Picture, Stylized
from realtime.mailbox import Mailbox
from realtime.meter import Figures, Meter
from realtime.models.base import StyleCode
from realtime.sinks import RecorderSink, SnapshotSink, WindowSink
from realtime.sinks.base import create_file
from realtime.sinks.hud import draw
from realtime.sources import Source
from realtime.styles import StyleLibrary
from realtime.stylizer import Stylizer

_NOTICE_SECONDS = 3.0
_REDRAW_SECONDS = 0.25  # how often a picture that stays is drawn again, for what is written over it
_OWN_CODE_SECONDS = 0.5  # how often the content's own code is worked out again, for strengths below 1
_DIVIDER = 4  # pixels between the original and the stylized picture


class LiveSession:
    """A session from `run` to its end. Everything else may be called from any thread meanwhile.

    The source, the stylizer and the window stay the caller's, who closes them afterwards.
    """

    def __init__(
        self,
        source: Source,
        stylizer: Stylizer,
        library: StyleLibrary,
        settings: Settings | None = None,
        window: WindowSink | None = None,
        *,
        record: Path | None = None,
        out: Path | None = None,
        keep_original: bool = False,
        frames: int | None = None,
        seconds: float | None = None,
        say: Callable[[str], None] = lambda text: None,
        about: dict[str, str] | None = None,
    ) -> None:
        """`settings` to begin with (by default the first style, mirrored if the source is a camera). `record` names a
        clip to record from the start; `out` is the folder for snapshots and clips (by default the user's Pictures and
        Videos). It ends after `frames` shown or `seconds`. `say` is told what a person should know; `about` goes into
        the snapshots' text fields. UsageError or SinkError when the clip cannot be begun.
        """
        self.controls = Controls(settings or Settings(library.names[0], mirror=source.mirror), lambda: library.names)
        self._source, self._stylizer, self._library, self._window = source, stylizer, library, window
        self._frames, self._seconds, self._say = frames, seconds, say
        self._clips = out or platformdirs.user_videos_path() / "realtime"
        self._snapshot = SnapshotSink(out or platformdirs.user_pictures_path() / "realtime", keep_original, about)
        self._saver = ThreadPoolExecutor(1, "snapshot")
        self._meter = Meter()
        self._captured: Mailbox[Frame] = Mailbox()
        self._stylized: Mailbox[Stylized] = Mailbox()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._own: StyleCode | None = None
        self._newest: Picture | None = None
        self._notices: list[tuple[float, str]] = []
        self._source_notice = ""
        self._recorder = RecorderSink(record) if record else None
        self._recorder_drops = 0

    @property
    def figures(self) -> Figures:
        """How it runs, or ran."""
        drops = self._captured.dropped + self._stylized.dropped + self._recorder_drops
        return self._meter.figures(drops + (self._recorder.dropped if self._recorder else 0))

    def stop(self) -> None:
        """End the session soon; `run` returns when all its threads have ended."""
        self._stop.set()

    def run(self) -> Figures:
        """Run until the person quits, Ctrl-C, `stop`, or the frames or seconds are over. From the main thread.

        Raises the error of any of its threads, when all have ended and the clip is closed.
        """
        threads = [
            threading.Thread(target=self._guard, args=(work,), name=name)
            for name, work in (("capture", self._capture), ("stylize", self._stylize), ("codes", self._work_out_codes))
        ]
        for thread in threads:
            thread.start()
        try:
            self._show()
        except KeyboardInterrupt:
            pass
        except BaseException as error:
            self._error = self._error or error
        finally:
            self._stop.set()
            self._captured.close()
            self._stylized.close()
            if self._window:
                self._window.close()  # first, so that quitting is felt at once
            for thread in threads:
                thread.join()
            self._saver.shutdown()
            self._take_notices()
            self._stop_recording()
        if self._error:
            raise self._error
        return self.figures

    def _guard(self, work: Callable[[], None]) -> None:
        """A thread's whole life: what goes wrong in it ends the session and is raised by `run`."""
        try:
            work()
        except BaseException as error:
            self._error = self._error or error
        finally:
            self._stop.set()
            self._captured.close()
            self._stylized.close()

    # ---- capture ----

    def _capture(self) -> None:
        before: Picture | None = None
        mirrored: Picture | None = None
        while not self._stop.is_set():
            frame = self._source.read(0.1)
            if frame is None:
                continue
            self._meter.captured.tick()
            if self.controls.settings.mirror:
                # A slideshow gives the same picture many times: it stays one, and the model paints it once.
                if mirrored is None or frame.picture is not before:
                    before, mirrored = frame.picture, cv2.flip(frame.picture, 1).astype(np.uint8, copy=False)
                frame = Frame(mirrored, frame.time)
            self._captured.put(frame)

    # ---- stylize ----

    def _stylize(self) -> None:
        held: Picture | None = None
        last: Stylized | None = None
        made_of: tuple[object, ...] = ()
        style, code = self.controls.settings.style, self._library.code(self.controls.settings.style)
        while not self._stop.is_set():
            frame = self._captured.get(0.1)
            if frame is None:
                continue
            settings = self.controls.settings
            held = (held if held is not None else frame.picture) if settings.frozen else None
            if held is not None:
                frame = Frame(held, frame.time)
            self._newest = frame.picture
            if (ready := self._library.ready(settings.style)) is not None:
                style, code = settings.style, ready  # until it is ready the style before it stays
            strength = 0.0 if settings.original else settings.strength
            own = self._own if 0 < strength < 1 else None
            if (
                last is not None
                and all(a is b for a, b in zip(made_of, (frame.picture, code, own), strict=True))
                and last.strength == strength
            ):
                last = replace(last, frame=frame, model_seconds=0.0)
            else:
                begin = time.perf_counter()
                picture = self._stylizer(frame.picture, code, strength, own)
                seconds = time.perf_counter() - begin if strength else 0.0
                last = Stylized(frame, picture, style, strength, seconds)
                made_of = (frame.picture, code, own)
            self._meter.add_stylized(last.model_seconds)
            self._stylized.put(last)

    # ---- codes ----

    def _work_out_codes(self) -> None:
        """The style that is wanted now, then all others, then the content's own code while a strength below 1 needs it."""
        worked_out = 0.0
        while not self._stop.is_set():
            settings = self.controls.settings
            waiting = [name for name in self._library.names if self._library.ready(name) is None]
            if settings.style in waiting:
                waiting.insert(0, settings.style)
            if waiting:
                try:
                    self._library.code(waiting[0])
                except StyleError as error:
                    self.controls.notify(f"style {waiting[0]} is left out: {error}")
                continue
            if 0 < settings.strength < 1 and self._newest is not None:
                if time.monotonic() - worked_out > _OWN_CODE_SECONDS:
                    worked_out = time.monotonic()
                    new = self._stylizer.encode(self._newest)
                    self._own = self._own.blend(new, 0.5) if self._own else new  # eased, so that nothing jumps
            else:
                self._own = None
            self._stop.wait(0.02)

    # ---- show ----

    def _show(self) -> None:
        begin = drawn = time.monotonic()
        latest: Stylized | None = None
        view: Picture | None = None
        if self._recorder:
            self._notify(f"recording {self._recorder.path}")
        while not self._stop.is_set():
            stylized = self._stylized.get(0.01 if self._window else 0.1)
            settings = self.controls.settings
            now = time.monotonic()
            if stylized is not None:
                latest = stylized
                view = _beside(stylized) if settings.compare else stylized.picture
                self._record(replace(stylized, picture=view))
            if self._window and view is not None and (stylized is not None or now - drawn > _REDRAW_SECONDS):
                self._window.full_screen(settings.fullscreen)
                self._window.show(self._written_over(view, settings))
                drawn = now
            if self._window:
                for command in self._window.commands():
                    self.controls.apply(command)
            if stylized is not None:
                self._meter.add_shown(stylized.frame.time)
            self._take_notices()
            for wish in self.controls.take_wishes():
                self._fulfil(wish, latest)
            over = self._seconds is not None and time.monotonic() - begin >= self._seconds
            if over or self.controls.settings.quit or (self._frames and self._meter.shown.count >= self._frames):
                return

    def _fulfil(self, wish: Action, stylized: Stylized | None) -> None:
        if wish == "record" and self._recorder:
            self._stop_recording()
        elif wish == "record":
            self._start_recording()
        elif stylized is not None:
            self._saver.submit(self._save, stylized).add_done_callback(self._saved)

    def _save(self, stylized: Stylized) -> str:
        self._snapshot.write(stylized)
        return f"saved {self._snapshot.path}"

    def _saved(self, done: Future[str]) -> None:
        error = done.exception()
        if error is not None and not isinstance(error, RealtimeError):
            self._error = self._error or error
            self._stop.set()
        else:
            self.controls.notify(str(error) if error else done.result())

    def _start_recording(self) -> None:
        try:
            file, path = create_file(self._clips, self.controls.settings.style, ".mp4")
            file.close()
            self._recorder = RecorderSink(path, created=True)
        except RealtimeError as error:
            self._notify(str(error))
        else:
            self._notify(f"recording {path}")

    def _record(self, stylized: Stylized) -> None:
        if self._recorder:
            try:
                self._recorder.write(stylized)
            except RealtimeError:
                self._stop_recording()

    def _stop_recording(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        try:
            recorder.close()
        except RealtimeError as error:
            self._notify(str(error))
            return
        finally:
            self._recorder_drops += recorder.dropped
        lost = f", {recorder.dropped} frames dropped" if recorder.dropped else ""
        self._notify(f"saved {recorder.path} ({recorder.seconds:.1f} s{lost})")

    # ---- what is written over the picture ----

    def _notify(self, text: str) -> None:
        self._notices.append((time.monotonic() + _NOTICE_SECONDS, text))
        self._say(text)

    def _take_notices(self) -> None:
        for text in self.controls.take_notices():
            self._notify(text)
        notice = self._source.notice
        if notice and not self._source_notice:
            self._say(notice)
        self._source_notice = notice
        now = time.monotonic()
        self._notices = [(until, text) for until, text in self._notices if until > now]

    def _written_over(self, view: Picture, settings: Settings) -> Picture:
        notices = [text for _, text in self._notices[-4:]]
        if self._source_notice:
            notices.append(self._source_notice)
        line = self._line(settings) if settings.info else ""
        recording = _clock(self._recorder.seconds) if self._recorder and settings.info else ""
        if not (line or recording or notices or settings.help):
            return view
        return draw(view, line, recording, notices, settings.help)

    def _line(self, settings: Settings) -> str:
        parts = ["original" if settings.original else settings.style]
        if not settings.original and settings.strength < 1:
            parts.append(f"{settings.strength:.0%}")
        parts.append(f"{self._meter.shown.lately:.0f} fps")
        if settings.frozen:
            parts.append("frozen")
        return "  ·  ".join(parts)


def _beside(stylized: Stylized) -> Picture:
    """The original and the stylized picture side by side, with a divider."""
    height, width = stylized.picture.shape[:2]
    both = np.full((height, 2 * width + _DIVIDER, 3), 245, np.uint8)
    both[:, :width] = stylized.frame.picture
    both[:, -width:] = stylized.picture
    return both


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
