"""Segments into the output: the painted pictures' packets one after the other, and all else that the footage's file holds."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime.core.errors import SinkError
from realtime.core.text import clean
from realtime.media.ffmpeg import failures, open_media, why
from realtime.render.clock import in_seconds, timed_packets
from realtime.render.footage import Footage
from realtime.render.gif import write_gif
from realtime.render.guard import LIST
from realtime.render.tracks import FORMATS, Tracks, kept, muxing

_PATIENCE = 10  # seconds of a file that are read on after the end that is wanted: its streams are not in step


@dataclass(frozen=True)
class Film:
    """What is joined.

    Attributes:
        footage: What the segments were painted of.
        tracks: What goes with the pictures.
        last_duration: How long the last frame is shown, in the footage's time base.
        until: Where all else ends, in seconds of the footage; None at its own end.
    """

    footage: Footage
    tracks: Tracks
    last_duration: int
    until: Fraction | None = None


def join(segments: Sequence[Path], film: Film, out: Path, ending: str) -> list[str]:
    """Make a film, or a folder of pictures, of segments.

    Args:
        segments: Their files, in order.
        film: What they are of.
        out: A new file, or for no ending a new folder.
        ending: Of the output, which tells its kind.

    Returns:
        What could not be kept, for a person, besides `film.tracks.notes`.

    Raises:
        SinkError: It cannot be written.
    """
    try:
        if ending == "":
            return _pictures(segments, film, out)
        if ending == ".gif":
            return write_gif(segments, film.footage, out, film.last_duration)
        _video(segments, film, out, ending)
        return []
    except failures(ValueError) as error:
        raise SinkError(f"{clean(out.name)} cannot be written ({why(error)}); --resume goes on from here") from error


def _packets(segments: Sequence[Path], time_base: Fraction, last_duration: int) -> Iterator[Any]:
    """Read the pictures' packets, each lasting until the next; `pts` in the footage's time base."""
    before: Any = None
    for segment in segments:
        with open_media(segment, "nut") as container:
            scale = container.streams.video[0].time_base / time_base
            for packet in container.demux(video=0):
                if packet.pts is None:
                    continue
                pts = round(packet.pts * scale)
                packet.time_base = time_base
                packet.pts = packet.dts = pts
                if before is not None:
                    before.duration = pts - before.pts
                    yield before
                before = packet
    if before is not None:
        before.duration = last_duration
        yield before


def _video(segments: Sequence[Path], film: Film, out: Path, ending: str) -> None:
    import av

    footage = film.footage
    with ExitStack() as stack:
        source = stack.enter_context(open_media(footage.container)) if footage.container else None
        options = muxing(ending, source.metadata if source else {})
        result = stack.enter_context(av.open(str(out.absolute()), "w", format=FORMATS[ending], options=options))
        first = stack.enter_context(open_media(segments[0], "nut"))
        video = result.add_stream_from_template(first.streams.video[0], opaque=True)
        video.time_base = footage.time_base
        begin, copies = footage.begin or Fraction(0), dict[int, _Copy]()
        if source:
            if footage.begin is None and source.start_time:  # clocks begin anywhere
                begin = Fraction(source.start_time, 1_000_000)
            copies = _add_tracks(source, result, video, film, begin)
        result.start_encoding()
        pictures = _packets(segments, footage.time_base, film.last_duration)
        shown = _Copy(video)
        timed = [((shown.take(packet, begin), packet) for packet in pictures)]
        if source and copies:
            others = _copied(source, set(copies), film, begin)
            timed.append((copies[packet.stream_index].take(packet, begin), packet) for packet in others)
        for _, packet in heapq.merge(*timed, key=lambda pair: pair[0]):
            result.mux(packet)


class _Copy:
    """A stream of the output, whose packets' times rise as muxers want them."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._last: int | None = None
        self._step = 0

    def take(self, packet: Any, begin: Fraction) -> float:
        """Make a packet one of this stream, its times counted from `begin`; when it is due, in seconds."""
        base = self.stream.time_base
        scale, shift = packet.time_base / base, begin / base
        dts, pts = (round(time * scale - shift) for time in (packet.dts, packet.pts))
        if self._last is not None:
            dts = max(dts, self._last + 1)
            self._step = dts - self._last
        # Where a file does not tell it, as long as the packet before: with none at all the last one would not be heard.
        duration = round((packet.duration or 0) * scale) or self._step
        packet.time_base, packet.stream = base, self.stream
        packet.dts, packet.pts, packet.duration, self._last = dts, max(pts, dts), duration, dts
        return in_seconds(dts, base)


def _add_tracks(source: Any, result: Any, video: Any, film: Film, begin: Fraction) -> dict[int, _Copy]:
    """Give the result the source's metadata, chapters and attachments, and a stream for each one that is copied."""
    result.metadata.update(kept(source.metadata))
    video.metadata.update(kept(source.streams.best("video").metadata))
    result.set_chapters(_chapters(source, film, begin))
    copies: dict[int, _Copy] = {}
    for stream in source.streams:
        if stream.index in film.tracks.copied:
            copy = result.add_stream_from_template(stream, opaque=True)
            copy.metadata.update(kept(stream.metadata))
            copy.disposition = stream.disposition
            copies[stream.index] = _Copy(copy)
    for name, kind, data in [*film.tracks.covers, *film.tracks.attachments]:
        result.add_attachment(name, kind, data)
    return copies


def _chapters(source: Any, film: Film, begin: Fraction) -> list[Any]:
    """Find the chapters that lie in what was painted, and that a muxer takes."""
    found = []
    for chapter in source.chapters():
        base = chapter["time_base"]
        until = None if film.until is None else round((film.until - begin) / base)
        start, end = (round(time - begin / base) for time in (chapter["start"], chapter["end"]))
        start, end = max(0, start), end if until is None else min(end, until)
        if start < end:
            found.append({**chapter, "start": start, "end": end})
    return found


def _copied(source: Any, indexes: set[int], film: Film, begin: Fraction) -> Iterator[Any]:
    """Read the packets of the streams that are copied, as far as the pictures reach."""
    trimmed = film.footage.begin is not None
    for packet in timed_packets(source, indexes):
        if packet.stream.type == "video":  # a cover picture, which has no time
            packet.pts = packet.dts = round(begin / packet.time_base)
        if packet.dts is None or not packet.size:
            continue
        if packet.pts is None:
            packet.pts = packet.dts
        time, subtitle = packet.pts * packet.time_base, packet.stream.type == "subtitle"
        if film.until is not None and packet.dts * packet.time_base >= film.until:
            if packet.dts * packet.time_base >= film.until + _PATIENCE:
                return
            continue
        if trimmed and time < begin:
            if not subtitle or time + (packet.duration or 0) * packet.time_base <= begin:
                continue
            packet.duration -= round((begin - time) / packet.time_base)  # it is read on from the beginning
            packet.pts = packet.dts = round(begin / packet.time_base)
        yield packet


def _pictures(segments: Sequence[Path], film: Film, out: Path) -> list[str]:
    """Write 000001.png and on, and their times in a list that FFmpeg reads (its format "ffconcat")."""
    out.mkdir()
    lines = ["ffconcat version 1.0"]
    name = ""
    for number, packet in enumerate(_packets(segments, film.footage.time_base, film.last_duration), 1):
        name = f"{number:06}.png"
        (out / name).write_bytes(bytes(packet))
        lines += [f"file {name}", f"duration {float(packet.duration * film.footage.time_base):.6f}"]
    (out / LIST).write_text("\n".join(lines) + "\n", encoding="ascii")
    return []
