"""The library of styles, and pictures as people have them."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from fakes import FakeModel, FakeSource, FakeWindow
from PIL import Image

from realtime.control.commands import SelectStyle, StepStyle
from realtime.control.settings import Settings
from realtime.core.errors import StyleError, UsageError
from realtime.core.frame import Picture
from realtime.live.session import LiveSession
from realtime.look.look import Look
from realtime.media.image_file import opened
from realtime.media.images import load_picture
from realtime.media.kinds import PICTURES, RAW_ENDINGS
from realtime.media.openers import MOST_PIXELS
from realtime.models.fitting import style_input
from realtime.models.stylizer import Stylizer
from realtime.sinks.view import ViewSettings
from realtime.styles import code_cache
from realtime.styles import folders as style_folders
from realtime.styles import library as styles
from realtime.styles.code_cache import CodeCache
from realtime.styles.folders import FolderWatch, Scan, Style, find_styles
from realtime.styles.library import StyleLibrary


class OtherModel(FakeModel):
    identity = "another-model"


def paint(path: Path, colour: tuple[int, int, int] = (200, 100, 50), size: tuple[int, int] = (24, 16)) -> Path:
    """A picture file all of one colour (RGB)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two shipped styles, no folder of the user's yet, and a cache of this test's own."""
    monkeypatch.setattr(style_folders, "shipped_folder", lambda: tmp_path / "shipped")
    for module in (style_folders, styles):
        monkeypatch.setattr(module, "user_folder", lambda: tmp_path / "user")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    paint(tmp_path / "shipped" / "wave.png")
    paint(tmp_path / "shipped" / "mosaic.jpg", (10, 20, 30))
    (tmp_path / "shipped" / "paint.py").write_text("how they were made")
    return tmp_path


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def library(folders: Path, model: FakeModel) -> StyleLibrary:
    return StyleLibrary(Stylizer(model))


def cached(folder: Path) -> list[Path]:
    return sorted((folder / "cache").rglob("*.npz"))


# Which styles there are


def test_shipped_styles(library: StyleLibrary) -> None:
    assert library.names == ["mosaic", "wave"] and len(library) == 2
    assert library.notices == []  # of the program's own folder nothing is said


def test_names_in_order(folders: Path, model: FakeModel) -> None:
    for name in ("Zebra.png", "apple.PNG", "Birch.jpeg", "two words.webp", "été.bmp", "x.y.tiff"):
        paint(folders / "more" / name)
    names = StyleLibrary(Stylizer(model), [folders / "more"]).names
    assert names == ["apple", "Birch", "mosaic", "two words", "wave", "x.y", "Zebra", "été"]


def test_later_folder_wins(folders: Path, model: FakeModel) -> None:
    paint(folders / "user" / "wave.png", (255, 0, 0))
    code = StyleLibrary(Stylizer(model)).code("wave")
    assert np.array_equal(code.arrays[0], model.encode(load_picture(folders / "user" / "wave.png")).arrays[0])
    paint(folders / "named" / "wave.bmp", (0, 255, 0))
    library = StyleLibrary(Stylizer(model), [folders / "named"])
    assert library.names == ["mosaic", "wave"]
    expected = model.encode(load_picture(folders / "named" / "wave.bmp"))
    assert np.array_equal(library.code("wave").arrays[0], expected.arrays[0])


def test_what_is_no_style(folders: Path, model: FakeModel) -> None:
    user = folders / "user"
    paint(user / "mine.png")
    (user / "readme.txt").write_text("hello")
    (user / ".DS_Store").write_bytes(b"\x00")
    (user / "._mine.png").write_bytes(b"\x00\x05\x16\x07")  # what macOS leaves beside files on other disks
    (user / "folder.png").mkdir()
    library = StyleLibrary(Stylizer(model))
    assert library.names == ["mine", "mosaic", "wave"]
    assert len(library.notices) == 1 and library.notices[0].startswith("readme.txt is no style")


def test_missing_folder(folders: Path, model: FakeModel) -> None:
    with pytest.raises(UsageError, match=r"there is no style folder .*nowhere"):
        StyleLibrary(Stylizer(model), [folders / "nowhere"])
    with pytest.raises(UsageError, match="there is no style folder"):
        find_styles([folders / "shipped" / "wave.png"])


def test_nothing_to_choose_from(folders: Path, model: FakeModel) -> None:
    (folders / "shipped" / "wave.png").write_bytes(b"")
    (folders / "shipped" / "mosaic.jpg").write_bytes(b"no")
    library = StyleLibrary(Stylizer(model))
    with pytest.raises(StyleError, match=r"put pictures into .*user or name a folder with --styles"):
        library.first()
    assert library.names == []


# Finding one


@pytest.mark.parametrize(("text", "name"), [("wave", "wave"), ("w", "wave"), ("MOS", "mosaic")])
def test_find_by_name(library: StyleLibrary, text: str, name: str) -> None:
    assert library.find(text) == name


@pytest.mark.parametrize("name", ["Doe, John", "shot 10:30"])
def test_a_name_with_the_signs_of_a_mixture_is_still_a_name(folders: Path, model: FakeModel, name: str) -> None:
    paint(folders / "user" / f"{name}.png")
    library = StyleLibrary(Stylizer(model))
    assert library.find_mixture(name) == ((name, 1.0),)
    assert library.find_mixture("wave:1,mosaic:3") == (("wave", 0.25), ("mosaic", 0.75))


def test_exact_name_before_beginnings(folders: Path, model: FakeModel) -> None:
    paint(folders / "user" / "waves.png")
    library = StyleLibrary(Stylizer(model))
    assert library.find("wave") == "wave"
    with pytest.raises(UsageError, match="'wa' begins several styles; there are mosaic, wave, waves"):
        library.find("wa")


@pytest.mark.parametrize("text", ["zebra", "", "ave", "nowhere.png", "x" * 5000, "\x00"])
def test_find_nothing(library: StyleLibrary, text: str) -> None:
    with pytest.raises(UsageError, match=r"there is no style .*; there are mosaic, wave, or name a picture file"):
        library.find(text)


def test_find_by_file(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    file = paint(folders / "elsewhere" / "night.png", (0, 0, 90))
    assert library.find(str(file)) == "night"
    assert library.names == ["mosaic", "night", "wave"]
    assert np.array_equal(library.code("night").arrays[0], model.encode(load_picture(file)).arrays[0])


def test_a_file_whose_name_another_style_has_is_a_style_of_its_own(folders: Path, library: StyleLibrary) -> None:
    before = library.code("wave")
    files = [paint(folders / place / "wave.png", (0, 0, 90 + k)) for k, place in enumerate(("sea", "air", "x/sea"))]
    found = [library.find(str(file)) for file in files]
    assert found == ["wave (sea)", "wave (air)", "wave (2)"]
    assert [library.find(str(file)) for file in files] == found
    assert library.find(str(library.path("wave"))) == "wave" and library.code("wave") is before
    assert len({library.code(name).arrays[0].tobytes() for name in ("wave", *found)}) == 4
    look = Look((("wave", 0.5), ("wave (sea)", 0.5)))
    assert [name for name, _ in library.portable(look).styles] == ["wave", str(files[0])]


def test_a_file_that_changed_keeps_its_name(folders: Path, library: StyleLibrary) -> None:
    file = paint(folders / "sea" / "wave.png", (0, 0, 90))
    before = library.code(library.find(str(file)))
    paint(file, (0, 90, 0), (30, 30))
    assert library.find(str(file)) == "wave (sea)" and library.names == ["mosaic", "wave", "wave (sea)"]
    assert not np.array_equal(library.code("wave (sea)").arrays[0], before.arrays[0])


def test_a_name_in_other_capitals_is_that_name(folders: Path, library: StyleLibrary) -> None:
    library.find(str(paint(folders / "elsewhere" / "wave2.png")))
    assert library.find("Wave") == "wave"


def test_file_that_is_no_picture(folders: Path, library: StyleLibrary) -> None:
    (folders / "letter.png").write_text("dear reader")
    name = library.find(str(folders / "letter.png"))
    with pytest.raises(StyleError, match=r"letter\.png is no picture"):
        library.code(name)
    assert library.names == ["mosaic", "wave"]


def test_unknown_name(library: StyleLibrary) -> None:
    with pytest.raises(UsageError, match="there is no style 'zebra'; there are mosaic, wave"):
        library.code("zebra")
    assert library.ready("zebra") is None


# Codes, worked out once


def test_code_is_worked_out_once(library: StyleLibrary, model: FakeModel) -> None:
    assert library.ready("wave") is None
    code = library.code("wave")
    assert library.code("wave") is code and library.ready("wave") is code
    assert model.encoded == 1


def test_code_is_kept_on_disk(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    code = library.code("wave")
    second = FakeModel()
    again = StyleLibrary(Stylizer(second)).code("wave")
    assert second.encoded == 0
    assert all(np.array_equal(a, b) for a, b in zip(again.arrays, code.arrays, strict=True))
    assert len(cached(folders)) == 1 and not list((folders / "cache").rglob("*.partial"))


def test_same_picture_by_another_name(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    library.code("wave")
    (folders / "copy.png").write_bytes((folders / "shipped" / "wave.png").read_bytes())
    library.code(library.find(str(folders / "copy.png")))
    assert model.encoded == 1


def test_changed_picture_is_encoded_again(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    old = library.code("wave")
    paint(folders / "shipped" / "wave.png", (1, 2, 3))
    assert not np.array_equal(StyleLibrary(Stylizer(model)).code("wave").arrays[0], old.arrays[0])
    assert model.encoded == 2


def test_another_model_has_its_own_codes(folders: Path, library: StyleLibrary) -> None:
    library.code("wave")
    other = OtherModel()
    assert StyleLibrary(Stylizer(other)).code("wave").identity == "another-model"
    assert other.encoded == 1 and len(cached(folders)) == 2


@pytest.mark.parametrize("broken", [b"", b"nonsense", "half", "stranger"])
def test_broken_cache(folders: Path, library: StyleLibrary, model: FakeModel, broken: bytes | str) -> None:
    library.code("wave")
    (file,) = cached(folders)
    good = file.read_bytes()
    if broken == "stranger":
        file.unlink()
        OtherModel().encode(load_picture(folders / "shipped" / "wave.png")).save(file)
    else:
        file.write_bytes(good[: len(good) // 2] if isinstance(broken, str) else broken)
    code = StyleLibrary(Stylizer(model)).code("wave")
    assert code.identity == model.identity and model.encoded == 2
    assert file.read_bytes() == good  # and it is mended


def test_cache_that_cannot_be_written(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    (folders / "cache").write_text("a file where the folder should be")
    assert library.code("wave").identity == model.identity
    assert StyleLibrary(Stylizer(model)).code("wave").identity == model.identity
    assert model.encoded == 2


def test_read_only_cache(
    folders: Path, library: StyleLibrary, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert library.code("wave").identity == model.identity
    assert not [path for path in (folders / "cache").rglob("*") if path.is_file()]  # nothing half done is left


def test_cache_of_ones_own(folders: Path, model: FakeModel) -> None:
    StyleLibrary(Stylizer(model), cache=folders / "mine").code("wave")
    assert len(list((folders / "mine").glob("*.npz"))) == 1 and not cached(folders)


def codes_of(folder: Path, *ages_in_days: float) -> list[Path]:
    """Files of the cache, each last used so many days ago."""
    folder.mkdir(exist_ok=True)
    found = []
    for number, days in enumerate(ages_in_days):
        path = folder / f"fake-model-{number:012x}.npz"
        path.write_bytes(b"x" * 100)
        os.utime(path, (time.time() - days * 86_400,) * 2)
        found.append(path)
    return found


def test_codes_not_used_for_long_are_removed_and_nothing_else(folders: Path, model: FakeModel) -> None:
    cache = folders / "cache"
    kept, old = codes_of(cache, 100, 200)
    half, half_now, mine = cache / "tmp1.partial", cache / "tmp2.partial", cache / "my code.npz"
    for path in (half, half_now, mine):
        path.write_bytes(b"x")
    for path in (half, mine):
        os.utime(path, (1, 1))
    StyleLibrary(Stylizer(model), cache=cache).code("wave")
    assert kept.exists() and half_now.exists() and mine.exists()
    assert not old.exists() and not half.exists()
    assert len(list(cache.glob("fake-model-*.npz"))) == 2  # the new one too


def test_of_too_many_codes_those_used_last_are_kept(
    folders: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = codes_of(folders / "cache", *range(9, 0, -1))
    monkeypatch.setattr(code_cache, "MOST_CODES", 5)
    cache = CodeCache(folders / "cache", Stylizer(model))
    cache.prune()
    assert [path.exists() for path in files] == [False] * 4 + [True] * 5
    monkeypatch.setattr(code_cache, "MOST_BYTES", 250)
    cache.prune()
    assert [path.exists() for path in files] == [False] * 7 + [True] * 2


def test_a_code_that_is_used_is_not_old(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    library.code("wave")
    (file,) = cached(folders)
    os.utime(file, (1, 1))
    StyleLibrary(Stylizer(model)).code("wave")
    StyleLibrary(Stylizer(model)).code("mosaic")  # which prunes
    assert file.exists() and model.encoded == 2


def test_processes_that_prune_one_cache_do_not_disturb_each_other(
    folders: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process removes each code just before this one does, or reads it."""
    files = codes_of(folders / "cache", 200, 300)
    real = os.unlink

    def twice(path: str) -> None:
        real(path)
        real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", twice)
        CodeCache(folders / "cache", Stylizer(model)).prune()
    assert not any(path.exists() for path in files)
    library = StyleLibrary(Stylizer(model), cache=folders / "cache")
    library.code("wave")
    patched = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: str(path).endswith(".npz") or patched(path))
    assert library.code("mosaic").identity == "fake-model"


def test_codes_of_pictures_and_paths(folders: Path, library: StyleLibrary, model: FakeModel) -> None:
    file = paint(folders / "elsewhere" / "night.png", (0, 0, 90))
    expected = model.encode(load_picture(file)).arrays[0].tolist()
    assert library.code(load_picture(file)).arrays[0].tolist() == expected
    assert library.code(file).arrays[0].tolist() == expected
    assert "night" in library.names
    with pytest.raises(UsageError, match=r"no style '.*none\.png'; there are mosaic, night, wave, or name a picture"):
        library.code(folders / "none.png")


def test_many_threads(folders: Path, model: FakeModel) -> None:
    names = [f"s{index:02}" for index in range(20)]
    for index, name in enumerate(names):
        path = paint(folders / "user" / f"{name}.png", (index, index, index))
        if index % 4 == 0:
            path.write_bytes(b"broken")
    library = StyleLibrary(Stylizer(model))
    failed: list[str] = []

    def work() -> None:
        for name in names:
            try:
                library.code(name)
            except (StyleError, UsageError):
                failed.append(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(failed)) == names[::4]
    assert library.names == ["mosaic", *(name for name in names if name not in failed), "wave"]


# While the program runs


class Running:
    """A library that is refreshed as a session does it, by a clock of the test's; `said` is what it had to say."""

    def __init__(self, model: FakeModel, *folders: Path) -> None:
        self.now = 0.0
        self.model = model
        self.library = StyleLibrary(Stylizer(model), folders, clock=lambda: self.now)
        for name in self.library.names:
            with suppress(StyleError):
                self.library.code(name)
        self.said: list[str] = []

    def wait(self, seconds: float) -> list[str]:
        """What is said within that time."""
        before = len(self.said)
        end = self.now + seconds
        while self.now < end:
            self.now += 0.1
            self.said += self.library.refresh()
        return self.said[before:]


@pytest.fixture
def running(folders: Path, model: FakeModel) -> Running:
    return Running(model)


def test_a_picture_dropped_into_the_folder_is_a_style_within_two_seconds(folders: Path, running: Running) -> None:
    assert running.wait(5) == []
    file = paint(folders / "user" / "night.png", (0, 0, 90))  # the folder was not there either
    assert running.wait(2) == ["new style night"]
    assert running.library.names == ["mosaic", "night", "wave"]
    code = running.library.ready("night")
    assert code and np.array_equal(code.arrays[0], running.model.encode(load_picture(file)).arrays[0])
    assert running.wait(10) == []


def test_a_picture_that_takes_long_to_read_is_announced(folders: Path, running: Running) -> None:
    file = paint(folders / "user" / "night.bmp", (0, 0, 90))
    with file.open("ab") as end:
        end.truncate(20_000_000)
    assert running.wait(2) == ["night.bmp is being read", "new style night"]


def test_every_folder_is_watched(folders: Path, model: FakeModel) -> None:
    (folders / "named").mkdir()
    running = Running(model, folders / "named")
    for folder in ("shipped", "user", "named"):
        paint(folders / folder / f"from {folder}.png")
    assert sorted(running.wait(2)) == ["new style from named", "new style from shipped", "new style from user"]


def test_a_picture_that_is_being_copied_is_waited_for(folders: Path, running: Running) -> None:
    whole = paint(folders / "whole.png", size=(400, 300)).read_bytes()
    file = folders / "user" / "slow.png"
    file.parent.mkdir()
    for size in range(0, len(whole), len(whole) // 20):
        file.write_bytes(whole[:size])
        assert running.wait(0.3) == []
    file.write_bytes(whole)
    assert running.wait(2) == ["new style slow"]


def test_a_copy_that_pauses_is_waited_for(folders: Path, running: Running) -> None:
    whole = paint(folders / "whole.png", size=(400, 300)).read_bytes()
    file = folders / "user" / "slow.png"
    file.parent.mkdir()
    file.write_bytes(b"")
    assert running.wait(20) == []  # browsers leave an empty file of the name until the download is whole
    file.write_bytes(whole[: len(whole) // 2])
    assert running.wait(2.5) == []
    file.write_bytes(whole)
    assert running.wait(2) == ["new style slow"]


def test_a_picture_that_no_one_can_read_is_said_once_and_tried_again_when_it_changes(
    folders: Path, running: Running
) -> None:
    file = folders / "shipped" / "letter.png"
    file.write_text("dear reader")
    assert running.wait(60) == ["letter.png is no picture but a text file"]
    assert "letter" not in running.library.names
    paint(file)
    assert running.wait(2) == ["new style letter"]


def test_a_picture_that_was_broken_at_the_start_is_not_told_of_again(folders: Path, model: FakeModel) -> None:
    (folders / "shipped" / "wave.png").write_text("dear reader")
    running = Running(model)
    assert running.wait(60) == [] and running.library.names == ["mosaic"]


@pytest.mark.parametrize(
    "name",
    [
        ".night.png",
        "~night.png",
        "night.png~",
        "night.png.part",
        "Unconfirmed 7.crdownload",
        "night.tmp",
        "in/night.png",
    ],
)
def test_hidden_temporary_and_nested_names_are_none_of_ours(folders: Path, running: Running, name: str) -> None:
    data = paint(folders / "a.png").read_bytes()
    file = folders / "user" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    assert running.wait(5) == [] and running.library.names == ["mosaic", "wave"]
    file.rename(folders / "user" / "night.png")  # the download is done
    assert running.wait(2) == ["new style night"]


def test_what_is_no_picture_is_said_once(folders: Path, running: Running) -> None:
    (folders / "user").mkdir()
    (folders / "user" / "IMG_1.PSD").write_bytes(b"8BPS")
    (said,) = running.wait(20)
    assert said.startswith("IMG_1.PSD is no style: wanted JPEG")


def test_a_replaced_picture_is_a_changed_style(folders: Path, running: Running) -> None:
    before = running.library.ready("wave")
    paint(folders / "shipped" / "wave.png", (1, 2, 3), size=(30, 30))
    assert running.wait(2) == ["style wave has changed"]
    after = running.library.ready("wave")
    assert before and after and not np.array_equal(before.arrays[0], after.arrays[0])
    assert running.library.code("wave") is after


def test_a_picture_replaced_by_removing_it_first_is_never_gone(folders: Path, running: Running) -> None:
    (folders / "shipped" / "wave.png").unlink()
    running.wait(0.4)
    paint(folders / "shipped" / "wave.jpg", (1, 2, 3))
    assert running.wait(5) == ["style wave has changed"]


def test_a_picture_written_anew_with_the_same_content_is_no_news(folders: Path, running: Running) -> None:
    before = running.library.ready("wave")
    os.utime(folders / "shipped" / "wave.png", (1, 1))
    assert running.wait(5) == [] and running.library.ready("wave") is before


def test_a_broken_replacement_leaves_the_style_as_it_was(folders: Path, running: Running) -> None:
    before = running.library.ready("wave")
    (folders / "shipped" / "wave.png").write_text("dear reader")
    (said,) = running.wait(20)
    assert said == "wave.png is no picture but a text file; style wave stays as it was"
    assert running.library.ready("wave") is before and "wave" in running.library.names


def test_a_removed_style_is_no_longer_chosen_but_whoever_looks_at_it_goes_on(folders: Path, running: Running) -> None:
    before = running.library.ready("wave")
    (folders / "shipped" / "wave.png").unlink()
    assert running.wait(2) == ["style wave is gone"]
    assert running.library.names == ["mosaic"]
    assert running.library.ready("wave") is before
    with pytest.raises(UsageError, match="there are mosaic"):
        running.library.find("wave")
    paint(folders / "user" / "wave.png", (9, 9, 9))
    assert running.wait(2) == ["new style wave"]
    after = running.library.ready("wave")
    assert after and after.arrays[0].tolist() == [9, 9, 9]


def test_ones_own_gone_the_shipped_one_is_back(folders: Path, model: FakeModel) -> None:
    own = paint(folders / "user" / "wave.png", (255, 0, 0))
    running = Running(model)
    own.unlink()
    assert running.wait(2) == ["style wave has changed"]
    code = running.library.ready("wave")
    assert code and np.array_equal(
        code.arrays[0], model.encode(load_picture(folders / "shipped" / "wave.png")).arrays[0]
    )


def test_a_renamed_picture_is_a_style_of_the_new_name(folders: Path, running: Running) -> None:
    (folders / "shipped" / "wave.png").rename(folders / "shipped" / "sea.png")
    assert sorted(running.wait(2)) == ["new style sea", "style wave is gone"]


def test_a_folder_that_vanishes_and_comes_back(folders: Path, model: FakeModel) -> None:
    for number in range(5):
        paint(folders / "stick" / f"{number}.png", (number, 0, 0))
    running = Running(model, folders / "stick")
    (folders / "stick").rename(folders / "pulled")
    assert running.wait(2) == ["5 styles are gone"] and running.library.names == ["mosaic", "wave"]
    (folders / "pulled").rename(folders / "stick")
    assert running.wait(2) == [f"new style {number}" for number in range(5)]
    (folders / "stick").rename(folders / "pulled")
    (folders / "stick").write_text("a file where the folder was")
    assert running.wait(2) == ["5 styles are gone"]


def test_a_folder_that_cannot_be_read_for_a_moment_keeps_its_styles(
    folders: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "scandir", fail)
        assert running.wait(5) == []
    assert running.wait(5) == [] and running.library.names == ["mosaic", "wave"]


def test_all_styles_may_go(folders: Path, running: Running) -> None:
    for file in (folders / "shipped").iterdir():
        file.unlink()
    assert running.wait(2) == ["style mosaic is gone", "style wave is gone"]
    assert running.library.names == [] and running.library.ready("wave")


def test_a_picture_named_alone_is_followed_too(folders: Path, running: Running) -> None:
    file = paint(folders / "elsewhere" / "night.png", (0, 0, 90))
    running.library.code(running.library.find(str(file)))
    assert running.wait(5) == [] and "night" in running.library.names
    paint(file, (90, 0, 0), (50, 50))
    assert running.wait(2) == ["style night has changed"]
    file.unlink()
    assert running.wait(2) == ["style night is gone"]


def test_a_picture_named_while_the_folders_are_scanned_stays(
    folders: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed before it was watched: a scan in between missed it, and dropped it for ever."""
    file = paint(folders / "elsewhere" / "night.png", (0, 0, 90))
    put = StyleLibrary._put

    def scanned_before_and_after(library: StyleLibrary, style: Style) -> None:
        library._watch.scan()
        put(library, style)
        assert style.name in library._watch.scan().present

    monkeypatch.setattr(StyleLibrary, "_put", scanned_before_and_after)
    assert running.library.find(str(file)) == "night"
    assert running.wait(5) == [] and "night" in running.library.names


def test_a_style_refused_while_it_is_found_to_be_gone(
    folders: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that finds a picture unreadable drops it in the middle of a scan that misses it."""
    library, scan = running.library, FolderWatch.scan
    file = folders / "shipped" / "mosaic.jpg"
    file.unlink()
    library._codes.pop("mosaic")

    def and_refuse(watch: FolderWatch) -> Scan:
        found = scan(watch)
        with suppress(StyleError, UsageError):
            library.code("mosaic")
        return found

    monkeypatch.setattr(FolderWatch, "scan", and_refuse)
    running.wait(5)
    assert library.names == ["wave"]


def test_removed_pictures_named_alone_are_not_watched_for_ever(
    folders: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [paint(folders / "elsewhere" / f"{number}.png") for number in range(20)]
    for file in files:
        running.library.find(str(file))
    for file in files:
        file.unlink()
    assert running.wait(2) == ["20 styles are gone"]
    paint(files[7])
    assert running.wait(2) == ["new style 7"]  # within a minute it is only being replaced
    running.wait(style_folders.FORGET_SCANS * styles.SCAN_SECONDS + 1)
    asked: list[Path] = []
    one_style = style_folders.one_style

    def counted(path: Path) -> Style:
        asked.append(path)
        return one_style(path)

    monkeypatch.setattr(style_folders, "one_style", counted)
    running.wait(styles.SCAN_SECONDS + 0.05)
    assert set(asked) == {files[7]}
    paint(files[3])
    assert running.wait(5) == [] and running.library.find(str(files[3])) == "3"


def test_what_is_forgotten_about_files_that_are_gone(folders: Path, running: Running) -> None:
    (folders / "user").mkdir()
    for number in range(20):
        (folders / "user" / f"{number}.txt").write_text("no picture")
        (folders / "user" / f"{number}.png").write_text("no picture either")
    assert len(running.wait(40)) == 40
    for file in (folders / "user").iterdir():
        file.unlink()
    assert running.wait(5) == []
    assert not running.library._refused and not running.library._watch._said
    (folders / "user" / "3.txt").write_text("no picture")
    assert len(running.wait(5)) == 1


def test_a_picture_dropped_under_the_name_of_one_named_alone_is_not_passed_over_without_a_word(
    folders: Path, running: Running
) -> None:
    named = paint(folders / "elsewhere" / "night.png", (0, 0, 90))
    before = running.library.code(running.library.find(str(named)))
    paint(folders / "user" / "night.jpg", (90, 0, 0), (50, 50))
    assert running.wait(5) == [f"night.jpg is passed over: the style night is {named} already; give it another name"]
    assert running.library.ready("night") is before


def test_only_styles_that_every_session_has_are_kept_by_name(folders: Path, model: FakeModel) -> None:
    paint(folders / "named" / "night.png", (0, 0, 90))
    paint(folders / "elsewhere" / "dawn.png", (0, 0, 90))
    library = StyleLibrary(Stylizer(model), [folders / "named"])
    library.find(str(folders / "elsewhere" / "dawn.png"))
    names = [name for name, _ in library.portable(Look(tuple((n, 0.25) for n in ("wave", "night", "dawn")))).styles]
    assert names == ["wave", str(folders / "named" / "night.png"), str(folders / "elsewhere" / "dawn.png")]


def test_one_picture_is_read_at_a_time(folders: Path, running: Running) -> None:
    for number in range(6):
        paint(folders / "user" / f"{number}.png", (number, number, 0))
    most = 0
    while len(running.library.names) < 8:
        before = running.model.encoded
        running.now += 0.1
        running.library.refresh()
        most = max(most, running.model.encoded - before)
        assert running.now < 3
    assert most == 1


def test_codes_asked_for_while_the_folders_change(folders: Path, model: FakeModel) -> None:
    """Threads that ask for codes while pictures come, change and go: none ends up with a code of an old picture."""
    running = Running(model)
    end = threading.Event()
    failed: list[Exception] = []

    def ask() -> None:
        while not end.is_set():
            for name in running.library.names:
                try:
                    running.library.code(name)
                except (StyleError, UsageError):
                    pass
                except Exception as error:
                    failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for step in range(30):
        file = folders / "user" / f"{step % 3}.png"
        if step % 5 == 4:
            file.unlink(missing_ok=True)
        else:
            paint(file, (step, 0, 0), (8 + step, 8))
        running.wait(1.2)
    running.wait(3)
    end.set()
    for thread in threads:
        thread.join()
    assert not failed
    for name in running.library.names:
        path = next(path for folder in ("user", "shipped") for path in (folders / folder).glob(f"{name}.*"))
        assert np.array_equal(running.library.code(name).arrays[0], model.encode(load_picture(path)).arrays[0])


def test_large_pictures_are_read_small(folders: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (60, 90, 3), np.uint8)
    large = Image.fromarray(noise).resize((1800, 1200), Image.Resampling.BICUBIC)
    for name in ("a.jpg", "a.png", "a.tif"):
        large.save(folders / name)
        whole, small = load_picture(folders / name), load_picture(folders / name, enough=512)
        assert whole.shape == (1200, 1800, 3) and 512 <= small.shape[0] <= 700
        assert small.flags.c_contiguous and small.dtype == np.uint8
        a, b = (style_input(picture) for picture in (whole, small))
        assert np.abs(a - b).mean() < 0.004
    paint(folders / "small.png", size=(700, 300))
    assert load_picture(folders / "small.png", enough=512).shape == (300, 700, 3)


def test_a_session_follows_the_folder(folders: Path, model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's evening: a picture is dropped in and chosen, painted over, and thrown away while it is on the screen."""
    monkeypatch.setattr(styles, "SCAN_SECONDS", 0.02)
    library = StyleLibrary(Stylizer(model))
    window, said = FakeWindow(), list[str]()
    library.code("wave")
    (folders / "user").mkdir()

    def put(colour: tuple[int, int, int], size: tuple[int, int]) -> None:
        paint(folders / "whole.png", colour, size).replace(folders / "user" / "night.png")

    with FakeSource() as source:
        session = LiveSession(Stylizer(model), library)
        session.events.subscribe(lambda event: said.append(event.text))
        stream = session.add(source, Settings(Look((("wave", 1.0),))), ViewSettings(info=False))

        def is_shown(picture: Picture, colour: tuple[int, int, int]) -> bool:
            return picture[0, 0, ::-1].tolist() == list(colour) and "night" in stream.controls.settings.look.name

        def evening() -> Generator[None, Picture, None]:
            yield
            put((0, 0, 90), (20, 20))
            while "new style night" not in said:
                yield
            window.type(SelectStyle("night"))
            while not is_shown((yield), (0, 0, 90)):
                pass
            put((0, 90, 0), (30, 30))
            while not is_shown((yield), (0, 90, 0)):
                pass
            assert "style night has changed" in said
            (folders / "user" / "night.png").unlink()
            while "style night is gone" not in said:
                yield
            for _ in range(20):
                assert is_shown((yield), (0, 90, 0))
            window.type(StepStyle(1))
            while is_shown((yield), (0, 90, 0)):
                pass
            session.stop()

        happening = evening()
        next(happening)

        def look(picture: Picture) -> None:
            with suppress(StopIteration):
                happening.send(picture)

        window.on_show = look
        session.run(window, seconds=60)
    assert stream.controls.settings.look.name in ("mosaic", "wave")


# Files that are broken


def test_broken_files_are_named_and_skipped(folders: Path, model: FakeModel) -> None:
    (folders / "user").mkdir()
    (folders / "user" / "a empty.png").write_bytes(b"")
    (folders / "user" / "b letter.jpg").write_text("dear reader")
    whole = paint(folders / "user" / "c half.png", size=(300, 300)).read_bytes()
    (folders / "user" / "c half.png").write_bytes(whole[: len(whole) // 2])
    Image.new("1", (7200, 7000)).save(folders / "user" / "d huge.png")
    library = StyleLibrary(Stylizer(model))
    assert library.names[:4] == ["a empty", "b letter", "c half", "d huge"]
    assert library.first() in ("mosaic", "wave")
    for name in library.names[:4]:
        if name not in ("mosaic", "wave"):
            with pytest.raises(StyleError, match=name):
                library.code(name)
    assert library.names == ["mosaic", "wave"]


def test_huge(folders: Path) -> None:
    Image.new("1", (7200, 7000)).save(folders / "huge.png")
    with pytest.raises(StyleError, match=r"huge\.png has 50 megapixels, more than 50; make a smaller copy"):
        load_picture(folders / "huge.png")
    Image.new("1", (20000, 10000)).save(folders / "bomb.png")  # beyond Pillow's own limit
    with pytest.raises(StyleError, match=r"bomb\.png .*(200 megapixels|exceeds limit)"):
        load_picture(folders / "bomb.png")


def test_vanished(folders: Path, library: StyleLibrary) -> None:
    with pytest.raises(StyleError, match=r"there is no picture .*none.png"):
        load_picture(folders / "none.png")
    (folders / "shipped" / "wave.png").unlink()
    with pytest.raises(StyleError, match=r"wave.png cannot be read"):
        library.code("wave")
    assert library.names == ["mosaic"]
    with pytest.raises(StyleError, match="shipped cannot be read"):
        load_picture(folders / "shipped")


def test_a_picture_does_not_wait_for_another_that_takes_long(folders: Path) -> None:
    """A small picture waited half a second for a style of 31 megapixels that was being read beside it."""
    before = list(warnings.filters)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10)).save(folders / "large.jpg", exif=exif)
    small = paint(folders / "small.png")
    thread = threading.Thread(target=load_picture, args=(small,), daemon=True)
    with opened(folders / "large.jpg") as large:
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        warnings.warn("as Pillow warns of odd tags", stacklevel=1)  # which is no error in here, as it is elsewhere
        large.load()
    assert list(warnings.filters) == before


def test_only_picture_formats_are_opened(folders: Path) -> None:
    """Pillow would start Ghostscript for a PostScript file, whatever its ending."""
    Image.new("RGB", (20, 20)).save(folders / "letter.eps")
    (folders / "letter.eps").rename(folders / "letter.jpg")
    with pytest.raises(StyleError, match=r"letter\.jpg is a PostScript file"):
        load_picture(folders / "letter.jpg")


# Pictures as people have them


def quarters() -> Image.Image:
    """Red, green above blue, white."""
    image = Image.new("RGB", (40, 20), "red")
    image.paste("lime", (20, 0, 40, 10))
    image.paste("blue", (0, 10, 20, 20))
    image.paste("white", (20, 10, 40, 20))
    return image


def seen(picture: np.ndarray) -> list[list[int]]:
    """The middles of the four quarters, RGB, to within 6."""
    height, width = picture.shape[:2]
    assert picture.dtype == np.uint8 and picture.flags.c_contiguous and picture.shape[2] == 3
    middles = [
        picture[y, x, ::-1].astype(int) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)
    ]
    return [[round(value / 12) * 12 if value < 250 else 255 for value in middle] for middle in middles]


RED, LIME, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255] * 3, [0] * 3


@pytest.mark.parametrize("ending", sorted(PICTURES - RAW_ENDINGS))
def test_every_ending(folders: Path, ending: str) -> None:
    form = {".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF", ".avif": "AVIF", ".webp": "WEBP", ".bmp": "BMP"}
    form |= {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}
    options |= {"AVIF": {"quality": 100}, "HEIF": {"quality": 100, "chroma": 444}}
    pillow_heif.register_heif_opener()
    kind = form.get(ending, "JPEG")
    quarters().save(folders / f"a{ending}", kind, **options.get(kind, {}))
    assert seen(load_picture(folders / f"a{ending}")) == [RED, LIME, BLUE, WHITE]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, LIME, BLUE, WHITE]),
        (2, [LIME, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, LIME, RED]),
        (4, [BLUE, WHITE, RED, LIME]),
        (5, [RED, BLUE, LIME, WHITE]),
        (6, [BLUE, RED, WHITE, LIME]),
        (7, [WHITE, LIME, BLUE, RED]),
        (8, [LIME, WHITE, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_upright(folders: Path, orientation: int, expected: list[list[int]], ending: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"quality": 98, "subsampling": 0} if ending == "jpg" else {}
    quarters().save(folders / f"a.{ending}", exif=exif, **options)
    picture = load_picture(folders / f"a.{ending}")
    assert picture.shape == ((20, 40, 3) if orientation <= 4 else (40, 20, 3))
    assert seen(picture) == expected


def test_transparent_is_white(folders: Path) -> None:
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 20, 10))
    image.paste((0, 0, 0, 128), (20, 0, 40, 10))
    for name in ("a.png", "a.tif", "a.webp"):
        options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
        image.save(folders / name, **options)
        corner = seen(load_picture(folders / name))
        assert corner[0] == WHITE and corner[1] == [132] * 3 and corner[2:] == [BLUE, WHITE]


def test_palette(folders: Path) -> None:
    image = quarters().quantize(8)
    image.save(folders / "a.png")
    image.save(folders / "a.bmp")
    for name in ("a.png", "a.bmp"):
        assert seen(load_picture(folders / name)) == [RED, LIME, BLUE, WHITE]
    image.info["transparency"] = image.getpixel((5, 5))
    image.save(folders / "see-through.png", transparency=image.getpixel((5, 5)))
    assert seen(load_picture(folders / "see-through.png")) == [WHITE, LIME, BLUE, WHITE]


def ramp(kind: type, top: float) -> np.ndarray:
    return np.tile(np.linspace(0, top, 64), (16, 1)).astype(kind)


def is_grey_ramp(picture: np.ndarray) -> bool:
    assert picture.shape == (16, 64, 3) and picture.dtype == np.uint8
    return bool(np.abs(picture - np.linspace(0, 255, 64)[None, :, None]).max() <= 1.01)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("8.png", ramp(np.uint8, 255)),
        ("8.jpg", ramp(np.uint8, 255)),
        ("16.png", ramp(np.uint16, 65535)),
        ("16.tif", ramp(np.uint16, 65535)),
        ("32.tif", ramp(np.int32, 65535)),
        ("unit.tif", ramp(np.float32, 1)),
        ("bytes.tif", ramp(np.float32, 255)),
        ("words.tif", ramp(np.float32, 65535)),
        ("large.tif", ramp(np.float32, 1e6)),
        ("int.tif", ramp(np.int32, 2**31 - 200)),
    ],
)
def test_grey(folders: Path, name: str, values: np.ndarray) -> None:
    options: dict[str, Any] = {"quality": 100} if name.endswith("jpg") else {}
    Image.fromarray(values).save(folders / name, **options)
    assert is_grey_ramp(load_picture(folders / name))


def test_dark_16_bit_grey_stays_dark(folders: Path) -> None:
    Image.fromarray(ramp(np.uint16, 255)).save(folders / "dark.png")
    assert load_picture(folders / "dark.png").max() <= 1


def test_highlights_of_floats_are_cut_and_the_others_stay(folders: Path) -> None:
    values = ramp(np.float32, 1)
    values[0, :3] = 4, 2, 15.5
    Image.fromarray(values).save(folders / "bright.tif")
    picture = load_picture(folders / "bright.tif")
    assert (picture[0, :3] == 255).all() and is_grey_ramp(np.vstack([picture[1:], picture[1:2]]))


def test_floats_that_are_no_numbers(folders: Path) -> None:
    values = ramp(np.float32, 1)
    values[0, :4] = (np.nan, np.inf, -np.inf, -5)
    Image.fromarray(values).save(folders / "odd.tif")
    picture = load_picture(folders / "odd.tif")
    assert picture[0, :4, 0].tolist() == [0, 255, 0, 0] and is_grey_ramp(np.vstack([picture[1:], picture[1:2]]))


def test_black_and_white(folders: Path) -> None:
    Image.fromarray(np.eye(8, dtype=bool)).save(folders / "bits.png")
    assert np.array_equal(load_picture(folders / "bits.png")[:, :, 1], np.eye(8) * 255)


def test_16_bit_colour(folders: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    values = np.zeros((16, 64, 3), np.uint16)
    values[:, :, 0] = ramp(np.uint16, 65535)  # blue
    values[:, :, 2] = 30000
    for name in ("a.png", "a.tif"):
        cv2.imwrite(str(folders / name), values)
        picture = load_picture(folders / name)
        assert np.abs(picture[:, :, 0] - np.linspace(0, 255, 64)).max() <= 1.01
        assert picture[:, :, 1].max() == 0 and abs(int(picture[0, 0, 2]) - 117) <= 1


def test_cmyk(folders: Path) -> None:
    quarters().convert("CMYK").save(folders / "print.jpg", quality=98, subsampling=0)
    quarters().convert("CMYK").save(folders / "print.tif")
    for name in ("print.jpg", "print.tif"):
        assert seen(load_picture(folders / name)) == [RED, LIME, BLUE, WHITE]


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.tif"])
def test_first_of_many(folders: Path, name: str) -> None:
    first, second = quarters(), Image.new("RGB", (40, 20), "black")
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    first.save(folders / name, save_all=True, append_images=[second], **options)
    assert seen(load_picture(folders / name)) == [RED, LIME, BLUE, WHITE]


def test_one_pixel(folders: Path) -> None:
    assert load_picture(paint(folders / "dot.png", (1, 2, 3), (1, 1))).tolist() == [[[3, 2, 1]]]


# A fuzz: whatever is in a file, it is a picture or a StyleError that names it


def samples(folder: Path) -> dict[str, bytes]:
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    writers: dict[str, Callable[[Path], None]] = {
        "a.jpg": lambda path: quarters().save(path, exif=exif),
        "b.jpg": lambda path: quarters().convert("CMYK").save(path, progressive=True),
        "a.png": lambda path: quarters().save(path, exif=exif, pnginfo=None),
        "b.png": lambda path: quarters().quantize(8).save(path, transparency=1),
        "c.png": lambda path: Image.fromarray(ramp(np.uint16, 65535)).save(path),
        "a.webp": lambda path: quarters().save(path, exif=exif, save_all=True, append_images=[quarters()]),
        "a.bmp": lambda path: quarters().quantize(8).save(path),
        "a.tif": lambda path: quarters().save(path, compression="tiff_lzw", exif=exif),
        "b.tiff": lambda path: Image.fromarray(ramp(np.float32, 1)).save(path),
        "a.avif": lambda path: quarters().save(path, exif=exif),
        "a.heic": lambda path: quarters().save(path, format="HEIF", exif=exif),
        "a.jpeg": lambda path: quarters().save(path, format="MPO", save_all=True, append_images=[quarters()]),
    }
    found = {}
    for name, write in writers.items():
        write(folder / name)
        found[name] = (folder / name).read_bytes()
    return found


def test_fuzz(folders: Path) -> None:
    rng = np.random.default_rng(2)
    loaded = refused = 0
    for name, good in samples(folders).items():
        contents = [good[: int(rng.integers(0, len(good)))] for _ in range(20)]
        contents += [rng.bytes(int(rng.integers(0, 400))) for _ in range(5)]
        contents += [good[:20] + rng.bytes(200)]
        for _ in range(60):
            changed = bytearray(good)
            reach = len(good) if rng.random() < 0.5 else min(len(good), 120)  # headers are where the traps are
            for place in rng.integers(0, reach, int(rng.integers(1, 8))):
                changed[place] = int(rng.integers(0, 256))
            contents.append(bytes(changed))
        file = folders / name
        for content in contents:
            file.write_bytes(content)
            try:
                picture = load_picture(file)
            except StyleError as error:
                refused += 1
                assert name in str(error)
            else:
                loaded += 1
                assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and picture.size
                assert picture.shape[0] * picture.shape[1] <= MOST_PIXELS
    assert refused > 200 and loaded > 100
