"""Clips: what is shown, every frame at the time it was captured, with the sound of a microphone if there is one."""

from __future__ import annotations

import atexit
import logging
import threading
from contextlib import suppress
from pathlib import Path

from realtime.core.errors import RealtimeError, SinkError
from realtime.core.events import Events, Notice
from realtime.core.installed import program, quoted
from realtime.look.stylized import Stylized
from realtime.media.audio import Sound
from realtime.media.clip_file import ClipFile
from realtime.media.codecs import DEFAULT_CODEC, Packet, Track, find_codec
from realtime.media.encoder import Encoding
from realtime.sinks.base import Sink

_log = logging.getLogger(__name__)

_AT_EXIT = 5.0  # seconds that the program's end waits for a clip that nobody closed
CLOSE_SECONDS = 30.0
"""How long `close` waits for the encoder."""


class RecorderSink(Sink):
    """One clip. Frames of another size than the first are fitted into it, on black.

    When the encoder is too slow frames are dropped and counted in `dropped`; those that are kept stay at their times.
    """

    queues = True

    def __init__(
        self,
        path: Path,
        codec: str = DEFAULT_CODEC,
        *,
        microphone: Sound | None = None,
        events: Events | None = None,
    ) -> None:
        """Begin a clip; nothing is written before the first frame.

        Args:
            path: The file. There must be none of that name: no clip is ever overwritten.
            codec: The name of the codec; the ending of `path` must be its own.
            microphone: The sound; it stays the caller's.
            events: The feed that is told which encoder is used.

        Raises:
            UsageError: There is no such codec, the file's ending is not its own, or the file exists.
            SinkError: The file cannot be made.
        """
        self._clip = _Clip(ClipFile(path, find_codec(codec)), events or Events())
        self._encoding = Encoding(find_codec(codec), self._clip, microphone)
        self.dropped = 0
        self.seconds = 0.0
        """The length so far."""
        self._begin: float | None = None
        # At the program's end the clip is closed if nobody did.
        atexit.register(self._close_at_exit)

    def _close_at_exit(self) -> None:
        with suppress(RealtimeError):
            self.close_within(_AT_EXIT)

    @property
    def name(self) -> str:
        """The clip's file name."""
        return f"clip {self.path.name}"

    @property
    def path(self) -> Path:
        """The file's name when it is closed, and then the one that it got: there may be a file of that name by now."""
        return self._clip.file.path

    @property
    def partial(self) -> Path:
        """The file's name until then."""
        return self._clip.file.partial

    def _write(self, stylized: Stylized) -> None:
        if self._clip.error:
            raise self._clip.error
        time = stylized.frame.time
        if self._begin is None:
            self._begin = time
        self.seconds = max(self.seconds, time - self._begin)
        if not self._encoding.write(stylized.picture, time):
            self.dropped += 1
            _log.warning("the encoder is too slow: %d frames of the clip dropped so far", self.dropped)

    def settle(self) -> None:
        """Wait until everything that was written is encoded."""
        self._encoding.settle()

    def _close(self) -> None:
        self.close_within(CLOSE_SECONDS)

    def close_within(self, timeout: float) -> None:
        """Close, and wait no longer than `timeout` seconds for the encoder and the disk.

        Raises:
            SinkError: The clip could not be finished. What was written is kept under its unfinished name.
        """
        self._closed = True
        self._encoding.close(timeout)
        done = self._clip.done.wait(0)
        atexit.unregister(self._close_at_exit)
        if not done:
            raise SinkError(
                f"the clip {self.path.name} could not be finished within {timeout:.0f} s; {self.partial.name} holds what was"
                f" recorded: {program()} doctor --repair {quoted(str(self.partial))}"
            )
        if self._clip.error:
            raise self._clip.error


class _Clip:
    """The file of a clip as the encoding thread sees it."""

    def __init__(self, file: ClipFile, events: Events) -> None:
        self.file, self._events = file, events
        self.error: RealtimeError | None = None
        self.done = threading.Event()

    def begin(self, video: Track, sound: Track | None) -> None:
        self.file.begin(video, sound)
        self._events.emit(Notice(f"{self.file.path.name} is encoded by {video.encoder}"))

    def fits(self, track: Track) -> bool:
        return self.file.fits(track)

    def take(self, packet: Packet) -> None:
        self.file.take(packet)

    def ended(self, error: RealtimeError | None) -> None:
        if self.done.is_set():
            return
        try:
            self.file.close()
        except RealtimeError as failure:
            error = error or failure
        except Exception as failure:  # it is said, and the encoding goes on
            error = error or SinkError(f"the clip {self.file.path.name} could not be finished ({failure!r})")
        self.error = error
        self.done.set()
