"""FFmpeg, by PyAV: files opened as files, and its errors, which are one family of their own."""

from __future__ import annotations

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
