"""What is saved of what is shown: snapshots, clips, the last seconds, and kept looks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from realtime.control.actions import Action, KeepLook, Quit, RecallLook, Record, SaveReplay, Snapshot
from realtime.control.presets import Presets
from realtime.core import threads
from realtime.core.errors import RealtimeError, UsageError
from realtime.core.events import Notice, Saved
from realtime.live.kept_looks import KeptLooks
from realtime.live.large_snapshots import LargeSnapshots
from realtime.live.stream import Shown
from realtime.look.stylized import Stylized
from realtime.media.audio import SharedSound, Sound
from realtime.media.clip_file import clips_folder, timed_name
from realtime.media.codecs import DEFAULT_CODEC, find_codec
from realtime.sinks.base import Format, Sink
from realtime.sinks.recorder import CLOSE_SECONDS, RecorderSink
from realtime.sinks.replay import ReplaySink
from realtime.sinks.snapshot import SnapshotSink

_SAVE_NICE = 5  # how far saving gives way to the live picture
_MOST_SAVING = 3  # snapshots that may be on their way to the disk


@dataclass(frozen=True, slots=True)
class Saving:
    """What is saved, where and how.

    Attributes:
        folder: For snapshots and clips; by default `realtime` in the user's Pictures and Videos.
        record: A clip to record from the start.
        record_info: Whether clips show the heads-up line.
        codec: The codec of clips.
        microphone: The sound of clips; it stays the caller's.
        replay: Whether the last seconds are kept, to be saved by key.
        keep_original: Whether the original is saved beside each snapshot.
        about: More for the text fields of snapshots.
        presets: The folder of the kept looks; by default in the user's settings.
    """

    folder: Path | None = None
    record: Path | None = None
    record_info: bool = False
    codec: str = DEFAULT_CODEC
    microphone: Sound | None = None
    replay: bool = False
    keep_original: bool = False
    about: dict[str, str] | None = None
    presets: Path | None = None


class Outputs:
    """Carries out the actions that save something. Any thread may call; files are written by one of its own."""

    def __init__(self, shown: Shown, saving: Saving, stop: Callable[[], None], windowed: bool = True) -> None:
        """Stand ready, and begin the clip that is recorded from the start.

        Args:
            shown: Whose frames are saved.
            saving: What is saved, where and how.
            stop: Ends the session: for `Quit`, and where the clip that the session is there for has ended early.
            windowed: Whether there is a picture to go on with when that clip ends early.

        Raises:
            UsageError: There is no such codec, or the clip exists already.
            SinkError: The clip cannot be begun.
        """
        self._shown, self._saving, self._stop, self._windowed = shown, saving, stop, windowed
        self._codec = find_codec(saving.codec)
        self._clips = saving.folder or clips_folder()
        self._looks = KeptLooks(shown, Presets(shown.stream.library, saving.presets))
        self._snapshots = SnapshotSink(
            saving.folder or platformdirs.user_pictures_path() / "realtime",
            saving.keep_original,
            saving.about,
            shown.stream.library.portable,
        )
        self._large = LargeSnapshots(
            shown.stream.stylizer, shown.stream.library, self._snapshots, shown.events, self._unforeseen
        )
        self.error: BaseException | None = None
        """What went wrong with the clip that was to be recorded from the start, or in a way that should not be."""
        self.dropped = 0
        """Frames that clips lost."""
        self._changing = threading.Lock()
        self._busy = 0
        self._worker = threads.Worker("save", self._unforeseen, _SAVE_NICE)
        self._replay: ReplaySink | None = None
        self._recorder: RecorderSink | None = None
        self._asked_for: RecorderSink | None = None
        self._sound = SharedSound(saving.microphone) if saving.microphone else None
        if saving.replay:
            sound = self._sound.listen() if self._sound else None
            self._replay = ReplaySink(saving.codec, sound, jpegs=shown.view.jpegs)
            self._attach(self._replay)
        if saving.record:
            self._recorder = self._asked_for = self._begin_clip(saving.record)
        shown.perform = self.perform

    @property
    def recorder(self) -> RecorderSink | None:
        """The clip that is being recorded."""
        return self._recorder

    def perform(self, action: Action) -> None:
        """Carry out an action; before the first frame, when there is one.

        Raises:
            RealtimeError: It cannot be carried out.
        """
        if isinstance(action, Quit):
            self._stop()
        elif self._shown.latest is None:
            self._shown.after_first(lambda: self._perform_later(action))
        else:
            self._perform(action)

    def _perform_later(self, action: Action) -> None:
        with self._said():
            self._perform(action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Record):
            self._record(action)
        elif isinstance(action, SaveReplay):
            self._save_replay()
        elif isinstance(action, Snapshot):
            latest = self._shown.latest
            assert latest is not None
            self._save(lambda: self._write_snapshot(latest))
        elif isinstance(action, KeepLook):
            self._looks.keep(action.number)
        elif isinstance(action, RecallLook):
            self._looks.recall(action.number)
        else:
            raise UsageError(f"nobody here carries out {type(action).__name__}")

    # ---- clips ----

    def _record(self, action: Record) -> None:
        with self._changing:
            recorder = self._recorder
            if action.on in (None, False) and recorder:
                self._end_clip(recorder)
            elif action.on in (None, True) and not recorder:
                self._recorder = self._begin_clip(self._timed_clip())

    def _timed_clip(self) -> Path:
        return timed_name(self._clips, self._shown.stream.controls.settings.look.name, self._codec.ending)

    def _begin_clip(self, path: Path) -> RecorderSink:
        sound = self._sound.listen() if self._sound else None
        recorder = RecorderSink(path, self._codec.name, microphone=sound, events=self._shown.events)
        self._attach(recorder, self._saving.record_info)
        self._notify(f"recording {recorder.path}")
        return recorder

    def _end_clip(self, recorder: RecorderSink, deadline: float | None = None) -> None:
        """Take no more frames; the file is finished by the worker, since what waits is encoded first and disks are slow."""

        def close() -> None:
            patience = CLOSE_SECONDS if deadline is None else max(0.1, deadline - time.monotonic())
            self._close_clip(recorder, patience)

        self._recorder = None
        self._shown.remove_sink(recorder)
        self.dropped += recorder.dropped
        self._worker.submit(close)

    def _close_clip(self, recorder: RecorderSink, timeout: float) -> None:
        try:
            recorder.close_within(timeout)
        except RealtimeError as error:
            if recorder is self._asked_for:
                self.error = self.error or error
                if not self._windowed:  # said as the session ends, which is now
                    self._stop()
                    return
            self._notify(str(error))
            return
        if not recorder.path.exists():
            self._notify("nothing was recorded: no frame came")
            return
        lost = f", {recorder.dropped} frames dropped" if recorder.dropped else ""
        self._saved(recorder.path, f"saved {recorder.path} ({recorder.seconds:.1f} s{lost})")

    def _save_replay(self) -> None:
        replay = self._replay
        if replay is None:
            self._notify("the last seconds are not kept; --replay keeps them")
            return
        path = self._timed_clip()
        self._save(lambda: self._write_replay(replay, path))

    def _write_replay(self, replay: ReplaySink, path: Path) -> None:
        path, seconds = replay.save(path)
        self._saved(path, f"saved {path} (the last {seconds:.1f} s)")

    # ---- the rest ----

    def _write_snapshot(self, latest: Stylized) -> None:
        if self._snapshots.format is None:
            height, width = latest.picture.shape[:2]
            self._snapshots.open(Format((width, height)))
        self._snapshots.write(latest)
        assert self._snapshots.path
        self._saved(self._snapshots.path, f"saved {self._snapshots.path}")
        self._large.save(latest, self._snapshots.path)

    def _save(self, job: Callable[[], None]) -> None:
        """Do a job beside the picture, unless many wait already: a key that is held down asks again and again."""
        with self._changing:
            if self._busy >= _MOST_SAVING:
                return
            self._busy += 1

        def do() -> None:
            try:
                with self._said():
                    job()
            finally:
                with self._changing:
                    self._busy -= 1

        self._worker.submit(do)

    def _attach(self, sink: Sink, info: bool = False) -> None:
        self._shown.add_sink(sink, info=info, failed=self._sink_failed, keep_open=True)

    def _sink_failed(self, sink: Sink, error: BaseException) -> None:
        if not isinstance(error, RealtimeError):
            self._unforeseen(error)
        elif isinstance(sink, RecorderSink):
            with self._changing:
                if sink is self._recorder:
                    self._end_clip(sink)  # which says why

    def _unforeseen(self, error: BaseException) -> None:
        self.error = self.error or error
        self._stop()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Turn an error into a notice: the picture goes on."""
        try:
            yield
        except RealtimeError as error:
            self._notify(str(error))

    def _notify(self, text: str) -> None:
        self._shown.events.emit(Notice(text))

    def _saved(self, path: Path, text: str) -> None:
        self._shown.events.emit(Saved(text, path))

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """End the clip, and wait until all is on the disk as `threads.join` has it.

        Returns:
            Whether all of it is.
        """
        with self._changing:
            if self._recorder:
                self._end_clip(self._recorder, deadline)
        done = self._worker.close(deadline, hurry)
        done = self._large.close(deadline, hurry) and done
        if self._replay:
            self._shown.remove_sink(self._replay)
            self._replay.close()
        return done
