"""Mending clips that were never finished: their packets into a normal file, which is checked before the old one goes."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2  # noqa: F401  before av, always: the other way round OpenCV's first window would hang

from realtime.core.errors import RealtimeError, SinkError
from realtime.media import unfinished
from realtime.media.ffmpeg import why

_MENDING = ".mending"


def mend(partial: Path) -> Path | None:
    """Make a normal clip of the unfinished one `partial`, beside it, and give its path; None when it held nothing at all.

    `partial` is deleted when the new file was read from end to end and holds every packet and every picture that can be
    had from it. SinkError when that cannot be done; then `partial` is as it was.
    """
    if not unfinished.is_partial(partial):
        raise SinkError(f"{partial} is no unfinished clip; those are called NAME.partial.mp4, .webm or .mkv")
    if unfinished.is_being_written(partial):
        raise SinkError(f"{partial} is being recorded now; end that recording, which finishes it")
    try:
        if partial.stat().st_size == 0:
            partial.unlink()
            unfinished.forget(partial)
            return None
        whole = unfinished.whole_of(partial)
        new = whole.with_name(f"{whole.stem}{_MENDING}{whole.suffix}")
        try:
            copied = _copy(partial, new)
            _check(new, copied)
            path = unfinished.rename(new, whole)
        except BaseException:
            with suppress(OSError):
                new.unlink(missing_ok=True)  # ours, and not whole
            raise
        partial.unlink()
        unfinished.forget(partial)
        return path
    except RealtimeError:
        raise
    except Exception as error:  # FFmpeg's are of many families
        raise SinkError(f"{partial} cannot be mended ({why(error)}); it was left as it is") from error


def _copy(old: Path, new: Path) -> Counter[int]:
    """Every packet of `old` into `new`; how many of each stream. Where `old` breaks off, the copy ends."""
    import av

    copied: Counter[int] = Counter()
    faststart = {"movflags": "+faststart"} if new.suffix == ".mp4" else {}
    # The whole paths: FFmpeg would take a file "12:30.mp4" for an address.
    with (
        av.open(str(old.absolute())) as source,
        av.open(str(new.absolute()), "w", options=faststart) as target,
    ):
        streams: dict[int, Any] = {
            stream.index: target.add_stream_from_template(stream, opaque=True)
            for stream in source.streams
            if stream.type in ("video", "audio")
        }
        for stream in source.streams.video:
            streams[stream.index].codec_context.codec_tag = stream.codec_context.codec_tag
        last: dict[int, int] = {}
        with suppress(av.error.FFmpegError):  # it breaks off here
            for packet in source.demux():
                index = packet.stream.index
                if packet.dts is None or not packet.size or packet.is_corrupt or index not in streams:
                    continue  # what breaks off in the middle is marked as corrupt
                packet.dts = max(packet.dts, last.get(index, packet.dts - 1) + 1)
                packet.pts = max(packet.pts if packet.pts is not None else packet.dts, packet.dts)
                last[index] = packet.dts
                packet.stream = streams[index]
                copied[index] += 1
                target.mux(packet)
    if not any(copied[index] for index in streams):
        raise SinkError(f"{old} holds no picture; nothing can be made of it, and it was left as it is")
    return copied


def _check(path: Path, copied: Counter[int]) -> None:
    """Read all of it. SinkError unless it holds as many packets of each stream, and its pictures can be decoded."""
    import av

    found: Counter[int] = Counter()
    pictures = 0
    with av.open(str(path.absolute())) as container:
        for stream in container.streams.video:
            stream.codec_context.skip_frame = "NONKEY"  # a picture a second tells enough
        for packet in container.demux():
            if packet.size:
                found[packet.stream.index] += 1
            if packet.stream.type == "video":
                pictures += len(packet.decode())
    if sorted(found.values()) != sorted(copied.values()) or not pictures:
        raise SinkError(f"the mended copy of {path.name} came out wrong; the unfinished clip was left as it is")
