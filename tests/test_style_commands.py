"""`realtime styles`: listing, adding, removing, and the sheet, as a person at the terminal uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fakes import FakeModel
from media import read_image
from PIL import Image

from realtime.cli.styles import styles
from realtime.core.errors import RealtimeError
from realtime.models.stylizer import Stylizer
from realtime.photo.sheet import contact_sheet
from realtime.styles import folders as style_folders
from realtime.styles import user as own_styles

Run = Callable[..., Result]


def paint(path: Path, colour: tuple[int, int, int] = (200, 100, 50), size: tuple[int, int] = (24, 16)) -> Path:
    """A picture file all of one colour (RGB)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process: one shipped style, "wave", and the person's folder "mine", which is not there yet."""
    for module in (style_folders, own_styles):
        monkeypatch.setattr(module, "shipped_folder", lambda: tmp_path / "shipped")
        monkeypatch.setattr(module, "user_folder", lambda: tmp_path / "mine")
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: FakeModel())
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "shipped" / "wave.png", (0, 0, 200))
    return lambda *words: CliRunner().invoke(styles, [str(word) for word in words])


def names(result: Result) -> list[str]:
    return [line.split("  ")[0] for line in result.stdout.splitlines()]


def test_list_is_what_it_says_without_a_word(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "mine" / "night.jpg")
    assert names(run()) == names(run("list")) == ["night", "wave"]
    paint(tmp_path / "more" / "birch.png")
    assert names(run("list", "--styles", "more")) == ["birch", "night", "wave"]
    assert "24×16" in run("list").stdout


def test_a_picture_is_added_as_it_is(run: Run, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(tmp_path / "phone.JPG", exif=exif)
    result = run("add", "phone.JPG")
    assert result.exit_code == 0 and "added phone" in result.stderr
    assert (tmp_path / "mine" / "phone.jpg").read_bytes() == (tmp_path / "phone.JPG").read_bytes()
    assert "20×40" in run().stdout  # upright
    assert names(run()) == ["phone", "wave"]


def test_a_picture_is_added_by_another_name(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "IMG_2231.png")
    assert run("add", "IMG_2231.png", "--name", "Grandma's quilt").exit_code == 0
    assert names(run()) == ["Grandma's quilt", "wave"]


def test_several_at_once(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    paint(tmp_path / "b.png")
    assert run("add", "a.png", "b.png").exit_code == 0
    assert names(run()) == ["a", "b", "wave"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.png"], "there is no picture"),
        (["letter.png"], "letter.png is no picture"),
        (["movie.mp4"], "movie.mp4 is no style: wanted JPEG"),
        (["a.png", "sub/a.jpg"], "would both be a"),
        (["a.png", "b.png", "--name", "x"], "one --name is for one picture, not for 2"),
        (["a.png", "--name", "../x"], "'/' is in it"),
        (["a.png", "--name", ".x"], "cannot be the name of a style"),
        (["a.png", "--name", ""], "cannot be the name of a style"),
        (["a.png", "--name", "x" * 300], "cannot be the name of a style"),
        (["a.png", "--name", "wave"], "there is a style wave already"),
        (["a.png", "--name", "WAVE"], "there is a style wave already"),
        (["a.png", "shipped/wave.png"], "is the style wave already"),
        (["a.png", "nowhere.png"], "there is no picture nowhere.png"),
        (["a.png", "letter.png"], "letter.png is no picture"),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_is_copied(
    run: Run, tmp_path: Path, words: list[str], said: str
) -> None:
    for name in ("a.png", "b.png", "sub/a.jpg"):
        paint(tmp_path / name)
    (tmp_path / "letter.png").write_text("dear reader")
    (tmp_path / "movie.mp4").write_text("film")
    error = run("add", *words).exception
    assert isinstance(error, RealtimeError) and said in str(error)
    assert not list(tmp_path.glob("mine/**/*.*"))


def test_a_name_that_is_taken_needs_force_and_the_old_picture_can_come_back(run: Run, tmp_path: Path) -> None:
    old = paint(tmp_path / "night.png", (0, 0, 9)).read_bytes()
    run("add", "night.png")
    paint(tmp_path / "other" / "night.jpg", (9, 9, 90))
    assert "night already" in str(run("add", "other/night.jpg").exception)
    assert run("add", "other/night.jpg", "--force").exit_code == 0
    assert [path.name for path in (tmp_path / "mine").glob("night.*")] == ["night.jpg"]
    assert (tmp_path / "mine" / "removed" / "night.png").read_bytes() == old


def test_force_puts_ones_own_in_a_shipped_styles_place(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "a.png", (1, 2, 3))
    assert run("add", "a.png", "--name", "wave", "--force").exit_code == 0
    assert (tmp_path / "shipped" / "wave.png").exists() and (tmp_path / "mine" / "wave.png").exists()
    assert run("remove", "wave").exit_code == 0
    assert "comes with the program" in str(run("remove", "wave").exception)
    assert names(run()) == ["wave"]


def test_a_removed_style_can_come_back(run: Run, tmp_path: Path) -> None:
    for shade in (10, 20, 30):  # three pictures of one name, one after the other: none is written over
        paint(tmp_path / "night.png", (0, 0, shade))
        run("add", "night.png")
        result = run("remove", "night")
        assert result.exit_code == 0 and "removed night" in result.stderr
    assert names(run()) == ["wave"]
    removed = tmp_path / "mine" / "removed"
    assert sorted(path.name for path in removed.iterdir()) == ["night 2.png", "night 3.png", "night.png"]
    assert run("add", removed / "night.png").exit_code == 0
    assert names(run()) == ["night", "wave"]


def test_what_is_said_of_a_removed_style_brings_it_back_by_its_name(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        paint(tmp_path / "night.png", (1, 2, 3))
        assert run("add", "night.png").exit_code == 0
        said = run("remove", "night").stderr
    assert "removed/night 2.png" in said and "`realtime styles add --name 'night' PATH`" in said
    assert run("add", "--name", "night", tmp_path / "mine" / "removed" / "night 2.png").exit_code == 0
    assert (tmp_path / "mine" / "night.png").exists()


def test_only_ones_own_can_be_removed(run: Run, tmp_path: Path) -> None:
    assert "wave comes with the program and cannot be removed" in str(run("remove", "wave").exception)
    assert "yours are: none yet" in str(run("remove", "zebra").exception)
    paint(tmp_path / "mine" / "night.png")
    assert "yours are: night" in str(run("remove", "nigh").exception)  # the whole name: nothing goes by mistake
    assert (tmp_path / "shipped" / "wave.png").exists() and (tmp_path / "mine" / "night.png").exists()


def test_a_full_disk_leaves_no_half_picture(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(tmp_path / "a.png")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", fail)
    assert "No space left" in str(run("add", "a.png").exception)
    assert not list((tmp_path / "mine").iterdir())


def test_a_sheet_of_a_picture_has_its_shape(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "mine" / "grass.png", (0, 200, 0))
    paint(tmp_path / "portrait.png", (250, 250, 0), (600, 900))
    result = run("--sheet", "sheet.png", "--picture", "portrait.png")
    assert result.exit_code == 0 and "saved sheet.png" in result.stderr
    sheet = read_image(tmp_path / "sheet.png")
    middles = [sheet[150, 8 + 107 + column * (213 + 8)].tolist() for column in range(3)]
    assert np.allclose(middles, [(0, 250, 250), (0, 200, 0), (200, 0, 0)])  # the original, grass, wave
    assert sheet.shape[0] < 2 * 320


def test_a_sheet_with_a_name_that_is_no_text() -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    assert contact_sheet(Stylizer(FakeModel()), picture, [("gr\udcfcn", picture)]).shape[2] == 3


def test_a_sheet_is_refused_before_anything_is_drawn(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    assert "--sheet" in str(run("--picture", "a.png").exception)
    assert "is a .png or .jpg file" in str(run("--sheet", "sheet.gif").exception)
    assert "no picture" in str(run("--sheet", "sheet.png", "--picture", "nowhere.png").exception)
    (tmp_path / "sheet.png").write_text("mine")
    assert "exists already" in str(run("--sheet", "sheet.png").exception)
    assert (tmp_path / "sheet.png").read_text() == "mine"


def test_options_of_the_list_are_not_lost_before_a_command(run: Run) -> None:
    result = run("--sheet", "x.png", "remove", "wave")
    assert result.exit_code == 2 and "not with remove" in result.output
    result = run("--styles", ".", "list")
    assert result.exit_code == 2 and "realtime styles list --styles" in result.output
