"""Encoders at work: pictures and sound to packets.

A library can have an encoder that the machine has no device for, so each is tried with a few small pictures before it is
trusted with a clip.
"""

from __future__ import annotations

import io
import os
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import SinkError
from realtime.core.frame import Picture, Size
from realtime.core.geometry import boxed
from realtime.core.threads import none_in_real_time
from realtime.media.codecs import CODECS, SOUND_RATE, TICK, Choice, Codec, Packet, Track
from realtime.media.ffmpeg import failures, why
from realtime.media.planes import yuv420


class Encoder:
    """Pictures to packets. Those of another size than the first are fitted in, on black."""

    def __init__(self, codec: Codec, size: Size, level: int = 0) -> None:
        """Open the first encoder that works here.

        Args:
            codec: What is wanted.
            size: Of the pictures: (width, height).
            level: 0 is the best picture, each level more is quicker.

        Raises:
            SinkError: No encoder can be opened for it.
        """
        tried = []
        for choice in codec.choices:
            if not _known(choice.name) or (choice.hardware and not _works(codec.name, choice.name)):
                continue
            try:
                with none_in_real_time():
                    self._open(codec, choice, size, level)
                return
            except Exception as error:  # a device that is busy, or takes no picture of this size: the next one
                tried.append(f"{choice.name}: {error}")
        others = ", ".join(name for name in CODECS if name != codec.name)
        raise SinkError(
            f"{codec.name} cannot be encoded here ({'; '.join(tried) or 'the library has no encoder'});"
            f" choose another codec ({others})"
        )

    def _open(self, codec: Codec, choice: Choice, size: Size, level: int) -> None:
        # After cv2, always: the other way round OpenCV's first window would hang (both bring an FFmpeg).
        import av

        os.environ.setdefault("SVT_LOG", "1")  # else it writes its settings to the terminal
        self.name, self.level, self.levels = choice.name, min(level, len(choice.levels) - 1), len(choice.levels)
        self._pixels = choice.pixels
        halved = choice.pixels != "bgr0"  # the colours of all others have half the width and height
        self.size = (size[0] + size[0] % 2, size[1] + size[1] % 2) if halved else size
        # A file that is never written: with it come the stream's parameters in the form that real files take over.
        self._scratch = av.open(io.BytesIO(), "w", format="matroska")
        stream: Any = self._scratch.add_stream(choice.name, rate=Fraction(30), options=choice.levels[self.level])
        stream.width, stream.height = self.size
        stream.pix_fmt = choice.pixels
        context = self._context = stream.codec_context
        context.time_base = Fraction(1, TICK)
        # BT.601, limited range: what `yuv420` makes
        context.colorspace, context.color_range = (6, 1) if halved else (0, 2)
        context.thread_count = 1  # the cores belong to the model
        context.gop_size = 1 if choice.name == "ffv1" else 240  # key frames are asked for where they shall be
        if choice.bits:
            context.bit_rate = round(self.size[0] * self.size[1] * 30 * choice.bits)
        self._scratch.start_encoding()
        self.track = Track(stream, Fraction(1, TICK), self.size)
        self.held = 0
        """Frames that it has taken and not given yet."""

    def encode(self, picture: Picture, pts: int, key: bool) -> list[Packet]:
        """Encode a picture.

        Args:
            picture: uint8, H×W×3, BGR.
            pts: Its time, in ticks of 1/90,000 s, which rises from call to call.
            key: Whether it is to be a key frame.

        Returns:
            The packets that are finished now.
        """
        import av

        planes = _planes(fitted(picture, self.size), self._pixels)
        if self._pixels == "bgr0":
            frame = av.VideoFrame.from_ndarray(planes, format="bgra").reformat(format="bgr0")
        else:
            frame = av.VideoFrame.from_ndarray(planes, format=self._pixels)
        frame.time_base, frame.pts = Fraction(1, TICK), pts
        if key:
            frame.pict_type = av.video.frame.PictureType.I
        self.held += 1
        return self._packets(self._context.encode(frame))

    def finish(self) -> list[Packet]:
        """Give the packets that were held back. Nothing can be encoded afterwards."""
        return self._packets(self._context.encode(None))

    def close(self) -> None:
        """Let its memory go, tens of MB. Its track is of no use afterwards."""
        self._scratch.close()  # the container and its stream name each other: both would stay until Python looks for cycles

    def _packets(self, made: list[Any]) -> list[Packet]:
        self.held -= len(made)
        return [packet_of(self.track, packet) for packet in made]


class SoundEncoder:
    """Sound to packets: float32 samples, N×channels, 48,000 a second."""

    def __init__(self, codec: Codec, channels: int) -> None:
        """Open an encoder.

        Args:
            codec: The codec of the clip, which tells that of its sound.
            channels: 1 or 2.

        Raises:
            SinkError: The library cannot encode it.
        """
        import av

        self._scratch = av.open(io.BytesIO(), "w", format="matroska")
        try:
            stream: Any = self._scratch.add_stream(codec.sound, rate=SOUND_RATE)
            context = self._context = stream.codec_context
            context.layout = "mono" if channels == 1 else "stereo"
            context.format = {"aac": "fltp", "libopus": "flt", "flac": "s16"}[codec.sound]
            if codec.sound != "flac":
                context.bit_rate = 96_000 * channels
            self._scratch.start_encoding()
        except failures(ValueError) as error:
            raise SinkError(
                f"sound cannot be encoded here ({codec.sound}: {why(error)}); record without --audio"
            ) from error
        self.track = Track(stream, Fraction(1, SOUND_RATE))
        self._whole = context.frame_size or 1024
        self._waiting = np.zeros((0, channels), np.float32)
        self._next = 0

    def encode(self, samples: np.ndarray, start: int) -> list[Packet]:
        """Encode sound.

        Args:
            samples: float32, N×channels, -1..1.
            start: The number of the first of them, at 48,000 a second; where it is not the next one, there is a gap.

        Returns:
            The packets that are finished now.
        """
        packets = []
        if start != self._next + len(self._waiting):
            packets += self._encode(last=True)
            self._next = start
        self._waiting = np.concatenate((self._waiting, samples))
        return packets + self._encode(last=False)

    def finish(self) -> list[Packet]:
        """Give the packets that were held back. Nothing can be encoded afterwards."""
        packets = self._encode(last=True)
        return packets + [packet_of(self.track, packet) for packet in self._context.encode(None)]

    def close(self) -> None:
        """Let its memory go. Its track is of no use afterwards."""
        self._scratch.close()

    def _encode(self, last: bool) -> list[Packet]:
        import av

        packets = []
        while len(self._waiting) >= self._whole or (last and len(self._waiting)):
            block = self._waiting[: self._whole]
            self._waiting = self._waiting[self._whole :]
            form, layout = self._context.format.name, self._context.layout.name
            if len(block) < self._whole:
                block = np.concatenate((block, np.zeros((self._whole - len(block), block.shape[1]), np.float32)))
            if form == "s16":
                block = (np.clip(block, -1, 1) * 32767).round().astype(np.int16)
            values = np.ascontiguousarray(block.T) if form == "fltp" else block.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(values, format=form, layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), self._next
            self._next += len(block)
            packets += self._context.encode(frame)
        return [packet_of(self.track, packet) for packet in packets]


def packet_of(track: Track, packet: Any) -> Packet:
    """Make a packet of FFmpeg's one of ours, which outlives it."""
    pts = int(packet.pts)
    dts = pts if packet.dts is None else int(packet.dts)
    base = packet.time_base
    if base != track.time_base:
        pts, dts = (round(time * base / track.time_base) for time in (pts, dts))
    return Packet(track, bytes(packet), pts, dts, int(packet.duration or 0), bool(packet.is_keyframe) or track.sound)


def fitted(picture: Picture, size: Size) -> Picture:
    """Fit a picture into a size.

    Args:
        picture: uint8, H×W×3, BGR.
        size: (width, height).

    Returns:
        The picture, scaled on black if it must be, its aspect kept; where one row or column is missing it is repeated.
    """
    height, width = picture.shape[:2]
    if (width, height) != size and size[0] - width in (0, 1) and size[1] - height in (0, 1):
        return cv2.copyMakeBorder(picture, 0, size[1] - height, 0, size[0] - width, cv2.BORDER_REPLICATE)  # type: ignore[return-value]
    return boxed(picture, size)


def _planes(picture: Picture, pixels: str) -> Any:
    if pixels == "bgr0":
        return cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    planes = yuv420(picture)
    if pixels == "nv12":
        height, width = picture.shape[:2]
        colours = planes[height:].reshape(2, -1)
        planes[height:] = np.ascontiguousarray(colours.T).reshape(-1, width)
    return planes


@lru_cache
def _known(name: str) -> bool:
    import av

    try:
        return bool(av.Codec(name, "w"))
    except ValueError:
        return False


@lru_cache
def _works(codec: str, name: str) -> bool:
    """Whether this encoder gives packets for a few small pictures."""
    (choice,) = (choice for choice in CODECS[codec].choices if choice.name == name)
    alone = replace(CODECS[codec], choices=(replace(choice, hardware=False),))  # so that it is simply opened
    try:
        with closing(Encoder(alone, (320, 192))) as encoder:
            picture = np.zeros((192, 320, 3), np.uint8)
            packets = [packet for n in range(6) for packet in encoder.encode(picture + 30 * n, n * 3000, n == 0)]
            return bool([*packets, *encoder.finish()])
    except Exception:  # whatever a driver comes up with: the next encoder will do
        return False


def encoders() -> dict[str, str]:
    """Find the encoder that each codec would be encoded by on this machine, by trying; "" where there is none."""
    found = {}
    for codec in CODECS.values():
        try:
            with closing(Encoder(codec, (320, 192))) as encoder:
                found[codec.name] = encoder.name
        except SinkError:
            found[codec.name] = ""
    return found
