"""Picture files opened by their content, with a limit to their size, and one error for all that libraries raise."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from realtime.core.errors import StyleError
from realtime.core.text import clean
from realtime.media.kinds import described
from realtime.media.openers import MOST_PIXELS, check_size, kind_of_open, open_image
from realtime.media.raw import too_large

_SPELL = 0.002  # seconds of work between two rests
_LONGEST_TEXT = 1 << 24  # bytes of a PNG's profile or text: Pillow's own limit refuses profiles of printers


@contextlib.contextmanager
def opened(path: Path, slowly: bool = False) -> Iterator[Image.Image]:
    """Open a picture file, by its content, whatever its ending.

    Args:
        path: The file.
        slowly: Whether to read without haste.

    Yields:
        The picture, still to be decoded; its `info` has EXIF data (`exif`) and a profile (`icc_profile`) if it has them.

    Raises:
        StyleError: It is no picture that can be read, or whatever goes wrong inside the block.
    """
    name, kind = clean(path.name), ""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe would wait for ever
            raise StyleError(f"{name} cannot be read as a picture, being no file")
        with _pillow_at_ease, (_Unhurried if slowly else io.FileIO)(path) as file:
            kind = kind_of_open(file)
            with open_image(file, kind, path) as image:
                check_size(name, *image.size)
                yield image
    except StyleError:
        raise
    except FileNotFoundError:
        raise StyleError(f"there is no picture {clean(str(path))}") from None
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))  # Pillow looks at the size first, with a limit of its own
        raise StyleError(too_large(name, int(pixels[0]) if pixels else 2 * MOST_PIXELS, 1, MOST_PIXELS)) from error
    except Exception as error:  # a broken file makes libraries raise of many families, and they mean the same
        if not kind:
            reason = getattr(error, "strerror", None) or str(error)
            raise StyleError(f"{name} cannot be read as a picture ({reason or type(error).__name__})") from error
        raise StyleError(f"{name} is {_broken(kind, error)}") from error


class _PillowAtEase:
    """While any thread decodes, Pillow does not warn of sizes and odd tags, and takes long profiles and texts of PNGs.

    Both settings are the whole process's: the first thread puts them in place, the last takes them away, and no picture
    waits for another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._filters = warnings.catch_warnings()
        self._longest_text = 0

    def __enter__(self) -> None:
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
                self._longest_text = PngImagePlugin.MAX_TEXT_CHUNK
                PngImagePlugin.MAX_TEXT_CHUNK = max(self._longest_text, _LONGEST_TEXT)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._threads -= 1
            if not self._threads:
                self._filters.__exit__(None, None, None)
                PngImagePlugin.MAX_TEXT_CHUNK = self._longest_text


_pillow_at_ease = _PillowAtEase()


class _Unhurried(io.FileIO):
    """A file whose reader is made to rest, between two reads, for as long as it was busy with what it read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._rested = time.thread_time()

    def read(self, size: int | None = -1, /) -> bytes:
        if (busy := time.thread_time() - self._rested) > _SPELL:
            time.sleep(busy)
            self._rested = time.thread_time()
        return super().read(size)


def _broken(kind: str, error: Exception) -> str:
    """Say what is wrong with a file of a kind that can be read."""
    if isinstance(error, MemoryError):
        return f"{described(kind)} for which there is not enough memory; make a smaller copy"
    reason = "" if isinstance(error, UnidentifiedImageError) else getattr(error, "strerror", None) or str(error)
    return f"{described(kind)}, but a broken one" + (f" ({clean(reason)})" if reason else "")
