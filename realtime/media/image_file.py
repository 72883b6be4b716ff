"""Picture files opened by their content, with a limit to their size, and one error for all that libraries raise."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import re
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from realtime.core.errors import StyleError
from realtime.core.text import clean
from realtime.media import exif, exif_block
from realtime.media.kinds import HEAD, NO_PICTURES, PICTURES, RAW_ENDINGS, READABLE, VIDEO, described, kind_of
from realtime.media.raw import is_raw, open_raw, too_large

MOST_PIXELS = 50_000_000

_PILLOWS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")  # left to itself it would also start Ghostscript
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
            kind = _kind(file, path)
            with _open(file, kind, name) as image:
                _check_size(name, *image.size)
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


def kind_of_file(path: Path) -> str:
    """Tell what a file is by its content.

    Args:
        path: The file.

    Returns:
        As `kinds.kind_of`; "empty" for no bytes at all, an empty string for what is not known or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return ""
    return kind_of(head) if head else "empty"


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


def is_still(path: Path) -> bool:
    """Tell a still picture from other files.

    Args:
        path: A file.

    Returns:
        Whether its content is a picture that is read here, but no GIF, which may move; where the content is not known,
        whether its ending is a picture's.
    """
    kind = kind_of_file(path)
    return (kind in READABLE and kind != "GIF") or (path.suffix.lower() in PICTURES and kind != VIDEO)


def _kind(file: io.FileIO, path: Path) -> str:
    """Tell what the file is; a camera's own file looks like a TIFF with a small picture at first."""
    kind = kind_of(file.read(HEAD) or b"")
    file.seek(0)
    if kind == "TIFF":
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if path.suffix.lower() in RAW_ENDINGS or is_raw(data):
                return "RAW"
    return kind


def _open(file: io.FileIO, kind: str, name: str) -> Image.Image:
    if kind == "RAW":
        return open_raw(file, name, MOST_PIXELS)
    if kind == "HEIC":
        return _open_heic(file)
    if kind not in READABLE:
        if os.fstat(file.fileno()).st_size == 0:
            raise StyleError(f"{name} is empty")
        if kind in NO_PICTURES:
            raise StyleError(f"{name} is no picture but {described(kind)}")
        known = f"{described(kind)}, which is not read here; save it as JPEG, PNG or TIFF first"
        raise StyleError(f"{name} is {known if kind else 'no picture that can be read'}")
    coded = _code_points(file, kind)
    try:
        image: Image.Image = Image.open(file, formats=_PILLOWS)
    except UnidentifiedImageError:
        if kind != "TIFF":
            raise
        return _open_odd_tiff(file, name)
    if coded:
        image.info["nclx_profile"] = coded
    if kind == "TIFF":
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = exif.parse(data)
        if found is not None:
            image.info["exif"], image.info["exif_lost"] = exif_block.block(_without_pixels(found)), found.lost
    return image


def _code_points(file: io.FileIO, kind: str) -> dict[str, int] | None:
    """Find the code points of colours of a file that Pillow does not tell them of, named as pillow-heif names them."""
    mark, wide = {"AVIF": (b"colrnclx", 2), "PNG": (b"cICP", 1)}.get(kind, (b"", 0))
    if not mark:
        return None
    head = file.read(1 << 16) or b""
    file.seek(0)
    at = head.find(mark) + len(mark)
    if at < len(mark) or at + 2 * wide > len(head):
        return None
    primaries, transfer = (int.from_bytes(head[at + n * wide : at + (n + 1) * wide], "big") for n in (0, 1))
    return {"color_primaries": primaries, "transfer_characteristics": transfer}


def _open_heic(file: io.FileIO) -> Image.Image:
    from pillow_heif import HeifImageFile

    image: Image.Image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    return image


def _open_odd_tiff(file: io.FileIO, name: str) -> Image.Image:
    """Open a TIFF of a kind that Pillow has no mode for, three floats a pixel above all, by OpenCV."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = exif.parse(data)
        if found is None:
            raise StyleError(f"{name} is a TIFF file, but a broken one")
        _check_size(name, found.number(256), found.number(257))
        whole = np.frombuffer(data, np.uint8)
        pixels = cv2.imdecode(whole, cv2.IMREAD_UNCHANGED)
        del whole
    if pixels is None:
        raise StyleError(
            f"{name} is a TIFF file, broken or of a kind that is not read here; save it with 8 or 16 bits a channel"
        )
    grey = pixels.ndim == 2
    bytes_ = as_bytes(pixels if grey else pixels[:, :, :3][:, :, ::-1], None)
    image = Image.fromarray(bytes_)
    if not grey and pixels.shape[2] == 4:
        image.putalpha(Image.fromarray(as_bytes(pixels[:, :, 3], None)))
    image.info["exif"] = exif_block.block(_without_pixels(found))
    if profile := found.main.get(34675):
        image.info["icc_profile"] = profile.data
    return image


def _without_pixels(found: exif.Exif) -> exif.Exif:
    """Leave out how the pixels of a TIFF file lie."""
    layout = {
        *range(254, 270),
        273,
        *range(277, 282),
        284,
        320,
        *range(322, 326),
        330,
        338,
        339,
        347,
        34675,
        *range(512, 533),
    }
    return replace(found, main={tag: entry for tag, entry in found.main.items() if tag not in layout})


def _check_size(name: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise StyleError(too_large(name, width, height, MOST_PIXELS))


def _broken(kind: str, error: Exception) -> str:
    """Say what is wrong with a file of a kind that can be read."""
    if isinstance(error, MemoryError):
        return f"{described(kind)} for which there is not enough memory; make a smaller copy"
    reason = "" if isinstance(error, UnidentifiedImageError) else getattr(error, "strerror", None) or str(error)
    return f"{described(kind)}, but a broken one" + (f" ({clean(reason)})" if reason else "")


def as_bytes(values: npt.NDArray[np.generic], mode: str | None) -> npt.NDArray[np.uint8]:
    """Scale values of any type to bytes: integers by their width, floats from 0 to 1, or to 255 where one is above 1.

    Args:
        values: Of any shape.
        mode: Pillow's name for the kind of picture; "I" may stand for 16 bits.

    Returns:
        Bytes of the same shape.
    """
    deep = np.nan_to_num(values.astype(np.float64), nan=0, posinf=1e9, neginf=0)
    usual = deep[deep < 1e9].max(initial=0)
    if values.dtype.kind == "f":
        scale = 255.0 if usual <= 1 else 1.0
    elif mode == "I" or values.dtype.itemsize == 4:  # Pillow's for 16 bits, too
        scale = 255 / 65535 if usual > 255 else 1.0
    else:
        scale = 255 / (256**values.dtype.itemsize - 1)
    return np.clip(deep * scale + 0.5, 0, 255).astype(np.uint8)
