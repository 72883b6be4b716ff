"""What clips are encoded with: the codecs that can be asked for, the encoders tried for each, and what a packet is.

Hardware first: an encoder of the graphics card costs the model nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from realtime.core.errors import UsageError
from realtime.core.frame import Size

TICK = 90_000  # of a second: the clock of MPEG streams, fine enough for any camera
SOUND_RATE = 48_000  # samples a second: all of the sound codecs take it, Opus nothing else that is common
QUICKEST = 99  # any level above an encoder's last one is that one
_QUEUE = "bf"  # FFmpeg's name of the number of frames that an encoder may put out of order


@dataclass(frozen=True, slots=True)
class Choice:
    """One of FFmpeg's encoders.

    Attributes:
        name: FFmpeg's name of it.
        levels: Its options, from the best picture to the quickest.
        pixels: FFmpeg's name of the pixel format that it takes.
        hardware: Whether it needs a device.
        bits: Bits a pixel, for an encoder that knows no constant quality.
    """

    name: str
    levels: tuple[dict[str, str], ...] = ({},)
    pixels: str = "yuv420p"
    hardware: bool = False
    bits: float = 0.0


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec that a clip can be in.

    Attributes:
        name: What a person calls it.
        ending: Of its files.
        sound: FFmpeg's name of the codec of its sound.
        format: FFmpeg's name of its files' format.
        choices: The encoders, in the order in which they are tried.
        muxing: Options of the format.
        tag: The tag of the pictures' codec, where it is not the usual one.
    """

    name: str
    ending: str
    sound: str
    format: str
    choices: tuple[Choice, ...]
    muxing: dict[str, str] = field(default_factory=dict)
    tag: str = ""


def _hardware(family: str) -> tuple[Choice, ...]:
    return (
        Choice(f"{family}_nvenc", ({"preset": "p4", "rc": "vbr", "cq": "23", _QUEUE: "0", "delay": "0",
                                     "forced-idr": "1"},), hardware=True),
        Choice(f"{family}_qsv", ({"preset": "veryfast", "global_quality": "23", _QUEUE: "0", "async_depth": "1",
                                   "forced_idr": "1"},), "nv12", hardware=True),
        Choice(f"{family}_videotoolbox", ({"realtime": "1", _QUEUE: "0"},), "nv12", hardware=True, bits=0.2),
        Choice(f"{family}_amf", ({"quality": "speed", _QUEUE: "0", "forced_idr": "1"},), "nv12", hardware=True, bits=0.2),
        Choice(f"{family}_mf", ({"hw_encoding": "1", _QUEUE: "0"},), "nv12", hardware=True, bits=0.2),
        Choice(f"{family}_v4l2m2m", ({},), "nv12", hardware=True, bits=0.2),
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
            Choice("libx264", tuple({"preset": preset, "crf": "21", "x264-params": _X264}
                                     for preset in ("veryfast", "superfast", "ultrafast"))),
        ), _MP4),
        Codec("h265", ".mp4", "aac", "mp4", (
            *_hardware("hevc"),
            Choice("libx265", ({"preset": "ultrafast", "crf": "24", "forced-idr": "1", "x265-params": _X265},)),
        ), _MP4, "hvc1"),  # the tag without which Apple's players show nothing
        Codec("vp9", ".webm", "libopus", "webm", (
            Choice("vp9_qsv", ({"preset": "veryfast", "global_quality": "60", _QUEUE: "0", "async_depth": "1"},), "nv12",
                    hardware=True),
            Choice("libvpx-vp9", tuple({"deadline": "realtime", "cpu-used": speed, "lag-in-frames": "0", "crf": "34",
                                         "auto-alt-ref": "0"} for speed in ("7", "8"))),
        ), _MKV),
        Codec("av1", ".mp4", "aac", "mp4", (
            *_hardware("av1"),
            Choice("libsvtav1", tuple({"preset": preset, "crf": "36", "svtav1-params": "pred-struct=1:lp=1:lookahead=0"}
                                       for preset in ("10", "11"))),
        ), _MP4),
        Codec("ffv1", ".mkv", "flac", "matroska", (Choice("ffv1", ({"level": "3"},), "bgr0"),), _MKV),
    )
}  # fmt: skip
DEFAULT_CODEC = "h264"


def find_codec(name: str, file_name: str | None = None) -> Codec:
    """Find a codec.

    Args:
        name: What a person calls it.
        file_name: A clip that is to be in it.

    Returns:
        The codec.

    Raises:
        UsageError: There is none of that name, or a clip in it cannot be called `file_name`.
    """
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
    """What a file must be told about a stream of packets.

    Attributes:
        template: FFmpeg's stream, which has all of it.
        time_base: Seconds of a tick.
        size: Of the pictures: (width, height).
    """

    template: Any
    time_base: Fraction
    size: Size = (0, 0)

    @property
    def head(self) -> bytes:
        """The bytes that the decoder is told at the beginning."""
        return bytes(self.template.codec_context.extradata or b"")

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        return str(self.template.codec_context.codec.name)

    @property
    def sound(self) -> bool:
        """Whether it is sound."""
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
