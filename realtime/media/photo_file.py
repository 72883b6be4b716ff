"""Photographs as files: what a painting of one keeps of it besides the pixels, and how it is written."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from realtime.core.errors import SinkError, SourceError, StyleError, UsageError
from realtime.core.frame import Picture
from realtime.core.geometry import flipped
from realtime.core.text import clean
from realtime.media.images import bgr, opened


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

# Tags that say how the pixels of the old file lie, and blocks that may hold a place in words of their own (XMP, IPTC).
_LAYOUT = {254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339}
_LAYOUT |= {347, 513, 514, 529, 530, 531, 532, 700, 33723, 34377, 34675}
_MOST_EXIF = 65_000  # bytes that a JPEG has room for
_ELSEWHERE = (".heic", ".heif", ".avif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf")


@dataclass(frozen=True)
class Photo:
    """A picture, upright, uint8, H×W×3, BGR, in sRGB, and what is kept of its file.

    `alpha` is uint8, H×W, 255 opaque, or None; what lies below it is on white in `picture`. `profile` is the ICC profile that
    the file's colours are in, None for sRGB without one. `exif` has no thumbnail, and no place where it was taken unless asked.
    """

    picture: Picture
    alpha: npt.NDArray[np.uint8] | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None


def read_photo(path: Path, keep_gps: bool = False) -> Photo:
    """Read a picture file of any kind. SourceError, with its name, when it cannot be read."""
    try:
        with opened(path) as image:
            exif = image.getexif()
            ImageOps.exif_transpose(image, in_place=True)
            dpi = image.info.get("dpi")
            alpha = np.asarray(image.convert("RGBA").getchannel("A")) if image.has_transparency_data else None
            colours, profile = _in_srgb(image)
            return Photo(bgr(colours), alpha, profile, _kept(exif, image.size, keep_gps), dpi)
    except StyleError as error:  # the error of the pictures that are usually read so
        if path.suffix.lower() in _ELSEWHERE and path.is_file():
            kind = path.suffix[1:].upper()
            raise SourceError(
                f"{path.name} is a {kind} file, which cannot be read here; save it as JPEG, PNG or TIFF first"
            ) from error
        raise SourceError(str(error)) from error


def mirrored(photo: Photo) -> Photo:
    """The photo as in a mirror."""
    alpha = None if photo.alpha is None else np.ascontiguousarray(photo.alpha[:, ::-1])
    return replace(photo, picture=flipped(photo.picture), alpha=alpha)


def _in_srgb(image: Image.Image) -> tuple[Image.Image, bytes | None]:
    """A picture's colours in sRGB, and the profile to bring them back to."""
    data = image.info.get("icc_profile")
    if not data:
        return image, None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
        if space == "RGB":
            if "srgb" in ImageCms.getProfileDescription(profile).casefold():
                return image, data
            see_through = image.has_transparency_data
            whole = image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if see_through else "RGB")
            colours = _between(whole if whole.mode == "RGB" else whole.convert("RGB"), profile, _SRGB)
            if see_through:
                colours.putalpha(whole.getchannel("A"))
            return colours, data
        if (space, image.mode) in (("CMYK", "CMYK"), ("GRAY", "L")):
            return _between(image, profile, _SRGB), None
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass  # a broken profile: most programs do without it, too
    return image, None


_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _between(image: Image.Image, old: Any, new: Any) -> Image.Image:
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    made = ImageCms.profileToProfile(image, old, new, renderingIntent=intent, outputMode="RGB", flags=flags)
    assert made is not None  # it is, when not in place
    return made


def _kept(exif: Image.Exif, size: tuple[int, int], keep_gps: bool) -> bytes | None:
    """The EXIF data of a painting: upright, of its own size, without layout, thumbnail and, unless asked for, place."""
    kept = Image.Exif()
    try:
        for tag, value in exif.items():
            if tag not in _LAYOUT and tag not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                kept[tag] = value
        if details := dict(exif.get_ifd(ExifTags.IFD.Exif)):
            for tag, side in zip((ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight), size, strict=True):
                if tag in details:
                    details[tag] = side
            if ExifTags.IFD.Interop in details:
                details[ExifTags.IFD.Interop] = exif.get_ifd(ExifTags.IFD.Interop)
            if not keep_gps:
                details.pop(ExifTags.Base.MakerNote, None)  # a maker's own block, in which some note the place
            kept[ExifTags.IFD.Exif] = details
        if keep_gps and (place := exif.get_ifd(ExifTags.IFD.GPSInfo)):
            kept[ExifTags.IFD.GPSInfo] = dict(place)
        kept.pop(ExifTags.Base.Orientation, None)
        return kept.tobytes() if kept else None
    except Exception:  # broken data makes Pillow raise of many families; a picture is worth more than its data
        return None


def check_place(path: Path, force: bool) -> None:
    """UsageError when a picture cannot be written to `path` because of its ending, or because there is one and no `force`."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path.name} is of no kind that can be written: wanted {', '.join(sorted(FORMATS))}")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} exists already; nothing is overwritten without --force")


def write_photo(
    photo: Photo, painted: Picture, path: Path, about: Mapping[str, str] | None = None, force: bool = False
) -> None:
    """Write `painted`, of the photo's size, with all that is kept of the photo, in the format of `path`'s ending.

    `about` goes into the text fields of a PNG. UsageError as `check_place`; SinkError when it cannot be written.
    """
    check_place(path, force)
    form = FORMATS[path.suffix.lower()]
    height, width = painted.shape[:2]
    if max(width, height) > form.longest:
        raise UsageError(
            f"{width}×{height} is too large for {path.name}: {form.name} ends at {form.longest}; write a .png or .tif file"
        )
    alpha = None if form is _JPEG else photo.alpha
    if alpha is not None:
        painted = _off_white(painted, alpha)
    image = Image.fromarray(cv2.cvtColor(painted, cv2.COLOR_BGR2RGB))
    if photo.profile:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(photo.profile))
        if "srgb" not in ImageCms.getProfileDescription(profile).casefold():
            image = _between(image, _SRGB, profile)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    options: dict[str, Any] = {**form.options, "icc_profile": photo.profile}
    options |= {name: value for name, value in (("exif", photo.exif), ("dpi", photo.dpi)) if value}
    if form is _JPEG and len(photo.exif or b"") > _MOST_EXIF:
        del options["exif"]
    if form is _TIFF and photo.exif:
        del options["compression"]  # libtiff, which compresses, cannot write EXIF's inner folders
    if form.name == "PNG":
        options["pnginfo"] = fields = PngInfo()
        for name, text in (about or {}).items():
            fields.add_itxt(f"realtime:{name}", clean(text))
    _save(image, path, form.name, options, force)


def _off_white(painted: Picture, alpha: npt.NDArray[np.uint8]) -> Picture:
    """The colours that give `painted` when they lie over white with `alpha`."""
    partly = (alpha > 0) & (alpha < 255)
    share = alpha[partly][:, None].astype(np.float32) / 255
    colours: Picture = painted.copy()
    colours[partly] = np.clip(np.rint(255 - (255 - painted[partly]) / share), 0, 255)
    return colours


def _save(image: Image.Image, path: Path, form: str, options: Mapping[str, Any], force: bool) -> None:
    """Write into a file of its own first: what stands at `path` is whole, or what stood there before."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(partial, "xb") as file:
                image.save(file, form, **options)
            if force:
                os.replace(partial, path)
            else:
                _put(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(f"{path} exists already; nothing is overwritten without --force") from None
    except (OSError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SinkError(f"{path} cannot be written ({reason}); choose another place with -o") from error


def _put(partial: Path, path: Path) -> None:
    """Give a file its name, if nothing has it. FileExistsError when something has."""
    with open(path, "xb"):
        pass  # now the name is ours
    try:
        os.replace(partial, path)
    except OSError:
        path.unlink()
        raise
