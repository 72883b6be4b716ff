"""What a film holds besides the pictures that are painted, and what of it goes into an output.

A stream is asked about by trying it: a muxer says what it refuses only when a file is begun, or at the first packet.
"""

from __future__ import annotations

import io
import mimetypes
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime.media.ffmpeg import open_media
from realtime.render.clock import timed_packets

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's name of the format of a film, by its ending."""

_OTHERS = (".mkv", ".mp4", ".mov", ".webm")  # where else a stream may fit, the likeliest first
_TRIED = 3  # packets of a stream that are tried
_READ = 4000  # packets of a file that are read for them
_NOT_KEPT = re.compile(
    r"major_brand|minor_version|compatible_brands|encoder|rotate|duration|_?statistics.*|bps|number_of_.*|vendor_id",
    re.IGNORECASE,
)
# What QuickTime's old forms have a place for; all else is written by its own name (movflags use_metadata_tags).
_COMMON = frozenset(
    {"title", "artist", "album_artist", "album", "composer", "date", "comment", "genre", "copyright", "description",
     "synopsis", "grouping", "lyrics", "show", "episode_id", "network", "keywords", "track", "disc", "creation_time"}
)  # fmt: skip


@dataclass
class Tracks:
    """What goes into the output with the painted pictures.

    Attributes:
        copied: The numbers of the streams whose packets are copied.
        covers: Cover pictures as attachments: name, kind and content.
        attachments: Fonts and other files: name, kind and content.
        notes: What is left out, for a person.
    """

    copied: set[int] = field(default_factory=set)
    covers: list[tuple[str, str, bytes]] = field(default_factory=list)
    attachments: list[tuple[str, str, bytes]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def choose_tracks(file: Path, ending: str) -> Tracks:
    """Find out which streams of a file an output of some ending takes.

    Args:
        file: A film.
        ending: Of the output, one of `FORMATS`.

    Raises:
        av.FFmpegError: The file cannot be read.
    """
    tracks = Tracks()
    data: Counter[str] = Counter()
    with open_media(file) as container:
        painted = container.streams.best("video")
        samples = _samples(container)
        for stream in container.streams:
            if (painted is not None and stream.index == painted.index) or _serves_chapters(stream):
                continue
            if stream.type == "attachment":
                _add_attachment(tracks, stream, ending)
            elif stream.type == "video" and is_cover(stream):
                _add_cover(tracks, stream, samples[stream.index], ending)
            elif stream.type == "video":
                tracks.notes.append("another video track is left out: one is painted, the best of the file")
            elif stream.type in ("audio", "subtitle"):
                _add_stream(tracks, stream, samples[stream.index], ending)
            elif stream.metadata.get("timecode") is None:  # an output gets a timecode of its own from the metadata
                data[stream.type] += 1
    for kind, count in data.items():
        tracks.notes.append(f"{count} tracks of {kind} are left out" if count > 1 else f"a track of {kind} is left out")
    return tracks


def is_cover(stream: Any) -> bool:
    """Return whether a stream is a cover picture."""
    import av

    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _serves_chapters(stream: Any) -> bool:
    """Whether a stream holds chapters' names or thumbnails, which are read as chapters."""
    import av

    flags = av.stream.Disposition
    return bool(stream.discard == av.stream.Discard.all or stream.disposition & flags.timed_thumbnails)


def kept(metadata: dict[str, str]) -> dict[str, str]:
    """Return the metadata that is as true of the painted film: who, when and where."""
    return {name: text for name, text in metadata.items() if not _NOT_KEPT.fullmatch(name)}


def muxing(ending: str, metadata: dict[str, str]) -> dict[str, str]:
    """Return the options with which a film of this ending is written, so that all of its metadata is kept."""
    if ending not in (".mp4", ".mov"):
        return {}
    uncommon = any(name.lower() not in _COMMON for name in kept(metadata))
    return {"movflags": "+faststart" + "+use_metadata_tags" * uncommon}


def _samples(container: Any) -> dict[int, list[Any]]:
    """Read the first packets of every stream; none where they come late."""
    import av

    samples: dict[int, list[Any]] = {stream.index: [] for stream in container.streams}
    wanted = {stream.index for stream in container.streams if stream.type in ("audio", "subtitle", "video")}
    try:
        for number, packet in enumerate(timed_packets(container, wanted)):
            found = samples.setdefault(packet.stream_index, [])
            cover = is_cover(packet.stream)  # its one packet has no time
            if packet.size and (packet.dts is not None or cover) and len(found) < _TRIED:
                found += [packet] * (_TRIED if cover else 1)
            if number > _READ or all(len(samples[index]) >= _TRIED for index in wanted):
                break
    except av.FFmpegError:
        pass  # a file that breaks off: what came before tells enough
    return samples


def _add_stream(tracks: Tracks, stream: Any, packets: list[Any], ending: str) -> None:
    what = "a sound track" if stream.type == "audio" else "a track of subtitles"
    if stream.codec_context is None:
        tracks.notes.append(f"{what} of an unknown codec is left out")
    elif _takes(ending, stream, packets):
        tracks.copied.add(stream.index)
    else:
        codec = stream.codec_context.codec.canonical_name
        elsewhere = next((e for e in _OTHERS if e != ending and _takes(e, stream, packets)), "")
        hint = f"an {elsewhere} holds it" if elsewhere else "no output of this program holds it"
        tracks.notes.append(f"{what} ({codec}) does not go into {ending} files and is left out; {hint}")


def _add_attachment(tracks: Tracks, stream: Any, ending: str) -> None:
    name = stream.metadata.get("filename") or f"attachment {stream.index}"
    if ending == ".mkv":
        kind = stream.mimetype or mimetypes.guess_type(name)[0] or "application/octet-stream"
        tracks.attachments.append((name, kind, bytes(stream.data or b"")))
    else:
        tracks.notes.append(
            f"an attached file ({name}) does not go into {ending} files and is left out; an .mkv holds it"
        )


def _add_cover(tracks: Tracks, stream: Any, packets: list[Any], ending: str) -> None:
    kinds = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
    if ending == ".mp4" and packets and _takes(ending, stream, packets):
        tracks.copied.add(stream.index)
    elif ending == ".mkv" and packets and codec in kinds:
        tracks.covers.append((*kinds[codec], bytes(packets[0])))
    else:
        hint = f"; an {'.mkv' if ending == '.mp4' else '.mp4'} holds it" if codec in kinds else ""
        tracks.notes.append(f"a cover picture ({codec}) does not go into {ending} files and is left out{hint}")


def _takes(ending: str, stream: Any, packets: list[Any]) -> bool:
    """Return whether files of an ending take a stream: a small one is made of it alone."""
    import av

    try:
        with av.open(io.BytesIO(), "w", format=FORMATS[ending]) as scratch:
            copy: Any = scratch.add_stream_from_template(stream, opaque=True)
            copy.disposition = stream.disposition
            scratch.start_encoding()
            for packet in packets[:1] if is_cover(stream) else packets:
                sample = av.Packet(bytes(packet))
                sample.time_base, sample.pts, sample.dts = packet.time_base, packet.pts or 0, packet.dts or 0
                sample.duration, sample.is_keyframe, sample.stream = packet.duration, True, copy
                scratch.mux(sample)
    except Exception:  # of whatever family: it is not taken
        return False
    return True
