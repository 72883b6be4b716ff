"""The one JPEG encoder of a stream: a picture is encoded once, whoever asks for it."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass, field

import cv2

from realtime.core.frame import Picture

QUALITY = 80
"""Of the JPEGs, 0..100, where nobody who keeps them asks for less."""
LOWEST = 35
"""The least quality that may be asked for: below it, blocks show in even areas."""
_ENOUGH = 0.95  # of the bytes that are wished: between this and all of them the quality stays
_FAR = 1.25  # of the bytes that are wished
_KNOWN = 16  # pictures: a replay may be twelve behind the page


@dataclass(slots=True)
class _Encoded:
    picture: weakref.ref[Picture]
    lock: threading.Lock = field(default_factory=threading.Lock)
    jpeg: bytes = b""


class JpegEncoder:
    """Encodes pictures on the threads of those who ask: the replay's, the page's. Any thread may call."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._known: deque[_Encoded] = deque(maxlen=_KNOWN)
        self.count = 0
        """Pictures that were encoded."""
        self.quality = QUALITY
        """Of the pictures to come, `LOWEST` to `QUALITY`."""

    def aim(self, size: int, wished: float) -> None:
        """Change the quality a little, so that pictures like the last one come to take as many bytes as are wished.

        Args:
            size: The bytes of the last picture.
            wished: The bytes that it should have had.
        """
        step = 1 if size < _ENOUGH * wished else -4 if size > _FAR * wished else -1 if size > wished else 0
        self.quality = min(max(self.quality + step, LOWEST), QUALITY)

    def encode(self, picture: Picture) -> bytes:
        """Give a picture as a JPEG; a picture that was asked for lately is not encoded again.

        Args:
            picture: uint8, H×W×3, BGR, not to be changed afterwards.

        Returns:
            The file's bytes.
        """
        with self._changing:
            found = next((known for known in self._known if known.picture() is picture), None)
            if found is None:
                found = _Encoded(weakref.ref(picture))
                self._known.append(found)
        with found.lock:
            if not found.jpeg:
                found.jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, self.quality))[1].tobytes()
                self.count += 1
            return found.jpeg
