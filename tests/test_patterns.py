"""Patterns as inputs: no shell of Windows expands them, so the program does, and everywhere alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import media
import pytest
from test_cli import Run, run  # noqa: F401

from realtime import cli
from realtime.cli.live import realtime


def test_a_pattern_of_photos_is_each_of_them(run: Run, tmp_path: Path) -> None:  # noqa: F811
    media.pictures(tmp_path / "in", 3)
    status, _, err = run("photo", "in/*.png", "--style", "wave", "-o", "out")
    assert status == 0, err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{n:02}_wave.png" for n in range(3)]


def test_a_pattern_of_videos_is_each_of_them_and_one_of_pictures_a_clip(run: Run, tmp_path: Path) -> None:  # noqa: F811
    for name in ("b.avi", "a.avi"):
        media.clip(tmp_path / name, 3)
    media.pictures(tmp_path / "in", 3)
    status, _, err = run("render", "*.avi", "in/*.png", "-o", "painted_*.mp4", "--style", "wave", "--quiet")
    assert status == 0, err
    assert sorted(path.name for path in tmp_path.glob("painted_*")) == [
        "painted_a.mp4",
        "painted_b.mp4",
        "painted_pictures.mp4",
    ]


def test_pictures_that_stay_for_a_second_become_a_clip_of_any_kind(run: Run, tmp_path: Path) -> None:  # noqa: F811
    media.pictures(tmp_path / "in", 3)
    for ending in ("mp4", "mkv", "webm", "gif"):
        status, _, err = run("render", "in/*.png", "-o", f"slow.{ending}", "--style", "wave", "--fps", "1", "--quiet")
        assert status == 0, err


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(run: Run, tmp_path: Path) -> None:  # noqa: F811
    media.pictures(tmp_path / "in", 2)
    (tmp_path / "in" / "00.png").rename(tmp_path / "in" / "[01].png")
    status, _, err = run("photo", "in/[01].png", "--style", "wave", "-o", "out")
    assert status == 0, err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["[01]_wave.png"]


def test_a_pattern_that_matches_nothing_is_said(run: Run) -> None:  # noqa: F811
    for command in ("photo", "render"):
        status, _, err = run(command, "no-such-*.avi", "-o", "out", "--style", "wave")
        assert status
        assert "no-such-*.avi" in err


def test_windows_leaves_the_arguments_as_they_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expanded by click, `-o painted/*.mp4` would name outputs that exist, or lose its star."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(realtime, "main", lambda **options: seen.update(options))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit):
        cli.main()
    assert seen["windows_expand_args"] is False
