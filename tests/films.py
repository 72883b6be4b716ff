"""Films as people have them, made on the spot: any sound, subtitles, covers, data, places and dates, and clocks that jump."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2  # before av, always: the other way round OpenCV's first window would hang

# isort: split
import av
import media
import numpy as np

Packets = list[tuple[float, bytes]]


def film(
    path: Path,
    count: int = 20,
    *,
    rate: int = 25,
    codec: str = "libx264",
    sounds: Sequence[str] = (),
    strange: Sequence[str] = (),
    subtitles: Sequence[str] = (),
    cover: str = "",
    second: bool = False,
    data: bool = False,
    attachments: Sequence[tuple[str, str]] = (),
    metadata: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    start: float = 0.0,
    first: int = 0,
    format: str | None = None,
) -> Path:
    """A film of numbered pictures, from the number `first` on, and whatever else is asked for; its clock begins at `start`.

    `strange` are sound codecs that PyAV cannot encode: their packets hold what no decoder takes.
    """
    with av.open(str(path), "w", format=format, options=muxing or {}) as container:
        container.metadata.update(metadata or {})
        kinds = [codec, *(["libx264"] if second else [])]
        videos = [_video(container, kind, rate) for kind in kinds]
        tracks = [(_sound(container, kind), kind) for kind in sounds]
        foreign: list[Any] = [container.add_mux_stream(kind, rate=48_000) for kind in strange]
        texts: list[Any] = [container.add_mux_stream(kind) for kind in subtitles]
        for text in texts:
            text.time_base = Fraction(1, 1000)
        picture: Any = container.add_mux_stream(cover, width=16, height=16) if cover else None
        if picture is not None:
            picture.disposition = av.stream.Disposition.attached_pic
        extra: Any = container.add_data_stream("klv") if data else None
        for name, kind in attachments:
            container.add_attachment(name, kind, b"a file within a film")
        container.start_encoding()
        if picture is not None:
            ending = ".png" if cover == "png" else ".jpg"
            image = cv2.imencode(ending, np.full((16, 16, 3), 90, np.uint8))[1].tobytes()
            _put(container, picture, image, 0, 0)
        packets: list[tuple[float, Any]] = []
        for video in videos:
            packets += _pictures(video, count, rate, start, first)
        for sound, kind in tracks:
            packets += _sine(sound, kind, count / rate, start)
        for _, packet in sorted(packets, key=lambda timed: timed[0]):
            container.mux(packet)
        for sound in foreign:
            for number in range(4):
                _put(container, sound, b"\x7f\xfe\x80\x01sound %d" % number, 200 * number, 200)
        for text in texts:
            for number in range(2):
                _put(container, text, b"line %d" % number, round(1000 * (start + 0.2 + 0.3 * number)), 200)
        if extra is not None:
            _put(container, extra, b"data", 0, 100)
    return path


def _video(container: Any, codec: str, rate: int) -> Any:
    options = {"libx264": {"g": "12", "crf": "8", "preset": "ultrafast"}, "mpeg2video": {"g": "12", "qmin": "1"}}
    stream = container.add_stream(codec, rate=rate, options=options.get(codec, {}))
    stream.width, stream.height = media.SIZE
    stream.pix_fmt = "yuv420p"
    return stream


def _pictures(stream: Any, count: int, rate: int, start: float, first: int) -> list[tuple[float, Any]]:
    packets = []
    base = Fraction(1, 90_000)
    for index in [*range(count), None]:
        frame = None
        if index is not None:
            frame = av.VideoFrame.from_ndarray(media.numbered(first + index), format="bgr24")
            frame.pts, frame.time_base = round((start + index / rate) * 90_000), base
            if stream.codec_context.codec.name == "mpeg2video":
                frame.pts, frame.time_base = index, Fraction(1, rate)
        packets += [(media.seconds(p.dts, p.time_base), p) for p in stream.encode(frame)]
    return packets


def _sound(container: Any, codec: str) -> Any:
    stream = container.add_stream(codec, rate=48_000, options={"strict": "-2"})
    stream.codec_context.layout = "stereo"
    return stream


def _sine(stream: Any, codec: str, seconds: float, start: float) -> list[tuple[float, Any]]:
    context = stream.codec_context
    size = context.frame_size or 1024
    resampler = av.AudioResampler(format=context.format, layout="stereo", rate=48_000)
    packets = []
    for begin in range(0, round(48_000 * seconds), size):
        wave = np.round(8000 * np.sin(2 * np.pi * 440 * (begin + np.arange(size)) / 48_000)).astype(np.int16)
        block = av.AudioFrame.from_ndarray(wave.repeat(2)[None], format="s16", layout="stereo")
        block.sample_rate, block.pts, block.time_base = 48_000, begin, Fraction(1, 48_000)
        for frame in resampler.resample(block):
            frame.pts, frame.time_base = begin + round(start * 48_000), Fraction(1, 48_000)
            packets += stream.encode(frame)
    packets += stream.encode(None)
    return [(media.seconds(packet.dts, packet.time_base), packet) for packet in packets]


def _put(container: Any, stream: Any, content: bytes, time: int, duration: int) -> None:
    packet = av.Packet(content)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = time
    packet.duration, packet.is_keyframe = duration, True
    container.mux(packet)


def streams(path: Path) -> list[tuple[str, str]]:
    """The kind and the codec of every stream of a film."""
    with av.open(str(path)) as container:
        return [(s.type, s.codec_context.codec.canonical_name if s.codec_context else "") for s in container.streams]


def packets(path: Path, kind: str) -> list[Packets]:
    """The packets of every stream of a kind, with their times in seconds."""
    with av.open(str(path)) as container:
        wanted = [stream for stream in container.streams if stream.type == kind]
        found: dict[int, Packets] = {stream.index: [] for stream in wanted}
        for packet in container.demux(*wanted) if wanted else ():
            if packet.size:  # that of a cover has no time
                time = 0.0 if packet.pts is None else media.seconds(packet.pts, packet.time_base)
                found[packet.stream.index].append((round(time, 3), bytes(packet)))
        return list(found.values())


def length(path: Path) -> float:
    """How long a film is, in seconds."""
    with av.open(str(path)) as container:
        return (container.duration or 0) / 1_000_000


def pgs(path: Path) -> Path:
    """Subtitles of a Blu-ray: a white block from 0.2 to 0.6 s."""

    def part(seconds: float, kind: int, content: bytes) -> bytes:
        head = b"PG" + struct.pack(">II", round(seconds * 90_000), 0)
        return head + bytes([kind]) + struct.pack(">H", len(content)) + content

    width, height, (w, h) = 64, 48, (16, 8)
    row = b"\0" + bytes([0x80 | w, 1]) + b"\0\0"

    def composition(number: int, objects: int) -> bytes:
        state = 0x80 if objects else 0
        head = struct.pack(">HHBHBBBB", width, height, 0x10, number, state, 0, 0, objects)
        return head + (struct.pack(">HBBHH", 0, 0, 0, 8, 30) if objects else b"")

    window = b"\x01" + struct.pack(">BHHHH", 0, 8, 30, w, h)
    image = struct.pack(">HBB", 0, 0, 0xC0) + (len(row * h) + 4).to_bytes(3, "big") + struct.pack(">HH", w, h) + row * h
    shown = [
        (0x16, composition(0, 1)),
        (0x17, window),
        (0x14, bytes([0, 0, 1, 235, 128, 128, 255])),
        (0x15, image),
        (0x80, b""),
    ]
    path.write_bytes(
        b"".join(part(0.2, *piece) for piece in shown)
        + b"".join(part(0.6, *piece) for piece in [(0x16, composition(1, 0)), (0x17, window), (0x80, b"")])
    )
    return path


def with_subtitles(path: Path, clip: Path, subtitles: Path) -> Path:
    """A clip with the subtitles of another file, as they are."""
    with av.open(str(clip)) as one, av.open(str(subtitles)) as other, av.open(str(path), "w") as container:
        copies = {
            (n, stream.index): container.add_stream_from_template(stream, opaque=True)
            for n, source in enumerate((one, other))
            for stream in source.streams
        }
        for n, source in enumerate((one, other)):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = copies[n, packet.stream.index]
                    container.mux(packet)
    return path
