"""What the numbers of a picture file mean as colours: the one place that decides it, for all ways in and out.

Profiles are those of ICC.1:2022, judged by what they do with colours, never by their names; code points are those of ITU-T H.273.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFilter

from realtime.media.hdr import to_sdr

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_SAME = 2  # of 255: profiles of sRGB by several makers differ by as much
_ASTRAY = 10  # of 255, on average: a way back that loses more is none
_FAILURES = (ImageCms.PyCMSError, OSError, ValueError, TypeError, OverflowError)

# The colour space of a profile, and the kind of picture that it can be for.
_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L", "Lab": "LAB"}

_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D65 = (0.3127, 0.3290)
Primaries = Sequence[tuple[float, float]]
"""Red, green, blue and white, each as CIE (x, y)."""

BT709: Primaries = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
ADOBE_RGB: Primaries = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), _D65)
_BT601_525: Primaries = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65)
_BT601_625: Primaries = ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060), _D65)
_BT2020: Primaries = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65)
_P3: Primaries = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65)
_CODED_PRIMARIES = {1: BT709, 5: _BT601_625, 6: _BT601_525, 7: _BT601_525, 9: _BT2020, 12: _P3}
_CODED_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}  # others but PQ and HLG are shown as sRGB is
_HDR = {16: "pq", 18: "hlg"}
_SIDE = 33


class Colours(NamedTuple):
    """A picture in sRGB (a Pillow picture of mode RGB), and the profile that brings its colours back; None is sRGB untagged."""

    image: Image.Image
    profile: bytes | None


def in_srgb(image: Image.Image, data: bytes | None) -> Colours:
    """Bring a picture into sRGB.

    Args:
        image: 8 bits a channel, of any mode; what is transparent in it is not looked at.
        data: The ICC profile that came with it; one that is broken, or for another kind of picture, is passed over.

    Returns:
        The picture and the profile for the way out: the same where it has a way back, that of sRGB where it has none (scanners,
        CMYK, greys), None where there was none that could be used.
    """
    profile = _opened(data) if data else None
    if profile is None or data is None:
        return Colours(_plain(image), None)
    space = profile.profile.xcolor_space.strip()
    wanted = _SPACES.get(space)
    if wanted == "RGB" and image.mode not in ("CMYK", "LAB"):
        image = image if image.mode == "RGB" else image.convert("RGB")
    elif wanted == "L" and image.mode in ("1", "LA", "La"):
        image = image.convert("L")
    if image.mode != wanted:
        return Colours(_plain(image), None)
    try:
        if wanted != "RGB":
            return Colours(_between(image, profile, _SRGB), srgb_profile())
        same, way_back = _judged(data)
        if same:
            return Colours(image, data)
        return Colours(_between(image, profile, _SRGB), data if way_back else srgb_profile())
    except _FAILURES:
        return Colours(_plain(image), None)


def from_srgb(image: Image.Image, data: bytes | None) -> Image.Image:
    """Bring a picture from sRGB into the colours of a profile.

    Args:
        image: A picture of mode RGB.
        data: A profile as `in_srgb` gives it.

    Returns:
        A picture of mode RGB; the same one where the profile is sRGB.
    """
    profile = _opened(data) if data else None
    if profile is None or data is None or _judged(data)[0]:
        return image
    return _between(image, _SRGB, profile)


def profile_of(primaries: Primaries, gamma: float | None = None, name: str = "RGB") -> bytes:
    """Make the profile of an RGB colour space.

    Args:
        primaries: Red, green, blue and white.
        gamma: The exponent from code to light; None is the curve of sRGB (IEC 61966-2-1).
        name: What the profile is called, in ASCII.

    Returns:
        An ICC profile of version 2.4. ValueError for primaries that span no colours.
    """
    xyz = np.array([[x / y, 1, (1 - x - y) / y] if y else [np.inf] * 3 for x, y in primaries]).T
    try:
        columns = xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])
        cone = (_BRADFORD @ _D50) / (_BRADFORD @ xyz[:, 3])
        columns = np.linalg.inv(_BRADFORD) @ (cone[:, None] * (_BRADFORD @ columns))
    except np.linalg.LinAlgError:
        raise ValueError("primaries that span no colours") from None
    if not np.isfinite(columns).all() or np.abs(columns).max() > 10:
        raise ValueError("primaries that span no colours")
    codes = np.linspace(0, 1, 1024)
    light = codes**gamma if gamma else np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    curve = b"curv" + struct.pack(">II", 0, 1024) + np.rint(light * 65535).astype(">u2").tobytes()
    title = name.encode("ascii") + b"\0"
    tags = [
        (b"desc", b"desc" + struct.pack(">II", 0, len(title)) + title + bytes(78)),
        (b"cprt", b"text\0\0\0\0No copyright\0"),
        (b"wtpt", _xyz(_D50)),
        *((letter + b"XYZ", _xyz(column)) for letter, column in zip((b"r", b"g", b"b"), columns.T, strict=True)),
        *((letter + b"TRC", curve) for letter in (b"r", b"g", b"b")),
    ]
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, value in tags:
        table += tag + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(_D50)[8:]
    return head.ljust(128, b"\0") + table + body


@lru_cache(1)
def srgb_profile() -> bytes:
    """Give the profile of sRGB.

    Returns:
        An ICC profile, always the same.
    """
    return profile_of(BT709, name="sRGB IEC61966-2.1")


def coded_profile(primaries: int, transfer: int) -> bytes | None:
    """Make the profile of a colour space that code points name, as in AVIF and HEIC.

    Args:
        primaries: As H.273 counts them.
        transfer: As H.273 counts them.

    Returns:
        An ICC profile; None for sRGB, for what is not known, and for what `toned_down` is for.
    """
    known = None if transfer in _HDR else _CODED_PRIMARIES.get(primaries)
    gamma = _CODED_GAMMAS.get(transfer)
    if known is None or (known is BT709 and gamma is None):
        return None
    return profile_of(known, gamma)


def toned_down(image: Image.Image, transfer: int) -> Image.Image:
    """Bring a picture of high dynamic range down to what a screen of 8 bits shows, as films are.

    Args:
        image: A picture of mode RGB, in BT.2020 primaries.
        transfer: As H.273 counts them.

    Returns:
        A picture of mode RGB in sRGB; the same one where the transfer is neither PQ nor HLG.
    """
    return image.filter(_toning(_HDR[transfer])) if transfer in _HDR else image


@lru_cache(2)
def _toning(transfer: str) -> ImageFilter.Color3DLUT:
    steps = np.linspace(0, 1, _SIDE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    return ImageFilter.Color3DLUT(_SIDE, to_sdr(np.stack([red, green, blue], axis=-1).reshape(-1, 3), transfer).ravel())


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + np.rint(values * 65536).astype(">i4").tobytes()


def _opened(data: bytes) -> Any:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(data))
    except _FAILURES:  # a broken profile: most programs do without it, too
        return None


_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _plain(image: Image.Image) -> Image.Image:
    """Bring a picture without a profile into RGB."""
    if image.mode == "LAB":
        return _between(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), _SRGB)
    return image if image.mode == "RGB" else image.convert("RGB")


def _between(image: Image.Image, old: Any, new: Any) -> Image.Image:
    made = ImageCms.profileToProfile(image, old, new, renderingIntent=_INTENT, outputMode="RGB", flags=_FLAGS)
    assert made is not None  # it is, when not in place
    return made


@lru_cache(1)
def _patches() -> Image.Image:
    """Colours of all kinds to try a profile with: greys, ramps, and a coarse cube."""
    steps = np.linspace(0, 255, 9).round()
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    greys = np.repeat(np.arange(256)[:, None], 3, axis=1)
    return Image.fromarray(np.concatenate([cube, greys]).astype(np.uint8)[None])


@lru_cache(32)  # the photos of a batch mostly have the same
def _judged(data: bytes) -> tuple[bool, bool]:
    """Judge a profile of RGB: whether it is sRGB, and whether colours come back from it much as they went in.

    Tables for one direction are allowed, and may be nonsense.
    """
    profile = _opened(data)
    if _apart(_between(_patches(), profile, _SRGB)).max() <= _SAME:
        return True, True
    try:
        returned = _between(_between(_patches(), _SRGB, profile), profile, _SRGB)
    except _FAILURES:
        return False, False
    return False, bool(_apart(returned).mean() <= _ASTRAY)


def _apart(image: Image.Image) -> npt.NDArray[np.int64]:
    apart: npt.NDArray[np.int64] = np.abs(np.asarray(image).astype(np.int64) - np.asarray(_patches()))
    return apart
