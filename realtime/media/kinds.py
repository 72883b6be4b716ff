"""What a file is by its first bytes, whatever its ending says."""

from __future__ import annotations

import os
import re
from pathlib import Path

READABLE = frozenset({"JPEG", "PNG", "WebP", "BMP", "TIFF", "GIF", "AVIF", "HEIC", "RAW"})
"""The kinds of pictures that `realtime.media.images` reads."""

RAW_ENDINGS = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef",
    ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
})  # fmt: skip
"""Endings of cameras' own files; most are TIFF files inside, with a small preview first."""

PICTURES = RAW_ENDINGS | {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".hif",
}  # fmt: skip
"""Endings of picture files, in small letters. What a file is its content says; an ending makes it a candidate in a folder."""

WANTED = "JPEG, PNG, WebP, BMP, TIFF, AVIF, HEIC or RAW"
"""The same for a person, within a sentence."""

HEAD = 4096
"""Bytes that `kind_of` wants to see."""

VIDEO, _PAGE, _TEXT, _ARCHIVE = "video", "web page", "text file", "archive"
NO_PICTURES = frozenset({VIDEO, _PAGE, _TEXT, _ARCHIVE, "sound"})
"""The kinds of files that are no pictures at all."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF.{4}WEBP", "WebP"),
    (rb"RIFF.{4}AVI ", VIDEO),
    (rb"RIFF", "sound"),
    (rb"BM.{4}.{8}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "BMP"),
    (rb"(II\*\0|MM\0\*).{4}CR|FUJIFILM|II\x55\0|IIR[OS]|MMOR|FOVb|\0MRM|II\x1a\0\0\0HEAP", "RAW"),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "TIFF"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"8BPS", "Photoshop"),
    (rb"%PDF", "PDF"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript"),
    (rb"v/1\x01", "OpenEXR"),
    (rb"#\?R", "Radiance HDR"),
    (rb"DDS ", "DDS"),
    (rb"gimp xcf", "GIMP"),
    (rb"\0\0[\x01\x02]\0.\0", "Windows icon"),
    (rb"P[1-7]\s", "Netpbm"),
    (rb"\x1aE\xdf\xa3|\0\0\x01\xba|FLV\x01|OggS|\x47.{187}\x47", VIDEO),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b|BZh", _ARCHIVE),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml.{0,1000})?\s*(<!--.{0,1000}-->)?\s*(<!DOCTYPE svg.{0,500})?<svg", "SVG"),
    (rb"(\xef\xbb\xbf)?\s*(<!--.{0,1000}-->)?\s*<(!doctype html|html|head)", _PAGE),
)
_COMPILED = [(re.compile(pattern, re.DOTALL | re.IGNORECASE), kind) for pattern, kind in _SIGNATURES]
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "RAW", b"jxl ": "JPEG XL"}


def kind_of(head: bytes) -> str:
    """Tell what a file is.

    Args:
        head: Its first bytes, `HEAD` of them or all.

    Returns:
        Such as "JPEG", "HEIC", "PDF", "video", "web page", "text file"; an empty string for what is not known.
    """
    if head[4:8] == b"ftyp":
        return _branded(head)
    for pattern, kind in _COMPILED:
        if pattern.match(head):
            return kind
    if head and b"\0" not in head and not re.search(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", head):
        try:
            head[:-4].decode("utf-8")  # a letter may be cut at the end
            return _TEXT
        except UnicodeDecodeError:
            pass
    return ""


def kind_of_file(path: Path) -> str:
    """Tell what a file is by its content.

    Args:
        path: The file.

    Returns:
        As `kind_of`; "empty" for no bytes at all, an empty string for what is not known, cannot be read or is no file.
    """
    if not os.path.isfile(path):  # to open a pipe would wait for ever, to open a camera would take it
        return ""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return ""
    return kind_of(head) if head else "empty"


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


def described(kind: str) -> str:
    """Name a kind within a sentence.

    Args:
        kind: As `kind_of` gives it.

    Returns:
        Such as "a JPEG file", "an AVIF file", "a web page".
    """
    article = "an" if kind in ("AVIF", "SVG", "OpenEXR", _ARCHIVE) else "a"
    return f"{article} {kind}" if kind in NO_PICTURES - {"sound"} else f"{article} {kind} file"


def _branded(head: bytes) -> str:
    """Tell files in boxes apart, as MP4, HEIC and AVIF are: by the brand, or by the further brands that they name."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
        if brand in _HEIC:
            return "HEIC"
    return "HEIC" if brands[0] in (b"mif1", b"msf1", b"heif") else VIDEO
