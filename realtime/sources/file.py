"""A video file, at its own pace as if it were live."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from realtime.core.buffers import reused
from realtime.core.errors import SourceEndedError, SourceError
from realtime.core.frame import Frame, Picture, Size
from realtime.core.geometry import fit
from realtime.core.memory import return_free_memory
from realtime.core.paths import user_path
from realtime.core.text import clean
from realtime.media.ffmpeg import odd_clock
from realtime.sources.base import Pace, Source, captured

_LONGEST_SKIP = 2.0  # seconds: being later than this is a pause (a closed lid), not a slow model
_JUMP = 10.0  # seconds between two frames of a transport stream, from which on its clock jumped: as FFmpeg has it
_LONGEST_SEARCH = 0.25  # seconds to look for the frame that is due: a file too heavy for this computer never gets there
_ONE_THREAD = 1920 * 1080 * 30
"""Pixels a second that one thread of FFmpeg decodes with ease. Left alone it takes a thread for each core, each of which keeps
pictures of its own: 9 MB a thread at 1280×720."""


class FileSource(Source):
    """Play any video that OpenCV opens, turned upright as the file asks.

    A reader that is late skips frames, as with a camera; after a long pause it goes on from where it was.
    """

    def __init__(self, path: Path, size: Size | None = None, loop: bool = True) -> None:
        """Open the file and find its first frame.

        Args:
            path: The file.
            size: The width and height that larger frames are scaled down to fit.
            loop: Whether to begin again at the end; else the source ends there.

        Raises:
            SourceError: The file cannot be opened or holds no picture.
        """
        self.name = clean(path.name)
        if clean(whole := str(path.absolute())) != whole:  # OpenCV would crash
            raise SourceError(f"the name {clean(str(path))} has bytes that are no UTF-8; rename it and try again")
        self._path, self._box = path, size
        self.ends = not loop
        self._over = False
        self._pace = Pace(self.name)
        self._reading = threading.Lock()
        self._heavy = False  # whether one thread may not decode it in time
        self._capture = self._open()
        self._heavy = not _declared(self._capture) <= _ONE_THREAD
        if self._heavy:
            self._capture.release()
            self._capture = self._open()
        if not self._capture.isOpened() or not self._capture.grab():
            self._capture.release()
            raise SourceError(f"{path} cannot be opened as a video; OpenCV reads MP4, MKV, WebM, AVI, MOV and the like")
        self._jumps, counted = odd_clock(path)
        rate = counted or self._capture.get(cv2.CAP_PROP_FPS)
        self._interval = 1 / rate if 1 <= rate <= 1000 else 1 / 25
        self._index = 0
        self._begin = -self._stamp()  # what to add to a frame's time stamp to know when it is due
        width = round(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = round(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self._turned = False  # whether it went from the end to the beginning
        self._shape: tuple[int, ...] = ()  # of the newest picture, before it was scaled down
        self._size = fit((width, height), size or (width, height)) if width > 0 and height > 0 else None

    @classmethod
    def open(cls, text: str, size: Size, fps: float) -> FileSource:
        """Open the file of the path `text`; its rate is its own."""
        return cls(user_path(text), size)

    @property
    def size(self) -> Size | None:
        """The width and height of the newest frame, in pixels; of the first one before any was read."""
        return self._size

    @property
    def rate(self) -> float:
        """The frames a second that the file declares, or 25 where it declares none."""
        return 1 / self._interval

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does. SourceError when the file cannot be read any more."""
        with self._reading:
            if not self._pace.closed:
                self._catch_up()
            if self._over:
                raise SourceEndedError(f"{self.name} has come to its end")
            time = self._pace.wait_until(self._begin + self._stamp(), timeout)
            if time is None:
                return None
            ok, picture = self._capture.retrieve(reused(self._shape) if self._shape else None)
            self._grab()
        if not ok:
            return None
        upright: Picture = picture.astype(np.uint8, copy=False)
        self._shape = upright.shape
        frame = captured(upright, self._box, time)
        self._size = (frame.picture.shape[1], frame.picture.shape[0])
        return frame

    def _open(self) -> cv2.VideoCapture:
        whole = str(self._path.absolute())  # FFmpeg would take a file "12:30.mp4" for an address
        if not self._heavy:
            capture = cv2.VideoCapture(whole, cv2.CAP_FFMPEG, (cv2.CAP_PROP_N_THREADS, 1))
            if capture.isOpened():
                return capture
        return cv2.VideoCapture(whole, cv2.CAP_ANY)

    def _catch_up(self) -> None:
        late = self._pace.now - self._begin - self._stamp()
        if late > _LONGEST_SKIP:
            self._begin += late
        begin = self._pace.now
        while self._pace.now > self._begin + self._stamp() + self._interval:
            if self._over or self._pace.closed or self._pace.now - begin > _LONGEST_SEARCH:
                self._begin = self._pace.now - self._stamp()
                return
            self._grab()

    def _stamp(self) -> float:
        """Give the grabbed frame's time, in seconds from about the beginning of the file."""
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some containers give no time stamps: then every frame lasts as long as any other.
        return float(stamp) if stamp > 0 else self._index * self._interval

    def _grab(self) -> None:
        """Move to the next frame, from the end to the beginning."""
        last = self._stamp()
        if self._capture.grab():
            self._index += 1
            step = self._stamp() - last
            if step < 0 or (self._jumps and step > _JUMP):  # the clock runs on from where it was
                self._begin += self._interval - step
            return
        if self.ends:
            self._over = True
            return
        self._capture.release()
        self._capture = self._open()
        if not self._capture.grab():
            raise SourceError(f"{self._path} cannot be read any more; was it moved or removed?")
        self._index = 0
        self._begin += last + self._interval - self._stamp()
        if not self._turned:
            self._turned = True
            return_free_memory()  # the decoder before lay in the heap of the thread that opened the file: 7 MB

    def close(self) -> None:
        """Close the file, as `Source.close` says."""
        self._pace.close()
        with self._reading:
            self._capture.release()


def _declared(capture: cv2.VideoCapture) -> float:
    """Give the pixels a second that a file declares; infinite or not a number where it declares nonsense."""
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    return float(width * height * (capture.get(cv2.CAP_PROP_FPS) or 25))
