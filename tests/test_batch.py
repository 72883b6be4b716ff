"""What is said of a batch of files, and names that fit into a folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realtime.core.batch import Tally, duration
from realtime.core.paths import shortened


def test_the_end_says_what_failed() -> None:
    tally = Tally(200)
    assert tally.position(7) == "file 7 of 200" and Tally(1).position(1) == ""
    for _ in range(198):
        tally.made()
    tally.failed("bad.jpg")
    tally.failed("odd\udcff.jpg")
    assert tally.failures == 2
    assert re.fullmatch(r"198 made, 2 failed: bad\.jpg, odd\?\.jpg \(\d\.\d s for the whole\)", tally.summary())


def test_an_end_before_the_time_says_what_was_not_begun() -> None:
    tally = Tally(4)
    tally.made()
    tally.left_out("b.png")
    assert tally.summary().startswith("1 made, 2 not begun; 1 left out (")
    assert Tally(1, besides=3).summary().startswith("0 made, 1 not begun; 3 left out (")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4.21, "4.2 s"), (59.99, "1 min 0 s"), (205.2, "3 min 25 s"), (3599.9, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_spans_of_time(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("letter", ["x", "é", "写", "🎨"])
def test_a_name_fits_into_its_folder_and_can_be_made(tmp_path: Path, letter: str) -> None:
    assert shortened("short", ".jpg", tmp_path) == "short.jpg"
    name = shortened(letter * 300, "_wave.jpg", tmp_path / "not" / "there")
    assert name.endswith("_wave.jpg") and name.startswith(letter * 20)
    assert 240 < len(name.encode()) <= 255
    (tmp_path / name).touch()
    assert shortened(letter * 299 + "a", ".jpg", tmp_path) == shortened(letter * 299 + "b", ".jpg", tmp_path)
