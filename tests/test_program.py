"""The program as a person runs it: a clip, the embedded model, a real window, real keys."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import bare_screen
from PIL import Image

from realtime.models.registry import LITE

# isort: split
import av  # after cv2, always

pytestmark = pytest.mark.skipif(
    not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout"
)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the screen or the disk is as it should be; a window has no event for a test to wait on."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A second of a grey picture with a bright square that moves."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for step in range(25):
        picture = np.full((240, 320, 3), 110, np.uint8)
        picture[80:160, 4 * step : 4 * step + 80] = (60, 200, 240)
        writer.write(picture)
    writer.release()
    return path


@bare_screen
def test_from_a_clip_to_the_screen_with_keys_snapshot_and_recording(screen, clip: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    screen.clear()
    out = tmp_path / "out"
    environment = {**screen.environment, "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path)}
    words = ["--source", str(clip), "--style", "wave", "--out", str(out), "--no-info"]
    with subprocess.Popen(
        [sys.executable, "-m", "realtime", *words], env=environment, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            window = screen.find_window("realtime")

            def picture() -> np.ndarray:
                """The middle of the window as it is on the screen."""
                place = dict(
                    line.split("=") for line in screen.xdotool("getwindowgeometry", "--shell", window).splitlines()
                )
                left, top, width, height = (int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
                return screen.picture()[top : top + height, left : left + width].copy()  # type: ignore[no-any-return]

            def corner() -> np.ndarray:
                """The colour of the background, which the square leaves alone."""
                seen = picture()
                return seen[-40:-10, -60:-10].reshape(-1, 3).mean(axis=0) if seen.size else np.zeros(3)

            until(lambda: corner().max() > 0, "the first picture is on the screen")
            until(lambda: np.ptp(corner()) > 12, "it is painted: the clip's background is grey, the style's is not")
            wave = corner()
            screen.press(window, "n")
            until(lambda: np.abs(corner() - wave).max() > 8, "the next style is on the screen")
            screen.press(window, "o")
            until(lambda: np.abs(corner() - 110).max() < 4, "the original is on the screen")
            screen.press(window, "o")
            until(lambda: np.abs(corner() - 110).max() > 12, "the style is back")
            screen.press(window, "Left")
            until(lambda: np.abs(corner() - wave).max() < 8, "the first style is back")
            before = picture()
            screen.press(window, "h")
            until(lambda: picture().mean() < before.mean() - 15, "the help card darkens the picture")
            screen.press(window, "h")
            until(lambda: picture().mean() > before.mean() - 8, "the help card is gone")
            shape = picture().shape  # the screen is too narrow for two such pictures: the window gets lower as well

            def aspect() -> float:
                return float(picture().shape[1] / picture().shape[0])

            screen.press(window, "c")
            until(lambda: aspect() > 1.5 * shape[1] / shape[0], "original and stylized stand side by side")
            screen.press(window, "c")
            until(lambda: picture().shape == shape, "the window has its old shape")
            screen.press(window, "r")
            until(lambda: any(out.glob("*.mp4")), "a clip is begun")
            screen.press(window, "s")
            until(lambda: any(path.stat().st_size for path in out.glob("*.png")), "a snapshot is saved")
            begin = time.monotonic()
            screen.press(window, "q")
            _, said = program.communicate(timeout=20)
            assert time.monotonic() - begin < 3
        finally:
            program.kill()
    assert program.returncode == 0, said
    assert "Traceback" not in said
    (snapshot,) = out.glob("*_wave.png")
    with Image.open(snapshot) as image:
        assert image.size == (320, 240)
        assert image.info["realtime:style"] == "wave"
    (recorded,) = out.glob("*_wave.mp4")
    with av.open(str(recorded)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert len(times) > 1
    assert times == sorted(set(times))
