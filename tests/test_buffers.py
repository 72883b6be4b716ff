"""Memory that frames take turns in: it serves again, and never while anybody still looks at what is in it."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2
import media
import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeModel
from media import FakeCamera, number
from test_live import RED_ALONE, Stage, stage  # noqa: F401

from realtime.control.settings import Settings
from realtime.core.buffers import reused
from realtime.core.frame import Picture
from realtime.core.geometry import flipped
from realtime.look.look import Look
from realtime.look.steady import Steady
from realtime.models.base import StyleCode
from realtime.models.upsample import smaller, upsample
from realtime.sinks.hud import draw
from realtime.sinks.view import ViewSettings
from realtime.sources.camera import Camera, CameraSource
from realtime.sources.file import FileSource

SIZE = (1280, 720)
SHAPE = (720, 1280, 3)


def place(array: np.ndarray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def test_memory_serves_again_when_nobody_looks_at_it_any_more() -> None:
    first = reused(SHAPE)
    where = place(first)
    assert (first.shape, first.dtype.name) == (SHAPE, "uint8")
    assert first.flags.c_contiguous and first.flags.writeable
    second = reused(SHAPE)
    assert place(second) != where
    del first
    assert place(reused(SHAPE)) == where
    assert reused((720, 1280), np.float32).dtype.name == "float32"
    assert reused((4, 5, 3)).shape == (4, 5, 3), "small ones come from anywhere"
    assert reused((3000, 3000, 3)).shape == (3000, 3000, 3), "and large ones"


@pytest.mark.parametrize(
    "look_at",
    [
        lambda array: array[5:9],
        lambda array: array[::-1, ::-1],
        lambda array: array.reshape(-1)[7:],
        lambda array: array.T,
        lambda array: array[..., 0],
        lambda array: memoryview(array)[3:],
        lambda array: np.asarray(memoryview(array))[2:4],
        lambda array: np.frombuffer(array, np.uint16)[9:],
        lambda array: array.reshape(-1).view(np.uint32)[1:],
        lambda array: np.broadcast_to(array[:1], array.shape),
        lambda array: np.lib.stride_tricks.sliding_window_view(array[:, 0, 0], 5),
        lambda array: cv2.flip(array, 0, dst=array),
        lambda array: iter(array),
        lambda array: (array[row] for row in range(2)),
        lambda array: np.ctypeslib.as_ctypes(array),
    ],
)  # fmt: skip
def test_a_view_of_any_kind_keeps_the_memory(look_at: Callable[[np.ndarray], object]) -> None:
    array = reused((512, 1024, 3))
    where = place(array)
    view = look_at(array)
    del array
    gc.collect()
    others = [reused((512, 1024, 3)) for _ in range(6)]
    assert where not in map(place, others)
    del view
    gc.collect()
    assert place(reused((512, 1024, 3))) == where


def test_no_array_is_written_over_while_threads_hand_them_to_one_another() -> None:
    handed: deque[tuple[int, np.ndarray]] = deque()
    wrong: list[int] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for turn in range(150):
            value = chance.randrange(256)
            array = reused(chance.choice(((600, 700, 3), (700, 600, 3), (600, 700), (500, 800, 3))), np.uint8)
            array[...] = value
            handed.append((value, array if chance.random() < 0.5 else array[turn % 500 :, ::3]))
            del array
            if len(handed) > 12:
                before, seen = handed.popleft()
                if not (seen == before).all():
                    wrong.append(before)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


_HELD = """
import numpy as np
import psutil
from realtime.core.buffers import reused

def resident():
    return psutil.Process().memory_info().rss >> 20

before = resident()
for count in range(40):  # of as many sizes, ten of each at once
    arrays = [reused((1000 + count, 1000, 3)) for _ in range(10)]
    for array in arrays:
        array[...] = 1
    del arrays, array
print(resident() - before)
"""


def test_little_memory_waits_to_serve_again() -> None:
    said = subprocess.run([sys.executable, "-c", _HELD], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert int(said) <= 36  # of 1200 MB


# ---- whose pictures these are ----------------------------------------------------------------------------------------


def test_what_is_made_of_frames_is_in_memory_that_serves_again() -> None:
    content: Picture = np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)
    small: Picture = content[::2, ::2].copy()
    makes: list[Callable[[], Picture]] = [
        lambda: upsample(small, small, content),
        lambda: draw(content, "a line"),
        lambda: flipped(content),
    ]
    for make in makes:
        places = set()
        for _ in range(5):
            made = make()
            places.add(place(made))
            del made
        assert len(places) <= 2


class Copying(FakeModel):
    """Paints every frame as it is: its number can be read from the painting."""

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        copy: Picture = picture.copy()
        return copy


def test_frames_that_somebody_keeps_stay_as_they_are_while_others_take_turns_in_little_memory(
    stage: Stage,  # noqa: F811
    tmp_path: Path,
) -> None:
    stage.model = Copying()
    stage.source.close()
    stage.source = FileSource(media.clip(tmp_path / "clip.avi", 100, 50, SIZE))  # type: ignore[assignment]
    kept: list[tuple[Picture, bytes]] = []
    places = set[int]()
    wrong: list[tuple[int, int]] = []
    turns: list[float] = []
    show = stage.session(Settings(Look(RED_ALONE, brush=0.75), mirror=True), ViewSettings(), frames=60, replay=True)

    def look(picture: Picture) -> None:
        stage.window.shown.clear()
        latest = show.stream.latest
        assert latest
        numbers = number(latest.picture[::-1, ::-1]), number(latest.frame.picture[::-1, ::-1])
        if numbers[0] != numbers[1]:
            wrong.append(numbers)
        pictures = picture, latest.picture, latest.frame.picture
        places.update(map(place, pictures))
        turns.append(latest.frame.time)
        if len(turns) % 7 == 3:
            kept.extend((picture, picture.tobytes()) for picture in pictures)

    stage.window.on_show = look
    show.run()
    assert not wrong
    assert kept
    assert all(picture.tobytes() == data for picture, data in kept)
    assert len(places) <= len(kept) + 16, "three pictures a frame, of 60 frames"


def test_a_cameras_frames_stay_as_they_are_while_somebody_keeps_them() -> None:
    fake = FakeCamera(SIZE, rate=400)
    kept: list[tuple[Picture, int]] = []
    places = set[int]()
    with CameraSource(Camera(0, "desk", 0), SIZE, open_capture=fake.open) as source:
        for index in range(60):
            picture = media.next_frame(source).picture
            places.add(place(picture))
            if index % 7 == 3:
                kept.append((picture, number(picture)))
            del picture
    assert len({known for _, known in kept}) == len(kept)
    assert all(number(picture) == known for picture, known in kept)
    assert len(places) <= len(kept) + 5


@pytest.mark.parametrize("lines", [360, 331, 316, 300, 239, 180])
@pytest.mark.parametrize("height", [720, 717, 480])
def test_a_painting_is_brought_to_full_size_in_bands_as_it_is_all_at_once(
    lines: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(lines)
    content: Picture = cv2.resize(rng.integers(0, 256, (60, 80, 3)).astype(np.uint8), (height * 4 // 3, height))  # type: ignore[assignment]
    small = smaller(content, lines / height)
    painted: Picture = 255 - small
    banded = upsample(painted, small, content)
    monkeypatch.setattr("realtime.core.geometry.BAND", 100_000)
    monkeypatch.setattr("realtime.models.upsample.BAND", 100_000)
    assert (upsample(painted, small, content) == banded).all()


@pytest.mark.parametrize("step", [(0, 9), (4, -13), (-3, 15)])
def test_a_picture_is_moved_in_bands_as_it_is_all_at_once(
    step: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    wide: Picture = cv2.resize(rng.integers(0, 256, (90, 110, 3)).astype(np.uint8), (1100, 900))  # type: ignore[assignment]

    def view(frame: int) -> Picture:
        left, top = 200 + step[0] * frame, 200 + step[1] * frame
        return np.ascontiguousarray(wide[top : top + 480, left : left + 640])

    def held() -> npt.NDArray[np.int64]:
        steady = Steady()
        for frame in range(4):
            shown = steady(255 - view(frame), view(frame), 1.0, frame / 30)
        return shown.astype(np.int64)

    banded = held()
    monkeypatch.setattr("realtime.core.geometry.BAND", 100_000)
    monkeypatch.setattr("realtime.look.steady.BAND", 100_000)
    whole = held()
    assert (whole != 255 - view(3)).mean() > 0.02  # something is held at all
    assert np.abs(whole - banded).max() <= 8 and np.abs(whole - banded).mean() < 0.1  # places are 32nds of a pixel
