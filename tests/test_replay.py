"""The last seconds: what they look like when they are saved, and the memory that they take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime.core.frame import Frame, Picture
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.models.stylizer import Stylizer
from realtime.sinks.base import Format
from realtime.sinks.jpegs import LOWEST, QUALITY, JpegEncoder
from realtime.sinks.replay import ReplaySink
from realtime.sources.scene import Scene

STYLES = Path(__file__).parent.parent / "styles"
SIZE = 1280, 720
LOOK = Look((("a", 1.0),), brush=0.79, steady=1.0)
COUNT, RATE, SECONDS = 8, 30, 2
WISHED = 3_000_000 * SECONDS  # bytes


@pytest.fixture(scope="module")
def paintings() -> dict[str, list[Picture]]:
    """What a busy style and a calm one make of the demo scene, with the noise of a camera."""
    scene, rng = Scene(SIZE), np.random.default_rng(0)
    seen = [cv2.add(scene.draw(3 + k / RATE), rng.integers(0, 6, (*SIZE[::-1], 3), np.uint8)) for k in range(COUNT)]
    painted = {}
    with Stylizer() as stylizer:
        for name in ("halftone", "watercolour"):
            code = stylizer.encode(STYLES / f"{name}.jpg")
            pipeline = Pipeline(stylizer, {"a": code}.__getitem__, morph=0)
            painted[name] = [pipeline.paint(Frame(p, k / RATE), LOOK).picture for k, p in enumerate(seen)]  # type: ignore[arg-type]
    return painted


@contextmanager
def opened(sink: ReplaySink, size: tuple[int, int] = SIZE) -> Iterator[ReplaySink]:
    with sink:
        sink.open(Format(size, RATE))
        yield sink


def shown(pictures: list[Picture], number: int) -> Picture:
    """The pictures to and fro, since a jump would be a change of scene."""
    return pictures[abs(number % (2 * COUNT - 2) - (COUNT - 1))]


def show(sink: ReplaySink, pictures: list[Picture], numbers: range, rate: float = RATE) -> None:
    """Show pictures that are new each time, as those of a camera are."""
    for number in numbers:
        picture = shown(pictures, number).copy()
        sink.write(Stylized(Frame(picture, number / rate), picture, LOOK, 0.0))
        sink.settle()


def read(path: Path) -> list[Picture]:
    with av.open(str(path)) as clip:
        return [picture.to_ndarray(format="bgr24").astype(np.uint8, copy=False) for picture in clip.decode(video=0)]


def likeness(one: Picture, other: Picture) -> tuple[float, float]:
    """PSNR in dB, and SSIM of the brightness (Wang et al., 2004)."""
    a, b = (cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) for picture in (one, other))
    mean_a, mean_b = _blurred(a), _blurred(b)
    spread = _blurred(a * a) - mean_a**2 + _blurred(b * b) - mean_b**2
    shared = _blurred(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + 6.5025) * (2 * shared + 58.5225)
    return cv2.PSNR(one, other), float((alike / ((mean_a**2 + mean_b**2 + 6.5025) * (spread + 58.5225))).mean())


def _blurred(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


@pytest.mark.parametrize(("style", "psnr", "ssim"), [("halftone", 27.5, 0.96), ("watercolour", 37.0, 0.975)])
def test_what_is_saved_looks_like_what_was_shown(
    paintings: dict[str, list[Picture]], style: str, psnr: float, ssim: float, tmp_path: Path
) -> None:
    with opened(ReplaySink(seconds=SECONDS)) as replay:
        show(replay, paintings[style], range(5 * RATE))
        path, seconds = replay.save(tmp_path / "clip.mp4")
    saved = read(path)
    assert seconds == pytest.approx(SECONDS, abs=0.1), "all of the newest seconds"
    begin = 5 * RATE - len(saved)
    for number in range(0, len(saved), 7):
        alike = likeness(saved[number], shown(paintings[style], begin + number))
        assert alike[0] > psnr and alike[1] > ssim, f"picture {number}: {alike}"


def test_the_memory_of_the_last_seconds_is_bounded_whatever_is_painted(paintings: dict[str, list[Picture]]) -> None:
    jpegs = JpegEncoder()
    with opened(ReplaySink(seconds=SECONDS, jpegs=jpegs)) as replay:
        show(replay, paintings["watercolour"], range(3 * RATE))
        assert replay.size < 1.02 * WISHED and jpegs.quality > 70, "a calm painting needs no more"
        for number in range(3 * RATE, 8 * RATE):
            show(replay, paintings["halftone"], range(number, number + 1))
            assert replay.size < 1.4 * WISHED, "little more for the busiest, chosen just now"
        assert jpegs.quality >= LOWEST
        busy = jpegs.quality
        show(replay, paintings["watercolour"], range(8 * RATE, 12 * RATE))
        assert jpegs.quality > busy + 20, "it comes back"
    assert jpegs.quality == QUALITY, "browsers get the best when nothing is kept any more"


def test_a_picture_that_stays_is_kept_once(paintings: dict[str, list[Picture]], tmp_path: Path) -> None:
    jpegs, still = JpegEncoder(), paintings["halftone"][0]
    with opened(ReplaySink(seconds=SECONDS, jpegs=jpegs)) as replay:
        for number in range(3 * RATE):
            replay.write(Stylized(Frame(still, number / RATE), still, LOOK, 0.0))
            replay.settle()
        assert replay.size == len(jpegs.encode(still))
        assert replay.save(tmp_path / "clip.mp4")[1] == pytest.approx(SECONDS, abs=0.1)
        show(replay, paintings["watercolour"], range(3 * RATE, 6 * RATE))
        kept = replay.size
        show(replay, paintings["watercolour"], range(6 * RATE, 7 * RATE))
        assert replay.size == pytest.approx(kept, rel=0.05), "it is gone"


def test_where_the_lowest_quality_is_too_much_the_newest_seconds_stay(
    paintings: dict[str, list[Picture]], tmp_path: Path
) -> None:
    most, largest = 2_000_000, 0
    with opened(ReplaySink(seconds=SECONDS, most=most)) as replay:
        for number in range(4 * RATE):
            show(replay, paintings["halftone"], range(number, number + 1))
            largest = max(largest, replay.size)
        path, seconds = replay.save(tmp_path / "clip.mp4")
    assert 0.8 * most < largest <= most
    assert 0.3 < seconds < 1
    assert likeness(read(path)[-1], shown(paintings["halftone"], 4 * RATE - 1))[0] > 27


def test_larger_pictures_have_as_many_bytes_a_pixel(paintings: dict[str, list[Picture]]) -> None:
    large = [np.hstack([picture, picture[:, ::-1]]) for picture in paintings["halftone"]]  # compared, say
    with opened(ReplaySink(seconds=SECONDS), (2 * SIZE[0], SIZE[1])) as replay:
        show(replay, large, range(4 * RATE))
        assert 1.9 * WISHED < replay.size < 2.6 * WISHED
