"""Videos and animated GIFs: every frame once, as it was meant to be seen, and what happens where one is broken."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from realtime.core.errors import SourceError
from realtime.core.frame import Picture
from realtime.core.geometry import boxed
from realtime.core.text import clean
from realtime.media.ffmpeg import counted, failures, frame_rate, jumps, open_media, why
from realtime.render.clock import timed_packets
from realtime.render.converting import Converter
from realtime.render.footage import Footage, Shot
from realtime.render.tracks import is_cover

_EASY = 1920 * 1088
"""Pixels of a frame that one thread decodes sooner than it is painted: with more threads they only wait for one another."""
_LEAD = 1.0  # seconds before the place asked for: a broken frame there needs the one before it


class Video(Footage):
    """Anything that FFmpeg reads, as 8-bit BGR: turned as the file asks, square pixels, HDR toned down."""

    def __init__(self, file: Path) -> None:
        """Open a file to know what it is, and close it.

        Raises:
            SourceError: It cannot be opened or holds no video.
        """
        self.container, self.files = file, (file,)
        self._file, self.name = file, clean(file.name)
        with ExitStack() as stack:
            container, stream = self._open(stack)
            self.time_base = stream.time_base
            self._jumps, self._counted = jumps(container), counted(container)
            rate = frame_rate(container, stream)
            self._step = max(1, round(1 / rate / self.time_base))
            if stream.duration and not self._jumps:
                self.seconds = self.promised = float(stream.duration * self.time_base)
            elif container.duration:
                self.seconds = container.duration / 1_000_000
            self.frames = stream.frames or (round(self.seconds * rate) if self.seconds else None)
            self._convert = Converter(stream.sample_aspect_ratio, stream.codec_context.codec.canonical_name)
            first = next(self._decoded(timed_packets(container, {stream.index})), None)
        if first is None:
            raise SourceError(f"no picture of {self.name} can be read; the file is damaged or protected")
        self.start = first.pts
        self.size = first.picture.shape[1], first.picture.shape[0]
        if self._convert.note:
            self.notes = (self._convert.note,)

    def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
        """Read the frames in order; see `Footage.shots`."""
        with ExitStack() as stack:
            shots = self._sought(stack, since) if since is not None and since > self.start else None
            if shots is None:  # from the beginning, then: slower, but never wrong
                container, stream = self._open(stack)
                shots = self._decoded(timed_packets(container, {stream.index}))
            for shot in shots:
                if since is None or shot.pts >= since:
                    if (shot.picture.shape[1], shot.picture.shape[0]) != self.size:
                        shot = Shot(boxed(shot.picture, self.size), shot.pts, shot.duration, shot.broken)
                    yield shot

    def _sought(self, stack: ExitStack, since: int) -> Iterator[Shot] | None:
        """Read from a key frame well before `since`; None where the file cannot be entered in the middle."""
        target = since - int(_LEAD / self.time_base)
        if target <= self.start or self._counted:
            return None
        try:
            container, stream = self._open(stack)
            if self._jumps:  # its clock is known only to who was there from the beginning
                packets = self._from_key(container, stream, target)
            else:
                container.seek(target, stream=stream)
                packets = timed_packets(container, {stream.index})
            shots = self._decoded(packets)
            first = next(shots, None)
        except failures():
            return None
        if first is None or first.broken or first.pts > target:
            return None
        return _chained(first, shots)

    def _from_key(self, container: Any, stream: Any, target: int) -> Iterator[Any]:
        """Read the packets from the last key frame shown at `target` or before. Nothing is decoded to find it."""
        place = 0
        with ExitStack() as stack:
            ahead, same = self._open(stack)
            for number, packet in enumerate(timed_packets(ahead, {same.index})):
                if packet.is_keyframe and packet.pts is not None and packet.pts <= target:
                    place = number
                if packet.dts is not None and packet.dts > target:
                    break
        return islice(timed_packets(container, {stream.index}), place, None)

    def _open(self, stack: ExitStack) -> tuple[Any, Any]:
        try:
            container = open_media(self._file)
        except failures() as error:
            raise SourceError(f"{self.name} cannot be opened as a video ({why(error)})") from error
        stack.enter_context(container)
        stream = container.streams.best("video")
        if stream is None or stream.codec_context is None or is_cover(stream):
            raise SourceError(f"{self.name} holds no video that can be decoded")
        if stream.width * stream.height <= _EASY:
            stream.codec_context.thread_count = 1
        return container, stream

    def _decoded(self, packets: Iterator[Any]) -> Iterator[Shot]:
        import av

        last: Shot | None = None
        lost: list[tuple[int, str]] = []  # broken frames that wait for a picture
        waiting: list[int] = []  # the times of packets whose frame has not come yet
        trouble = ""

        def missing(before: int | None) -> None:
            while waiting and (before is None or waiting[0] < before):
                pts = heapq.heappop(waiting)
                # Without trouble a packet whose frame never comes is one that is not shown: that is no loss.
                if trouble and (last is None or pts > last.pts):
                    lost.append((pts, trouble))

        def stand_ins(picture: Picture) -> Iterator[Shot]:
            nonlocal last
            for number, reason in lost:
                last = Shot(picture, number, self._step, reason)
                yield last
            lost.clear()

        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                if packet.pts is not None and packet.size and not packet.is_discard:
                    heapq.heappush(waiting, packet.pts)
                frames = packet.decode()
            except EOFError:
                break
            except av.FFmpegError as error:
                trouble = why(error).lower()
                continue
            for frame in frames:
                known = frame.pts is not None and not self._counted
                pts = frame.pts if known else (last.pts + self._step if last else 0)
                missing(pts)
                if waiting and waiting[0] == pts:
                    heapq.heappop(waiting)
                pts = max(pts, last.pts + 1) if last else pts
                if frame.is_corrupt and last is not None:
                    lost.append((pts, "damaged"))
                    yield from stand_ins(last.picture)
                    continue
                picture = self._picture(frame)
                yield from stand_ins(last.picture if last else picture)
                last = Shot(picture, pts, self._step if self._counted else frame.duration or self._step)
                yield last
        missing(None)
        if last is not None:
            yield from stand_ins(last.picture)

    def _picture(self, frame: Any) -> Picture:
        try:
            return self._convert(frame)
        except failures(ValueError) as error:
            raise SourceError(
                f"{self.name} has pictures of a kind that cannot be converted ({frame.format.name}: {why(error)})"
            ) from error


def _chained(first: Shot, rest: Iterator[Shot]) -> Iterator[Shot]:
    yield first
    yield from rest
