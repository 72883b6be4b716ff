"""FFmpeg, by PyAV: files opened as files, and its errors, which are one family of their own."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2  # noqa: F401  before av, always: the other way round OpenCV's first window would hang


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what FFmpeg and the disk under it raise, and `more`.

    Not all of FFmpeg's errors are an OSError: ArgumentError is a ValueError, and ExternalError and ExperimentalError are
    neither. For an `except` clause, which asks only when something was raised.
    """
    import av

    return (OSError, av.FFmpegError, *more)


def why(error: BaseException) -> str:
    """Return what an error says, in few words."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def open_media(file: Path, format: str | None = None) -> Any:
    """Open a file for reading, as PyAV's container.

    Args:
        file: Whatever its name looks like: FFmpeg would take "12:30.mp4" for an address.
        format: FFmpeg's name of the only format that it may be; without it, what the content looks like.

    Raises:
        av.FFmpegError: It cannot be opened.
    """
    import av

    return av.open(str(file.absolute()), format=format, metadata_errors="replace")


def jumps(container: Any) -> bool:
    """Return whether the clock of a file of this format may jump: parts of others may have been joined to it."""
    import av

    return bool(container.format.flags & av.format.Flags.ts_discont.value)


def counted(container: Any) -> bool:
    """Return whether the format has no clock at all, so that frames are counted."""
    import av

    return bool(container.format.flags & av.format.Flags.no_timestamps.value)


def frame_rate(container: Any, stream: Any) -> Fraction:
    """Return the frames a second of a stream of pictures.

    What has no clock runs at the rate that its codec tells, as in the ffmpeg program: FFmpeg's guess is another at times.
    """
    own = stream.codec_context.framerate if counted(container) else stream.average_rate
    return Fraction(own or stream.guessed_rate or 25)


def odd_clock(file: Path) -> tuple[bool, float | None]:
    """Find out what is odd about the clock of a film.

    Args:
        file: A film of any kind.

    Returns:
        Whether its clock may jump, and the frames a second where it has no clock; (False, None) for most, and for what
        cannot be opened.
    """
    with suppress(OSError):
        with open(file, "rb") as opened:
            head = opened.read(400)
        packets = any(head[at : at + 1] == head[at + size : at + size + 1] == b"G" for at, size in ((0, 188), (4, 192)))
        if not packets and not head.startswith((b"\0\0\1", b"\0\0\0\1")):
            return False, None
    with suppress(*failures()), open_media(file) as container:
        stream = container.streams.best("video")
        if stream is not None and stream.codec_context is not None:
            return jumps(container), float(frame_rate(container, stream)) if counted(container) else None
    return False, None
