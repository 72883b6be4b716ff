"""Clips: what is shown, every frame at the time it was captured, with the sound of a microphone if there is one."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from pathlib import Path

from realtime.core.errors import RealtimeError, SinkError
from realtime.look.stylized import Stylized
from realtime.media.audio import Sound
from realtime.media.clip_file import ClipFile
from realtime.media.codecs import DEFAULT_CODEC, Packet, Track, find_codec
from realtime.media.encoder import Encoding
from realtime.sinks.base import Sink

_AT_EXIT = 5.0  # seconds, twice: how long the program's end waits for a clip that nobody closed


class RecorderSink(Sink):
    """One clip. Frames of another size than the first are fitted into it, on black.

    When the encoder is too slow frames are dropped and counted in `dropped`; the ones kept stay at their times.
    """

    def __init__(
        self,
        path: Path,
        codec: str = DEFAULT_CODEC,
        *,
        microphone: Sound | None = None,
        encoding: Encoding | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`microphone` stays the caller's. `encoding` is one that runs already, for something else; its codec and its
        microphone are taken then. `say` is told which encoder is used.

        UsageError when there is no such codec, the file's ending is not its own or the file exists (none is ever
        overwritten); SinkError when it cannot be made.
        """
        self._own = None if encoding else Encoding(find_codec(codec), microphone)
        self._encoding = encoding or self._own
        assert self._encoding
        self._clip = _Clip(ClipFile(path, self._encoding.codec), say)
        self.dropped = 0
        self.seconds = 0.0
        """The length so far."""
        self._begin: float | None = None
        self._closed = False
        # At the program's end the clip is closed if nobody did (a second Ctrl-C while the session was tidying up).
        atexit.register(self._close_at_exit)
        self._encoding.attach(self._clip)

    @property
    def path(self) -> Path:
        """Its name when it is closed, and then the one that it got: there may be a file of that name by now."""
        return self._clip.file.path

    @property
    def partial(self) -> Path:
        """Its name until then."""
        return self._clip.file.partial

    def write(self, stylized: Stylized) -> None:
        if self._closed:
            raise SinkError(f"the clip {self.path.name} was closed")
        if self._clip.error:
            raise self._clip.error
        assert self._encoding
        time = stylized.frame.time
        if self._begin is None:
            self._begin = time
        self.seconds = max(self.seconds, time - self._begin)
        self.dropped += not self._encoding.write(stylized.picture, time)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._finish(None)
        atexit.unregister(self._close_at_exit)
        if self._clip.error:
            raise self._clip.error

    def _close_at_exit(self) -> None:
        self._closed = True
        self._finish(_AT_EXIT)

    def _finish(self, timeout: float | None) -> None:
        if self._own:
            self._own.close(timeout)
        elif self._encoding:
            self._encoding.detach(self._clip)
        self._clip.done.wait(timeout)


class _Clip:
    """The clip's file as the encoding thread sees it."""

    lasting = True

    def __init__(self, file: ClipFile, say: Callable[[str], None]) -> None:
        self.file, self._say = file, say
        self.error: RealtimeError | None = None
        self.done = threading.Event()

    def begin(self, video: Track, sound: Track | None) -> None:
        self.file.begin(video, sound)
        self._say(f"{self.file.path.name} is encoded by {video.encoder}")

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
