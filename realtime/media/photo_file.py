"""Photographs as files: what a painting of one keeps of it besides the pixels, and how it is written."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from realtime.core.errors import SinkError, SourceError, StyleError, UsageError
from realtime.core.frame import Picture, Size
from realtime.core.geometry import flipped
from realtime.core.paths import shortened
from realtime.core.text import clean
from realtime.media import exif_block
from realtime.media.about import kept_data
from realtime.media.colour import from_srgb
from realtime.media.exif import Exif
from realtime.media.image_file import opened
from realtime.media.images import decoded

_numbers = itertools.count()


class _Format(NamedTuple):
    name: str
    longest: int  # side, in pixels
    options: dict[str, Any]


_JPEG = _Format("JPEG", 65_500, {"quality": 95, "subsampling": 0})
_TIFF = _Format("TIFF", 1 << 31, {"compression": "tiff_adobe_deflate"})
FORMATS: Mapping[str, _Format] = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": _Format("PNG", 1 << 31, {"compress_level": 4}),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _Format("WEBP", 16_383, {"quality": 92, "method": 4}),
}
"""What can be written, by the ending."""

_MOST_EXIF, _MOST_XMP = 65_500, 65_400  # bytes that a JPEG has room for


@dataclass(frozen=True)
class Photo:
    """A picture, upright, uint8, H×W×3, BGR, in sRGB, and what is kept of its file.

    `alpha` is uint8, H×W, 255 opaque, or None; what lies below it is on white in `picture`. `profile` is the ICC profile that
    the painting goes out in, None for sRGB untagged. `exif` and `xmp` hold what stays; `notes` says what could not be kept.
    """

    picture: Picture
    alpha: npt.NDArray[np.uint8] | None = None
    profile: bytes | None = None
    exif: Exif | None = None
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def read_photo(path: Path, keep_gps: bool = False) -> Photo:
    """Read a picture file of any kind, with what it says besides.

    Args:
        path: The file.
        keep_gps: Whether the place where it was taken, and the camera maker's own data, is kept.

    Returns:
        The photo.

    Raises:
        SourceError: It cannot be read; the message has its name.
    """
    try:
        with opened(path) as image:
            found = decoded(image)
            size = found.pixels.shape[1], found.pixels.shape[0]
            kept, packet, notes = kept_data(image.info, size, keep_gps)
            dpi = _sane(image.info.get("dpi"))
            if (count := _pictures(image)) > 1:
                notes = (f"only the first of its {count} pictures is painted", *notes)
            return Photo(found.on_white(), found.alpha, found.profile, kept, packet, dpi, notes)
    except StyleError as error:  # the error of the pictures that are usually read so
        raise SourceError(str(error)) from error


def mirrored(photo: Photo) -> Photo:
    """Turn a photo as in a mirror.

    Args:
        photo: The photo.

    Returns:
        A new one.
    """
    alpha = None if photo.alpha is None else np.ascontiguousarray(photo.alpha[:, ::-1])
    return replace(photo, picture=flipped(photo.picture), alpha=alpha)


def _pictures(image: Image.Image) -> int:
    """Count the pages or frames of a file; a phone's JPEG may hold a second picture that belongs to the first."""
    with suppress(Exception):  # a broken page further on costs the first one nothing
        return 1 if image.format in ("JPEG", "MPO") else int(getattr(image, "n_frames", 1))
    return 1


def _sane(dpi: Any) -> tuple[float, float] | None:
    """Check a resolution: a JPEG holds 1 to 65535, files say anything, and 1 is what Pillow gives where a TIFF says nothing."""
    try:
        across, down = (float(value) for value in dpi)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None
    return (across, down) if 1 < across <= 65535 and 1 < down <= 65535 else None


def check_place(path: Path, force: bool, size: Size | None = None) -> None:
    """Check that a picture can be written to a place, before the work.

    Args:
        path: Where it is to go.
        force: Whether what stands there may be replaced.
        size: Its (width, height) in pixels, if known.

    Raises:
        UsageError: The ending or the name is of no kind that can be written, the place is taken or no place, the picture
            is too large for the format.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{clean(path.name)} is of no kind that can be written: wanted {', '.join(sorted(FORMATS))}")
    if size is not None and max(size) > form.longest:
        raise UsageError(
            f"{size[0]}×{size[1]} is too large for {clean(path.name)}: {form.name} ends at {form.longest}; write a .png or"
            " .tif file"
        )
    if path.name != shortened(path.stem, path.suffix, path.parent):
        raise UsageError(f"the name {clean(path.name)} is too long for this file system; choose a shorter one with -o")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{clean(str(path))} exists already; nothing is overwritten without --force")
    if os.path.isdir(path):
        raise UsageError(f"{clean(str(path))} is a folder; choose another name with -o")
    there = next((folder for folder in path.absolute().parents if os.path.lexists(folder)), path.absolute().parent)
    if not there.is_dir():
        raise UsageError(f"{clean(str(there))} is a file, no folder to write into; choose another place with -o")
    if not os.access(there, os.W_OK):
        raise UsageError(f"nothing can be written into {clean(str(there))}; choose another place with -o")


def write_photo(
    photo: Photo, painted: Picture, path: Path, about: Mapping[str, str] | None = None, force: bool = False
) -> list[str]:
    """Write a painting with all that is kept of its photo.

    Args:
        photo: The photo that was painted.
        painted: The painting: uint8, BGR, of the photo's size.
        path: Where it goes; the ending says the format.
        about: Texts that go into the fields of a PNG, by their names.
        force: Whether what stands there may be replaced.

    Returns:
        Notes about what the format had no room for.

    Raises:
        UsageError: As `check_place`.
        SinkError: It cannot be written.
    """
    height, width = painted.shape[:2]
    check_place(path, force, (width, height))
    form = FORMATS[path.suffix.lower()]
    alpha = None if form is _JPEG else photo.alpha
    if alpha is not None:
        painted = _off_white(painted, alpha)
    image = from_srgb(Image.fromarray(cv2.cvtColor(painted, cv2.COLOR_BGR2RGB)), photo.profile)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    options: dict[str, Any] = {**form.options, "icc_profile": photo.profile}
    if photo.dpi:
        options["dpi"] = photo.dpi
    kept, packet, notes = _with_room(photo, form)
    if form is not _TIFF and kept is not None:
        options["exif"] = exif_block.block(kept)
    if form.name == "PNG":
        options["pnginfo"] = fields = PngInfo()
        for name, text in (about or {}).items():
            fields.add_itxt(f"realtime:{name}", clean(text))
        if packet:
            fields.add_itxt("XML:com.adobe.xmp", packet.decode())
    elif form is not _TIFF and packet:
        options["xmp"] = packet

    def save(file: BinaryIO) -> None:
        if form is not _TIFF or (kept is None and not packet):
            image.save(file, form.name, **options)
            return
        whole = io.BytesIO()
        image.save(whole, form.name, **options)
        file.write(exif_block.added_to_tiff(whole.getvalue(), kept or Exif(), packet))

    _save(save, path, force)
    return notes


def _with_room(photo: Photo, form: _Format) -> tuple[Exif | None, bytes, list[str]]:
    """Leave out what a JPEG has no room for, the largest first, and say so."""
    kept, packet, notes = photo.exif, photo.xmp, []
    if form is _JPEG and kept is not None and len(exif_block.block(kept)) > _MOST_EXIF:
        notes.append("its EXIF data is larger than a JPEG has room for; the largest entries are left out")
        while len(exif_block.block(kept)) > _MOST_EXIF:
            kept = exif_block.smaller(kept)
    if form is _JPEG and len(packet) > _MOST_XMP:
        notes.append("its XMP data is larger than a JPEG has room for, and is left out")
        packet = b""
    return kept, packet, notes


def _off_white(painted: Picture, alpha: npt.NDArray[np.uint8]) -> Picture:
    """Find the colours that give `painted` when they lie over white with `alpha`."""
    partly = (alpha > 0) & (alpha < 255)
    share = alpha[partly][:, None].astype(np.float32) / 255
    colours: Picture = painted.copy()
    colours[partly] = np.clip(np.rint(255 - (255 - painted[partly]) / share), 0, 255)
    return colours


def _save(save: Callable[[BinaryIO], None], path: Path, force: bool) -> None:
    """Write into a file of its own first: what stands at `path` is whole, or what stood there before."""
    partial = path.with_name(f".realtime.{os.getpid()}.{next(_numbers)}.partial")  # never too long
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(partial, "xb") as file:
                save(file)
            if force:
                os.replace(partial, path)
            else:
                _put(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(f"{clean(str(path))} exists already; nothing is overwritten without --force") from None
    except Exception as error:  # Pillow raises of many families, here too
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SinkError(f"{clean(str(path))} cannot be written ({reason}); choose another place with -o") from error


def _put(partial: Path, path: Path) -> None:
    """Give a file its name, if nothing has it. FileExistsError when something has."""
    with open(path, "xb"):
        pass  # now the name is ours
    try:
        os.replace(partial, path)
    except OSError:
        path.unlink()
        raise
