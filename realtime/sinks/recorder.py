"""Clips: H.264 in MP4, every frame at the time it was captured, encoded in a thread of its own.

The file is written in fragments, so that a clip whose program was killed still opens; when it is closed it becomes a
normal MP4 (FFmpeg's movflags hybrid_fragmented, https://ffmpeg.org/ffmpeg-formats.html#mov_002c-mp4_002c-ismv).
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.errors import RealtimeError, SinkError, UsageError
from realtime.frame import Picture, Size, Stylized
from realtime.sinks.base import Sink

_TICK = 90_000  # of a second: the clock of MPEG streams, fine enough for any camera
_FRAGMENT = 1.0  # seconds of a clip that are written at a time, and lost when the program is killed
_AT_EXIT = 5.0  # seconds, twice: how long the program's end waits for a clip that nobody closed
_WAITING = 12  # frames that may wait for the encoder, at most 75 MB at 1920×1080


class RecorderSink(Sink):
    """One clip. Frames of another size than the first are fitted into it, on black.

    When the encoder is too slow frames are dropped and counted in `dropped`; the ones kept stay at their times.
    """

    def __init__(self, path: Path, created: bool = False) -> None:
        """`created`: `create_file` made the file already, for this clip.

        UsageError when the file exists (it is never overwritten) or is no .mp4; SinkError when it cannot be made.
        """
        if path.suffix.lower() != ".mp4":
            raise UsageError(f"a clip is an .mp4 file, not {path.name!r}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            open(path, "ab" if created else "xb").close()
        except OSError as error:
            if isinstance(error, FileExistsError) and path.exists():  # not a file in the place of its folder
                raise UsageError(f"{path} exists already; clips are never overwritten, choose another name") from None
            raise SinkError(f"the clip {path} cannot be made ({error.strerror})") from error
        self.path = path
        self.dropped = 0
        self.seconds = 0.0
        """The length so far."""
        self._begin: float | None = None
        self._frames: queue.Queue[tuple[Picture, float] | None] = queue.Queue(_WAITING)
        self._error: RealtimeError | None = None
        self._closed = False
        # A daemon, so that the program can end whatever happens; at its end the clip is closed if nobody did (a second
        # Ctrl-C while the session was tidying up).
        self._thread = threading.Thread(target=self._run, name=f"record {path.name}", daemon=True)
        atexit.register(self._close_at_exit)

    def write(self, stylized: Stylized) -> None:
        if self._closed:
            raise SinkError(f"the clip {self.path.name} was closed")
        if self._error:
            raise self._error
        if self._begin is None:
            self._begin = stylized.frame.time
            self._thread.start()
        self.seconds = max(self.seconds, stylized.frame.time - self._begin)
        try:
            self._frames.put_nowait((stylized.picture, stylized.frame.time - self._begin))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._finish(None)
        atexit.unregister(self._close_at_exit)
        if self._error:
            raise self._error

    def _close_at_exit(self) -> None:
        self._closed = True
        self._finish(_AT_EXIT)

    def _finish(self, timeout: float | None) -> None:
        if self._thread.is_alive():
            with suppress(queue.Full):
                self._frames.put(None, timeout=timeout)
                self._thread.join(timeout)
        with suppress(OSError):
            if self.path.stat().st_size == 0:
                self.path.unlink()  # nothing was recorded: an empty file is no clip

    def _run(self) -> None:
        try:
            self._encode()
        except OSError as error:  # FFmpeg's errors are OSErrors too
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            self._error = SinkError(f"the clip {self.path.name} ended early ({reason}); what came before is kept")
        except Exception as error:  # whatever it is, it is shown and not swallowed
            self._error = SinkError(f"the clip {self.path.name} ended early ({error!r}); what came before is kept")
        while self._error and self._frames.get() is not None:
            pass

    def _encode(self) -> None:
        first = self._frames.get()
        if first is None:
            return
        # After cv2, always: the other way round OpenCV's first window would hang (both bring an FFmpeg).
        import av

        height, width = first[0].shape[:2]
        size = (width + width % 2, height + height % 2)  # yuv420p halves both sides
        flags = {"movflags": "hybrid_fragmented+frag_keyframe", "flush_packets": "1"}
        # The whole path: FFmpeg would take a file "12:30.mp4" for an address.
        with av.open(str(self.path.absolute()), "w", format="mp4", options=flags) as container:
            stream: Any = container.add_stream(
                "libx264", rate=Fraction(30), options={"preset": "ultrafast", "crf": "19"}
            )
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = stream.time_base = Fraction(1, _TICK)
            # BT.601, limited range: what OpenCV's conversion makes
            stream.codec_context.colorspace, stream.codec_context.color_range = 6, 1
            stream.codec_context.thread_count = 1  # the cores belong to the model
            stream.codec_context.gop_size = 30
            item: tuple[Picture, float] | None = first
            last, key = -1, -_TICK
            while item is not None:
                picture, seconds = item
                # OpenCV's conversion is exact where FFmpeg's quick one would tint greys green.
                planes: Any = cv2.cvtColor(_fitted(picture, size), cv2.COLOR_BGR2YUV_I420)
                frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                frame.time_base = Fraction(1, _TICK)
                frame.pts = last = max(last + 1, round(seconds * _TICK))
                if last - key >= _FRAGMENT * _TICK:  # a fragment ends where the next key frame comes
                    frame.pict_type = av.video.frame.PictureType.I
                    key = last
                container.mux(stream.encode(frame))
                item = self._frames.get()
            container.mux(stream.encode(None))


def _fitted(picture: Picture, size: Size) -> Picture:
    """`picture` inside `size` (width, height), scaled if it must be, its aspect kept; a missing row or column repeated."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    if size[0] - width in (0, 1) and size[1] - height in (0, 1):
        return cv2.copyMakeBorder(picture, 0, size[1] - height, 0, size[0] - width, cv2.BORDER_REPLICATE)  # type: ignore[return-value]
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return canvas
