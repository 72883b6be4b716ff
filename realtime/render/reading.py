"""Footage: a video file, an animated GIF, or a sequence of pictures, every frame exactly once and at its time."""

from __future__ import annotations

import heapq
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from realtime.errors import SourceError, StyleError, UsageError
from realtime.frame import Picture, Size
from realtime.paths import user_path
from realtime.pictures import PICTURES, load_picture
from realtime.text import clean

SEQUENCE_RATE = 25.0
"""Frames a second of a sequence of pictures."""
_LEAD = 1.0  # seconds before the place asked for: a broken frame there needs the one before it


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame of footage: `picture` (uint8, H×W×3, BGR, upright, square pixels), its time `pts` and `duration` (0: not
    known) in the footage's `time_base`. `broken` says why, where the picture is the one before in place of a broken one."""

    picture: Picture
    pts: int
    duration: int = 0
    broken: str = ""


class Footage(ABC):
    """What is read. A context manager; one thread at a time."""

    name: str
    size: Size
    """Of every picture: (width, height)."""
    time_base: Fraction
    """Seconds of a tick."""
    start: int
    """The `pts` of the first frame."""
    frames: int | None = None
    """How many there are, as far as the file says."""
    seconds: float | None = None
    """How long it is, as far as the file says."""
    container: Path | None = None
    """Where sound, subtitles, chapters and metadata are, if anywhere."""
    files: Sequence[Path] = ()
    """All that is read."""

    @abstractmethod
    def shots(self, since: int | None = None) -> Iterator[Shot]:
        """Every frame from `since` (a `pts`) on, in order. SourceError when nothing can be read."""

    def at(self, pts: int) -> float:
        """A frame's time in seconds from the first one."""
        return float((pts - self.start) * self.time_base)


def open_footage(text: str, rate: float = SEQUENCE_RATE) -> Footage:
    """The footage that `text` names: a video, a picture, a folder of pictures, a pattern (shot_%04d.png, 'shots/*.png').

    `rate` is the frames a second of pictures. UsageError when there is nothing of that name, SourceError when it cannot be read.
    """
    path = user_path(text)
    files = _sequence(path)
    if files is not None:
        return Pictures(text, files, rate)
    if not os.path.isfile(path):
        raise UsageError(f"there is no file {clean(text)}; render takes videos, folders of pictures and patterns")
    return Video(path)


def _sequence(path: Path) -> list[Path] | None:
    """The files of a sequence in order; None when `path` names none."""
    if os.path.isfile(path):
        return [path] if path.suffix.lower() in PICTURES else None
    if os.path.isdir(path):
        return sorted((p for p in path.iterdir() if p.suffix.lower() in PICTURES and p.name[0] != "."), key=_in_order)
    if match := re.search(r"%0?(\d*)d", path.name):
        before, after = re.escape(path.name[: match.start()]), re.escape(path.name[match.end() :])
        wanted = re.compile(f"{before}(\\d{{{match[1] or 1},}}){after}")
        found = [p for p in path.parent.iterdir() if wanted.fullmatch(p.name)] if os.path.isdir(path.parent) else []
        return sorted(found, key=_in_order)
    if any(letter in path.name for letter in "*?["):
        return sorted(path.parent.glob(path.name), key=_in_order)
    return None


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Numbers by their value: shot9 comes before shot10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


class Pictures(Footage):
    """A sequence of picture files; all are brought to the first one's size, on black where the aspect differs."""

    def __init__(self, name: str, files: Sequence[Path], rate: float) -> None:
        if not files:
            raise SourceError(f"{clean(name)} holds no pictures; wanted {', '.join(sorted(PICTURES))} files")
        self.name = clean(Path(name).name)
        self.files = files
        self.time_base, self.start = 1 / Fraction(rate).limit_denominator(1001), 0
        self.frames, self.seconds = len(files), len(files) / rate
        first = next(self._read(0), None)
        if first is None:
            raise SourceError(f"no picture of {clean(name)} can be read")
        self.size = first.picture.shape[1], first.picture.shape[0]

    def shots(self, since: int | None = None) -> Iterator[Shot]:
        begin = max(0, since or 0)
        for shot in self._read(max(0, begin - 1)):
            if shot.pts >= begin:
                yield Shot(fitted(shot.picture, self.size), shot.pts, shot.duration, shot.broken)

    def _read(self, begin: int) -> Iterator[Shot]:
        last: Picture | None = None
        lost: list[tuple[int, str]] = []
        while begin > 0 and not self._readable(begin):
            begin -= 1  # the picture that stands in for the broken ones
        for index in range(begin, len(self.files)):
            try:
                last = load_picture(self.files[index])
            except StyleError as error:
                lost.append((index, str(error)))
            if last is not None:
                yield from (Shot(last, number, 1, why) for number, why in lost)
                if not lost or lost[-1][0] != index:
                    yield Shot(last, index, 1)
                lost.clear()

    def _readable(self, index: int) -> bool:
        with suppress(StyleError):
            load_picture(self.files[index])
            return True
        return False


class Video(Footage):
    """Anything that FFmpeg reads, as 8-bit BGR: turned as the file asks, square pixels, HDR toned down."""

    def __init__(self, file: Path | BinaryIO, name: str = "") -> None:
        """SourceError when the file cannot be opened or holds no video."""
        if isinstance(file, Path):
            self.container, self.files = file, (file,)
        self._file = file
        self.name = clean(name or getattr(file, "name", "video"))
        with ExitStack() as stack:
            container, stream = self._open(stack)
            self.time_base = stream.time_base
            rate = stream.average_rate or stream.guessed_rate or Fraction(25)
            self._step = max(1, round(1 / rate / self.time_base))
            if stream.duration:
                self.seconds = float(stream.duration * self.time_base)
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
                        shot = Shot(fitted(shot.picture, self.size), shot.pts, shot.duration, shot.broken)
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

        container: Any
        try:
            if isinstance(self._file, Path):
                # The whole path: FFmpeg would take a file "12:30.mp4" for an address.
                container = av.open(str(self._file.absolute()), metadata_errors="replace")
            else:
                self._file.seek(0)
                container = av.open(self._file, metadata_errors="replace")
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

        def shots(picture: Picture, pts: int, duration: int) -> Iterator[Shot]:
            nonlocal last
            for number, why in lost:
                last = Shot(last.picture if last else picture, number, self._step, why)
                yield last
            lost.clear()
            if pts >= 0 or duration:
                last = Shot(picture, pts, duration)
                yield last

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
                    yield from shots(last.picture, -1, 0)
                    continue
                yield from shots(self._convert(frame), pts, frame.duration or self._step)
        missing(None)
        if last is not None:
            yield from shots(last.picture, -1, 0)


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
        # Without scaling it is only about colours, for which bilinear is as exact, and quicker.
        scaling = "bilinear" if (width, height) == (frame.width, frame.height) else "bicubic"
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
                f"{width}:{height}:flags={scaling}+accurate_rnd+full_chroma_int:in_color_matrix={matrix}"
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


def fitted(picture: Picture, size: Size) -> Picture:
    """`picture` inside `size` (width, height), its aspect kept, the rest black."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)
    return canvas
