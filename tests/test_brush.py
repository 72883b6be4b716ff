"""The brush: strokes are a share of the picture, whatever its size, and alike live, in files and in photos."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import click
import cv2
import numpy as np
import pytest
from fakes import FakeModel

from realtime.cli.options import brush as as_brush
from realtime.core.frame import Frame, Picture
from realtime.look.brush import share_seen
from realtime.look.look import FULL, Look, brush_text
from realtime.look.pipeline import Pipeline
from realtime.media.images import load_picture
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.photo.photos import PhotoPainter
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule
from realtime.render.task import Task, Watcher
from realtime.sources.scene import Scene

STRIPE = 8


class Stripes(FakeModel):
    """Paints strokes of its own: stripes of so many pixels of what it sees."""

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        rows = np.arange(picture.shape[0]) // STRIPE % 2 * 255
        return np.repeat(rows[:, None, None].astype(np.uint8), picture.shape[1], axis=1).repeat(3, axis=2)


def stripes(picture: Picture) -> int:
    """How many stripes a picture has from top to bottom."""
    column = picture[:, picture.shape[1] // 2, 1] > 127
    return int(np.count_nonzero(column[1:] != column[:-1])) + 1


def painted(size: tuple[int, int], brush: float) -> Picture:
    stylizer = Stylizer(Stripes())
    code = stylizer.encode(np.full((8, 8, 3), 77, np.uint8))
    frame = Frame(np.full((size[1], size[0], 3), 90, np.uint8), 0.0)
    return Pipeline(stylizer, {"a": code}.get).paint(frame, Look((("a", 1.0),), brush=brush)).picture


@pytest.mark.parametrize("brush", [0.5, 1.0])
def test_strokes_are_the_same_share_of_pictures_of_all_sizes(brush: float) -> None:
    wanted = 480 * brush / STRIPE
    for size in ((640, 480), (1280, 720), (1920, 1080), (3840, 2160), (1023, 767)):
        assert stripes(painted(size, brush)) == pytest.approx(wanted, rel=0.02), size


def test_a_larger_brush_sees_more_until_there_is_no_more() -> None:
    assert stripes(painted((1280, 720), 2.0)) == stripes(painted((1280, 720), FULL)) == 720 / STRIPE
    assert stripes(painted((640, 480), 2.0)) == stripes(painted((640, 480), 1.0))


@pytest.mark.parametrize(
    ("size", "share"), [((640, 480), 1.0), ((1280, 720), 2 / 3), ((720, 1280), 2 / 3), ((9, 7), 1.0)]
)
def test_what_the_model_sees_at_1(size: tuple[int, int], share: float) -> None:
    assert share_seen(np.empty((size[1], size[0], 3), np.uint8), 1.0) == pytest.approx(share)


def test_a_clip_a_photo_and_a_live_picture_agree(tmp_path: Path) -> None:
    stylizer = Stylizer("lite", threads=1)
    library = {"wave": stylizer.encode(Scene((256, 256)).draw(33.0))}
    frame = Scene((960, 720)).draw(12.0)
    look = Look((("wave", 1.0),), brush=0.5)
    live = Pipeline(stylizer, library.get).paint(Frame(frame, 0.0), look).picture
    assert np.array_equal(PhotoPainter(stylizer, library.__getitem__)(frame, look), live)
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"shot{number}.png"), frame)
    task = Task(str(tmp_path / "shot*.png"), tmp_path / "out", Schedule(look))
    Rendering(task, [stylizer], library.__getitem__, Mock(spec=Watcher)).run()
    first = sorted((tmp_path / "out").glob("*.png"))[0]
    assert np.array_equal(load_picture(first), live)


@pytest.mark.parametrize(("text", "brush"), [("1", 1.0), ("0.1", 0.1), ("16", 16.0), ("full", FULL), ("FULL", FULL)])
def test_a_brush_as_written(text: str, brush: float) -> None:
    assert as_brush(text) == brush


@pytest.mark.parametrize("text", ["0.05", "17", "nan", "inf", "all", ""])
def test_a_brush_that_cannot_be(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"from 0\.1 to 16 nor full"):
        as_brush(text)


def test_a_brush_in_words() -> None:
    assert [brush_text(brush) for brush in (0.35, 1.0, 2.0, FULL)] == ["35%", "100%", "200%", "full"]
