"""Picture files as people have them: turned, transparent, grey, 16-bit, CMYK, broken or far too large."""

from __future__ import annotations

import contextlib
import io
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from realtime.core.errors import StyleError
from realtime.core.frame import Picture

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MOST_PIXELS = 50_000_000

# What the content may be, whatever the ending says. Left to itself Pillow would also start other programs (Ghostscript).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_AVERAGED = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")  # kinds of pictures that can be scaled down as they are
_SPELL = 0.002  # seconds of work between two rests


def load_picture(path: Path, enough: int | None = None) -> Picture:
    """The picture of a file: uint8, H×W×3, BGR, upright as its EXIF asks; what is transparent is white.

    With `enough`, in pixels, a larger picture may come scaled down by a whole number, its shorter side still at least
    that. It is then read without haste, as is fit beside a live picture: a large JPEG at a fraction of its size, Python's
    lock hardly held, and resting half of the time.
    StyleError, with the file's name, when it is empty, broken, no picture, or larger than 50 megapixels.
    """
    with opened(path, slowly=bool(enough)) as image:
        if enough:
            image.draft(None, (enough, enough))
        ImageOps.exif_transpose(image, in_place=True)
        return bgr(image, enough)


@contextlib.contextmanager
def opened(path: Path, slowly: bool = False) -> Iterator[Image.Image]:
    """The picture of a file, still to be decoded; `slowly` is without haste. What goes wrong with it inside the block
    becomes a StyleError with the file's name."""
    try:
        with (
            _pillow_warnings_off,
            (_Unhurried if slowly else io.FileIO)(path) as file,
            Image.open(file, formats=_FORMATS) as image,
        ):
            if image.width * image.height > MOST_PIXELS:
                raise StyleError(
                    f"{path.name} has {image.width * image.height / 1e6:.0f} megapixels, more than {MOST_PIXELS // 10**6};"
                    " make a smaller copy"
                )
            yield image
    except StyleError:
        raise
    except FileNotFoundError:
        raise StyleError(f"there is no picture {path}") from None
    except UnidentifiedImageError:
        empty = path.is_file() and path.stat().st_size == 0
        raise StyleError(f"{path.name} is {'empty' if empty else 'no picture that can be read'}") from None
    except Exception as error:  # a broken file makes Pillow raise of many families, and they mean the same
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StyleError(f"{path.name} cannot be read as a picture ({reason})") from error


class _WarningsOff:
    """Ignore Pillow's warnings about sizes and odd tags while any thread decodes.

    The filters of warnings are the whole process's: the first thread puts this one in place, the last takes it away, and no
    picture waits for another.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._threads += 1
            if self._threads == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._threads -= 1
            if not self._threads:
                self._filters.__exit__(None, None, None)


_pillow_warnings_off = _WarningsOff()


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


def bgr(image: Image.Image, enough: int | None = None) -> Picture:
    """A decoded picture of any kind, as `load_picture` gives it."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bits of grey, which convert() would clip at 255
        grey = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=1e9, neginf=0)
        usual = grey[grey < 1e9]
        if image.mode == "F":
            scale = 255.0 if usual.max(initial=0) <= 1 else 1.0
        else:
            scale = 255 / 65535 if image.mode != "I" or usual.max(initial=0) > 255 else 1.0
        image = Image.fromarray(np.clip(grey * scale + 0.5, 0, 255).astype(np.uint8))
    if enough and image.mode in _AVERAGED and (times := min(image.size) // enough) > 1:
        image = image.reduce(times)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
