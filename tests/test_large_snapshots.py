"""A snapshot is first what is on the screen, then the same frame painted anew at the camera's full size."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import media
import numpy as np
import pytest
from fakes import FakeModel, FakeSource, opened
from media import FakeCamera, next_frame, read_image
from test_live import RED_ALONE, Stage, stage  # noqa: F401
from test_sources import DESK

from realtime.control.actions import Snapshot
from realtime.control.commands import Command, Toggle
from realtime.control.settings import Settings
from realtime.core.errors import ModelError
from realtime.core.events import Event, Events
from realtime.core.frame import LARGEST, Frame, Picture
from realtime.core.paths import write_named
from realtime.live.large_snapshots import LargeSnapshots
from realtime.look.look import Look
from realtime.look.look_files import read_look
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.sinks.snapshot import SnapshotSink
from realtime.sources.base import captured
from realtime.sources.camera import CameraSource
from realtime.sources.file import FileSource
from realtime.sources.folder import FolderSource

BOX = (64, 48)


class Halved(FakeModel):
    """Paints the right half red and leaves the left half as it is; notes the sizes it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: set[tuple[int, int]] = set()
        self.hold: threading.Event | None = None

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        if picture.shape[1] > BOX[0] and self.hold:
            self.hold.wait()
        self.sizes.add((picture.shape[1], picture.shape[0]))
        painted: Picture = picture.copy()
        painted[:, picture.shape[1] // 2 :] = super().stylize(picture, code)[:, picture.shape[1] // 2 :]
        return painted


class WholeSource(FakeSource):
    """A camera of 256×192, whose frames are made smaller; green is on the right."""

    def read(self, timeout: float = 1.0) -> Frame | None:
        if self._closed.is_set():
            return super().read(timeout)
        picture = np.zeros((192, 256, 3), np.uint8)
        picture[:, 128:, 1] = 200
        frame = captured(picture, BOX, time.monotonic())
        self._closed.wait(0.002)
        return frame


@pytest.fixture
def wide(stage: Stage) -> Stage:  # noqa: F811
    """A stage with such a camera and model."""
    stage.source.close()
    stage.source, stage.model = WholeSource(), Halved()
    return stage


def take(stage: Stage, settings: Settings | None = None, *before: Toggle) -> dict[str, Picture]:  # noqa: F811
    """Press the key and quit at once; give the files by the ends of their names."""
    show = stage.session(settings, seconds=20)
    keys: list[Command] = [*before, Snapshot()]

    def look_for_keys() -> list[Command]:  # each time keys are looked for: a frozen picture is shown no second time
        if keys and stage.window.shown:
            return [keys.pop(0)]
        if not keys and stage.out.exists() and any(stage.out.glob("*.png")):
            show.stop()
        return []

    stage.window.commands = look_for_keys  # type: ignore[method-assign]
    show.run()
    return {path.stem.rpartition("_")[2]: read_image(path) for path in stage.out.iterdir() if path.is_file()}


@pytest.mark.parametrize("mirror", [False, True])
def test_a_snapshot_is_painted_anew_at_full_size_and_both_are_kept(wide: Stage, mirror: bool) -> None:
    found = take(wide, Settings(Look(RED_ALONE, brush=16.0), mirror=mirror))
    assert {name: picture.shape for name, picture in found.items()} == {"red": (48, 64, 3), "large": (192, 256, 3)}
    left = (0, 200, 0) if mirror else (0, 0, 0)
    assert tuple(found["large"][96, 30]) == tuple(found["red"][24, 8]) == left, "turned alike"
    assert tuple(found["large"][96, 220])[:2] == tuple(found["red"][24, 60])[:2], "painted alike"
    (large,) = wide.out.glob("*_large.png")
    assert read_look(large) == read_look(next(wide.out.glob("*_red.png")))
    assert any(text.endswith(f"{large.name} (256×192)") for text in wide.said)


def test_the_session_waits_for_it_and_no_thread_stays(wide: Stage) -> None:
    assert set(take(wide)) == {"red", "large"}  # take ends the session as soon as the first file is there
    assert not any(thread.name == "large snapshots" for thread in threading.enumerate())


def test_a_frozen_frame_keeps_its_full_picture(wide: Stage) -> None:
    assert take(wide, None, Toggle("frozen"), Toggle("mirror"))["large"].shape == (192, 256, 3)


def test_what_has_no_other_size_is_saved_once(stage: Stage) -> None:  # noqa: F811
    assert set(take(stage)) == {"red"}


# ---- what can go wrong -----------------------------------------------------------------------------------------------


def large_snapshots(stage: Stage, model: FakeModel) -> tuple[LargeSnapshots, Stylized, Path, list[Event]]:  # noqa: F811
    """What paints them, a frame of 1600×1200, the file of its snapshot, and what is said."""
    picture = media.numbered(7, (1600, 1200))
    frame = captured(picture, BOX, 0.0)
    shown = Stylized(frame, frame.picture, Look(RED_ALONE, brush=16.0), 0.0)
    stage.source.close()
    stage.out.mkdir(exist_ok=True)
    sink = opened(SnapshotSink(stage.out))
    sink.write(shown)
    assert sink.path
    events, said = Events(), list[Event]()
    events.subscribe(said.append)
    return (
        LargeSnapshots(Stylizer(model), stage.library, sink, events, lambda error: pytest.fail(str(error))),
        shown,
        sink.path,
        said,
    )


def test_the_live_picture_waits_for_a_million_pixels_at_most(stage: Stage) -> None:  # noqa: F811
    model = Halved()
    large, shown, beside, _ = large_snapshots(stage, model)
    large.save(shown, beside)
    assert large.close(time.monotonic() + 30)
    assert all(width * height <= 1_000_000 for width, height in model.sizes)
    assert read_image(next(stage.out.glob("*_large.png"))).shape == (1200, 1600, 3)


def test_a_model_that_hangs_does_not_hold_the_end_and_leaves_no_file(stage: Stage) -> None:  # noqa: F811
    model = Halved()
    model.hold = threading.Event()
    large, shown, beside, said = large_snapshots(stage, model)
    large.save(shown, beside)
    begin = time.monotonic()
    assert not large.close(begin + 0.3)
    assert time.monotonic() - begin < 2
    assert "was not finished" in said[-1].text
    model.hold.set()
    large.close(time.monotonic() + 30)
    assert [path.name for path in stage.out.iterdir()] == [beside.name]


def test_many_presses_do_not_pile_up_large_pictures(stage: Stage) -> None:  # noqa: F811
    model = Halved()
    model.hold = threading.Event()
    large, shown, beside, said = large_snapshots(stage, model)
    for _ in range(5):
        large.save(shown, beside)
    assert [event.text for event in said] == 3 * ["the larger snapshot is left out: two others are being painted"]
    model.hold.set()
    assert large.close(time.monotonic() + 30)
    assert len(list(stage.out.glob("*_large*.png"))) == 2


def test_a_model_or_a_disk_that_fails_is_a_notice(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    model = Halved()
    large, shown, beside, said = large_snapshots(stage, model)
    model.fail = ModelError("no memory")
    large.save(shown, beside)
    while not said:
        time.sleep(0.01)
    model.fail = None

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    large.save(shown, beside)
    assert large.close(time.monotonic() + 30)
    assert "no memory" in said[0].text and "No space left" in said[1].text
    assert [path.name for path in stage.out.iterdir()] == [beside.name], "no file stays"


def test_a_named_file_is_never_written_over(tmp_path: Path) -> None:
    assert [write_named(tmp_path, "a", ".png", bytes(n)).name for n in range(3)] == ["a.png", "a_2.png", "a_3.png"]
    assert sorted(path.stat().st_size for path in tmp_path.iterdir()) == [0, 1, 2]


# ---- where full pictures come from -----------------------------------------------------------------------------------


def test_frames_keep_what_they_were_made_of_up_to_eight_megapixels(tmp_path: Path) -> None:
    small = np.zeros((48, 64, 3), np.uint8)
    assert captured(small, BOX, 0.0).full is None
    assert captured(small, None, 0.0).full is None
    huge = captured(np.zeros((6000, 8000, 3), np.uint8), BOX, 0.0)
    assert huge.full is not None and huge.picture.shape == (48, 64, 3)
    assert 0.99 * LARGEST < huge.full.shape[0] * huge.full.shape[1] <= LARGEST
    whole = np.zeros((2160, 3840, 3), np.uint8)
    assert captured(whole, BOX, 0.0).full is whole
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((96, 128, 3), 9, np.uint8))
    media.clip_at(tmp_path / "film.mp4", range(3))
    for source in (FolderSource(tmp_path / "photo.png", BOX), FileSource(tmp_path / "film.mp4", (32, 24))):
        with source:
            frame = next_frame(source)
            assert frame.full is not None and frame.full.shape[0] == 2 * frame.picture.shape[0]


def test_a_camera_is_asked_for_another_size_than_the_picture_has() -> None:
    fake = FakeCamera()
    with CameraSource(DESK, (32, 24), open_capture=fake.open, asked=(1920, 1080)) as source:
        assert source._wanted == (1920, 1080)
        frame = next_frame(source)
        assert frame.picture.shape[:2] < (25, 33)
        assert frame.full is not None and frame.full.shape[0] > 24
    with CameraSource(DESK, (32, 24), open_capture=fake.open) as source:
        assert source._wanted == (32, 24)
