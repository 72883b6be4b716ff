"""Decode one picture from a stranger. Run as a process of its own, with limits: `python -m realtime.page.decoding`.

The file comes by standard input. The answer on standard output is a line, `ok WIDTH HEIGHT` and the pixels after it (BGR, a byte
each), or `CODE` and an explanation. Codes are those of `realtime.page.uploads`.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import BinaryIO

MOST_PIXELS = 50_000_000
MOST_MEMORY = 1 << 30
"""Bytes that the process may have beyond what it begins with."""
MOST_SECONDS = 12
"""Seconds of a core that the process may use."""
LONGEST = 4096
"""Pixels of the longer side of what is kept, at most."""


def limit() -> None:
    """Give the process its limits, where the system has such: no more memory, no files, no other processes, few seconds."""
    if sys.platform == "win32":
        return  # the caller's limit of time alone
    import resource

    begun = _address_space()
    for kind, most in (
        (resource.RLIMIT_AS, begun + MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(
            ValueError, OSError
        ):  # a system that has a lower one, or macOS, which has no limit of memory
            resource.setrlimit(kind, (most, most))


def _address_space() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30


def decode(data: bytes, out: BinaryIO) -> None:
    """Decode a picture and write the answer.

    Args:
        data: The file's bytes: anything.
        out: Where the answer goes.
    """
    from PIL import Image

    from realtime.media.images import decoded
    from realtime.models.base import STYLE_SIZE

    Image.MAX_IMAGE_PIXELS = None  # the limit below is what counts
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    except Exception:
        return _refuse(out, "not-a-picture", "it is no JPEG, PNG or WebP")
    with image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            return _refuse(out, "too-many-pixels", f"it has {width}×{height} pixels; at most 50 megapixels are taken")
        if min(width, height) < 1:
            return _refuse(out, "broken", "it has no pixels")
        if (
            image.format != "MPO" and getattr(image, "n_frames", 1) > 1
        ):  # MPO: a phone's photo with a map of its brightness
            return _refuse(out, "several-frames", "it moves; a picture that stands still is taken")
        try:
            picture = decoded(image, 2 * STYLE_SIZE).on_white()
        except MemoryError:
            return _refuse(out, "broken", "it needs too much memory")
        except Exception as error:
            return _refuse(out, "broken", f"it is broken ({type(error).__name__})")
    height, width = picture.shape[:2]
    if max(height, width) > LONGEST:
        import cv2

        scale = LONGEST / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        height, width = picture.shape[:2]
    out.write(f"ok {width} {height}\n".encode() + picture.tobytes())


def _refuse(out: BinaryIO, code: str, text: str) -> None:
    out.write(f"{code} {text}\n".encode())


def main() -> None:
    """Decode what comes by standard input."""
    import numpy  # noqa: F401  before the limits, so that they count what the picture needs
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    import realtime.media.images  # noqa: F401

    data = sys.stdin.buffer.read()
    limit()
    decode(data, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
