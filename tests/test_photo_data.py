"""What a painting keeps of its photo's data, in every form that phones and programs write it, and what is left out."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import FakeModel
from odd_photos import (
    CAMERA,
    DETAILS,
    JPEG,
    PLACE,
    coded,
    dng,
    exif,
    good_photos,
    grey_profile,
    icc,
    image,
    iptc,
    itxt,
    named,
    packet,
    png_with,
    quarters,
    rational,
    seen,
    short,
    table_profile,
    text,
)  # fmt: skip
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

import realtime
from realtime.cli.photo import photo
from realtime.core.errors import SinkError, SourceError, StyleError, UsageError
from realtime.look.look import Look
from realtime.media import xmp
from realtime.media.colour import ADOBE_RGB, BT709, in_srgb, profile_of, srgb_profile
from realtime.media.exif import Entry, Exif, parse
from realtime.media.exif_block import added_to_tiff, block, turned
from realtime.media.images import load_picture
from realtime.media.kinds import is_still, kind_of, kind_of_file
from realtime.media.photo_file import Photo, check_place, read_photo, write_photo
from realtime.media.places import tells_place

ENDINGS = ["jpg", "png", "webp", "tif"]


def painted(path: Path, ending: str, keep_gps: bool = False) -> tuple[Photo, Path]:
    """The photo, and its painting, which is the photo itself."""
    source = read_photo(path, keep_gps)
    out = path.with_name(f"out.{ending}")
    assert write_photo(source, source.picture, out) == []
    return source, out


def told(path: Path) -> Exif:
    """The EXIF data of a file."""
    with Image.open(path) as opened:
        data = path.read_bytes() if opened.format == "TIFF" else opened.info["exif"]
    found = parse(data)
    assert found is not None and not found.lost
    return found


def properties(path: Path) -> str:
    """The XMP packet of a file."""
    with Image.open(path) as opened:
        data = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp") or b""
        if opened.format == "TIFF":
            data = told(path).main[700].data if 700 in told(path).main else b""
    return data.decode() if isinstance(data, bytes) else data


# EXIF


@pytest.mark.parametrize("ending", ENDINGS)
def test_text_is_kept_in_its_letters(tmp_path: Path, ending: str) -> None:
    image().save(
        tmp_path / "in.jpg",
        exif=exif({270: text("Été à Zürich 写真"), 315: Entry(129, 4, "né".encode() + b"\0")}),
        **JPEG,
    )
    _, out = painted(tmp_path / "in.jpg", ending)
    assert told(out).main[270].data == "Été à Zürich 写真\0".encode()
    assert told(out).main[315].data == "né".encode() + b"\0"


ODD = {
    "resolution in letters": ({282: text("seventy")}, {}),
    "resolution in digits": ({282: text("72"), 283: rational(72, 1)}, {}),
    "resolution twice": ({282: rational(72, 1, 72, 1)}, {}),
    "resolution of nothing": ({282: rational(0, 0), 283: rational(0, 0)}, {}),
    "resolution huge": ({282: rational(4_000_000_000, 1), 283: rational(4_000_000_000, 1)}, {}),
    "resolution below zero": ({282: Entry(10, 1, struct.pack("<ll", -72, 1))}, {}),
    "speed in letters": ({}, {34855: text("200")}),
    "brightness without end": ({}, {37379: Entry(10, 1, struct.pack("<lL", -1, 0xFFFFFFFF))}),
    "mode below zero": ({}, {37383: Entry(8, 1, struct.pack("<h", -1)), 41989: Entry(9, 1, struct.pack("<l", -5))}),
    "floats": ({}, {37386: Entry(11, 1, struct.pack("<f", 4.2)), 41989: Entry(12, 1, struct.pack("<d", 26.0))}),
    "comment as text": ({}, {37510: text("hello there"), 36864: text("0230")}),
    "artist as bytes": ({315: Entry(1, 5, b"Some\0"), 271: Entry(7, 6, b"Maker\0")}, {}),
    "orientation nine": ({274: short(9)}, {}),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_entry_costs_the_others_nothing(tmp_path: Path, odd: str, ending: str) -> None:
    main, details = ODD[odd]
    image().save(tmp_path / "in.jpg", exif=exif(main, details), **JPEG)
    _, out = painted(tmp_path / "in.jpg", ending)
    found = told(out)
    assert found.main[272] == CAMERA[272] and found.details[36867] == DETAILS[36867]
    for tag, entry in details.items():
        assert found.details[tag] == entry
    with Image.open(out) as opened:
        assert opened.getexif()[272] == "Camera 7"
        dpi = opened.info.get("dpi")
        assert dpi is None or all(1 <= value <= 65535 for value in dpi)


def test_broken_entries_are_counted_and_the_others_kept(tmp_path: Path) -> None:
    whole = bytearray(exif())
    at = whole.index(struct.pack("<HH", 272, 2))
    whole[at + 8 : at + 12] = struct.pack("<L", 1 << 30)  # where its text is to be
    image().save(tmp_path / "in.jpg", exif=bytes(whole), **JPEG)
    source, out = painted(tmp_path / "in.jpg", "jpg")
    assert source.notes == ("1 damaged entry of its EXIF data cannot be kept",)
    assert told(out).main[33432] == CAMERA[33432] and 272 not in told(out).main
    image().save(tmp_path / "in.jpg", exif=b"Exif\0\0nonsense", **JPEG)
    assert "EXIF data is damaged" in read_photo(tmp_path / "in.jpg").notes[0]


def test_a_tiff_is_turned_whatever_its_other_entries_are(tmp_path: Path) -> None:
    lying = io.BytesIO()
    Image.fromarray(np.rot90(quarters())).save(lying, "TIFF")
    odd = Exif("<", {**CAMERA, 274: short(6), 282: text("many"), 34665: rational(1, 0), 34853: text("here")}, {})
    (tmp_path / "in.tif").write_bytes(added_to_tiff(lying.getvalue(), odd))
    source = read_photo(tmp_path / "in.tif")
    assert np.abs(seen(source.picture[..., ::-1]).astype(int) - seen(quarters())).max() == 0
    assert source.exif is not None and source.exif.main[272] == CAMERA[272] and len(source.notes) == 1


@pytest.mark.parametrize(
    ("name", "count"), [("pages.tif", 2), ("moving.webp", 2), ("moving.png", 2), ("two in one.jpg", 1), ("big.tif", 1)]
)
def test_further_pictures_of_a_file_are_named(tmp_path: Path, name: str, count: int) -> None:
    good_photos()[name](tmp_path / name)
    notes = read_photo(tmp_path / name).notes
    assert notes == ((f"only the first of its {count} pictures is painted",) if count > 1 else ())


def test_no_resolution_is_made_up(tmp_path: Path) -> None:
    image().save(tmp_path / "in.tif")
    _, out = painted(tmp_path / "in.tif", "png")
    with Image.open(out) as opened:
        assert "dpi" not in opened.info


def test_the_other_byte_order_says_the_same(tmp_path: Path) -> None:
    other = turned(Exif("<", CAMERA, DETAILS, PLACE), ">")
    image().save(tmp_path / "in.jpg", exif=block(other), **JPEG)
    for ending in ENDINGS:
        _, out = painted(tmp_path / "in.jpg", ending, keep_gps=True)
        found = turned(told(out), "<")
        assert found.details[33434] == DETAILS[33434] and found.place == PLACE
        out.unlink()


# Where and when


def with_place(folder: Path, form: str) -> Path:
    """A photo that says in one way that it was taken at 47.50347 N, 8.25 E, in Dielsdorf, on 6 May 2024."""
    path = folder / f"in.{form.rpartition(' ')[2]}"
    about = packet(
        'xmp:CreateDate="2024-05-06T07:08:09" exif:GPSLatitude="47,30.2082N" exif:GPSLongitude="8,15.0E" photoshop:City="Dielsdorf"'
        ' Iptc4xmpCore:Location="Dielsdorf" drone-dji:GpsLatitude="+47.50347"'
    )
    records = iptc(
        r2_55="20240506", r2_60="070809+0200", r2_90="Dielsdorf", r2_92="Dielsdorf", r2_25="Dielsdorf", r2_120="A dog"
    )
    comment = b"ASCII\0\0\0Latitude: 47.50347, Longitude: 8.25000"
    writers: dict[str, Callable[[], object]] = {
        "exif jpg": lambda: image().save(path, exif=exif(place=PLACE), **JPEG),
        "exif png": lambda: image().save(path, exif=exif(place=PLACE)),
        "exif tif": lambda: path.write_bytes(tiff_with(Exif("<", CAMERA, DETAILS, PLACE))),
        "exif webp": lambda: image().save(path, exif=exif(place=PLACE), lossless=True),
        "exif avif": lambda: image().save(path, exif=exif(place=PLACE)),
        "exif heic": lambda: image().save(path, exif=exif(place=PLACE)),
        "xmp webp": lambda: image().save(path, xmp=about, exif=exif(), lossless=True),
        "xmp avif": lambda: image().save(path, xmp=about, exif=exif()),
        "xmp heic": lambda: image().save(path, xmp=about, exif=exif()),
        "xmp tif": lambda: path.write_bytes(tiff_with(Exif("<", CAMERA, DETAILS), about)),
        "iptc tif": lambda: path.write_bytes(
            tiff_with(Exif("<", {**CAMERA, 34377: Entry(7, len(records) - 18, records[18:])}, DETAILS))
        ),
        "bare iptc tif": lambda: path.write_bytes(
            tiff_with(Exif("<", {**CAMERA, 33723: Entry(7, len(records) - 30, records[30:])}, DETAILS))
        ),
        "description jpg": lambda: image().save(path, exif=exif({270: text("Home +47.5035+008.2500/")}), **JPEG),
        "comment jpg": lambda: image().save(path, exif=exif(details={37510: Entry(7, len(comment), comment)}), **JPEG),
        "windows comment jpg": lambda: image().save(
            path, exif=exif({40092: Entry(1, 44, "47.50347, 8.25000 ok..".encode("utf-16-le"))}), **JPEG
        ),
        "maker jpg": lambda: image().save(path, exif=exif(details={37500: Entry(7, 19, b"LAT=Dielsdorf+more!")}), **JPEG),
        "xmp jpg": lambda: image().save(path, xmp=about, exif=exif(), **JPEG),
        "xmp png": lambda: image().save(path, pnginfo=itxt(about), exif=exif()),
        "iptc jpg": lambda: image().save(path, extra=records, exif=exif(), **JPEG),
        "text png": lambda: image().save(path, pnginfo=raw_profile(records[4 + 14 :]), exif=exif()),
        "comment segment jpg": lambda: image().save(path, comment=b"Dielsdorf 47.50347", exif=exif(), **JPEG),
    }  # fmt: skip
    writers[form]()
    return path


def tiff_with(about: Exif, packet: bytes = b"") -> bytes:
    """A TIFF with EXIF data and an XMP packet."""
    whole = io.BytesIO()
    image().save(whole, "TIFF")
    return added_to_tiff(whole.getvalue(), about, packet)


def raw_profile(data: bytes) -> PngInfo:
    """IPTC data as ImageMagick puts it into a PNG."""
    fields = PngInfo()
    fields.add_text("Raw profile type iptc", f"\niptc\n{len(data):8}\n{data.hex()}\n", zip=True)
    return fields


FORMS = [
    "exif jpg", "exif png", "exif tif", "exif webp", "exif avif", "exif heic", "description jpg", "comment jpg",
    "windows comment jpg", "maker jpg", "xmp jpg", "xmp png", "xmp webp", "xmp avif", "xmp heic", "xmp tif", "iptc jpg",
    "iptc tif", "bare iptc tif", "text png", "comment segment jpg",
]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_the_place_goes_out_unasked(tmp_path: Path, form: str, ending: str) -> None:
    _, out = painted(with_place(tmp_path, form), ending)
    data = out.read_bytes() + properties(out).encode()
    for secret in ("Dielsdorf", "GPS", "Gps", "47.50", "47,30", "47.50347".encode("utf-16-le").decode("latin-1")):
        assert secret.encode("latin-1") not in data, secret
    found = told(out)
    assert not found.place and found.main[272] == CAMERA[272] and found.details[36867] == DETAILS[36867]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", FORMS[:-1])
def test_every_form_of_the_place_is_kept_when_asked(tmp_path: Path, form: str, ending: str) -> None:
    _, out = painted(with_place(tmp_path, form), ending, keep_gps=True)
    data = properties(out)
    if form.startswith("exif"):
        assert told(out).place == PLACE
    elif form.startswith("xmp"):
        assert "GPSLatitude>47,30.2082N<" in data and "City>Dielsdorf<" in data and "GpsLatitude>+47.50347<" in data
    elif "iptc" in form or form == "text png":
        assert "City>Dielsdorf<" in data and ">Dielsdorf</rdf:li>" in data
    else:
        assert re.search(rb"47\.50|4\x007\x00\.|LAT=Dielsdorf", out.read_bytes())


@pytest.mark.parametrize("ending", ENDINGS)
def test_dates_and_descriptions_are_kept_in_every_form(tmp_path: Path, ending: str) -> None:
    _, out = painted(with_place(tmp_path, "iptc jpg"), ending)
    assert "DateCreated>2024-05-06T07:08:09+02:00<" in properties(out) and ">A dog</rdf:li>" in properties(out)
    out.unlink()
    _, out = painted(with_place(tmp_path, "xmp jpg"), ending)
    assert "CreateDate>2024-05-06T07:08:09<" in properties(out) and "Orientation" not in properties(out)


def test_texts_of_a_png_are_kept(tmp_path: Path) -> None:
    fields = PngInfo()
    told_so = {
        "Title": "A dog",
        "Creation Time": "Mon, 06 May 2024 07:08:09 +0200",
        "Comment": "47.50347, 8.25000",
        "Author": "Né",
    }
    for name, value in told_so.items():
        fields.add_itxt(name, value)
    turned_so = Image.fromarray(np.rot90(quarters()))
    about = exif({274: short(6)})
    fields.add_text("Raw profile type exif", f"\nexif\n{len(about):8}\n{about.hex()}\n")
    turned_so.save(tmp_path / "in.png", pnginfo=fields)
    source, out = painted(tmp_path / "in.png", "jpg")
    found = properties(out)
    assert (
        ">A dog<" in found
        and ">Né<" in found
        and "CreateDate>2024-05-06T07:08:09+02:00<" in found
        and "47.5" not in found
    )
    assert told(out).main[272] == CAMERA[272]
    assert np.abs(seen(source.picture[..., ::-1]).astype(int) - seen(quarters())).max() == 0


def test_data_that_claims_more_than_there_is_memory_is_cut_short() -> None:
    """Two thousand entries, all over the same megabyte."""
    count, length = 2000, 1 << 20
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", count)
    entries = b"".join(struct.pack("<HHLL", 1000 + n, 7, length, 8) for n in range(count))
    found = parse(head + entries + bytes(4 + length))
    assert found is not None and len(found.main) == 64 and found.lost == count - 64


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("47.3769, 8.5417", True), ("+47.3769+008.5417/", True), ("47° 22' 37\" N", True), ("lat=47.4 lon=8.5", True),
        ("GPS 47", True), ("Zürich, 6 May 2024, 07:08:09", False), ("f/2.8, 1/60 s, ISO 200", False),
        ("v1.2.3 build 2024.05", False),
        ("2024-05-06 07:08:09+02:00", False), ("1+1=2, 10-20-30", False),
    ],
)  # fmt: skip
def test_texts_with_coordinates_are_told_from_others(said: str, place: bool) -> None:
    assert tells_place(said) is place


def test_a_packet_with_entities_or_broken_ones_are_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    for data in (bomb, bomb.decode().encode("utf-16"), b"<x:xmpmeta", b"", b"\xff\xfe\0"):
        assert xmp.properties(data) == {} and xmp.kept({}, True) == b""


# Profiles


def test_a_profile_without_a_way_back_goes_out_as_srgb(tmp_path: Path) -> None:
    adobe = profile_of(ADOBE_RGB, 563 / 256)
    for kind in (b"scnr", b"mntr"):
        Image.fromarray(coded(adobe)).save(tmp_path / "in.png", icc_profile=table_profile(kind))
        source, out = painted(tmp_path / "in.png", "jpg")
        assert source.profile == srgb_profile()
        assert np.abs(seen(source.picture[..., ::-1]).astype(int) - seen(quarters())).max() <= 3
        with Image.open(out) as opened:
            assert opened.info["icc_profile"] == srgb_profile()
        out.unlink()


def test_a_profile_is_judged_by_what_it_does_and_not_by_its_name(tmp_path: Path) -> None:
    light, called = profile_of(BT709, 1.0, "sRGB IEC61966-2.1"), profile_of(BT709, None, "Anything")
    assert in_srgb(image(), called).image.tobytes() == image().tobytes()
    assert np.asarray(in_srgb(image(), light).image).mean() > np.asarray(image()).mean() + 20
    Image.fromarray(quarters()).save(tmp_path / "in.png", icc_profile=light)
    _, out = painted(tmp_path / "in.png", "png")
    with Image.open(out) as opened:
        assert opened.info["icc_profile"] == light  # kept, and the numbers are its own again
        assert np.abs(np.asarray(opened).astype(int) - quarters()).max() <= 2


def test_a_grey_with_a_profile_of_greys(tmp_path: Path) -> None:
    grey = Image.new("L", (40, 30), 128)
    grey.save(tmp_path / "in.png", icc_profile=grey_profile(1.0))
    source, out = painted(tmp_path / "in.png", "png")
    assert np.abs(source.picture.astype(int) - 188).max() <= 1  # half of the light
    grey.save(tmp_path / "in.png", icc_profile=srgb_profile())  # as many programs do
    assert (read_photo(tmp_path / "in.png").picture == 128).all()
    with Image.open(out) as opened:
        assert opened.mode == "RGB" and opened.info["icc_profile"] == srgb_profile()


def test_a_grey_that_is_see_through_keeps_its_profile(tmp_path: Path) -> None:
    Image.merge("LA", [Image.new("L", (40, 30), 128), Image.new("L", (40, 30), 255)]).save(
        tmp_path / "in.png", icc_profile=grey_profile(1.0)
    )
    source = read_photo(tmp_path / "in.png")
    assert np.abs(source.picture.astype(int) - 188).max() <= 1 and source.alpha is not None


def test_the_srgb_profile_that_is_written_is_srgb() -> None:
    theirs = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (theirs, srgb_profile()):
        found = in_srgb(image(), data)
        assert found.profile == data and found.image.tobytes() == image().tobytes()
    with pytest.raises(ValueError, match="span no colours"):
        profile_of(((0.3, 0.3), (0.3, 0.3), (0.3, 0.3), (0.3, 0.3)))


@pytest.mark.parametrize("data", [b"", bytes(128), icc(named("no table at all")), srgb_profile()[:200]])
def test_broken_profiles_are_passed_over(data: bytes) -> None:
    found = in_srgb(image(), data)
    assert found.image.tobytes() == image().tobytes()


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_toned_down(tmp_path: Path, transfer: int) -> None:
    """A grey of half the signal is 92 cd/m² in PQ and about as much in HLG: darker than white paper, and brighter than nothing."""
    for grey, least, most in ((0, 0, 2), (128, 110, 200), (255, 245, 255)):
        pixels = np.full((48, 64, 3), grey, np.uint8)
        (tmp_path / "in.png").write_bytes(png_with(b"cICP", bytes([9, transfer, 0, 1]), pixels))
        picture = load_picture(tmp_path / "in.png")
        assert least <= picture.min() and picture.max() <= most and np.ptp(picture) <= 1, (grey, picture[0, 0])


# Cameras' own files


@pytest.mark.parametrize(("name", "orientation"), [("a.dng", 1), ("a.dng", 6), ("called.tif", 1), ("called.jpg", 8)])
def test_raw_files_are_developed(tmp_path: Path, name: str, orientation: int) -> None:
    pytest.importorskip("rawpy")
    path = tmp_path / name
    path.write_bytes(dng(orientation))
    picture = load_picture(path)
    wide, high = (96, 128) if orientation > 4 else (128, 96)
    assert picture.shape == (high, wide, 3)
    assert picture[high // 2, wide // 2, 2] > picture[high // 2, wide // 2, 0] + 60  # red, in BGR
    source, out = painted(path, "jpg")
    assert told(out).main[272] == CAMERA[272] and told(out).details[36867] == DETAILS[36867] and not told(out).place
    assert source.picture.shape == picture.shape and 274 not in told(out).main


def test_without_rawpy_a_raw_file_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    (tmp_path / "a.dng").write_bytes(dng())
    with pytest.raises(SourceError, match=r"a\.dng is a camera's RAW file.*install.*\[raw\]"):
        read_photo(tmp_path / "a.dng")


# What can be written


def test_places_are_checked_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder.jpg").mkdir()
    for path, said in (
        (tmp_path / "file.txt" / "a.jpg", "is a file, no folder"),
        (tmp_path / "folder.jpg", "exists already"),
        (tmp_path / ("x" * 300 + ".jpg"), "too long"),
        (tmp_path / "a.gif", "no kind that can be written"),
    ):
        with pytest.raises(UsageError, match=said):
            check_place(path, force=False)
    with pytest.raises(UsageError, match="is a folder"):
        check_place(tmp_path / "folder.jpg", force=True)
    with pytest.raises(UsageError, match="70000×10 is too large"):
        check_place(tmp_path / "a.jpg", False, (70_000, 10))
    check_place(tmp_path / "not" / "yet" / "a.jpg", False, (100, 10))
    check_place(tmp_path / ("x" * 251 + ".jpg"), False)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may write everywhere")
def test_a_folder_that_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(UsageError, match="nothing can be written into"):
        check_place(tmp_path / "a.jpg", False)
    tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    "error", [SyntaxError("x"), struct.error("x"), OverflowError("x"), MemoryError(), KeyError("x")]
)
def test_whatever_pillow_raises_when_it_writes_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "save", failing)
    source = Photo(quarters())
    for ending in ENDINGS:
        with pytest.raises(SinkError, match=rf"a\.{ending} cannot be written"):
            write_photo(source, source.picture, tmp_path / f"a.{ending}")
    assert os.listdir(tmp_path) == []


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: FakeModel())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    image().save("red.png")
    image().save("a.jpg", **JPEG)
    return work


def run(*words: str) -> Result:
    return CliRunner().invoke(photo, [*words, "--style", "red.png"])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and paths are short")
def test_nothing_that_is_read_is_written_over(folder: Path) -> None:
    before = (folder / "a.jpg").read_bytes(), (folder / "red.png").read_bytes()
    os.link("a.jpg", "same.jpg")
    Path("link.jpg").symlink_to("a.jpg")
    for out in ("a.jpg", "./a.jpg", "../work/a.jpg", "same.jpg", "link.jpg", "red.png"):
        result = run("a.jpg", "-o", out, "--force")
        assert isinstance(result.exception, UsageError) and "is what is read" in str(result.exception), out
    assert ((folder / "a.jpg").read_bytes(), (folder / "red.png").read_bytes()) == before


@pytest.mark.parametrize("out", ["new/", "new", "new.jpg/", "holiday.2024/", "deep/er/"])
def test_a_folder_as_output(folder: Path, out: str) -> None:
    assert run("a.jpg", "-o", out).exit_code == 0
    assert os.listdir(out) == ["a_red.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and paths are short")
def test_names_that_are_shortened_to_the_same_are_numbered(folder: Path) -> None:
    for last in "ab":
        image().save("x" * 249 + last + ".jpg", **JPEG)
    result = run("x" * 249 + "a.jpg", "x" * 249 + "b.jpg", "-o", "out")
    assert result.exit_code == 0, result.output
    names = sorted(os.listdir("out"))
    assert len(names) == 2 and all(name.startswith("x" * 200) and len(name) <= 255 for name in names)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pipes_and_unreadable_files_do_not_hold_up_a_batch(folder: Path) -> None:
    os.mkfifo("pipe.jpg")
    Path("loop.jpg").symlink_to("loop.jpg")
    result = run("pipe.jpg", "loop.jpg", "a.jpg", "-o", "out")
    assert isinstance(result.exception, SourceError) and result.exit_code == 1
    assert "1 made, 2 failed: pipe.jpg, loop.jpg" in str(result.exception) and os.listdir("out") == ["a_red.jpg"]


def test_whatever_goes_wrong_with_one_photo_the_others_are_painted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REALTIME_TRACEBACK", raising=False)
    image().resize((10, 10)).save("small.png")
    stylize = FakeModel.stylize

    def choosy(self: FakeModel, picture: np.ndarray, code: object) -> np.ndarray:
        if picture.shape[0] < 20:
            raise MemoryError
        return stylize(self, picture, code)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeModel, "stylize", choosy)
    result = run("small.png", "a.jpg", "-o", "out")
    assert isinstance(result.exception, SourceError) and "1 made, 1 failed: small.png" in str(result.exception)
    assert "file 1 of 2: small.png cannot be painted (there is not enough memory)" in result.stderr


def test_a_batch_that_is_interrupted_says_how_far_it_came(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeModel, "stylize", interrupted)
    result = run("a.jpg", "red.png", "-o", "out")
    assert "0 made, 2 not begun" in result.stderr and result.exit_code != 0


def test_paint_photo_in_python(folder: Path) -> None:
    image().save("place.jpg", exif=exif(place=PLACE), **JPEG)
    with realtime.Stylizer(FakeModel()) as stylizer:
        realtime.paint_photo(stylizer, "place.jpg", "one.jpg", "red.png")
        realtime.paint_photo(stylizer, "place.jpg", "style.png", np.full((9, 9, 3), 77, np.uint8))
        plain = Look((("wave", 0.5), ("glass", 0.5)), strength=0.0)
        assert realtime.paint_photo(stylizer, "place.jpg", "two.png", plain, keep_gps=True) == []
        realtime.paint_photo(stylizer, "place.jpg", "mirror.png", plain, mirror=True)
        with pytest.raises(UsageError, match="--force"):
            realtime.paint_photo(stylizer, "place.jpg", "one.jpg", "wave")
        with pytest.raises(SourceError, match=r"none\.jpg"):
            realtime.paint_photo(stylizer, "none.jpg", "three.jpg", "wave")
    assert not told(folder / "one.jpg").place and told(folder / "two.png").place == PLACE
    assert (load_picture(Path("style.png")) == 77).all()
    assert (load_picture(Path("two.png")) == load_picture(Path("place.jpg"))).all()
    assert (load_picture(Path("mirror.png")) == load_picture(Path("place.jpg"))[:, ::-1]).all()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and paths are short")
def test_a_figure_beside_a_painting_with_a_long_name(folder: Path) -> None:
    image().save("x" * 251 + ".jpg", **JPEG)
    assert run("x" * 251 + ".jpg", "--compare", "-o", "out").exit_code == 0
    names = sorted(os.listdir("out"))
    assert len(names) == 2 and names[0].endswith(".compare.png") and names[1].endswith("_red.jpg")


# Sizes that are read before anything is decoded


def huge(path: Path) -> Path:
    """A small picture that says it is huge, by the ending of its name."""
    if path.suffix == ".webp":
        image().save(path, lossless=True, exif=exif())
        data = bytearray(path.read_bytes())
        data[24:30] = (16_382).to_bytes(3, "little") * 2
    else:
        image().save(path)
        data = bytearray(path.read_bytes())
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">LL", 60_000, 60_000)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("ending", "size"), [("webp", 268), ("avif", 3600), ("heic", 3600)])
def test_a_size_is_read_before_the_picture_is_set_up(tmp_path: Path, ending: str, size: int) -> None:
    with pytest.raises(StyleError, match=f"a.{ending} has {size} megapixels, more than 50; make a smaller copy"):
        load_picture(huge(tmp_path / f"a.{ending}"))


# Greys that count from white


@pytest.mark.parametrize(("bits", "kind"), [(8, "u1"), (16, "<u2")])
@pytest.mark.parametrize("from_white", [False, True])
def test_a_grey_that_counts_from_white(tmp_path: Path, bits: int, kind: str, from_white: bool) -> None:
    values = np.full((30, 40), (256 ** (bits // 8) - 1) // 4, kind)
    main = {
        256: short(40), 257: short(30), 258: short(bits), 259: short(1), 262: short(int(not from_white)), 273: short(8),
        277: short(1), 278: short(30), 279: short(values.nbytes),
    }  # fmt: skip
    (tmp_path / "a.tif").write_bytes(added_to_tiff(b"II*\0\0\0\0\0" + values.tobytes(), Exif("<", main)))
    assert np.abs(load_picture(tmp_path / "a.tif").astype(int) - (191 if from_white else 63)).max() <= 1


# Kinds


def test_kinds_by_content(tmp_path: Path) -> None:
    heads = {
        b"II*\0\x10\0\0\0CR\2\0": "RAW", b"FUJIFILMCCD-RAW ": "RAW", b"IIRO\x08\0\0\0": "RAW", b"II\x55\0\x08\0\0\0": "RAW",
        struct.pack(">I", 24) + b"ftypcrx \0\0\0\1crx isom": "RAW", struct.pack(">I", 24) + b"ftypmif1\0\0\0\0mif1avif": "AVIF",
        struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom": "video", b"%PDF-1.4": "PDF", b"RIFF\x10\0\0\0WEBPVP8 ": "WebP",
        b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL", b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000", b"P6\n4 4\n255\n": "Netpbm",
        b"PK\3\4": "archive", b"\xef\xbb\xbf<!-- x -->\n<html>": "web page", "né\n".encode(): "text file", b"\0\1\2\3": "",
    }  # fmt: skip
    for head, kind in heads.items():
        assert kind_of(head) == kind, head
    (tmp_path / "empty").touch()
    assert kind_of_file(tmp_path / "empty") == "empty" and kind_of_file(tmp_path / "none") == ""
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert kind_of_file(tmp_path / "pipe") == "" and not is_still(tmp_path / "pipe")


# A fuzz: whatever is in a file, it is a photo or an error of ours that names it, and what is kept can be written


FUZZED = ["turned.jpg", "scanner.jpg", "p3.heic", "turned.avif", "turned lzw.tif", "floats.tif", "turned by xmp.png", "moving.webp",
          "palette.gif", "two in one.jpg", "big.tif", "p3 by code points.png"]  # fmt: skip


@pytest.mark.parametrize("name", [*FUZZED, "camera.dng", "records.jpg"])
def test_fuzz(tmp_path: Path, name: str) -> None:
    whole = tmp_path / "whole"
    if name == "camera.dng":
        pytest.importorskip("rawpy")
        whole.write_bytes(dng(6))
    elif name == "records.jpg":
        image().save(
            whole,
            "JPEG",
            extra=iptc(r2_55="20240506", r2_90="Zurich"),
            xmp=packet('xmp:Rating="3"'),
            exif=exif(place=PLACE),
        )
    else:
        good_photos()[name](tmp_path / name)
        (tmp_path / name).rename(whole)
    good = whole.read_bytes()
    rng = np.random.default_rng(sum(map(ord, name)))
    contents = [good, *(good[: int(rng.integers(1, len(good)))] for _ in range(10))]
    for _ in range(30):
        changed = bytearray(good)
        reach = len(good) if rng.random() < 0.4 else min(len(good), 500)
        for at in rng.integers(0, reach, int(rng.integers(1, 6))):
            changed[at] = int(rng.integers(0, 256))
        contents.append(bytes(changed))
    path, read = tmp_path / name, 0
    for content in contents:
        path.write_bytes(content)
        try:
            source = read_photo(path, keep_gps=True)
        except SourceError as error:
            assert name in str(error)
            continue
        read += 1
        assert source.picture.dtype == np.uint8 and source.picture.shape[2] == 3
        for ending in ("jpg", "tif"):
            write_photo(source, source.picture, tmp_path / f"out.{ending}", force=True)
            read_photo(tmp_path / f"out.{ending}", keep_gps=True)
    assert read
