"""Pictures made smaller: as the mean of areas makes them, whatever the sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from realtime.core.geometry import halved, scaled_down
from realtime.models.upsample import smaller
from realtime.sources.scene import Scene


@pytest.mark.parametrize("lines", [359, 288, 240, 206, 190, 180, 131, 90])
def test_a_smaller_picture_is_about_the_mean_of_areas(lines: int) -> None:
    scene = Scene((640, 360)).draw(2.0)
    size = (max(1, round(lines * 16 / 9)), lines)
    small, mean = scaled_down(scene, size), cv2.resize(scene, size, interpolation=cv2.INTER_AREA)
    assert small.shape == mean.shape and small.dtype == np.uint8
    assert np.abs(small.astype(int) - mean).mean() < 1.6
    assert np.abs(small.mean((0, 1)) - mean.mean((0, 1))).max() < 0.7  # no brighter, and nothing has moved
    grey = scaled_down(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY), size)
    assert np.abs(grey.astype(int) - cv2.cvtColor(mean, cv2.COLOR_BGR2GRAY)).mean() < 1.6


@pytest.mark.parametrize("lines", [288, 240, 206, 190, 131])
def test_a_smaller_picture_has_hardly_more_noise_than_the_mean_of_areas(lines: int) -> None:
    noise = np.random.default_rng(0).normal(128, 10, (360, 640, 3)).astype(np.uint8)
    size = (round(lines * 16 / 9), lines)
    assert scaled_down(noise, size).std() < 1.25 * cv2.resize(noise, size, interpolation=cv2.INTER_AREA).std()


@pytest.mark.parametrize("lines", [359, 234, 230, 206, 190, 181, 180, 118, 110, 90])
def test_what_a_model_sees_is_about_the_mean_of_areas_and_has_no_more_noise(lines: int) -> None:
    scene = Scene((640, 360)).draw(2.0)
    small = smaller(scene, lines / 360)
    mean = cv2.resize(scene, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert small.shape == (lines, round(lines * 16 / 9), 3) and small.dtype == np.uint8
    assert np.abs(small.astype(int) - mean).mean() < 2.6
    assert np.abs(small.mean((0, 1)) - mean.mean((0, 1))).max() < 0.7  # no brighter, and nothing has moved
    noise = np.random.default_rng(0).normal(128, 10, (360, 640, 3)).astype(np.uint8)
    less = cv2.resize(noise, small.shape[1::-1], interpolation=cv2.INTER_AREA).std()
    assert smaller(noise, lines / 360).std() < 1.25 * less


def test_what_has_the_size_already_is_not_copied_and_halves_are_exact() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)
    assert scaled_down(picture, (64, 36)) is picture
    expected = np.floor(picture.reshape(18, 2, 32, 2, 3).mean((1, 3)) + 0.5)
    assert np.array_equal(halved(picture), expected) and np.array_equal(scaled_down(picture, (32, 18)), expected)


def test_the_last_row_of_an_odd_number_counts_for_nothing() -> None:
    picture = np.full((5, 7, 3), 100, np.uint8)
    picture[4], picture[:, 6] = 255, 255
    assert halved(picture).shape == (2, 3, 3) and (halved(picture) == 100).all()
    assert halved(np.full((1, 1), 9, np.uint8)).tolist() == [[9]]
    assert scaled_down(picture, (1, 1)).shape == (1, 1, 3) and scaled_down(picture, (5, 1)).shape == (1, 5, 3)
