"""Pictures as other people's programs write them, made small by the tests."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from realtime.media.colour import ADOBE_RGB, BT709, Primaries, profile_of
from realtime.media.exif import Entry, Exif, Tags
from realtime.media.exif_block import added_to_tiff, block

Pixels = npt.NDArray[np.uint8]

P3: Primaries = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290))
COLOURS = np.array([(200, 60, 40), (60, 160, 70), (50, 80, 190), (180, 170, 150)], np.uint8)
"""The colours of the quarters, upper left, upper right, lower left, lower right: RGB, in every gamut that is used here."""
SIZE = (64, 48)

pillow_heif.register_heif_opener()  # for writing; the program does without


def quarters(colours: npt.ArrayLike = COLOURS) -> Pixels:
    """A picture of four colours: H×W×3."""
    small = np.asarray(colours).reshape(2, 2, -1)
    return np.repeat(np.repeat(small, SIZE[1] // 2, axis=0), SIZE[0] // 2, axis=1)


def seen(picture: npt.NDArray[np.generic]) -> Pixels:
    """The four colours of a picture, H×W×3, in its own order of channels."""
    height, width = picture.shape[:2]
    at = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    at += [(3 * height // 4, width // 4), (3 * height // 4, 3 * width // 4)]
    return np.array([picture[y, x] for y, x in at])


def image() -> Image.Image:
    return Image.fromarray(quarters())


def icc(
    tags: list[tuple[bytes, bytes]], kind: bytes = b"mntr", space: bytes = b"RGB ", connection: bytes = b"Lab "
) -> bytes:
    """An ICC profile of version 2 out of its tags."""
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, value in tags:
        table += tag + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, kind, space, connection)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + WHITE[8:]
    return head.ljust(128, b"\0") + table + body


WHITE = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)


def named(name: str) -> list[tuple[bytes, bytes]]:
    text = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    return [(b"desc", described), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", WHITE)]


ADOBE_MATRIX = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
SRGB_MATRIX = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def lab_bytes(light: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64]) -> bytes:
    """Light of red, green and blue, as Lab in the bytes of a profile's table."""
    xyz = light @ matrix.T / np.array([0.9642, 1, 0.8249])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    lab = np.stack(
        [2.55 * (116 * f[..., 1] - 16), 500 * (f[..., 0] - f[..., 1]) + 128, 200 * (f[..., 1] - f[..., 2]) + 128], -1
    )
    return bytes(np.rint(lab).clip(0, 255).astype(np.uint8).data)


def table(inputs: int, side: int, values: bytes) -> bytes:
    same = bytes(range(256))
    head = b"mft1\0\0\0\0" + bytes([inputs, 3, side, 0]) + struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    return head + same * inputs + values + same * 3


def table_profile(kind: bytes = b"scnr", name: str = "Filmscan") -> bytes:
    """Adobe RGB by a table from RGB to Lab, with none back: as scanners and phones embed it."""
    steps = np.linspace(0, 1, 17)
    light = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1) ** 2.2
    return icc([*named(name), (b"A2B0", table(3, 17, lab_bytes(light, ADOBE_MATRIX)))], kind)


def ink_profile() -> bytes:
    """Inks that are lighter than they say: a full one still lets 15 % of the code through. A printer's profile, one way."""
    steps = np.linspace(0, 1, 9)
    cyan, magenta, yellow, black = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    codes = np.stack([1 - 0.85 * cyan, 1 - 0.85 * magenta, 1 - 0.85 * yellow], axis=-1) * (1 - black[..., None])
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    return icc([*named("light inks"), (b"A2B0", table(4, 9, lab_bytes(light, SRGB_MATRIX)))], b"prtr", b"CMYK")


def inks() -> Image.Image:
    """The four colours as `ink_profile` codes them, without black."""
    amounts = np.rint((1 - quarters() / 255) / 0.85 * 255).clip(0, 255).astype(np.uint8)
    return Image.frombytes("CMYK", SIZE, np.dstack([amounts, np.zeros(SIZE[::-1], np.uint8)]).tobytes())


def grey_profile(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    return icc([*named(f"grey {gamma}"), (b"kTRC", curve)], space=b"GRAY", connection=b"XYZ ")


def coded(profile: bytes) -> Pixels:
    """The four colours as a profile of RGB codes them."""
    made = ImageCms.profileToProfile(
        image(), ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
    )  # fmt: skip
    assert made is not None
    return np.asarray(made)


def text(value: str) -> Entry:
    data = value.encode() + b"\0"
    return Entry(2, len(data), data)


def rational(*values: int) -> Entry:
    return Entry(5, len(values) // 2, struct.pack(f"<{len(values)}L", *values))


def short(*values: int) -> Entry:
    return Entry(3, len(values), struct.pack(f"<{len(values)}H", *values))


def long(*values: int) -> Entry:
    return Entry(4, len(values), struct.pack(f"<{len(values)}L", *values))


CAMERA: Tags = {
    271: text("Maker"),
    272: text("Camera 7"),
    306: text("2024:05:06 07:08:09"),
    33432: text("(c) somebody"),
}
DETAILS: Tags = {36867: text("2024:05:06 07:08:09"), 34855: short(200), 33434: rational(1, 60)}
PLACE: Tags = {1: text("N"), 2: rational(47, 1, 30, 1, 12, 1), 3: text("E"), 4: rational(8, 1, 15, 1, 0, 1)}


def exif(more: Tags | None = None, details: Tags | None = None, place: Tags | None = None) -> bytes:
    return block(Exif("<", {**CAMERA, **(more or {})}, {**DETAILS, **(details or {})}, place or {}))


def packet(properties: str) -> bytes:
    """An XMP packet with some properties as attributes."""
    spaces = {
        "xmp": "http://ns.adobe.com/xap/1.0/", "exif": "http://ns.adobe.com/exif/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "drone-dji": "http://www.dji.com/drone-dji/1.0/",
    }  # fmt: skip
    declared = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in spaces.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {properties}/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def iptc(**records: str) -> bytes:
    """A JPEG's block of Photoshop with IPTC records: r2_90="Zurich"."""
    data = b"\x1c\x01\x5a\x00\x03\x1b%G"
    for name, value in records.items():
        record, number = (int(part) for part in name[1:].split("_"))
        data += struct.pack(">BBBH", 0x1C, record, number, len(value.encode())) + value.encode()
    whole = b"8BIM\x04\x04\0\0" + struct.pack(">L", len(data)) + data + bytes(len(data) % 2)
    return b"\xff\xed" + struct.pack(">H", 2 + 14 + len(whole)) + b"Photoshop 3.0\0" + whole


def dng(orientation: int = 1) -> bytes:
    """A camera's own file: red everywhere, 16 bits behind a mosaic of filters."""
    width, height = 128, 96
    mosaic = np.full((height, width), 2000, "<u2")
    mosaic[::2, ::2] = 12000
    pixels = mosaic.tobytes()
    unit = [Entry(10, 9, struct.pack("<18l", *(v for n in range(9) for v in (int(n % 4 == 0), 1))))]
    main: Tags = {
        254: long(0), 256: long(width), 257: long(height), 258: short(16), 259: short(1), 262: short(32803),
        271: text("Maker"), 272: text("Camera 7"), 273: long(8), 274: short(orientation), 277: short(1), 278: long(height),
        279: long(len(pixels)), 284: short(1), 33421: short(2, 2), 33422: Entry(1, 4, bytes([0, 1, 1, 2])),
        50706: Entry(1, 4, bytes([1, 4, 0, 0])), 50708: text("Maker Camera 7"), 50717: long(16383), 50721: unit[0],
        50728: rational(1, 1, 1, 1, 1, 1), 50778: short(21),
    }  # fmt: skip
    return added_to_tiff(b"II*\0\0\0\0\0" + pixels, Exif("<", main, DETAILS, PLACE))


def chunk(name: bytes, data: bytes) -> bytes:
    from zlib import crc32

    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", crc32(name + data))


def png_with(name: bytes, data: bytes, pixels: Pixels) -> bytes:
    """A PNG with a chunk more, before the picture."""
    whole = io.BytesIO()
    Image.fromarray(pixels).save(whole, "PNG")
    return whole.getvalue()[:33] + chunk(name, data) + whole.getvalue()[33:]


def linear(pixels: Pixels) -> Pixels:
    codes = pixels / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    made: Pixels = np.rint(light * 255).astype(np.uint8)
    return made


Write = Callable[[Path], object]


def saved(form: str, **options: object) -> Write:
    """Write the four colours, in a format and with options of Pillow's."""
    return lambda path: image().save(path, form, **options)


JPEG: dict[str, Any] = {"quality": 95, "subsampling": 0}


def good_photos() -> dict[str, Write]:
    """Files that show the four colours, by their names."""
    p3, adobe, wide_table = profile_of(P3), profile_of(ADOBE_RGB, 563 / 256), table_profile()
    straight, falsely = profile_of(BT709, 1.0, "Rec709 light"), profile_of(BT709, 1.0, "sRGB IEC61966-2.1")
    four = np.dstack([quarters(), np.full(SIZE[::-1], 255, np.uint8)])
    deep = (quarters().astype(np.uint16) * 257)[..., ::-1]
    lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    long_text = PngImagePlugin.PngInfo()
    long_text.add_text("Comment", "x" * (3 << 20), zip=True)
    turned = TiffImagePlugin.ImageFileDirectory_v2()
    turned[274] = 6
    lying = Image.fromarray(np.rot90(quarters()))

    long_names = {"x" * 251 + ".jpg": saved("JPEG", **JPEG), "y" * 251 + ".tif": saved("TIFF")}
    if sys.platform == "win32":  # whose paths are short
        long_names = {}

    def as_lab(path: Path) -> None:
        made = ImageCms.applyTransform(image(), lab)
        assert made is not None
        made.save(path)

    return {
        "plain.jpg": saved("JPEG", **JPEG),
        "CAPITALS.JPG": saved("JPEG", **JPEG),
        "progressive.jpg": saved("JPEG", progressive=True, **JPEG),
        "turned.jpg": lambda path: lying.save(path, exif=exif({274: short(6)}), **JPEG),
        "turned as long.jpg": lambda path: lying.save(path, exif=exif({274: long(6)}), **JPEG),
        "turned as text.jpg": lambda path: lying.save(path, exif=exif({274: text("6")}), **JPEG),
        "turned with odd tags.jpg": lambda path: lying.save(
            path, exif=exif({274: short(6), 282: text("72")}, {37379: Entry(3, 1, b"\7\0"), 33434: text("slow")}), **JPEG
        ),
        "turned.png": lambda path: lying.save(path, exif=exif({274: short(6)})),
        "turned by xmp.png": lambda path: lying.save(path, pnginfo=itxt(packet('tiff:Orientation="6"'))),
        "turned.webp": lambda path: lying.save(path, exif=exif({274: short(6)}), lossless=True),
        "turned.tif": lambda path: lying.save(path, tiffinfo=turned),
        "turned lzw.tif": lambda path: lying.save(path, tiffinfo=turned, compression="tiff_lzw"),
        "turned.heic": lambda path: lying.save(path, "HEIF", exif=exif({274: short(6)}), quality=100, chroma=444),
        "turned.avif": lambda path: lying.save(path, exif=exif({274: short(6)}), quality=100, subsampling="4:4:4"),
        "scanner.jpg": lambda path: Image.fromarray(coded(adobe)).save(path, icc_profile=wide_table, **JPEG),
        "phone.png": lambda path: Image.fromarray(coded(adobe)).save(path, icc_profile=table_profile(b"mntr", "Wide Sharing")),
        "light.png": lambda path: Image.fromarray(linear(quarters())).save(path, icc_profile=straight),
        "light called sRGB.png": lambda path: Image.fromarray(linear(quarters())).save(path, icc_profile=falsely),
        "p3.jpg": lambda path: Image.fromarray(coded(p3)).save(path, icc_profile=p3, **JPEG),
        "p3.heic": lambda path: Image.fromarray(coded(p3)).save(path, icc_profile=p3, quality=100, chroma=444),
        "p3.webp": lambda path: Image.fromarray(coded(p3)).save(path, icc_profile=p3, lossless=True),
        "adobe.tif": lambda path: Image.fromarray(coded(adobe)).save(path, icc_profile=adobe),
        "adobe by dcf.jpg": lambda path: Image.fromarray(coded(adobe)).save(
            path, exif=block(Exif("<", CAMERA, {40961: short(65535)}, {}, {1: text("R03")})), **JPEG
        ),
        "gamma.png": lambda path: path.write_bytes(png_with(b"gAMA", struct.pack(">L", 100_000), linear(quarters()))),
        "p3 by code points.png": lambda path: path.write_bytes(png_with(b"cICP", bytes([12, 13, 0, 1]), coded(p3))),
        "broken profile.jpg": saved("JPEG", icc_profile=b"no profile", **JPEG),
        "profile of greys.jpg": saved("JPEG", icc_profile=grey_profile(1.0), **JPEG),
        "cmyk.jpg": lambda path: image().convert("CMYK").save(path, quality=98, subsampling=0),
        "cmyk.tif": lambda path: image().convert("CMYK").save(path),
        "inks with profile.tif": lambda path: inks().save(path, icc_profile=ink_profile()),
        "inks with profile.jpg": lambda path: inks().save(path, icc_profile=ink_profile(), quality=98, subsampling=0),
        "lab.tif": as_lab,
        "ycbcr.tif": saved("TIFF", compression="jpeg", quality=95),
        "palette.png": lambda path: image().quantize(8).save(path),
        "palette.gif": lambda path: image().quantize(8).save(path),
        "alpha.png": lambda path: Image.fromarray(four).save(path),
        "alpha.tif": lambda path: Image.fromarray(four).save(path),
        "unused fourth byte.png": lambda path: Image.fromarray(np.dstack([quarters(), np.zeros(SIZE[::-1], np.uint8)])).save(path),
        "16 bits.png": lambda path: cv2.imwrite(str(path), deep),
        "16 bits.tif": lambda path: cv2.imwrite(str(path), deep),
        "floats.tif": lambda path: cv2.imwrite(str(path), (quarters() / 255).astype(np.float32)[..., ::-1]),
        "bmp.bmp": saved("BMP"),
        "big.tif": saved("TIFF", big_tiff=True),
        "pages.tif": saved("TIFF", save_all=True, append_images=[Image.new("RGB", (50, 400), "blue")]),
        "moving.webp": saved("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE)], lossless=True),
        "moving.png": saved("PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]),
        "two in one.jpg": saved("MPO", save_all=True, append_images=[Image.new("RGB", SIZE)], **JPEG),
        "plain.heic": saved("HEIF", quality=100, chroma=444),
        "plain.avif": saved("AVIF", quality=100, subsampling="4:4:4"),
        "heic called.jpg": saved("HEIF", quality=100, chroma=444),
        "avif called.png": saved("AVIF", quality=100, subsampling="4:4:4"),
        "jpeg called.heic": saved("JPEG", **JPEG),
        "png called.tif": saved("PNG"),
        "no ending": saved("JPEG", **JPEG),
        "long text.png": saved("PNG", pnginfo=long_text),
        "resolution none.jpg": saved("JPEG", exif=exif({282: rational(0, 0), 283: rational(0, 0), 296: short(2)}), **JPEG),
        "resolution huge.jpg": saved("JPEG", exif=exif({282: rational(4_000_000_000, 1), 283: rational(4_000_000_000, 1)}), **JPEG),
        "resolution below.jpg": saved("JPEG", exif=exif({282: Entry(10, 1, struct.pack("<ll", -72, 1))}), **JPEG),
        "half exif.jpg": saved("JPEG", exif=exif()[:150], **JPEG),
        "no exif.jpg": saved("JPEG", exif=b"Exif\0\0MM\0*nonsense", **JPEG),
        "é写🎨.jpg": saved("JPEG", **JPEG),
        **long_names,
    }  # fmt: skip


def itxt(data: bytes) -> PngImagePlugin.PngInfo:
    fields = PngImagePlugin.PngInfo()
    fields.add_itxt("XML:com.adobe.xmp", data.decode())
    return fields


def bad_photos() -> dict[str, tuple[Write, str]]:
    """Files that cannot be painted, by their names, with what is said of each."""
    whole = io.BytesIO()
    image().save(whole, "JPEG")
    heic = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(500)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">LL5B", 20_000, 20_000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    )
    avif = struct.pack(">I", 28) + b"ftypavif\0\0\0\0avifmif1miaf" + bytes(500)
    return {
        "empty.jpg": (lambda path: path.touch(), "empty"),
        "half.jpg": (lambda path: path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2]), "JPEG file, but a broken one"),
        "text.jpg": (lambda path: path.write_text("dear reader"), "a text file"),
        "page.jpg": (lambda path: path.write_text("<!DOCTYPE html><html>not found</html>"), "a web page"),
        "drawing.png": (lambda path: path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>'), "an SVG file"),
        "layers.tif": (lambda path: path.write_bytes(b"8BPS\0\1" + bytes(100)), "a Photoshop file"),
        "nothing known.png": (lambda path: path.write_bytes(bytes(range(1, 200))), "no picture that can be read"),
        "broken.heic": (lambda path: path.write_bytes(heic), "a HEIC file, but a broken one"),
        "heic called so.jpg": (lambda path: path.write_bytes(heic), "a HEIC file, but a broken one"),
        "avif called so.jpg": (lambda path: path.write_bytes(avif), "an AVIF file, but a broken one"),
        "broken.cr3": (lambda path: path.write_bytes(struct.pack(">I", 24) + b"ftypcrx \0\0\0\1crx isom"), "RAW file"),
        "bomb.png": (lambda path: path.write_bytes(bomb), "400 megapixels"),
        "bomb.tif": (lambda path: Image.new("1", (8_000, 8_000)).save(path, compression="group4"), "64 megapixels"),
        "broken.tif": (lambda path: path.write_bytes(b"II*\0\x08\0\0\0\xff\xff" + bytes(40)), "a TIFF file, broken"),
    }  # fmt: skip


def others() -> dict[str, tuple[Write, str]]:
    """Files that are no photos, by their names, with their kinds."""
    return {
        "notes.txt": (lambda path: path.write_text("dear reader"), "text file"),
        "clip.mov": (lambda path: path.write_bytes(struct.pack(">I", 20) + b"ftypqt  \0\0\0\0qt  "), "video"),
        "new.jxl": (lambda path: path.write_bytes(b"\xff\x0a" + bytes(50)), "JPEG XL"),
        "unknown.xyz": (lambda path: path.write_bytes(bytes([1, 2, 3])), "unknown"),
        "album.jpg": (lambda path: path.mkdir(), "folder"),
    }
