"""A video file, an animated GIF, or a sequence of pictures, by what a person writes; sequences are read here."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from math import ceil
from pathlib import Path

from realtime.core.addresses import without_secrets
from realtime.core.errors import SourceError, StyleError, UsageError
from realtime.core.frame import Picture
from realtime.core.geometry import boxed
from realtime.core.paths import user_path
from realtime.core.text import clean
from realtime.media.images import load_picture
from realtime.media.kinds import HEAD, PICTURES, READABLE, WANTED, kind_of
from realtime.render.footage import Footage, Shot
from realtime.render.video import Video

SEQUENCE_RATE = 25.0
"""Frames a second of a sequence of pictures."""
_STILL = READABLE - {"GIF", "PNG", "WebP", "AVIF"}  # the others may move


def open_footage(text: str, rate: float = SEQUENCE_RATE) -> Footage:
    """Open what a person names.

    Args:
        text: A video, a picture, a folder of pictures, or a pattern of their names (shot_%04d.png, 'shots/*.png').
        rate: Frames a second of pictures.

    Returns:
        The footage.

    Raises:
        UsageError: There is nothing of that name.
        SourceError: It cannot be read.
    """
    path = user_path(text)
    try:
        files = picture_files(path)
    except OSError as error:
        raise SourceError(f"{clean(text)} cannot be read ({error.strerror})") from error
    if files is not None:
        return Pictures(text, files, rate)
    if not os.path.isfile(path):
        raise UsageError(
            f"there is no file {without_secrets(clean(text))}; render takes videos, folders of pictures and patterns"
        )
    return Video(path)


def input_files(text: str) -> list[Path]:
    """Return all files that `open_footage` would read, as far as they are there."""
    path = user_path(text)
    try:
        files = picture_files(path)
    except OSError:
        files = None
    return [path] if files is None else files


def picture_files(path: Path) -> list[Path] | None:
    """Return the files of a sequence of pictures, in order; None when `path` names none. A file is what its content says."""
    if os.path.isfile(path):
        kind = _kind(path)
        moves = kind in ("video", "GIF", "sound")
        return [path] if (path.suffix.lower() in PICTURES and not moves) or kind in _STILL else None
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


def _kind(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return kind_of(file.read(HEAD))
    except OSError:
        return ""


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Numbers by their value: shot9 comes before shot10."""
    return [(int(text), "") if text.isdecimal() else (-1, text) for text in re.split(r"(\d+)", path.name)]


class Pictures(Footage):
    """A sequence of picture files; all are brought to the first one's size, on black where the aspect differs."""

    def __init__(self, name: str, files: Sequence[Path], rate: float) -> None:
        """Open a sequence.

        Args:
            name: What a person calls it.
            files: Its pictures, in order.
            rate: Frames a second.

        Raises:
            SourceError: None of the files can be read.
        """
        if not files:
            raise SourceError(f"{clean(name)} holds no pictures; wanted {WANTED} files")
        self.name = clean(Path(name).name)
        self.files = files
        exact = Fraction(rate).limit_denominator(1001)
        self._step = ceil(1 / exact)  # encoders want ticks of a second at most
        self.time_base, self.start = 1 / exact / self._step, 0
        self.frames, self.seconds = len(files), len(files) / rate
        first = next(self._read(0), None)
        if first is None:
            raise SourceError(f"no picture of {clean(name)} can be read")
        self.size = first.picture.shape[1], first.picture.shape[0]

    def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
        """Read the pictures in order; see `Footage.shots`."""
        begin = max(0, since or 0)
        for shot in self._read(max(0, begin // self._step - 1)):
            if shot.pts >= begin:
                yield Shot(boxed(shot.picture, self.size), shot.pts, shot.duration, shot.broken)

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
                step = self._step
                yield from (Shot(last, number * step, step, why) for number, why in lost)
                if not lost or lost[-1][0] != index:
                    yield Shot(last, index * step, step)
                lost.clear()

    def _readable(self, index: int) -> bool:
        with suppress(StyleError):
            load_picture(self.files[index])
            return True
        return False
