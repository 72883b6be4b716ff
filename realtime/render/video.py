"""Videos and animated GIFs: every frame once, as it was meant to be seen, and what happens where one is broken."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import SourceError
from realtime.core.frame import Picture
from realtime.core.geometry import boxed
from realtime.core.text import clean
from realtime.render.footage import Footage, Shot

_LEAD = 1.0  # seconds before the place asked for: a broken frame there needs the one before it


class Video(Footage):
    """Anything that FFmpeg reads, as 8-bit BGR: turned as the file asks, square pixels, HDR toned down."""

    def __init__(self, file: Path) -> None:
        """SourceError when the file cannot be opened or holds no video."""
        self.container, self.files = file, (file,)
        self._file, self.name = file, clean(file.name)
        with ExitStack() as stack:
            container, stream = self._open(stack)
            self.time_base = stream.time_base
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            self._step = max(1, round(1 / rate / self.time_base))
            if stream.duration:
                self.seconds = self.promised = float(stream.duration * self.time_base)
            elif container.duration:
                self.seconds = container.duration / 1_000_000
            self.frames = stream.frames or (round(self.seconds * rate) if self.seconds else None)
            self._convert = _Convert(stream.sample_aspect_ratio)
            first = next(self._decoded(container, stream), None)
        if first is None:
            raise SourceError(f"no picture of {self.name} can be read; the file is damaged or protected")
        self.start = first.pts
        self.size = first.picture.shape[1], first.picture.shape[0]

    def shots(self, since: int | None = None) -> Iterator[Shot]:
        with ExitStack() as stack:
            container, stream = self._open(stack)
            shots = self._decoded(container, stream)
            if since is not None and since > self.start:
                shots = self._sought(stack, container, stream, since) or shots
            for shot in shots:
                if since is None or shot.pts >= since:
                    if (shot.picture.shape[1], shot.picture.shape[0]) != self.size:
                        shot = Shot(boxed(shot.picture, self.size), shot.pts, shot.duration, shot.broken)
                    yield shot

    def _sought(self, stack: ExitStack, container: Any, stream: Any, since: int) -> Iterator[Shot] | None:
        """The frames from a key frame well before `since`; None where the file cannot be entered in the middle."""
        import av

        target = since - int(_LEAD / self.time_base)
        if target <= self.start:
            return None
        try:
            container.seek(target, stream=stream)
            shots = self._decoded(container, stream)
            first = next(shots, None)
        except av.FFmpegError:
            first = None
        if first is not None and not first.broken and first.pts <= target:
            return _chained(first, shots)
        container, stream = self._open(stack)  # from the beginning, then: slower, but never wrong
        return self._decoded(container, stream)

    def _open(self, stack: ExitStack) -> tuple[Any, Any]:
        import av

        try:
            # The whole path: FFmpeg would take a file "12:30.mp4" for an address.
            container: Any = av.open(str(self._file.absolute()), metadata_errors="replace")
        except av.FFmpegError as error:
            raise SourceError(f"{self.name} cannot be opened as a video ({error.strerror})") from error
        stack.enter_context(container)
        stream = container.streams.best("video")
        if stream is None or stream.codec_context is None or stream.disposition & stream.disposition.attached_pic:
            raise SourceError(f"{self.name} holds no video that can be decoded")
        return container, stream

    def _decoded(self, container: Any, stream: Any) -> Iterator[Shot]:
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
            for number, why in lost:
                last = Shot(picture, number, self._step, why)
                yield last
            lost.clear()

        packets = container.demux(stream)
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
                trouble = str(error.strerror or error).lower()
                continue
            for frame in frames:
                pts = frame.pts if frame.pts is not None else (last.pts + self._step if last else 0)
                missing(pts)
                if waiting and waiting[0] == pts:
                    heapq.heappop(waiting)
                pts = max(pts, last.pts + 1) if last else pts
                if frame.is_corrupt and last is not None:
                    lost.append((pts, "damaged"))
                    yield from stand_ins(last.picture)
                    continue
                picture = self._convert(frame)
                yield from stand_ins(last.picture if last else picture)
                last = Shot(picture, pts, frame.duration or self._step)
                yield last
        missing(None)
        if last is not None:
            yield from stand_ins(last.picture)


def _chained(first: Shot, rest: Iterator[Shot]) -> Iterator[Shot]:
    yield first
    yield from rest


class _Convert:
    """A decoder's frame to an upright BGR picture with square pixels."""

    def __init__(self, aspect: Fraction | None) -> None:
        self._aspect = aspect or Fraction(1)
        self._graph: Any = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: Any) -> Picture:
        key = (frame.format.name, frame.width, frame.height, *_colours(frame))
        if key != self._made_for:
            self._graph, self._made_for = self._build(frame), key
        turn = _turn(frame)
        self._graph.push(frame)
        converted = self._graph.pull()
        picture: Picture = converted.to_ndarray()
        if picture.shape[2] == 4:  # what is transparent is white, as in pictures
            alpha = picture[:, :, 3:].astype(np.uint16)
            picture = ((picture[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        upright: Picture = turn(picture)
        return upright

    def _build(self, frame: Any) -> Any:
        import av

        matrix, full, transfer = _colours(frame)
        width, height = frame.width, frame.height
        if self._aspect > 1:
            width = round(width * self._aspect)
        else:
            height = round(height / self._aspect)
        # Without scaling it is only about colours, for which bilinear is as exact, and quicker. For what most videos are FFmpeg
        # has a conversion that is eight times as quick: half a level darker, and colours, but not brightness, by pairs of pixels.
        same_size = (width, height) == (frame.width, frame.height)
        scaling = "bilinear" if same_size else "bicubic"
        if transfer or not (same_size and frame.format.name in ("yuv420p", "yuvj420p")):
            scaling += "+accurate_rnd"
        alpha = frame.format.name in ("rgba", "bgra", "argb", "abgr", "pal8", "yuva420p", "ya8", "gbrap")
        graph = av.filter.Graph()
        nodes = [
            graph.add(
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000:pixel_aspect=1/1"
                f":colorspace={frame.colorspace}:range={frame.color_range}",
            ),
            graph.add(
                "scale",
                f"{width}:{height}:flags={scaling}+full_chroma_int:in_color_matrix={matrix}"
                f":in_range={'full' if full else 'limited'}:out_range=full",
            ),
        ]
        if transfer:
            with tempfile.TemporaryDirectory() as folder:
                table = Path(folder) / "sdr.cube"
                table.write_text(_table(transfer), encoding="ascii")
                nodes += [graph.add("format", "gbrp12"), graph.add("lut3d", file=str(table), interp="tetrahedral")]
        nodes += [graph.add("format", "bgra" if alpha else "bgr24"), graph.add("buffersink")]
        graph.link_nodes(*nodes).configure()
        return graph


@cache
def _table(transfer: str) -> str:
    from realtime.render.hdr import cube

    return cube(transfer)


def _colours(frame: Any) -> tuple[str, bool, str]:
    """The matrix (as FFmpeg's scale calls it), whether the range is full, and what has to be toned down: pq, hlg, sdr or ""."""
    known = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
    # Where nothing is said players take BT.709 for what is as large as HD, and BT.601 for less.
    matrix = known.get(int(frame.colorspace), "bt709" if min(frame.width, frame.height) >= 720 else "bt601")
    full = int(frame.color_range) == 2 or frame.format.name.startswith(("yuvj", "rgb", "bgr", "gbr", "gray", "pal"))
    transfer = {16: "pq", 18: "hlg"}.get(int(frame.color_trc), "sdr" if int(frame.color_primaries) == 9 else "")
    return matrix, full, transfer


def _turn(frame: Any) -> Any:
    """What turns (and mirrors) the frame's picture as its display matrix asks, by quarter turns."""
    data = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), b"")
    if len(data) < 36:
        return lambda picture: picture
    a, b, _, c, d = np.sign(np.round(np.frombuffer(data, np.int32, 5) / 65536)).astype(int).tolist()
    turns = {
        (1, 0, 0, 1): lambda p: p,
        (0, 1, -1, 0): lambda p: cv2.rotate(p, cv2.ROTATE_90_CLOCKWISE),
        (-1, 0, 0, -1): lambda p: cv2.rotate(p, cv2.ROTATE_180),
        (0, -1, 1, 0): lambda p: cv2.rotate(p, cv2.ROTATE_90_COUNTERCLOCKWISE),
        (-1, 0, 0, 1): lambda p: cv2.flip(p, 1),
        (1, 0, 0, -1): lambda p: cv2.flip(p, 0),
        (0, 1, 1, 0): cv2.transpose,
        (0, -1, -1, 0): lambda p: cv2.rotate(cv2.transpose(p), cv2.ROTATE_180),
    }
    return turns.get((a, b, c, d), turns[(1, 0, 0, 1)])
