"""Other people's files, many in one go: all are made or named, and nothing ends the batch."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import FakeModel
from odd_photos import COLOURS, bad_photos, good_photos, others, seen
from PIL import Image

import realtime
from realtime.cli.photo import photo
from realtime.core.errors import SourceError
from realtime.media.images import load_picture
from realtime.sources.registry import open_source


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that paints all in one colour; at strength 0 nothing is painted."""
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: FakeModel())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


GOOD = good_photos()


@pytest.mark.parametrize("name", sorted(GOOD))
def test_the_colours_are_those_of_the_photo(name: str, tmp_path: Path) -> None:
    GOOD[name](tmp_path / name)
    off = np.abs(seen(load_picture(tmp_path / name)[..., ::-1]).astype(int) - COLOURS)
    assert off.max() <= 6, off


def test_a_folder_of_odd_files_is_painted_in_one_go(fake: None, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    bad, rest = bad_photos(), others()
    for name, write in GOOD.items():
        write(folder / name)
    for name, (write, _) in (*bad.items(), *rest.items()):
        write(folder / name)
    (folder / ".hidden.jpg").touch()
    gone = ["gone.jpg"] if sys.platform != "win32" else []  # where links need rights
    for name in gone:
        (folder / name).symlink_to(tmp_path / "nowhere")
    result = CliRunner().invoke(photo, [str(folder), "--style", "wave", "--strength", "0", "-o", "out/"])
    failed = [*bad, *gone]
    count = len(GOOD) + len(failed)
    assert count >= 60 and result.exit_code == 1 and isinstance(result.exception, SourceError)
    summary = re.fullmatch(r"(\d+) made, (\d+) failed: (.*); 5 left out \([^(]* for the whole\)", str(result.exception))
    assert summary and (int(summary[1]), int(summary[2])) == (len(GOOD), len(failed))
    assert {Path(name).name for name in summary[3].split(", ")} == set(failed)
    for name, (_, said) in bad.items():
        assert re.search(rf"file \d+ of {count}: {re.escape(name)} .*{re.escape(said)}", result.stderr), name
    assert f"holds {len(rest)} more that are left out" in result.stderr
    for name, (_, kind) in rest.items():
        assert re.search(rf"{kind}: [^;)]*{re.escape(name)}", result.stderr), name
    made = os.listdir("out")
    assert len(made) == len(GOOD) and not [name for name in made if "partial" in name]
    for name in made:
        with Image.open(Path("out") / name) as image:
            assert image.width * image.height == 64 * 48
        off = np.abs(seen(load_picture(Path("out") / name)[..., ::-1]).astype(int) - COLOURS)
        assert off.max() <= 9, (name, off)


@pytest.mark.parametrize(
    "name", ["no ending", "heic called.jpg", "p3.heic", "plain.avif", "floats.tif", "light called sRGB.png"]
)
def test_they_are_sources_and_styles_as_well(fake: None, name: str, tmp_path: Path) -> None:
    GOOD[name](tmp_path / name)
    with open_source(str(tmp_path / name)) as source:
        frame = source.read(5)
    assert frame is not None and np.abs(seen(frame.picture[..., ::-1]).astype(int) - COLOURS).max() <= 6
    with realtime.Stylizer(FakeModel()) as stylizer:
        code = realtime.StyleLibrary(stylizer).code(tmp_path / name)
    assert np.abs(code.arrays[0] - COLOURS.mean(axis=0)[::-1]).max() <= 6


def test_a_film_with_a_pictures_ending_is_a_film(tmp_path: Path) -> None:
    others()["clip.mov"][0](tmp_path / "film.jpg")
    with pytest.raises(SourceError, match="cannot be opened as a video"):
        open_source(str(tmp_path / "film.jpg"))
