"""Pictures that browsers hand over: decoded in a process of their own, so that a bad one harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque

import numpy as np

from realtime.core.frame import Picture
from realtime.page.decoding import LONGEST

MOST_BYTES = 20_000_000
SECONDS = 60.0
"""How long the bytes of an upload may take."""
_DECODE_SECONDS = 20.0
_AT_ONCE, _A_MINUTE = 4, 20


class UploadError(Exception):
    """A file that is not taken: the status of the answer, a code for the browser, and a text for a person."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


_STATUS = {"not-a-picture": 415, "several-frames": 415, "too-many-pixels": 413, "broken": 422}


class Turnstile:
    """Lets few uploads in at a time, and each browser few a minute."""

    def __init__(self) -> None:
        self._inside = 0
        self._lately: dict[str, deque[float]] = {}

    def enter(self, holder: str) -> None:
        """Begin an upload of a browser; UploadError when it has to wait. Ends with `leave`."""
        now = time.monotonic()
        self._lately = {known: times for known, times in self._lately.items() if now - times[-1] < 60}
        times = self._lately.get(holder, deque(maxlen=_A_MINUTE))
        if self._inside >= _AT_ONCE or (len(times) == _A_MINUTE and now - times[0] < 60):
            raise UploadError(429, "busy", "too many pictures at once; try again in a minute")
        times.append(now)
        self._lately[holder] = times
        self._inside += 1

    def leave(self) -> None:
        """End an upload."""
        self._inside -= 1


def decode_apart(data: bytes, seconds: float = _DECODE_SECONDS) -> Picture:
    """Decode a picture in a child process with limits of memory and time. It takes about half a second.

    Args:
        data: A file's bytes: anything.
        seconds: The most seconds that the child may live.

    Returns:
        The picture, upright: uint8, H×W×3, BGR, scaled down by a whole number where it is larger than a style needs.

    Raises:
        UploadError: It is no picture that is taken.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "realtime.page.decoding"]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [_home(), os.environ.get("PYTHONPATH", "")]))
    try:
        done = subprocess.run(
            command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=seconds, env=environment
        )
    except subprocess.TimeoutExpired:
        raise UploadError(422, "broken", "it takes too long to decode") from None
    line, _, pixels = done.stdout.partition(b"\n")
    word, _, rest = line.decode("utf-8", "replace").partition(" ")
    if done.returncode == 0 and word == "ok":
        width, height = (int(number) for number in rest.split())
        if 0 < width <= LONGEST and 0 < height <= LONGEST and len(pixels) == width * height * 3:
            return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    if word in _STATUS:
        raise UploadError(_STATUS[word], word, rest)
    raise UploadError(422, "broken", "it cannot be decoded: it is broken, or needs too much memory or time")


def _home() -> str:
    """Say where this package lies, for a child that is started in another folder."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
