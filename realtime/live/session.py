"""The live session: a source, a stylizer and a window, each in its own thread, with one-slot mailboxes between them.

    capture ──▶ stylize ──▶ show (the main thread) ──▶ window, clip, snapshot
                   ▲
    codes ─────────┘  style codes, worked out ahead, off the way of the frames

What a person wants changed goes the other way, as commands to `Controls`, whose settings every thread reads.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs

from realtime.control.controls import Command, Controls, Settings
from realtime.core.errors import RealtimeError, SourceEndedError, StyleError, UsageError
from realtime.core.frame import Frame, Picture
from realtime.core.geometry import flipped
from realtime.core.mailbox import Mailbox
from realtime.core.meter import Figures, Meter
from realtime.core.signals import uninterrupted
from realtime.look.look import Look, Mixture
from realtime.look.look_files import read_look, write_look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.media.audio import Sound
from realtime.media.clip_file import clips_folder, timed_name
from realtime.media.codecs import DEFAULT_CODEC, find_codec
from realtime.models.stylizer import Stylizer
from realtime.sinks.hud import draw
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.replay import ReplaySink
from realtime.sinks.snapshot import SnapshotSink
from realtime.sinks.window import WindowSink
from realtime.sources.base import Source
from realtime.styles.library import StyleLibrary

_NOTICE_SECONDS = 3.0
_REDRAW_SECONDS = 0.25  # how often a picture that stays is drawn again, for what is written over it
_MOST_SAVING = 3  # snapshots that may be on their way to the disk
_DIVIDER = 4  # pixels between the original and the stylized picture


class LiveSession:
    """A session from `run` to its end. Everything else may be called from any thread meanwhile.

    It closes the window when it ends; the source and the stylizer stay the caller's.
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
        record_info: bool = False,
        codec: str = DEFAULT_CODEC,
        microphone: Sound | None = None,
        replay: bool = False,
        out: Path | None = None,
        keep_original: bool = False,
        frames: int | None = None,
        seconds: float | None = None,
        say: Callable[[str], None] = lambda text: None,
        about: dict[str, str] | None = None,
        presets: Path | None = None,
    ) -> None:
        """`settings` to begin with (by default the first style, mirrored if the source is a camera). `record` names a
        clip to record from the start; clips are in `codec`, with the sound of `microphone` (which stays the caller's), and
        with the heads-up line if `record_info`; `replay` keeps the last seconds, to be saved by key. `out` is the folder
        for snapshots and clips (by default the user's Pictures and Videos). It ends after `frames` shown or `seconds`.
        `say` is told what a person should know; `about` goes into the snapshots' text fields. `presets` is the folder of the
        kept looks (by default in the user's settings). UsageError or SinkError when the clip cannot be begun.
        """
        self.controls = Controls(
            settings or Settings(Look(((library.first(), 1.0),)), mirror=source.mirror), lambda: library.names
        )
        self._source, self._library, self._window = source, library, window
        self._frames, self._seconds, self._say = frames, seconds, say
        self._clips = out or clips_folder()
        self._codec, self._microphone, self._record_info = find_codec(codec), microphone, record_info
        self._snapshot = SnapshotSink(
            out or platformdirs.user_pictures_path() / "realtime", keep_original, about, library.portable
        )
        self._saver = ThreadPoolExecutor(1, "snapshot")
        self._saving: list[Future[str]] = []
        self._meter = Meter()
        self._captured: Mailbox[Frame] = Mailbox()
        self._stylized: Mailbox[Stylized] = Mailbox()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._painter = Pipeline(stylizer, library.ready, self.controls.settings.morph)
        self._presets = presets or platformdirs.user_config_path("realtime") / "looks"
        self._in_use = self.controls.settings.look
        self._notices: list[tuple[float, str]] = []
        self._source_notice = ""
        self._replay = ReplaySink(codec, microphone) if replay else None
        self._recorder = self._asked_for = self._begin_clip(record) if record else None
        self._cut_short: RealtimeError | None = None
        self._recorder_drops = 0
        self._slide: Mixture = ()
        self._slide_since = 0.0

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

        Raises the error of any of its threads, when all have ended and the clip is closed; and that of the clip that was to
        be recorded from the start, if it ended early: the picture goes on meanwhile, where there is a window for it.
        """
        threads = [
            threading.Thread(target=self._guard, args=(work,), name=name)
            for name, work in (("capture", self._capture), ("stylize", self._stylize), ("codes", self._work_out_codes))
        ]
        try:
            for thread in threads:
                thread.start()
            self._show()
        except KeyboardInterrupt:
            pass
        except BaseException as error:
            self._error = self._error or error
        finally:
            with uninterrupted():
                self._finish([thread for thread in threads if thread.ident])
        if wrong := self._error or self._cut_short:
            raise wrong
        return self.figures

    def _finish(self, threads: list[threading.Thread]) -> None:
        self._end_all()
        if self._window:
            self._window.close()  # first, so that quitting is felt at once
        for thread in threads:
            thread.join()
        self._stop_recording()
        self._saver.shutdown()
        if self._replay:
            self._replay.close()
        self._take_notices()

    def _end_all(self) -> None:
        self._stop.set()
        self._captured.close()
        self._stylized.close()

    def _guard(self, work: Callable[[], None]) -> None:
        """A thread's whole life: what goes wrong in it ends the session and is raised by `run`."""
        try:
            work()
        except BaseException as error:
            self._error = self._error or error
        finally:
            self._end_all()

    # ---- capture ----

    def _capture(self) -> None:
        with contextlib.suppress(SourceEndedError):  # then the session ends too
            while not self._stop.is_set():
                if (frame := self._source.read(0.1)) is not None:
                    self._meter.captured.tick()
                    self._captured.put(frame)

    # ---- stylize ----

    def _stylize(self) -> None:
        newest: Frame | None = None
        before: Settings | None = None
        held: Picture | None = None
        mirrored: tuple[Picture, Picture] | None = None
        for name, _ in self._in_use.styles:
            self._library.code(name)
        while not self._stop.is_set():
            frame = self._captured.get(0.1)
            settings = self.controls.settings
            if frame is None and newest is not None and (settings is not before or not self._painter.settled):
                # A key was pressed, or a style is on its way, and no new picture comes.
                frame = Frame(newest.picture, time.monotonic())
            if frame is None:
                continue
            newest, before = frame, settings
            held = (held if held is not None else frame.picture) if settings.frozen else None
            picture = frame.picture if held is None else held
            if settings.mirror:
                # A slideshow gives the same picture many times: it stays one, and the model paints it once.
                if mirrored is None or mirrored[0] is not picture:
                    mirrored = picture, flipped(picture)
                picture = mirrored[1]
            self._painter.morph = settings.morph
            paint = self._painter.untouched if settings.original else self._painter.paint
            latest = paint(Frame(picture, frame.time), settings.look)
            if all(self._library.ready(name) for name, _ in settings.look.styles):
                self._in_use = settings.look  # not what a morph is at, which nobody chose
            self._meter.add_stylized(latest.model_seconds)
            self._stylized.put(latest)

    # ---- codes ----

    def _work_out_codes(self) -> None:
        """The styles that are wanted now, then all others; and what changes in the folders."""
        while not self._stop.is_set():
            for text in self._library.refresh():
                self.controls.notify(text)
            names, wanted = self._library.names, dict(self.controls.settings.look.styles)
            waiting = [
                name for name in sorted(names, key=lambda name: name not in wanted) if not self._library.ready(name)
            ]
            if waiting:
                self._work_out(waiting[0])
            else:
                self._stop.wait(0.02)

    def _work_out(self, style: str) -> None:
        try:
            self._library.code(style)
        except (StyleError, UsageError) as error:
            self.controls.notify(f"style {style} is left out: {error}")
            if style in dict(self.controls.settings.look.styles):
                with contextlib.suppress(UsageError):  # those in use may be gone too: the picture goes on all the same
                    self.controls.use(replace(self.controls.settings.look, styles=self._in_use.styles))

    # ---- show ----

    def _show(self) -> None:
        begin = drawn = time.monotonic()
        before = self.controls.settings
        latest: Stylized | None = None
        if self._recorder:
            self._notify(f"recording {self._recorder.path}")
        while not self._stop.is_set():
            stylized = self._stylized.get(0.01 if self._window else 0.1)
            settings = self.controls.settings
            now = time.monotonic()
            if stylized is not None:
                latest = stylized
                self._record(stylized, settings)
            if self._window:
                if stylized is not None or settings is not before or now - drawn > _REDRAW_SECONDS:
                    self._window.full_screen(settings.fullscreen)
                    self._window.show(self._written_over(latest, settings))
                    drawn, before = now, settings
                for command in self._window.commands():
                    with self._said():
                        self.controls.apply(command)
            if stylized is not None:
                self._meter.add_shown(stylized.frame.time)
            self._take_notices()
            if latest is not None:  # before the first picture wishes wait
                for wish in self.controls.take_wishes():
                    self._fulfil(wish, latest)
            self._go_on_with_slideshow(self.controls.settings, now)
            over = self._seconds is not None and time.monotonic() - begin >= self._seconds
            if over or self.controls.settings.quit or (self._frames and self._meter.shown.count >= self._frames):
                return

    def _go_on_with_slideshow(self, settings: Settings, now: float) -> None:
        """The next style when the one shown has had its time; a style that was chosen by key has its time too."""
        if settings.look.styles != self._slide or not settings.slideshow or settings.frozen or settings.keeping:
            self._slide, self._slide_since = settings.look.styles, now
        elif now - self._slide_since >= settings.slideshow:
            self.controls.apply(Command("step", 1))

    def _fulfil(self, wish: Command, latest: Stylized) -> None:
        self._saving = [save for save in self._saving if not save.done()]
        if wish.action == "record" and self._recorder:
            self._stop_recording()
        elif wish.action == "record":
            self._start_recording()
        elif wish.action == "replay":
            self._save_replay()
        elif wish.action in ("preset", "keep"):
            with self._said():
                self._use_preset(int(wish.value or 1), keep=wish.action == "keep")
        elif len(self._saving) < _MOST_SAVING:  # a key that is held down asks again and again
            self._saving.append(self._saver.submit(self._save, latest, self.controls.settings.mirror))
            self._saving[-1].add_done_callback(self._saved)

    def _use_preset(self, number: int, keep: bool) -> None:
        """Recall the look kept under a number, or keep the look in use there."""
        path = self._presets / f"{number}.toml"
        if keep:
            gone = [name for name, _ in self.controls.settings.look.styles if name not in self._library.names]
            if gone:
                raise UsageError(f"style {gone[0]} is gone; a look with it cannot be kept")
            write_look(self._library.portable(self.controls.settings.look), path)
            self._notify(f"look kept: F{number} recalls it")
        elif path.exists():
            look = read_look(path)
            self.controls.use(
                replace(look, styles=tuple((self._library.find(name), weight) for name, weight in look.styles))
            )
            self._notify(f"look {number}: {self.controls.settings.look.name}")
        else:
            self._notify(f"no look is kept under F{number}; k and F{number} keep the one in use")

    def _save(self, stylized: Stylized, mirror: bool) -> str:
        self._snapshot.write(stylized, {"mirror": "yes" if mirror else "no"})
        return f"saved {self._snapshot.path}"

    def _saved(self, done: Future[str]) -> None:
        error = done.exception()
        if error is not None and not isinstance(error, RealtimeError):
            self._error = self._error or error
            self._stop.set()
        elif error is None:
            self.controls.notify(done.result())
        elif error is not self._cut_short or self._window:  # else it is said as the session ends, which is now
            self.controls.notify(str(error))

    def _start_recording(self) -> None:
        with self._said():
            self._recorder = self._begin_clip(self._timed_clip())
            self._notify(f"recording {self._recorder.path}")

    def _timed_clip(self) -> Path:
        return timed_name(self._clips, self.controls.settings.look.name, self._codec.ending)

    def _begin_clip(self, path: Path) -> RecorderSink:
        encoding = self._replay.encoding if self._replay else None
        return RecorderSink(
            path, self._codec.name, microphone=self._microphone, encoding=encoding, say=self.controls.notify
        )

    def _record(self, stylized: Stylized, settings: Settings) -> None:
        """Record what is shown, without what is written over it."""
        sink = self._recorder or self._replay
        if sink is None:
            return
        view = _view(stylized, settings)
        if self._record_info:
            view = draw(view, self._line(stylized, settings))
        try:
            sink.write(replace(stylized, picture=view))
        except RealtimeError:
            self._stop_recording()

    def _stop_recording(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder:
            self._recorder_drops += recorder.dropped
            # Not here: what waits is encoded first, and the disk may be slow.
            self._saver.submit(self._close_clip, recorder).add_done_callback(self._saved)

    def _close_clip(self, recorder: RecorderSink) -> str:
        try:
            recorder.close()
        except RealtimeError as error:
            if recorder is self._asked_for:
                self._cut_short = error
                if not self._window:
                    self._stop.set()
            raise
        if not recorder.path.exists():
            return "nothing was recorded: no frame came"
        lost = f", {recorder.dropped} frames dropped" if recorder.dropped else ""
        return f"saved {recorder.path} ({recorder.seconds:.1f} s{lost})"

    def _save_replay(self) -> None:
        if self._replay is None:
            self._notify("the last seconds are not kept; --replay keeps them")
        elif len(self._saving) < _MOST_SAVING:
            with self._said():
                self._saving.append(self._saver.submit(self._write_replay, self._replay, self._timed_clip()))
                self._saving[-1].add_done_callback(self._saved)

    def _write_replay(self, replay: ReplaySink, path: Path) -> str:
        path, seconds = replay.save(path)
        return f"saved {path} (the last {seconds:.1f} s)"

    # ---- what is written over the picture ----

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """An error in here is a notice, and the picture goes on."""
        try:
            yield
        except RealtimeError as error:
            self._notify(str(error))

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

    def _written_over(self, latest: Stylized | None, settings: Settings) -> Picture:
        notices = [text for _, text in self._notices[-4:]]
        if self._source_notice:
            notices.append(self._source_notice)
        if latest is None:
            return draw(
                np.zeros((480, 640, 3), np.uint8), "", "", [f"waiting for {self._source.name}", *notices], settings.help
            )
        view = _view(latest, settings)
        line = self._line(latest, settings) if settings.info else ""
        recording = _clock(self._recorder) if self._recorder else ""
        if not (line or recording or notices or settings.help):
            return view
        return draw(view, line, recording, notices, settings.help)

    def _line(self, latest: Stylized, settings: Settings) -> str:
        names = self._library.names
        look = latest.look
        place = f"{names.index(look.name) + 1}/{len(names)} " if look.name in names else ""
        amounts = {"strength": settings.look.strength, "own colours": look.own_colours, "steady": look.steady}
        parts = [place + _mixed(look)] + [
            f"{name} {amount:.0%}" for name, amount in amounts.items() if amount != (name == "strength")
        ]
        parts += [f"brush {look.brush:.0%}"] if look.brush < 1 else []
        parts = ["original"] if settings.original else parts
        parts += [f"{self._meter.shown.lately:.0f} fps", "frozen" if settings.frozen else ""]
        return "  ·  ".join(part for part in parts if part)


def _mixed(look: Look) -> str:
    """The styles' names, with their weights where there are several."""
    if len(look.styles) == 1:
        return look.name
    return " + ".join(f"{name} {weight:.0%}" for name, weight in look.styles)


def _view(stylized: Stylized, settings: Settings) -> Picture:
    """What is shown of it: the picture, or the original and the picture side by side with a divider."""
    if not settings.compare:
        return stylized.picture
    height, width = stylized.picture.shape[:2]
    both = np.full((height, 2 * width + _DIVIDER, 3), 245, np.uint8)
    both[:, :width] = stylized.frame.picture
    both[:, -width:] = stylized.picture
    return both


def _clock(recorder: RecorderSink) -> str:
    lost = f" · {recorder.dropped} dropped" if recorder.dropped else ""
    return f"{int(recorder.seconds) // 60}:{int(recorder.seconds) % 60:02d}{lost}"
