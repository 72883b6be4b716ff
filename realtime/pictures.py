"""Picture files as people have them: turned, transparent, grey, 16-bit, CMYK, broken or far too large."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from realtime.errors import StyleError
from realtime.frame import Picture

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
MOST_PIXELS = 50_000_000

# What the content may be, whatever the ending says. Left to itself Pillow would also start other programs (Ghostscript).
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_quiet = threading.Lock()  # the filters of warnings are the whole process's: two blocks at a time would leave a mess


def load_picture(path: Path, enough: int | None = None) -> Picture:
    """The picture of a file: uint8, H×W×3, BGR, upright as its EXIF asks; what is transparent is white.

    With `enough`, in pixels, a larger picture comes scaled down by a whole number, its shorter side still at least that:
    a large JPEG is then read several times as fast, and other threads hardly wait for Python's lock.
    StyleError, with the file's name, when it is empty, broken, no picture, or larger than 50 megapixels.
    """
    try:
        with _quiet, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warnings about size and about odd tags
            with Image.open(path, formats=_FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise StyleError(
                        f"{path.name} has {image.width * image.height / 1e6:.0f} megapixels, more than {MOST_PIXELS // 10**6};"
                        " make a smaller copy"
                    )
                if enough:
                    image.draft(None, (enough, enough))
                return _bgr(ImageOps.exif_transpose(image), enough)
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


def _bgr(image: Image.Image, enough: int | None) -> Picture:
    if image.mode.startswith("I") or image.mode == "F":  # 16 or 32 bits of grey, which convert() would clip at 255
        grey = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=1e9, neginf=0)
        usual = grey[grey < 1e9]
        if image.mode == "F":
            scale = 255.0 if usual.max(initial=0) <= 1 else 1.0
        else:
            scale = 255 / 65535 if image.mode != "I" or usual.max(initial=0) > 255 else 1.0
        image = Image.fromarray(np.clip(grey * scale + 0.5, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if enough and (times := min(image.size) // enough) > 1:
        image = image.reduce(times)
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
