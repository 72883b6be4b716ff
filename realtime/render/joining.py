"""Segments into the output: the painted pictures' packets one after the other, and all else that the footage's file holds."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime.core.errors import SinkError
from realtime.render.footage import Footage

_FORMATS = {".mp4": "mp4", ".mkv": "matroska", ".webm": "webm"}
_NOT_KEPT = re.compile(r"major_brand|minor_version|compatible_brands|encoder|rotate|duration|_?statistics.*|bps|number_of_.*|"
                       r"vendor_id", re.IGNORECASE)  # fmt: skip
_GIF_STEP = 2  # hundredths of a second: what is shown for less browsers show for ten
_SAMPLES = 48  # frames that the colours of a GIF are chosen from


def join(
    segments: Sequence[Path], footage: Footage, out: Path, ending: str, last_duration: int, until: float | None = None
) -> list[str]:
    """Make `out` (a new file, or for no `ending` a new folder) of the segments, in their order.

    `last_duration` is the last frame's, in the footage's time base. `until` ends the sound at that second of the footage.
    Gives what could not be kept, for a person. SinkError when it cannot be written.
    """
    try:
        if ending == "":
            return _pictures(segments, footage, out, last_duration)
        if ending == ".gif":
            return _gif(segments, footage, out, last_duration)
        return _video(segments, footage, out, ending, last_duration, until)
    except OSError as error:  # FFmpeg's errors are OSErrors too
        raise SinkError(
            f"{out.name} cannot be written ({error.strerror or error}); --resume goes on from here"
        ) from error


def _packets(segments: Sequence[Path], time_base: Fraction, last_duration: int) -> Iterator[Any]:
    """The pictures' packets, each lasting until the next; `pts` in the footage's time base."""
    import av

    before: Any = None
    for segment in segments:
        with av.open(str(segment.absolute()), format="nut") as container:
            for packet in container.demux(video=0):
                if packet.pts is None:
                    continue
                pts = round(packet.pts * packet.time_base / time_base)
                packet.time_base = time_base
                packet.pts = packet.dts = pts
                if before is not None:
                    before.duration = pts - before.pts
                    yield before
                before = packet
    if before is not None:
        before.duration = last_duration
        yield before


def _video(
    segments: Sequence[Path], footage: Footage, out: Path, ending: str, last_duration: int, until: float | None
) -> list[str]:
    import av

    options = {"movflags": "+faststart"} if ending == ".mp4" else {}
    notes: list[str] = []
    with ExitStack() as stack:
        result = stack.enter_context(av.open(str(out.absolute()), "w", format=_FORMATS[ending], options=options))
        first = stack.enter_context(av.open(str(segments[0].absolute()), format="nut"))
        video = result.add_stream_from_template(first.streams.video[0], opaque=True)
        video.time_base = footage.time_base
        others: Iterator[Any] = iter(())
        shift = Fraction(0)
        if footage.container:
            source = stack.enter_context(av.open(str(footage.container.absolute()), metadata_errors="replace"))
            if "mpeg" in source.format.name and source.start_time:  # their clocks begin anywhere
                shift = Fraction(source.start_time, 1_000_000)
            notes, others = _others(source, result, video, shift, until)
        pictures = _shifted(_packets(segments, footage.time_base, last_duration), video, shift)
        for _, packet in heapq.merge(pictures, others, key=lambda timed: timed[0]):
            result.mux(packet)
    return notes


def _shifted(packets: Iterator[Any], stream: Any, shift: Fraction) -> Iterator[tuple[float, Any]]:
    for packet in packets:
        ticks = round(shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - ticks
        packet.dts -= ticks
        packet.stream = stream
        yield float(packet.dts * packet.time_base), packet


def _others(
    source: Any, result: Any, video: Any, shift: Fraction, until: float | None
) -> tuple[list[str], Iterator[tuple[float, Any]]]:
    """Give the result the source's metadata, chapters and all streams it can hold; what it cannot, and their packets."""
    painted = source.streams.best("video")
    result.metadata.update(_kept(source.metadata))
    video.metadata.update(_kept(painted.metadata))
    result.set_chapters(source.chapters())
    notes = []
    streams = {}
    for stream in source.streams:
        if stream.type == "attachment":
            if result.format.name == "matroska":
                result.add_attachment(stream.metadata.get("filename", "file"), stream.mimetype or "", stream.data)
            continue
        if stream.type not in ("audio", "subtitle") or stream.codec_context is None:
            continue
        codec = stream.codec_context.codec.canonical_name
        if codec not in result.supported_codecs:
            what = "a sound track" if stream.type == "audio" else "a track of subtitles"
            elsewhere = ".mp4" if codec == "mov_text" else ".mkv"  # the one kind that Matroska lacks
            here = next(ending for ending, name in _FORMATS.items() if name == result.format.name)
            notes.append(f"{what} ({codec}) does not go into {here} files and is left out; an {elsewhere} holds it")
            continue
        copy = result.add_stream_from_template(stream, opaque=True)
        copy.metadata.update(_kept(stream.metadata))
        with suppress(AttributeError):
            copy.disposition = stream.disposition
        streams[stream.index] = copy
    return notes, _copied(source, streams, shift, until)


def _copied(source: Any, streams: dict[int, Any], shift: Fraction, until: float | None) -> Iterator[tuple[float, Any]]:
    if not streams:
        return
    for packet in source.demux(*(source.streams[index] for index in streams)):
        if packet.dts is None or (until is not None and packet.dts * packet.time_base >= until):
            continue
        yield from _shifted(iter([packet]), streams[packet.stream_index], shift)


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in metadata.items() if not _NOT_KEPT.fullmatch(name)}


def _frames(segments: Sequence[Path]) -> Iterator[Any]:
    import av

    for segment in segments:
        with av.open(str(segment.absolute()), format="nut") as container:
            yield from container.decode(video=0)


def _gif(segments: Sequence[Path], footage: Footage, out: Path, last_duration: int) -> list[str]:
    import av

    from realtime.render.gif import Palette

    count = sum(1 for _ in _packets(segments, footage.time_base, last_duration))
    every = -(-count // _SAMPLES)
    palette = Palette(f.to_ndarray(format="bgr24") for i, f in enumerate(_frames(segments)) if i % every == every // 2)
    last, late = -_GIF_STEP, Fraction(0)
    begin: Fraction | None = None
    with av.open(str(out.absolute()), "w", format="gif") as container:
        stream: Any = container.add_stream("gif", rate=100)
        stream.pix_fmt = "pal8"
        stream.width, stream.height = footage.size
        stream.codec_context.time_base = stream.time_base = Fraction(1, 100)
        for frame in _frames(segments):
            begin = frame.pts * frame.time_base if begin is None else begin
            shown = frame.pts * frame.time_base - begin
            last = max(last + _GIF_STEP, round(shown * 100))
            late = Fraction(last, 100) - shown
            reduced = palette.frame(frame.to_ndarray(format="bgr24"))
            reduced.pts, reduced.time_base = last, Fraction(1, 100)
            for packet in stream.encode(reduced):
                packet.duration = max(_GIF_STEP, round(last_duration * footage.time_base * 100))  # counts for the last
                container.mux(packet)
        container.mux(stream.encode(None))
    if late > Fraction(1, 10):
        return ["a GIF shows at most 50 frames a second: this one takes longer than the footage"]
    return []


def _pictures(segments: Sequence[Path], footage: Footage, out: Path, last_duration: int) -> list[str]:
    """000001.png and on, and their times in a list that FFmpeg reads (its format "ffconcat")."""
    out.mkdir()
    lines = ["ffconcat version 1.0"]
    name = ""
    for number, packet in enumerate(_packets(segments, footage.time_base, last_duration), 1):
        name = f"{number:06}.png"
        (out / name).write_bytes(bytes(packet))
        lines += [f"file {name}", f"duration {float(packet.duration * footage.time_base):.6f}"]
    (out / "frames.ffconcat").write_text("\n".join(lines) + "\n", encoding="ascii")
    return []
