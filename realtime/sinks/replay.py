"""The last seconds, encoded already and kept in memory: a clip of what was just seen can be saved after the fact."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from realtime.core.errors import RealtimeError, SinkError
from realtime.look.stylized import Stylized
from realtime.media.audio import Sound
from realtime.media.clip_file import ClipFile
from realtime.media.codecs import DEFAULT_CODEC, QUICKEST, TICK, Codec, Encoder, Packet, Track, find_codec
from realtime.media.encoder import Encoding
from realtime.sinks.base import Sink

SECONDS = 10.0
_MOST = 64 << 20  # bytes
CLOSE_SECONDS = 2.0  # nothing of it is to be kept


class Ring:
    """The packets of the last seconds: it begins with a key frame, and never holds more than `most` bytes."""

    lasting = False

    def __init__(self, seconds: float = SECONDS, most: int = _MOST) -> None:
        self._seconds, self._most = seconds, most
        self._using = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._keys: deque[float] = deque()  # when its key frames are, in seconds
        self.size = 0
        """Bytes."""
        self.error: RealtimeError | None = None
        """Why it gets no packets any more."""

    def begin(self, video: Track, sound: Track | None) -> None:
        """Hear of the tracks; a packet names its own, so nothing is done."""

    def fits(self, track: Track) -> bool:
        """Say that packets of any track can follow."""
        return True

    def take(self, packet: Packet) -> None:
        """Keep a packet, and drop those that are older than the last seconds."""
        with self._using:
            starts = packet.key and not packet.track.sound
            if not (self._keys or starts):
                return
            if starts:
                self._keys.append(packet.seconds)
            self._packets.append(packet)
            self.size += len(packet.data)
            while self._keys and (self.size > self._most or self._long_enough(packet.seconds)):
                self._drop_oldest()

    def _long_enough(self, now: float) -> bool:
        """Whether what begins with the second key frame is long enough."""
        return len(self._keys) > 1 and self._keys[1] <= now - self._seconds

    def _drop_oldest(self) -> None:
        """Everything before the second key frame."""
        self._keys.popleft()
        while self._packets:
            self.size -= len(self._packets.popleft().data)
            if self._packets and self._packets[0].key and not self._packets[0].track.sound:
                return

    def ended(self, error: RealtimeError | None) -> None:
        """Drop everything: no more packets come."""
        self.error = error
        with self._using:
            self._packets.clear()
            self._keys.clear()
            self.size = 0

    def packets(self) -> list[Packet]:
        """Give the packets of the last seconds."""
        with self._using:
            return list(self._packets)


class ReplaySink(Sink):
    """Keeps the last seconds of what is written, for `save`. Frames for which there is no time are left out."""

    queues = True

    def __init__(self, codec: str = DEFAULT_CODEC, microphone: Sound | None = None, seconds: float = SECONDS) -> None:
        """UsageError when there is no such codec. `microphone` stays the caller's."""
        self.encoding = Encoding(find_codec(codec), microphone)
        self.ring = Ring(seconds)
        self.encoding.attach(self.ring)

    def _write(self, stylized: Stylized) -> None:
        self.encoding.write(stylized.picture, stylized.frame.time)

    def save(self, path: Path) -> tuple[Path, float]:
        """Write a clip of the last seconds. Any thread may call.

        Args:
            path: The file of the clip.

        Returns:
            The name that the clip got, and its length in seconds.

        Raises:
            UsageError: There is a file of that name.
            SinkError: Nothing was shown yet, the clip cannot be written, or the encoder failed: a new one is then tried, for
                what is shown from there on.
        """
        packets, error = self.ring.packets(), self.ring.error
        if error:
            self.ring.error = None
            self.encoding.attach(self.ring)
            raise error
        if not packets:
            raise SinkError("there is nothing to save yet: no frame came")
        return write_clip(path, self.encoding.codec, packets)

    def _close(self) -> None:
        self.encoding.close(CLOSE_SECONDS)


def write_clip(path: Path, codec: Codec, packets: list[Packet]) -> tuple[Path, float]:
    """Write packets as a clip, and give its name and its seconds. UsageError and SinkError as `ClipFile` raises them."""
    video = [packet for packet in packets if not packet.track.sound]
    if any(packet.track.head != video[-1].track.head or packet.track.size != video[-1].track.size for packet in video):
        sound = [packet for packet in packets if packet.track.sound]
        packets = sorted([*_encoded_again(codec, video), *sound], key=lambda packet: packet.seconds)
        video = [packet for packet in packets if not packet.track.sound]
    file = ClipFile(path, codec)
    try:
        file.begin(video[0].track, next((packet.track for packet in packets if packet.track.sound), None))
        for packet in packets:
            file.take(packet)
    finally:
        file.close()
    return file.path, file.seconds


def _encoded_again(codec: Codec, packets: list[Packet]) -> Iterator[Packet]:
    """Pictures of several sizes as those of one, the last one's."""
    encoder = Encoder(codec, packets[-1].track.size, QUICKEST)
    key = -TICK
    for track, part in groupby(packets, key=lambda packet: packet.track):
        for picture, pts in _decoded(track, list(part)):
            fresh = pts - key >= TICK
            key = pts if fresh else key
            yield from encoder.encode(picture, pts, fresh)
    yield from encoder.finish()


def _decoded(track: Track, packets: list[Packet]) -> Iterator[tuple[Any, int]]:
    import av

    memory, begin = io.BytesIO(), packets[0].pts
    with av.open(memory, "w", format="matroska") as container:
        stream = container.add_stream_from_template(track.template)
        for packet in packets:
            out = av.Packet(packet.data)
            out.time_base, out.is_keyframe, out.stream = track.time_base, packet.key, stream
            out.pts, out.dts = packet.pts - begin, packet.dts - begin
            container.mux(out)
    memory.seek(0)
    with av.open(memory, "r") as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24"), begin + round((frame.time or 0.0) * TICK)
