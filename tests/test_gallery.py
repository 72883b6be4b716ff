"""The pictures that ship, and the program that painted them."""

import importlib.util
import pathlib
import sys
import types

import numpy as np
import pytest
from media import read_image

from realtime.media.images import load_picture
from realtime.models.stylizer import Stylizer

STYLES = pathlib.Path(__file__).parent.parent / "styles"


def load_paint() -> types.ModuleType:
    """styles/paint.py as a module, although its folder is no package."""
    spec = importlib.util.spec_from_file_location("gallery_paint", STYLES / "paint.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


paint = load_paint()
PICTURES = sorted(STYLES.glob("*.jpg"))
MOBILE = pathlib.Path(__file__).parent.parent.parent / "shared" / "models" / "magenta-mobile"


def test_every_painter_has_its_picture() -> None:
    assert {path.stem for path in PICTURES} == set(paint.PAINTERS) == set(paint.SEEDS)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_picture_has_the_promised_size(path: pathlib.Path) -> None:
    assert path.stem.isalpha() and path.stem.islower()
    assert path.stat().st_size <= paint.MAX_BYTES
    assert read_image(path).shape == (paint.SIZE, paint.SIZE, 3)


@pytest.mark.parametrize("name", sorted(paint.PAINTERS))
def test_painter_follows_its_seed(name: str) -> None:
    first, again, other = (paint.PAINTERS[name](np.random.default_rng(seed), 96) for seed in (1, 1, 2))
    assert first.dtype == np.uint8 and first.shape == (96, 96, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.std() > 20  # a picture, not a blank sheet


def test_command_paints_what_it_is_asked_for(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paint, "SIZE", 96)
    paint.main(["truchet", "--out", str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["truchet.jpg"]
    with pytest.raises(SystemExit):
        paint.main(["nobody", "--out", str(tmp_path)])


@pytest.mark.parametrize(
    "model",
    ["lite", pytest.param(str(MOBILE), marks=pytest.mark.skipif(not MOBILE.is_dir(), reason="no Magenta networks"))],
)
def test_no_two_styles_are_alike(model: str) -> None:
    codes = []
    with Stylizer(model) as stylizer:
        for path in PICTURES:
            (code,) = stylizer.encode(load_picture(path)).arrays
            codes.append(code.ravel() / np.linalg.norm(code))
    cosines = np.array(codes) @ np.array(codes).T
    np.fill_diagonal(cosines, -1)
    print(f"largest cosine between two styles' codes, {model}: {cosines.max():.3f}")
    assert len(codes) >= 18
    assert cosines.max() < 0.9
