"""The last seconds, kept as JPEGs in memory: a clip of what was just seen can be made after the fact."""

from __future__ import annotations

import heapq
import threading
import time as clock
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from realtime.core import threads
from realtime.core.errors import RealtimeError, SinkError
from realtime.core.frame import Picture
from realtime.core.memory import return_free_memory
from realtime.look.stylized import Stylized
from realtime.media.audio import Aligner, Block, Sound
from realtime.media.clip_file import ClipFile
from realtime.media.codecs import DEFAULT_CODEC, TICK, Codec, Packet, find_codec
from realtime.media.coders import Encoder, SoundEncoder
from realtime.sinks.base import Sink
from realtime.sinks.jpegs import QUALITY, JpegEncoder

SECONDS = 10.0
_MOST = 96 << 20  # bytes
_WISHED = 3_000_000  # bytes a second, for up to `_PIXELS`; in proportion beyond
_PIXELS = 1280 * 720 * 30  # pixels a second
_WAITING, _WAITING_BYTES = 12, 16 << 20  # pictures that may wait for the JPEG encoder: six of 1280×720
_JPEG_NICE = 10
_LEVEL = 1  # of the clip's encoder: nobody waits for a frame, and what the JPEGs lack is made up for
CLOSE_SECONDS = 2.0  # nothing of it is to be kept


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that is kept: its time in seconds, and its JPEG."""

    time: float
    jpeg: bytes


class ReplaySink(Sink):
    """Keeps the last seconds of what is written, for `save`. Pictures for which there is no time are left out.

    The quality of the JPEGs follows what is painted: ten seconds take 30 MB, as long as pictures of 1280×720 come 30 times a
    second. More pixels take more, and where the lowest quality takes more than `most`, fewer seconds are kept.
    """

    queues = True
    asks = False

    def __init__(
        self,
        codec: str = DEFAULT_CODEC,
        microphone: Sound | None = None,
        seconds: float = SECONDS,
        most: int = _MOST,
        jpegs: JpegEncoder | None = None,
    ) -> None:
        """Keep nothing yet.

        Args:
            codec: The name of the codec of the clips.
            microphone: The sound; it stays the caller's.
            seconds: How long pictures are kept.
            most: The most bytes of JPEGs; the oldest go first.
            jpegs: The encoder of the stream, which others ask for the same pictures.

        Raises:
            UsageError: There is no such codec.
        """
        self._codec = find_codec(codec)
        self._microphone, self._seconds, self._most = microphone, seconds, most
        self._changing = threading.Condition()
        self._pictures: deque[Kept] = deque()
        self._sound: deque[Block] = deque()
        self._waiting = 0
        self._jpegs = jpegs or JpegEncoder()
        self.size = 0
        """Bytes of the JPEGs that are kept; a picture that stays counts once."""
        self.dropped = 0
        """Pictures for which there was no time."""
        self._error: RealtimeError | None = None
        self._worker = threads.Worker("replay", self._failed, _JPEG_NICE)

    def _write(self, stylized: Stylized) -> None:
        most = max(2, min(_WAITING, _WAITING_BYTES // stylized.picture.nbytes))
        with self._changing:
            if self._waiting >= most:
                self.dropped += 1
                return
            self._waiting += 1
        picture, time = stylized.picture, stylized.frame.time
        self._worker.submit(lambda: self._keep(picture, time))

    def _keep(self, picture: Picture, time: float) -> None:
        try:
            jpeg = self._jpegs.encode(picture)
            blocks = self._microphone.take() if self._microphone else []
            with self._changing:
                if not (self._pictures and self._pictures[-1].jpeg is jpeg):
                    self.size += len(jpeg)
                    self._jpegs.aim(len(jpeg), self._share(picture))
                self._pictures.append(Kept(time, jpeg))
                self._sound.extend(blocks)
                while self.size > self._most or self._pictures[0].time < time - self._seconds:
                    self._drop_oldest()
                while self._sound and self._sound[0].time < time - self._seconds - 1:
                    self._sound.popleft()
        finally:
            with self._changing:
                self._waiting -= 1
                self._changing.notify_all()

    def _share(self, picture: Picture) -> float:
        """Work out how many bytes a picture may take."""
        since = self._pictures[-1].time - self._pictures[0].time if self._pictures else 0.0
        rate = (len(self._pictures) - 1) / since if since >= 1 else self._format.rate if self._format else 30.0
        height, width = picture.shape[:2]
        wished: float = _WISHED * max(1.0, height * width * rate / _PIXELS)
        return min(wished, self._most / self._seconds) / rate

    def _drop_oldest(self) -> None:
        oldest = self._pictures.popleft()
        if not (self._pictures and self._pictures[0].jpeg is oldest.jpeg):
            self.size -= len(oldest.jpeg)

    def settle(self) -> None:
        """Wait until everything that was written is kept."""
        with self._changing:
            self._changing.wait_for(lambda: not self._waiting)

    def _failed(self, error: BaseException) -> None:
        self._error = SinkError(f"the last seconds could not be kept ({error}); they are from here on")

    def save(self, path: Path) -> tuple[Path, float]:
        """Make a clip of the last seconds. Any thread may call; it takes seconds.

        Args:
            path: The file of the clip.

        Returns:
            The name that the clip got, and its length in seconds.

        Raises:
            UsageError: There is a file of that name.
            SinkError: Nothing was shown yet, or the clip cannot be encoded or written.
        """
        with self._changing:
            pictures, sound = list(self._pictures), list(self._sound)
            error, self._error = self._error, None
        if error:
            raise error
        if not pictures:
            raise SinkError("there is nothing to save yet: no frame came")
        try:
            return write_clip(path, self._codec, pictures, sound, self._microphone)
        finally:
            return_free_memory()

    def _close(self) -> None:
        with self._changing:
            self._pictures.clear()
            self._sound.clear()
            self.size = 0
        self._worker.close(clock.monotonic() + CLOSE_SECONDS)
        self._jpegs.quality = QUALITY


def write_clip(
    path: Path, codec: Codec, pictures: list[Kept], sound: list[Block], microphone: Sound | None
) -> tuple[Path, float]:
    """Encode pictures and sound as a clip; pictures of several sizes are fitted into the last one's.

    Args:
        path: The file, which must not exist.
        codec: The codec.
        pictures: At least one, in order.
        sound: The sound of the same time, in order.
        microphone: What the sound is from.

    Returns:
        The name that the clip got, and its length in seconds.

    Raises:
        UsageError: There is a file of that name.
        SinkError: The clip cannot be encoded or written.
    """
    begin = pictures[0].time
    height, width = _decoded(pictures[-1]).shape[:2]
    with ExitStack() as stack:
        file = stack.enter_context(closing(ClipFile(path, codec)))
        encoder = stack.enter_context(closing(Encoder(codec, (width, height), _LEVEL)))
        heard = stack.enter_context(closing(SoundEncoder(codec, microphone.channels))) if microphone else None
        file.begin(encoder.track, heard.track if heard else None)
        packets = _encoded(encoder, pictures)
        if heard and microphone:
            packets = _merged(packets, _sounding(heard, Aligner(microphone.rate, microphone.channels, begin), sound))
        for packet in packets:
            file.take(packet)
    return file.path, file.seconds


def _decoded(kept: Kept) -> Picture:
    return cv2.imdecode(np.frombuffer(kept.jpeg, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[return-value]


def _encoded(encoder: Encoder, pictures: list[Kept]) -> Iterator[Packet]:
    last, key, lasts = -1, -TICK, TICK // 30
    for kept in pictures:
        pts = max(last + 1, round((kept.time - pictures[0].time) * TICK))
        fresh = pts - key >= TICK  # a key frame each second: players go to these
        lasts = pts - last if last >= 0 else lasts
        last, key = pts, pts if fresh else key
        for packet in encoder.encode(_decoded(kept), pts, fresh):
            yield replace(packet, duration=lasts)  # as long as the one before: files ask, and the next one tells
    yield from encoder.finish()


def _sounding(encoder: SoundEncoder, aligner: Aligner, blocks: list[Block]) -> Iterator[Packet]:
    for block in blocks:
        start, samples = aligner.add(block)
        if len(samples):
            yield from encoder.encode(samples, start)
    yield from encoder.finish()


def _merged(pictures: Iterator[Packet], sound: Iterator[Packet]) -> Iterator[Packet]:
    """Give the packets of both in the order of their times; encoders give theirs in order."""
    return heapq.merge(pictures, sound, key=lambda packet: packet.seconds)
