"""What clips are encoded with: the codecs that can be asked for, the encoders tried for each, and one encoder at work.

Hardware first: an encoder of the graphics card costs the model nothing. A library can have an encoder that the machine
has no device for, so each is tried with a few small pictures before it is trusted with a clip.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Picture, Size
from realtime.core.geometry import boxed

TICK = 90_000  # of a second: the clock of MPEG streams, fine enough for any camera
SOUND_RATE = 48_000  # samples a second: all of the sound codecs take it, Opus nothing else that is common
QUICKEST = 99  # any level above an encoder's last one is that one
_QUEUE = "bf"  # FFmpeg's name of the number of frames that an encoder may put out of order


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of FFmpeg's encoders. `levels` are its options, from the best picture to the quickest."""

    name: str
    levels: tuple[dict[str, str], ...] = ({},)
    pixels: str = "yuv420p"
    hardware: bool = False
    bits: float = 0.0
    """Bits a pixel, for those that know no constant quality."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec that a clip can be in: its file's ending, the codec of its sound, FFmpeg's name of the file's format."""

    name: str
    ending: str
    sound: str
    format: str
    choices: tuple[_Choice, ...]
    muxing: dict[str, str] = field(default_factory=dict)
    tag: str = ""


def _hardware(family: str) -> tuple[_Choice, ...]:
    return (
        _Choice(f"{family}_nvenc", ({"preset": "p4", "rc": "vbr", "cq": "23", _QUEUE: "0", "delay": "0",
                                     "forced-idr": "1"},), hardware=True),
        _Choice(f"{family}_qsv", ({"preset": "veryfast", "global_quality": "23", _QUEUE: "0", "async_depth": "1",
                                   "forced_idr": "1"},), "nv12", hardware=True),
        _Choice(f"{family}_videotoolbox", ({"realtime": "1", _QUEUE: "0"},), "nv12", hardware=True, bits=0.2),
        _Choice(f"{family}_amf", ({"quality": "speed", _QUEUE: "0", "forced_idr": "1"},), "nv12", hardware=True, bits=0.2),
        _Choice(f"{family}_mf", ({"hw_encoding": "1", _QUEUE: "0"},), "nv12", hardware=True, bits=0.2),
        _Choice(f"{family}_v4l2m2m", ({},), "nv12", hardware=True, bits=0.2),
    )  # fmt: skip


# Written in fragments of half a second, so that a clip whose program was killed still opens; when it is closed it
# becomes a normal MP4 (https://ffmpeg.org/ffmpeg-formats.html#mov_002c-mp4_002c-ismv).
_MP4 = {"movflags": "hybrid_fragmented+frag_keyframe", "frag_duration": "500000"}
_MKV = {"cluster_time_limit": "500"}
# The levels differ in speed alone, not in what the decoder is told at the beginning (H.264's parameter sets): so an
# encoder can be changed for a quicker one in the middle of a file. Plain CAVLC costs a tenth in size and halves the time.
_X264 = ("bframes=0:ref=1:weightp=0:8x8dct=0:cabac=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:scenecut=0"
         ":keyint=infinite:force-cfr=1")  # fmt: skip
_X265 = "log-level=none:info=0:bframes=0:rc-lookahead=0:scenecut=0:frame-threads=1:pools=none:keyint=-1"

CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("h264", ".mp4", "aac", "mp4", (
            *_hardware("h264"),
            _Choice("libx264", tuple({"preset": preset, "crf": "21", "x264-params": _X264}
                                     for preset in ("veryfast", "superfast", "ultrafast"))),
        ), _MP4),
        Codec("h265", ".mp4", "aac", "mp4", (
            *_hardware("hevc"),
            _Choice("libx265", ({"preset": "ultrafast", "crf": "24", "forced-idr": "1", "x265-params": _X265},)),
        ), _MP4, "hvc1"),  # the tag without which Apple's players show nothing
        Codec("vp9", ".webm", "libopus", "webm", (
            _Choice("vp9_qsv", ({"preset": "veryfast", "global_quality": "60", _QUEUE: "0", "async_depth": "1"},), "nv12",
                    hardware=True),
            _Choice("libvpx-vp9", tuple({"deadline": "realtime", "cpu-used": speed, "lag-in-frames": "0", "crf": "34",
                                         "auto-alt-ref": "0"} for speed in ("7", "8"))),
        ), _MKV),
        Codec("av1", ".mp4", "aac", "mp4", (
            *_hardware("av1"),
            _Choice("libsvtav1", tuple({"preset": preset, "crf": "36", "svtav1-params": "pred-struct=1:lp=1:lookahead=0"}
                                       for preset in ("10", "11"))),
        ), _MP4),
        Codec("ffv1", ".mkv", "flac", "matroska", (_Choice("ffv1", ({"level": "3"},), "bgr0"),), _MKV),
    )
}  # fmt: skip
DEFAULT_CODEC = "h264"


def find_codec(name: str, file_name: str | None = None) -> Codec:
    """The codec of that name. UsageError when there is none, or a clip in it cannot be called `file_name`."""
    if name not in CODECS:
        raise UsageError(f"there is no codec {name!r}; there are {', '.join(CODECS)}")
    codec = CODECS[name]
    if file_name is None:
        return codec
    stem, ending = os.path.splitext(file_name)
    if ending.lower() != codec.ending:
        others = [other.name for other in CODECS.values() if other.ending == ending.lower()]
        way_out = f", or choose --codec {' or '.join(others)}" if others else ""
        raise UsageError(
            f"a clip in {name} ends in {codec.ending}, not like {file_name!r}; call it {stem}{codec.ending}{way_out}"
        )
    return codec


@dataclass(slots=True)
class Track:
    """What a file must be told about a stream of packets: `template`, FFmpeg's stream that has all of it."""

    template: Any
    time_base: Fraction
    size: Size = (0, 0)

    @property
    def head(self) -> bytes:
        """What the decoder is told at the beginning."""
        return bytes(self.template.codec_context.extradata or b"")

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return str(self.template.codec_context.codec.name)

    @property
    def sound(self) -> bool:
        return bool(self.template.type == "audio")


@dataclass(frozen=True, slots=True)
class Packet:
    """A piece of an encoded stream. Times are in the track's time base, from the beginning of the encoding."""

    track: Track
    data: bytes
    pts: int
    dts: int
    duration: int
    key: bool

    @property
    def seconds(self) -> float:
        """When it is shown or heard, from the beginning of the encoding."""
        return float(self.pts * self.track.time_base)


class Encoder:
    """Pictures to packets. Those of another size than the first are fitted in, on black."""

    def __init__(self, codec: Codec, size: Size, level: int = 0) -> None:
        """`size` (width, height) of the pictures; `level` 0 is the best picture, each one more is quicker.

        SinkError when no encoder can be opened for it.
        """
        tried = []
        for choice in codec.choices:
            if not _known(choice.name) or (choice.hardware and not _works(codec.name, choice.name)):
                continue
            try:
                self._open(codec, choice, size, level)
                return
            except Exception as error:  # a device that is busy, or takes no picture of this size: the next one
                tried.append(f"{choice.name}: {error}")
        others = ", ".join(name for name in CODECS if name != codec.name)
        raise SinkError(
            f"{codec.name} cannot be encoded here ({'; '.join(tried) or 'the library has no encoder'});"
            f" choose another codec ({others})"
        )

    def _open(self, codec: Codec, choice: _Choice, size: Size, level: int) -> None:
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
        # BT.601, limited range: what OpenCV's conversion makes
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
        """The packets that `picture` (uint8, H×W×3, BGR) brings forth; `pts` rises from call to call."""
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
        """The packets that were held back. Nothing can be encoded afterwards."""
        return self._packets(self._context.encode(None))

    def _packets(self, made: list[Any]) -> list[Packet]:
        self.held -= len(made)
        return [packet_of(self.track, packet) for packet in made]


class SoundEncoder:
    """Sound to packets: float32 samples, N×channels, 48,000 a second."""

    def __init__(self, codec: Codec, channels: int) -> None:
        """SinkError when the library cannot encode it."""
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
        except (OSError, ValueError) as error:
            raise SinkError(f"sound cannot be encoded here ({codec.sound}: {error}); record without --audio") from error
        self.track = Track(stream, Fraction(1, SOUND_RATE))
        self._whole = context.frame_size or 1024
        self._waiting = np.zeros((0, channels), np.float32)
        self._next = 0

    def encode(self, samples: np.ndarray, start: int) -> list[Packet]:
        """The packets that `samples` bring forth; `start` is the place of the first one, where it is not simply the next."""
        packets = []
        if start != self._next + len(self._waiting):
            packets += self._encode(last=True)
            self._next = start
        self._waiting = np.concatenate((self._waiting, samples))
        return packets + self._encode(last=False)

    def finish(self) -> list[Packet]:
        """The packets that were held back. Nothing can be encoded afterwards."""
        packets = self._encode(last=True)
        return packets + [packet_of(self.track, packet) for packet in self._context.encode(None)]

    def _encode(self, last: bool) -> list[Packet]:
        import av

        packets = []
        while len(self._waiting) >= self._whole or (last and len(self._waiting)):
            part = self._waiting[: self._whole]
            self._waiting = self._waiting[self._whole :]
            form, layout = self._context.format.name, self._context.layout.name
            if len(part) < self._whole:
                part = np.concatenate((part, np.zeros((self._whole - len(part), part.shape[1]), np.float32)))
            if form == "s16":
                part = (np.clip(part, -1, 1) * 32767).round().astype(np.int16)
            values = np.ascontiguousarray(part.T) if form == "fltp" else part.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(values, format=form, layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), self._next
            self._next += len(part)
            packets += self._context.encode(frame)
        return [packet_of(self.track, packet) for packet in packets]


def packet_of(track: Track, packet: Any) -> Packet:
    """FFmpeg's packet as ours, which outlives it."""
    pts = int(packet.pts)
    dts = pts if packet.dts is None else int(packet.dts)
    base = packet.time_base
    if base != track.time_base:
        pts, dts = (round(time * base / track.time_base) for time in (pts, dts))
    return Packet(track, bytes(packet), pts, dts, int(packet.duration or 0), bool(packet.is_keyframe) or track.sound)


def fitted(picture: Picture, size: Size) -> Picture:
    """`picture` inside `size` (width, height), scaled if it must be, its aspect kept; a missing row or column repeated."""
    height, width = picture.shape[:2]
    if (width, height) != size and size[0] - width in (0, 1) and size[1] - height in (0, 1):
        return cv2.copyMakeBorder(picture, 0, size[1] - height, 0, size[0] - width, cv2.BORDER_REPLICATE)  # type: ignore[return-value]
    return boxed(picture, size)


def _planes(picture: Picture, pixels: str) -> Any:
    if pixels == "bgr0":
        return cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    # OpenCV's conversion is exact where FFmpeg's quick one would tint greys green.
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
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
        encoder = Encoder(alone, (320, 192))
        picture = np.zeros((192, 320, 3), np.uint8)
        packets = [packet for n in range(6) for packet in encoder.encode(picture + 30 * n, n * 3000, n == 0)]
        return bool([*packets, *encoder.finish()])
    except Exception:  # whatever a driver comes up with: the next encoder will do
        return False


def encoders() -> dict[str, str]:
    """The encoder that each codec would be encoded by on this machine, after trying; "" where there is none."""
    found = {}
    for codec in CODECS.values():
        try:
            found[codec.name] = Encoder(codec, (320, 192)).name
        except SinkError:
            found[codec.name] = ""
    return found
