"""The demo scene as its viewer knows it: the asked size, always the same, alive, smooth and colourful."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.sources.scene import Scene, blink

SIZES = [(640, 480), (1280, 720), (480, 640), (160, 120), (161, 123), (333, 251), (1920, 200), (160, 900)]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene((320, 240))


def change(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """The absolute difference, 0..255, of every value."""
    return np.asarray(np.abs(one.astype(int) - other.astype(int)))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_picture_of_any_size_is_painted_all_over(size: tuple[int, int]) -> None:
    picture = Scene(size).draw(1.5)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.std() > 25


def test_size_seed_and_time_say_it_all(scene: Scene) -> None:
    scene.draw(99.0)  # what was drawn before leaves no trace
    again = Scene((320, 240))
    assert np.array_equal(scene.draw(2.5), again.draw(2.5))
    assert not np.array_equal(scene.draw(2.5), Scene((320, 240), seed=1).draw(2.5))


def test_a_drawn_picture_is_the_callers_own(scene: Scene) -> None:
    first = scene.draw(0.0)
    kept = first.copy()
    scene.draw(3.0)
    assert np.array_equal(first, kept)


def test_everything_moves_in_time(scene: Scene) -> None:
    moved = change(scene.draw(0.0), scene.draw(4.0)).max(axis=2) > 12
    for part, rows, columns in (
        ("foliage", slice(0, 90), slice(0, 130)),
        ("water", slice(150, 190), slice(40, 130)),
        ("face", slice(70, 145), slice(170, 230)),
        ("meadow", slice(195, 235), slice(0, 150)),
    ):
        assert moved[rows, columns].mean() > 0.03, part
    assert change(scene.draw(0.0), scene.draw(40.0))[:80, 240:].mean() > 3  # clouds take longer


@pytest.mark.parametrize("start", [0.0, 1.6, 60.9, 1234.5, 86400.0])
def test_a_thirtieth_of_a_second_changes_little(scene: Scene, start: float) -> None:
    pictures = [scene.draw(start + k / 30) for k in range(12)]
    for one, other in itertools.pairwise(pictures):
        difference = change(one, other)
        assert 0.05 < difference.mean() < 4
        assert (difference.max(axis=2) > 80).mean() < 0.02


@pytest.mark.parametrize("time", [-1e-9, -12.3, -1e6, 1e6, 3e8])
def test_any_time_will_do(scene: Scene, time: float) -> None:
    picture = scene.draw(time)
    assert picture.std() > 25
    assert change(picture, scene.draw(time + 1 / 30)).mean() < 4


def test_it_is_colourful(scene: Scene) -> None:
    picture = scene.draw(0.0).astype(int)
    assert (picture.max(axis=2) - picture.min(axis=2)).mean() > 50
    blue, _, red = (picture[..., channel] for channel in range(3))
    assert (red > blue + 40).mean() > 0.15  # warm light
    assert (blue > red + 20).mean() > 0.05  # cool shade


def test_she_blinks_now_and_then() -> None:
    shut = np.array([blink(k / 60) for k in range(60 * 60)])
    assert shut.max() > 0.95
    assert 0.01 < (shut > 0.5).mean() < 0.1


def test_layers_hold_premultiplied_colours(scene: Scene) -> None:
    for layer in (scene.figure.layer, scene.crown, scene.meadow):
        assert layer.image.dtype == np.uint8
        assert (layer.image[..., :3].max(axis=2).astype(int) <= layer.image[..., 3].astype(int) + 2).all()
