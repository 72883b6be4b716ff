"""Picture files as people have them: turned, transparent, grey, 16-bit, CMYK, of a phone or a camera, broken or far too large."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from realtime.core.frame import Picture
from realtime.media import exif, xmp
from realtime.media.colour import ADOBE_RGB, BT709, coded_profile, in_srgb, profile_of, toned_down
from realtime.media.image_file import opened
from realtime.media.openers import as_bytes

_AVERAGED = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")  # kinds of pictures that can be scaled down as they are

# How a picture is turned, by its EXIF orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip


class Decoded(NamedTuple):
    """A picture, upright and in sRGB: uint8, H×W×3, RGB; what is transparent keeps the colours it has below.

    `alpha` is uint8, H×W, 255 opaque, or None; `profile` the ICC profile for the way out, None for sRGB untagged.
    """

    pixels: npt.NDArray[np.uint8]
    alpha: npt.NDArray[np.uint8] | None
    profile: bytes | None

    def on_white(self) -> Picture:
        """Lay the picture on white.

        Returns:
            A new picture, uint8, H×W×3, BGR.
        """
        image = Image.fromarray(self.pixels)
        if self.alpha is not None:
            white = Image.new("RGB", image.size, "white")
            white.paste(image, mask=Image.fromarray(self.alpha))
            image = white
        return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def load_picture(path: Path, enough: int | None = None) -> Picture:
    """Read a picture file of any kind.

    Args:
        path: The file.
        enough: A number of pixels: a larger picture may come scaled down by a whole number, its shorter side still at least
            that. It is then read without haste, as is fit beside a live picture: a large JPEG at a fraction of its size,
            Python's lock hardly held, and resting half of the time.

    Returns:
        The picture: uint8, H×W×3, BGR, in sRGB, upright as its EXIF data asks; what is transparent is white.

    Raises:
        StyleError: It is empty, broken, no picture, or larger than 50 megapixels; the message has the file's name.
    """
    with opened(path, slowly=bool(enough)) as image:
        return decoded(image, enough).on_white()


def decoded(image: Image.Image, enough: int | None = None) -> Decoded:
    """Decode an open picture of any mode.

    Args:
        image: As `opened` gives it.
        enough: As for `load_picture`.

    Returns:
        The picture and what belongs to it.
    """
    turn = _TURNS.get(orientation(image))
    profile = _profile(image)
    coded = {} if profile else image.info.get("nclx_profile") or {}
    if enough:
        image.draft(None, (enough, enough))
    told = image.info.get("exif")
    if told is not None:
        image.info["exif"] = b""  # Pillow turns a TIFF itself, and stumbles over odd entries when it does
    image.load()
    if told is not None:
        image.info["exif"] = told
    image = _eight_bits(image)
    if enough and image.mode in _AVERAGED and (times := min(image.size) // enough) > 1:
        image = image.reduce(times)
    if turn is not None:
        image = image.transpose(turn)
    alpha = None
    if image.has_transparency_data:
        grey = image.mode in ("1", "L", "LA", "La")
        whole = image.convert("RGBA")
        alpha = np.asarray(whole.getchannel("A"))
        image = image.convert("L") if grey else whole  # a grey's profile is for greys
        if not alpha.any():  # a fourth byte that nothing was written to
            alpha = None
    colours = in_srgb(image, profile)
    if coded:
        colours = colours._replace(image=toned_down(colours.image, coded["transfer_characteristics"]))
    return Decoded(np.asarray(colours.image), alpha, colours.profile)


def orientation(image: Image.Image) -> int:
    """Tell how a picture lies.

    Args:
        image: As `opened` gives it.

    Returns:
        1 to 8, as EXIF counts: from its EXIF data, else from its XMP packet, else 1.
    """
    found = exif.parse(image.info.get("exif") or b"")
    if found is not None and exif.ORIENTATION in found.main:
        return found.number(exif.ORIENTATION)
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return xmp.orientation(xmp.properties(packet)) if packet else 1


def _profile(image: Image.Image) -> bytes | None:
    """Find the profile that a file names in whatever way: ICC, code points, a PNG's gamma and primaries, DCF's Adobe RGB."""
    if data := image.info.get("icc_profile"):
        return bytes(data)
    if coded := image.info.get("nclx_profile"):
        return coded_profile(coded["color_primaries"], coded["transfer_characteristics"])
    with contextlib.suppress(ValueError, TypeError):
        if "srgb" not in image.info and (gamma := image.info.get("gamma")):
            around = image.info.get("chromaticity")
            primaries = [*zip(around[2::2], around[3::2], strict=True), around[:2]] if around else BT709
            usual = abs(gamma - 1 / 2.2) < 0.01
            if 0.1 <= gamma <= 2 and not (usual and primaries is BT709):
                return profile_of(primaries, None if usual else 1 / gamma)
        found = exif.parse(image.info.get("exif") or b"")
        if found is not None and (index := found.interop.get(1)) and index.data.startswith(b"R03"):
            return profile_of(ADOBE_RGB, 563 / 256, "Compatible with Adobe RGB (1998)")
    return None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring 16 or 32 bits of grey, which convert() would clip at 255, into 8."""
    if image.mode == "F" or image.mode.startswith("I"):
        values = as_bytes(np.asarray(image), image.mode)
        return Image.fromarray(255 - values if image.info.get("white_is_zero") else values)
    return image
