"""Photos: tiles without seams, what is kept of a file, names, figures, and the command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import FakeModel
from media import read_image
from PIL import ExifTags, Image, ImageCms, ImageOps

import realtime
from realtime.cli.photo import photo
from realtime.core.errors import SinkError, SourceError, UsageError
from realtime.core.frame import Frame, Picture
from realtime.look import brush
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.media import exif
from realtime.media.photo_file import Photo, read_photo, write_photo
from realtime.models import tiling as tiles
from realtime.models.base import StyleCode
from realtime.models.model import Model
from realtime.models.registry import open_model
from realtime.photo import figure
from realtime.photo.files import find_photos, places
from realtime.photo.photos import PhotoPainter
from realtime.sources.scene import Scene

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOBILE = ROOT.parent / "shared" / "models" / "magenta-mobile"


def scene(width: int, height: int) -> Picture:
    """A picture with flat sky, edges and fine texture, different in each of its corners."""
    noise = np.random.default_rng(1).normal(0, 3, (height, width, 1))
    return np.clip(Scene((max(64, width), max(64, height))).draw(12.0)[:height, :width] + noise, 0, 255).astype(
        np.uint8
    )


@pytest.fixture(scope="module")
def lite() -> Model:
    return open_model("lite")


def style_code(model: Model, name: str = "wave") -> StyleCode:
    return model.encode(read_image(ROOT / "styles" / f"{name}.jpg"))


def in_tiles(model: Model, picture: Picture, code: StyleCode, monkeypatch: pytest.MonkeyPatch) -> Picture:
    with monkeypatch.context() as patch:
        patch.setattr(tiles, "WHOLE", 1)
        patch.setattr(tiles, "_CORE", 256)
        return tiles.Tiled(model).stylize(picture, code)


def apart(one: Picture, other: Picture) -> np.ndarray:
    return np.abs(one.astype(int) - other)


@pytest.mark.parametrize("size", [(800, 608), (701, 533)])
@pytest.mark.parametrize("style", ["wave", "ink"])
def test_tiles_are_what_the_whole_picture_would_have_been(
    lite: Model, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], style: str
) -> None:
    picture, code = scene(*size), style_code(lite, style)
    whole, tiled = lite.stylize(picture, code), in_tiles(lite, picture, code, monkeypatch)
    assert tiled.shape == whole.shape
    # `lite` rounds its activations to 8 bits, a little differently for every tile; in colour nothing is to be seen.
    assert apart(tiled, whole).mean() < 2
    blurred = [cv2.GaussianBlur(p, (0, 0), 12).astype(np.uint8) for p in (tiled, whole)]
    assert np.percentile(apart(*blurred), 99) <= 5


def test_a_flat_sky_shows_no_border_between_tiles(lite: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sky = np.empty((600, 1400, 3), np.uint8)
    sky[:] = np.linspace(120, 220, 1400)[None, :, None] * np.array([1.0, 0.9, 0.7])
    sky[450:] = scene(1400, 150)  # ground: tiles of sky alone have other statistics than those with ground
    painted = in_tiles(lite, sky, style_code(lite), monkeypatch).astype(float)
    rows = painted[100:140].mean(axis=0)  # the sky, and in it a border of tiles at x = 224, 448, ...
    borders = [span.core.start for span in tiles._spans(1400)][1:]
    steps = np.abs(rows[16:] - rows[:-16]).max(axis=1)  # over 16 pixels, all along
    assert max(steps[x - 16 : x + 1].max() for x in borders) <= np.percentile(steps, 99) + 2


def test_a_float_network_is_tiled_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hub_module

    model = open_model(str(hub_module.save(tmp_path / "module", 0.125)))
    picture = scene(640, 483)
    code = style_code(model)
    network = model.tile_network(code)
    assert network is not None and network.stages == 16  # a mean and a variance for each of 16 norms
    assert apart(in_tiles(model, picture, code, monkeypatch), model.stylize(picture, code)).max() <= 1


def test_grain_lies_in_tiles_as_in_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import small_models

    cv2.imwrite(str(tmp_path / "grain.png"), np.random.default_rng(1).integers(98, 159, (37, 41), np.uint8))
    model = open_model(str(small_models.pair(tmp_path)))
    picture = scene(640, 480)
    code = style_code(model)
    assert apart(in_tiles(model, picture, code, monkeypatch), model.stylize(picture, code)).max() <= 1


@pytest.mark.skipif(not MOBILE.is_dir(), reason="Magenta's mobile pair is not here")
def test_magentas_mobile_pair_is_tiled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(str(MOBILE))
    picture, code = scene(512, 384), style_code(model)
    assert apart(in_tiles(model, picture, code, monkeypatch), model.stylize(picture, code)).mean() < 4


def test_a_model_without_a_tile_network_paints_large_pictures_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeModel()
    assert model.tile_network(model.encode(scene(64, 64))) is None
    monkeypatch.setattr(tiles, "WHOLE", 1000)
    painted = tiles.Tiled(model).stylize(scene(200, 100), model.encode(np.full((8, 8, 3), 77, np.uint8)))
    assert painted.shape == (100, 200, 3) and np.abs(painted.astype(int) - 77).max() <= 1


@pytest.mark.parametrize("share", [0.1, 0.258, 0.4, 0.5, 0.75, 0.9, 1.0])
@pytest.mark.parametrize("size", [(700, 500), (333, 777), (20, 9)])
def test_bands_fit_together(monkeypatch: pytest.MonkeyPatch, share: float, size: tuple[int, int]) -> None:
    def paint() -> Picture:
        small, back = brush.with_brush(picture, 1.0)
        return back(255 - small, lambda painted, _: painted)

    picture = scene(*size)
    monkeypatch.setattr(brush, "LINES", share * min(size))
    monkeypatch.setattr(brush, "AS_LIVE", 0)
    whole = paint()
    monkeypatch.setattr(brush, "_BAND", 1)
    banded = paint()
    assert whole.shape == picture.shape
    assert apart(whole, banded).max() <= 1
    if share == 1:
        assert np.array_equal(whole, 255 - picture)


def test_a_photo_is_painted_with_the_whole_look(lite: Model) -> None:
    picture, code = scene(320, 240), style_code(lite)
    paint = PhotoPainter(realtime.Stylizer(lite), {"wave": code}.__getitem__)
    styles = (("wave", 1.0),)
    plain = paint(picture, Look(styles))
    assert np.array_equal(plain, lite.stylize(picture, code))
    assert np.array_equal(paint(picture, Look(styles, strength=0.0)), picture)
    half = paint(picture, Look(styles, strength=0.5))
    assert apart(half, plain).mean() > 0
    own = paint(picture, Look(styles, own_colours=1.0))
    tints = [cv2.cvtColor(p, cv2.COLOR_BGR2Lab)[..., 1:].astype(int) for p in (own, plain, picture)]
    assert np.abs(tints[0] - tints[2]).mean() < np.abs(tints[1] - tints[2]).mean() / 2
    assert np.array_equal(paint(picture, Look(styles, steady=1.0)), plain)
    assert apart(paint(picture, Look(styles, brush=0.25)), plain).mean() > 1


# What is kept of a file


def phone_jpeg(path: Path, size: tuple[int, int] = (60, 40), orientation: int = 6) -> Path:
    """A photo as phones make them: lying on its side, with camera, date, place, thumbnail and profile. Left red, right blue."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, : size[0] // 2, 0] = pixels[:, size[0] // 2 :, 2] = 200
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Maker", "Camera 7"
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.DateTimeOriginal: "2024:05:06 07:08:09",
        ExifTags.Base.ISOSpeedRatings: 200,
        ExifTags.Base.ExifImageWidth: size[0],
        ExifTags.Base.ExifImageHeight: size[1],
        ExifTags.Base.MakerNote: b"somewhere",
    }
    exif[ExifTags.IFD.GPSInfo] = {1: "N", 2: (47.0, 30.0, 12.5), 3: "E", 4: (8.0, 15.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(path, quality=95, exif=exif, icc_profile=profile, dpi=(240, 240))
    return path


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("gps", [False, True])
def test_what_the_file_says_besides_is_kept(tmp_path: Path, ending: str, gps: bool) -> None:
    source = read_photo(phone_jpeg(tmp_path / "in.jpg"), keep_gps=gps)
    assert source.picture.shape == (60, 40, 3)  # upright
    out = tmp_path / f"out.{ending}"
    write_photo(source, source.picture, out)
    with Image.open(out) as image:
        exif = image.getexif()
        assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == ("Maker", "Camera 7")
        details = exif.get_ifd(ExifTags.IFD.Exif)
        assert details[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"
        assert (details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight]) == (40, 60)
        assert bool(exif.get_ifd(ExifTags.IFD.GPSInfo)) is gps
        assert image.info["icc_profile"] == source.profile
        if ending != "webp":
            assert round(float(image.info["dpi"][0])) == 240
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    assert upright.shape == (60, 40, 3)
    assert upright[5, 20, 0] > 150 > upright[5, 20, 2] and upright[-5, 20, 2] > 150  # red above, as the phone was held
    if not gps:
        assert b"somewhere" not in out.read_bytes()


def test_a_wide_gamut_comes_back_as_it_was(tmp_path: Path) -> None:
    wide = wide_profile()
    with pytest.raises(AssertionError):  # the two are different, or the test would say nothing
        assert np.array_equal(in_profile(wide, (200, 40, 40)), (200, 40, 40))
    path = tmp_path / "wide.png"
    Image.new("RGB", (8, 8), (150, 120, 90)).save(path, icc_profile=wide)
    source = read_photo(path)
    assert source.profile == wide
    assert apart(source.picture[0, 0, ::-1], in_profile(wide, (150, 120, 90))).max() <= 1  # what the model sees is sRGB
    write_photo(source, source.picture, tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["icc_profile"] == wide
        assert apart(np.array(image.getpixel((0, 0))), np.array((150, 120, 90))).max() <= 2


def wide_profile() -> bytes:
    """A profile of RGB with other primaries than sRGB's: its red and blue columns are exchanged for half."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(data[i : i + 4]): i for i in range(132, 132 + 12 * int.from_bytes(data[128:132], "big"), 12)}

    def xyz(tag: bytes) -> slice:
        start = int.from_bytes(data[tags[tag] + 4 : tags[tag] + 8], "big") + 8
        return slice(start, start + 12)

    def read(tag: bytes) -> np.ndarray:
        return np.frombuffer(bytes(data[xyz(tag)]), ">i4").astype(float)

    red, green, blue = read(b"rXYZ"), read(b"gXYZ"), read(b"bXYZ")
    for tag, value in ((b"rXYZ", red * 1.1 - green * 0.1), (b"gXYZ", green * 1.1 - red * 0.1)):
        data[xyz(tag)] = value.astype(">i4").tobytes()
    assert blue.any()
    start = int.from_bytes(data[tags[b"desc"] + 4 : tags[b"desc"] + 8], "big")
    size = int.from_bytes(data[tags[b"desc"] + 8 : tags[b"desc"] + 12], "big")
    text = bytes(data[start : start + size])
    for old, new in ((b"sRGB", b"wide"), ("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))):
        text = text.replace(old, new)
    data[start : start + size] = text
    return bytes(data)


def in_profile(profile: bytes, colour: tuple[int, int, int]) -> np.ndarray:
    """A colour of a profile in sRGB."""
    import io

    image = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), colour),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert image is not None
    return np.array(image.getpixel((0, 0)))


@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_what_is_transparent_stays_so(tmp_path: Path, ending: str) -> None:
    pixels = np.full((10, 12, 4), 90, np.uint8)
    pixels[:, :6, 3] = 0
    pixels[:, 6:, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "in.png")
    source = read_photo(tmp_path / "in.png")
    assert (source.picture[:, :6] == 255).all()  # the model sees it on white
    write_photo(source, source.picture, tmp_path / f"out.{ending}")
    with Image.open(tmp_path / f"out.{ending}") as image:
        assert np.array_equal(np.asarray(image.convert("RGBA"))[..., 3], pixels[..., 3])
    write_photo(source, source.picture, tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.mode == "RGB" and np.asarray(image)[0, 0].min() > 250


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_what_is_half_transparent_is_not_made_white_twice(tmp_path: Path, ending: str) -> None:
    pixels = np.full((16, 16, 4), (200, 90, 10, 0), np.uint8)
    pixels[..., 3] = np.arange(256).reshape(16, 16)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    source = read_photo(tmp_path / "in.png")
    write_photo(source, source.picture, tmp_path / f"out.{ending}")
    with Image.open(tmp_path / f"out.{ending}") as image:
        written = np.asarray(image.convert("RGBA")).astype(int)
    assert np.array_equal(written[..., 3], pixels[..., 3])
    off = np.abs(written - pixels)[..., :3].max(axis=2) * pixels[..., 3] / 255
    assert off.max() <= 1  # as seen over anything


def test_a_brush_paints_a_photo_as_it_paints_a_frame() -> None:
    stylizer, picture = realtime.Stylizer(FakeModel()), scene(160, 120)
    code = stylizer.encode(np.full((8, 8, 3), 77, np.uint8))
    for amount in (0.15, 0.2):
        look = Look((("a", 1.0),), strength=0.5, brush=amount, own_colours=0.5)
        live = Pipeline(stylizer, {"a": code}.get).paint(Frame(picture, 0.0), look)
        assert np.array_equal(PhotoPainter(stylizer, {"a": code}.__getitem__)(picture, look), live.picture)


def deep(path: Path) -> Path:
    ramp = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    assert cv2.imwrite(str(path), np.dstack([ramp, ramp, ramp // 2]))
    return path


def kinds(folder: Path) -> dict[str, Path]:
    """Pictures of every kind, their brightness rising from the upper left to the lower right."""
    ramp = np.linspace(0, 255, 40 * 30).reshape(30, 40).astype(np.uint8)
    grey = Image.fromarray(ramp)
    files = {
        name: folder / name for name in ("palette.png", "grey.jpg", "cmyk.jpg", "grey16.png", "one.tif", "see.gif")
    }
    grey.convert("RGB").quantize(64).save(files["palette.png"])
    grey.save(files["grey.jpg"])
    grey.convert("RGB").convert("CMYK").save(files["cmyk.jpg"])
    Image.fromarray(ramp.astype(np.uint16) * 257).save(files["grey16.png"])
    grey.convert("1").save(files["one.tif"])
    grey.convert("P").save(files["see.gif"], transparency=0)
    return {**files, "deep.png": deep(folder / "deep.png"), "deep.tif": deep(folder / "deep.tif")}


def test_pictures_of_every_kind_are_read(tmp_path: Path) -> None:
    for name, path in kinds(tmp_path).items():
        source = read_photo(path)
        assert source.picture.shape == (30, 40, 3) and source.picture.dtype == np.uint8, name
        assert source.picture[2:8].mean() + 60 < source.picture[-8:-2].mean(), name
        write_photo(source, source.picture, tmp_path / f"{name}.out.png")
        assert apart(read_photo(tmp_path / f"{name}.out.png").picture, source.picture).max() <= 1, name


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (tmp_path / "empty.jpg").touch()
    cut = phone_jpeg(tmp_path / "cut.jpg", (400, 300))
    cut.write_bytes(cut.read_bytes()[:-2000])
    for name, said in (
        ("phone.heic", "HEIC"),
        ("empty.jpg", "empty"),
        ("cut.jpg", "cut.jpg"),
        ("none.jpg", "none.jpg"),
    ):
        with pytest.raises(SourceError, match=said):
            read_photo(tmp_path / name)


def test_broken_profiles_and_data_cost_the_picture_nothing(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "in.png", icc_profile=b"no profile", exif=b"Exif\0\0MM\0*nonsense")
    source = read_photo(tmp_path / "in.png")
    assert source.profile is None and source.picture[0, 0, 2] == 255
    write_photo(source, source.picture, tmp_path / "out.jpg")


def test_more_data_than_a_jpeg_has_room_for_costs_the_picture_nothing(tmp_path: Path) -> None:
    told = exif.Exif(
        main={271: exif.Entry(2, 6, b"Maker\0")}, details={37500: exif.Entry(7, 60_000, bytes(60_000))},
        interop={2: exif.Entry(7, 9_000, bytes(9_000))},
    )  # fmt: skip
    source = Photo(scene(40, 30), exif=told, xmp=bytes(70_000))
    notes = write_photo(source, source.picture, tmp_path / "out.jpg")
    assert len(notes) == 2 and "EXIF" in notes[0] and "XMP" in notes[1]
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (40, 30) and image.getexif()[271] == "Maker"


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Photo(scene(40, 30))
    path = tmp_path / "a.png"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="--force"):
        write_photo(source, source.picture, path)
    assert path.read_bytes() == b"mine"

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", full)
        with pytest.raises(SinkError, match="No space"):
            write_photo(source, source.picture, path, force=True)
        with pytest.raises(SinkError, match="No space"):
            write_photo(source, source.picture, tmp_path / "b.png")
    assert path.read_bytes() == b"mine" and os.listdir(tmp_path) == ["a.png"]
    write_photo(source, source.picture, path, force=True)
    assert np.array_equal(read_photo(path).picture, source.picture)
    for name, said in (("x.gif", "x.gif"), ("wide.webp", "16383")):
        with pytest.raises(UsageError, match=said):
            write_photo(source, np.zeros((2, 17000, 3), np.uint8), tmp_path / name)


# Names


def test_names(tmp_path: Path) -> None:
    photos = [Path("a.jpg"), Path("x/a.JPG"), Path("b.bmp"), Path("c.tiff")]
    out = tmp_path / "out"
    names = [[path.name for path in row] for row in places(photos, ["wave", "ink+glass"], str(out))]
    assert names == [
        ["a_wave.jpg", "a_ink+glass.jpg"],
        ["a_wave_2.JPG", "a_ink+glass_2.JPG"],
        ["b_wave.png", "b_ink+glass.png"],
        ["c_wave.tiff", "c_ink+glass.tiff"],
    ]
    assert places(photos[:1], ["wave"], str(tmp_path / "one.webp")) == [[tmp_path / "one.webp"]]
    with pytest.raises(UsageError, match="folder"):
        places(photos, ["wave"], str(tmp_path / "one.webp"))


def test_photos_are_found_in_folders(tmp_path: Path) -> None:
    inside = [phone_jpeg(tmp_path / name) for name in ("a.jpg", "b.jpg")]
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    found = find_photos([tmp_path, inside[0]])
    assert found.photos == inside
    assert found.notes == [f"{tmp_path} holds 2 more that are left out (empty: notes.txt; folder: empty)"]
    for missing in (tmp_path / "none.jpg", tmp_path / "empty"):
        with pytest.raises(UsageError, match=missing.name):
            find_photos([missing])


# The command

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, in an empty folder, with a model that paints all in the style's mean colour."""
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: FakeModel())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, colour in (("red", (0, 0, 200)), ("blue", (200, 0, 0))):
        cv2.imwrite(f"{name}.png", np.full((30, 30, 3), colour, np.uint8))
    phone_jpeg(folder / "cat.jpg")
    return lambda *words: CliRunner().invoke(photo, [str(word) for word in words])


def test_pictures_times_styles(run: Run) -> None:
    cv2.imwrite("dog.bmp", scene(50, 30))
    result = run("cat.jpg", "dog.bmp", "--style", "red.png", "--style", "red.png:0.5,blue.png:0.5", "-o", "out")
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir("out")) == ["cat_red+blue.jpg", "cat_red.jpg", "dog_red+blue.png", "dog_red.png"]
    assert (read_image("out/dog_red.png") == (0, 0, 200)).all()
    assert (read_image("out/dog_red+blue.png") == (100, 0, 100)).all()
    assert read_image("out/cat_red.jpg").shape == (60, 40, 3)
    with Image.open("out/cat_red.jpg") as image:
        assert not image.getexif().get_ifd(ExifTags.IFD.GPSInfo)


def test_two_styles_of_one_name_are_two_styles(run: Run) -> None:
    Path("sub").mkdir()
    cv2.imwrite("sub/red.png", np.full((30, 30, 3), (0, 90, 0), np.uint8))
    styles = ("--style", "red.png", "--style", "sub/red.png", "--style", "red.png:0.5,sub/red.png:0.5")
    assert run("cat.jpg", *styles, "-o", "out/.").exit_code == 0
    names = ["cat_red (sub).jpg", "cat_red+red (sub).jpg", "cat_red.jpg"]
    assert sorted(os.listdir("out")) == names
    middles = [read_image(f"out/{name}")[30, 20].astype(int) for name in names]
    assert np.abs(np.array(middles) - [(0, 90, 0), (0, 45, 100), (0, 0, 200)]).max() <= 2


def test_a_painting_holds_its_look_for_whoever_takes_it_up(run: Run) -> None:
    run("cat.jpg", "--style", "red.png", "--own-colours", "0.5", "-o", "one.png")
    from realtime.look.look_files import read_look

    assert read_look(Path("one.png")) == Look(((str(Path("red.png").absolute()), 1.0),), own_colours=0.5, brush=2.0)
    again = run("cat.jpg", "--look", "one.png", "-o", "two.png")
    assert "one.png names the picture" in str(again.exception), "it may be a stranger's"
    again = run("cat.jpg", "--look", "one.png", "--styles", ".", "-o", "two.png")
    assert again.exit_code == 0, again.output
    assert (read_image("two.png") == read_image("one.png")).all()


def test_a_photo_as_in_a_mirror(run: Run) -> None:
    cv2.imwrite("side.png", np.dstack([scene(50, 30), np.tile(np.arange(50, dtype=np.uint8) * 5, (30, 1))]))
    look = ("--style", "red.png", "--own-colours", "1")
    assert run("side.png", *look, "-o", "plain.png").exit_code == 0
    assert run("side.png", *look, "--mirror", "-o", "mirrored.png").exit_code == 0
    plain, mirrored = (read_image(name, cv2.IMREAD_UNCHANGED) for name in ("plain.png", "mirrored.png"))
    assert plain.shape == (30, 50, 4) and (plain[:, ::-1] == mirrored).all() and (plain != mirrored).any()


def test_force_is_asked_for(run: Run) -> None:
    assert run("cat.jpg", "--style", "red.png", "-o", "cat.png").exit_code == 0
    before = Path("cat.png").read_bytes()
    refused = run("cat.jpg", "--style", "blue.png", "-o", "cat.png")
    assert isinstance(refused.exception, UsageError) and "--force" in str(refused.exception)
    assert Path("cat.png").read_bytes() == before
    assert run("cat.jpg", "--style", "blue.png", "-o", "cat.png", "--force").exit_code == 0
    assert Path("cat.png").read_bytes() != before
    before = Path("cat.jpg").read_bytes()
    refused = run("cat.jpg", "--style", "blue.png", "-o", "cat.jpg", "--force")
    assert isinstance(refused.exception, UsageError) and "is what is read" in str(refused.exception)
    assert Path("cat.jpg").read_bytes() == before


def test_gps_is_kept_when_it_is_asked_for(run: Run) -> None:
    run("cat.jpg", "--style", "red.png", "-o", "cat.tif", "--keep-gps")
    with Image.open("cat.tif") as image:
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)


def test_one_bad_picture_of_many_is_said_and_the_others_painted(run: Run) -> None:
    Path("bad.jpg").write_bytes(b"\xff\xd8 no picture")
    result = run("bad.jpg", "cat.jpg", "--style", "red.png", "-o", "out")
    assert isinstance(result.exception, SourceError) and "1 made, 1 failed: bad.jpg" in str(result.exception)
    assert "bad.jpg" in result.output and os.listdir("out") == ["cat_red.jpg"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.jpg"], "none.jpg"),
        (["cat.jpg", "--style", "nothing"], "nothing"),
        (["cat.jpg", "glass"], "--style"),
        (["cat.jpg", "--style", "red.png", "-o", "cat.gif"], ".webp"),
        (["cat.jpg", "red.png", "--style", "red.png", "-o", "one.png"], "folder"),
    ],
)
def test_wrong_use(run: Run, words: list[str], said: str) -> None:
    Path("sub").mkdir()
    cv2.imwrite("sub/red.png", np.zeros((30, 30, 3), np.uint8))
    result = run(*words)
    assert isinstance(result.exception, UsageError) and said in str(result.exception)


def test_compare_draws_a_figure_in_place_of_a_painting_or_beside_it(run: Run) -> None:
    assert run("cat.jpg", "--style", "red.png", "--compare", "-o", "figure.png").exit_code == 0
    drawn = read_image("figure.png")
    assert (drawn[0] == 255).all() and (drawn[:, 0] == 255).all() and (drawn[:, -1] == 255).all()
    assert drawn.shape[1] > 2000 and ((drawn == (0, 0, 200)).all(axis=2)).mean() > 0.3  # style and painting
    run("cat.jpg", "red.png", "--style", "red.png", "--style", "blue.png", "--compare", "-o", "out")
    assert sorted(os.listdir("out")) == [
        "cat_blue.jpg", "cat_red.jpg", "compare.png", "red_blue.png", "red_red.png",
    ]  # fmt: skip
    run("cat.jpg", "--style", "red.png", "--compare", "-o", "single")
    assert sorted(os.listdir("single")) == ["cat_red.compare.png", "cat_red.jpg"]


# Figures


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (300, 200)) -> Picture:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def test_a_grid_has_a_row_a_picture_and_a_column_a_look() -> None:
    columns = [
        figure.Column("a name far too long for its column " * 5, [flat((9, 9, 200))]),
        figure.Column("b", [flat((9, 200, 9))] * 2),
    ]
    rows = [
        (flat((50, 0, 0)), [flat((60, 0, 0)), flat((70, 0, 0))]),
        (flat((80, 0, 0), (100, 400)), [flat((90, 0, 0)), flat((95, 0, 0))]),
    ]
    drawn = figure.draw_figure(columns, rows)
    assert drawn.shape[1] <= 3600
    centres = {blue: np.argwhere((drawn == (blue, 0, 0)).all(axis=2)).mean(axis=0) for blue in (50, 60, 70, 80, 90, 95)}
    assert abs(centres[50][0] - centres[60][0]) <= 1 and abs(centres[60][0] - centres[70][0]) <= 1
    assert centres[50][1] < centres[60][1] < centres[70][1] and centres[50][0] < centres[80][0]
    assert abs(centres[60][1] - centres[90][1]) <= 1
    top = np.argwhere((drawn == (9, 200, 9)).all(axis=2))
    assert top[:, 0].max() < centres[70][0] and abs(top[:, 1].mean() - centres[70][1]) < 20
    assert (drawn.min(axis=2) < 100)[: int(centres[50][0]) - 210].any()  # titles
    for edge in (drawn[:8], drawn[-8:], drawn[:, :8], drawn[:, -8:]):
        assert (edge == 255).all()


@pytest.mark.parametrize("model", ["lite", "hub"])
def test_compare_in_python(tmp_path: Path, model: str) -> None:
    if model == "hub":
        import small_models

        model = str(small_models.tint_module(tmp_path / "module"))
    with realtime.Stylizer(model) as stylizer:
        cv2.imwrite(str(tmp_path / "photo.png"), scene(120, 80))
        drawn = realtime.compare(stylizer, [tmp_path / "photo.png", scene(80, 80)], ["wave", flat((9, 9, 200))])
        assert drawn.dtype == np.uint8 and drawn.ndim == 3
        with pytest.raises(UsageError, match="at least one"):
            realtime.compare(stylizer, [], ["wave"])
        with pytest.raises(
            UsageError, match=r"styles must be a list, not 'wave' alone; put it into brackets: \[style\]"
        ):
            realtime.compare(stylizer, [tmp_path / "photo.png"], "wave")
        with pytest.raises(UsageError, match=r"pictures must be a list, not an array alone"):
            realtime.compare(stylizer, scene(80, 80), ["wave"])  # type: ignore[arg-type]


def test_the_notebook_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"<!-- notebook -->\s*```python\n(.*?)```", README, re.DOTALL)
    if not found:
        pytest.skip("the README has no notebook example")
    lines = [line for line in found.group(1).splitlines() if line.strip()]
    assert len(lines) <= 5
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("photo.jpg", scene(160, 120))
    scope: dict[str, object] = {}
    exec("\n".join(lines[:-1]), scope)
    shown = eval(lines[-1], scope)  # what a notebook shows is the value of the last line
    assert isinstance(shown, Image.Image) and shown.width > 1000


# Memory

_PAINT = """
import re, sys
from realtime.cli import main
sys.argv[:] = ["realtime", "photo", sys.argv[1], "--style", "wave", "-o", sys.argv[2], "--brush", "full"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_memory_grows_with_the_picture_only(tmp_path: Path) -> None:
    """A whole painting of `lite` takes about 110 bytes a pixel; in tiles 12 megapixels take far less than 1.3 GB."""
    cv2.imwrite(str(tmp_path / "in.png"), cv2.resize(scene(1000, 750), (4000, 3000)))
    words = [sys.executable, "-c", _PAINT, str(tmp_path / "in.png"), str(tmp_path / "out.jpg")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert int(done.stdout.split()[-1]) / 1024 < 700
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (4000, 3000)
