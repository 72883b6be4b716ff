"""Each kind of picture file opened by the library that reads it, its size looked at before anything is decoded."""

from __future__ import annotations

import io
import mmap
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from realtime.core.errors import StyleError
from realtime.core.text import clean
from realtime.media import exif, exif_block
from realtime.media.about import raw_profile
from realtime.media.kinds import HEAD, NO_PICTURES, RAW_ENDINGS, READABLE, described, kind_of
from realtime.media.raw import is_raw, open_raw, too_large

MOST_PIXELS = 50_000_000

_PILLOWS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")  # left to itself it would also start Ghostscript
_NO_NUMBER = 1e30  # what infinity counts as
_HIGHLIGHT = 16.0  # times white, in floats
_T = TypeVar("_T")


def kind_of_open(file: io.FileIO) -> str:
    """Tell what an open file is.

    Args:
        file: The file, at its beginning, where it is left.

    Returns:
        As `kinds.kind_of`; a camera's own file that looks like a TIFF with a small picture at first is "RAW".
    """
    kind = kind_of(file.read(HEAD) or b"")
    file.seek(0)
    return "RAW" if kind == "TIFF" and _parsed(file, is_raw) else kind


def open_image(file: io.FileIO, kind: str, path: Path) -> Image.Image:
    """Open a picture of a known kind.

    Args:
        file: The file, at its beginning.
        kind: As `kind_of_open` gives it.
        path: Where it lies, for messages; an ending of RAW files makes a TIFF one, if it is one.

    Returns:
        The picture, still to be decoded (RAW files and odd TIFFs are decoded, their size looked at before). Its `info` has
        raw EXIF data (`exif`), entries that were lost (`exif_lost`), code points (`nclx_profile`), and whether a grey of 16 bits
        counts from white (`white_is_zero`), which Pillow leaves as it is.

    Raises:
        StyleError: It is of no kind that is read, is empty or too large.
    """
    name = clean(path.name)
    if kind == "TIFF" and path.suffix.lower() in RAW_ENDINGS:
        try:
            return open_raw(file, name, MOST_PIXELS)
        except StyleError:
            raise
        except Exception:  # whatever LibRaw says: a usual TIFF by another name
            file.seek(0)
    if kind == "RAW":
        return open_raw(file, name, MOST_PIXELS)
    check_size(name, *_declared_size(file, kind))
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
    if kind == "PNG" and "exif" not in image.info and (told := raw_profile(image.info, "exif")):
        image.info["exif"] = told
    if kind == "TIFF" and (found := _parsed(file, exif.parse)):
        image.info["exif"], image.info["exif_lost"] = exif_block.block(_without_pixels(found)), found.lost
        image.info["white_is_zero"] = 262 in found.main and found.number(262) == 0 and image.mode.startswith("I;16")
    return image


def _declared_size(file: io.FileIO, kind: str) -> tuple[int, int]:
    """Read the size that a file declares where its library sets up a whole picture, or gives up, before it can be asked."""
    head = file.read(1 << 16) or b""
    file.seek(0)
    if kind == "WebP" and head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind in ("AVIF", "HEIC"):  # of the whole, of its tiles and its previews
        sizes = [(int.from_bytes(head[m.end() : m.end() + 4], "big"), int.from_bytes(head[m.end() + 4 : m.end() + 8], "big"))
                 for m in re.finditer(rb"ispe\0\0\0\0", head)]  # fmt: skip
        return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return 0, 0


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
        check_size(name, found.number(256), found.number(257))
        whole = np.frombuffer(data, np.uint8)
        pixels = cv2.imdecode(whole, cv2.IMREAD_UNCHANGED)
        del whole
    if pixels is None:
        raise StyleError(
            f"{name} is a TIFF file, broken or of a kind that is not read here; save it with 8 or 16 bits a channel"
        )
    grey = pixels.ndim == 2
    image = Image.fromarray(as_bytes(pixels if grey else pixels[:, :, :3][:, :, ::-1], None))
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


def check_size(name: str, width: int, height: int) -> None:
    """Check a picture's size.

    Args:
        name: What the file is called.
        width: Its width, in pixels.
        height: Its height, in pixels.

    Raises:
        StyleError: It has more than `MOST_PIXELS`.
    """
    if width * height > MOST_PIXELS:
        raise StyleError(too_large(name, width, height, MOST_PIXELS))


def as_bytes(values: npt.NDArray[np.generic], mode: str | None) -> npt.NDArray[np.uint8]:
    """Scale values of any type to bytes.

    Args:
        values: Of any shape. Integers reach to the end of their 8 or 16 bits, those of 32 bits to the largest of them. Floats
            reach to 1, highlights a few times beyond; where one is above that, to 255 or 65535, or to the largest of them.
        mode: Pillow's name for the kind of picture; "I" may stand for 16 bits.

    Returns:
        Bytes of the same shape.
    """
    deep = np.nan_to_num(values.astype(np.float64), nan=0, posinf=_NO_NUMBER, neginf=0)
    largest = float(deep[deep < _NO_NUMBER].max(initial=0))
    whites: tuple[tuple[float, float], ...]  # up to which largest value which one is white
    if values.dtype.kind == "f":
        whites = (_HIGHLIGHT, 1), (255, 255), (65535, 65535)
    elif mode == "I" or values.dtype.itemsize == 4:
        whites = (255, 255), (65535, 65535)
    else:
        whites = ((_NO_NUMBER, 256**values.dtype.itemsize - 1),)
    white = next((white for limit, white in whites if largest <= limit), largest)
    return np.clip(deep * (255 / white) + 0.5, 0, 255).astype(np.uint8)


def _parsed(file: io.FileIO, parse: Callable[[mmap.mmap], _T]) -> _T:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return parse(data)
