"""The pictures of a stream for browsers of other machines, as H.264: a fifth of the bytes of JPEGs, from the encoder of clips.

Each picture is encoded as the difference to the one before it, so browsers need them all, from a key frame on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from realtime.core.errors import RealtimeError, SinkError
from realtime.core.frame import Size
from realtime.look.stylized import Stylized
from realtime.media.codecs import CODECS, QUICKEST, TICK
from realtime.media.coders import Encoder
from realtime.sinks.page import NewestSink, PagePicture

KEY_SECONDS, KEY_GAP = 10.0, 2.0
"""The longest time between two key frames, and the shortest: a key frame is as large as a JPEG, and goes to all who watch."""
MOST_SHARE = 0.5
"""Of its time that an encoder may be at work. One that needs more delays pictures, and takes time from the model."""
_JUDGED = 30  # pictures over which the share is measured
# Software alone: it gives each picture back at once, where an encoder of a graphics card may hold some.
_CODEC = replace(CODECS["h264"], choices=tuple(choice for choice in CODECS["h264"].choices if choice.name == "libx264"))


@dataclass(frozen=True, slots=True)
class VideoPicture(PagePicture):
    """A piece of H.264, in Annex B form.

    Attributes:
        key: Whether a decoder can begin with it. It has the parameter sets before it then.
        first: Whether it is the first one of an encoder, maybe of another size than the ones before.
    """

    key: bool = False
    first: bool = False


class Pace:
    """Judges whether an encoder keeps up."""

    def __init__(self) -> None:
        self._count, self._busy, self._since = 0, 0.0, -1.0

    def keeps(self, begin: float, end: float) -> bool:
        """Take a measurement.

        Args:
            begin: When the encoding of a picture began, in seconds of any clock that goes forward.
            end: When it ended.

        Returns:
            Whether the encoder keeps up, as far as is known.
        """
        if self._count == 0:
            self._busy, self._since = 0.0, begin
        self._count += 1
        self._busy += end - begin
        if self._count < _JUDGED:
            return True
        self._count = 0
        return self._busy <= MOST_SHARE * (end - self._since)


def open_encoder(size: Size) -> Encoder:
    """Open the encoder of clips in its quickest form.

    Args:
        size: Of the pictures: (width, height), both even.

    Raises:
        SinkError: The library has no such encoder.
    """
    return Encoder(_CODEC, size, QUICKEST)


class VideoSink(NewestSink):
    """Encodes the newest picture as H.264, each once for all clients. The encoder is there while somebody watches."""

    def __init__(self, deliver: Callable[[VideoPicture], None], failed: Callable[[str], None]) -> None:
        """Keep nothing yet.

        Args:
            deliver: Is given each picture, on the sink's thread; it returns at once.
            failed: Is told, on the sink's thread, why there are no more pictures until `want_key` begins anew.
        """
        super().__init__("page video")
        self._deliver, self._failed = deliver, failed
        self._encoder: Encoder | None = None
        self._pace = Pace()
        self._key_wanted = False
        self._key_at = self._origin = 0.0
        self._pts = -1

    def want_key(self) -> None:
        """Begin, or let the next picture be a key frame as soon as another one is not too close. Any thread may call."""
        self.asks = self._key_wanted = True
        self.want()

    def _rest(self) -> None:
        if self._encoder:
            self._encoder.close()
        self._encoder = None

    def _write(self, stylized: Stylized) -> None:
        if self.asks:
            super()._write(stylized)

    def _encode(self, stylized: Stylized) -> None:
        try:
            self._deliver(self._encoded_as_video(stylized))
        except Exception as error:  # whatever a library comes up with: JPEGs go on
            self.rest()
            self._failed(str(error) if isinstance(error, RealtimeError) else repr(error))

    def _encoded_as_video(self, stylized: Stylized) -> VideoPicture:
        height, width = stylized.picture.shape[:2]
        if width % 2 or height % 2:
            raise SinkError(f"H.264 has no pictures of {width}×{height}")
        first = self._encoder is None or self._encoder.size != (width, height)
        if self._encoder is None or first:
            self._rest()
            self._encoder, self._pace, self._pts = open_encoder((width, height)), Pace(), -1
            self._origin = time.monotonic()
        begin = time.monotonic()
        since = begin - self._key_at
        key = first or since >= KEY_SECONDS or (self._key_wanted and since >= KEY_GAP)
        if key:
            self._key_wanted, self._key_at = False, begin
        self._pts = max(self._pts + 1, round((begin - self._origin) * TICK))
        packets = self._encoder.encode(stylized.picture, self._pts, key)
        if len(packets) != 1 or packets[0].key != key:
            raise SinkError("the encoder holds pictures back")
        if not self._pace.keeps(begin, time.monotonic()):
            raise SinkError("the encoder does not keep up")
        data = self._encoder.track.head + packets[0].data if key else packets[0].data
        return VideoPicture(self._number, data, stylized.frame.time, key, first)
