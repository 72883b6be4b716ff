"""Cameras' own files (DNG, CR2, CR3, NEF, ARW, ...), developed by LibRaw as the camera would; the extra `raw` brings it."""

from __future__ import annotations

import io
import mmap
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from realtime.core.errors import StyleError
from realtime.core.installed import install_command
from realtime.media import exif, exif_block

if TYPE_CHECKING:
    from rawpy import RawPy

_DNG, _SUBFILE, _INNER = 50706, 254, 330  # DNGVersion, NewSubfileType, SubIFDs


def is_raw(data: mmap.mmap) -> bool:
    """Tell a camera's own file from a usual TIFF.

    Args:
        data: The whole file, which begins as a TIFF does.

    Returns:
        Whether it is a DNG, or its first picture is a preview of one that lies further inside.
    """
    found = exif.parse(data)
    return found is not None and (_DNG in found.main or (found.number(_SUBFILE) == 1 and _INNER in found.main))


def open_raw(file: BinaryIO, name: str, most_pixels: int) -> Image.Image:
    """Develop a camera's own file.

    Args:
        file: The open file.
        name: What it is called, for messages.
        most_pixels: The largest number of pixels, which is looked at before the work.

    Returns:
        A picture of mode RGB in sRGB, upright, with EXIF data in its `info`. StyleError when rawpy is not there, or the file is
        too large; errors of LibRaw as they come.
    """
    try:
        import rawpy
    except ImportError:
        raise StyleError(
            f"{name} is a camera's RAW file: save it as JPEG, or install what reads it: {install_command('raw')}"
        ) from None
    with rawpy.RawPy() as raw:
        raw.open_buffer(file)
        sizes = raw.sizes
        if max(sizes.width * sizes.height, sizes.raw_width * sizes.raw_height // 2) > most_pixels:
            raise StyleError(too_large(name, sizes.raw_width, sizes.raw_height, most_pixels))
        about = _exif(file, raw)
        raw.unpack()
        pixels = raw.postprocess(use_camera_wb=True, output_bps=8, output_color=rawpy.ColorSpace.sRGB)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if about is not None:
        about.main.pop(exif.ORIENTATION, None)  # LibRaw has turned it
        image.info["exif"] = exif_block.block(about)
    return image


def too_large(name: str, width: int, height: int, most: int) -> str:
    """Say that a picture is too large.

    Args:
        name: What the file is called.
        width: Its width, in pixels.
        height: Its height, in pixels.
        most: The largest number of pixels.

    Returns:
        The message.
    """
    return f"{name} has {width * height / 1e6:.0f} megapixels, more than {most // 10**6}; make a smaller copy"


def _exif(file: BinaryIO, raw: RawPy) -> exif.Exif | None:
    """Read the EXIF data of the file itself where it is a TIFF, else of the JPEG that it holds."""
    file.seek(0)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = exif.parse(data)
    if found is not None and found.details:
        return found
    try:
        thumb = raw.extract_thumb()
        with Image.open(io.BytesIO(bytes(thumb.data)), formats=["JPEG"]) as small:
            return exif.parse(small.info.get("exif", b"")) or found
    except Exception:  # no JPEG inside, or a broken one
        return found
