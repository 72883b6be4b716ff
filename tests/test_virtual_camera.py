"""The virtual camera, with the library itself and a device that keeps its contract, and with a real device where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import FakeDevice, FakeSource, device  # noqa: F401
from test_cli import Run, run  # noqa: F401
from test_live import RED, Stage, colour, stage  # noqa: F401
from test_sinks import noise, stylized

from realtime.control.commands import Toggle
from realtime.core import threads
from realtime.core.errors import SinkError, SourceEndedError, SourceError, UsageError
from realtime.core.frame import Picture
from realtime.sinks import virtual_camera
from realtime.sinks.base import Format
from realtime.sinks.readers import is_read
from realtime.sinks.virtual_camera import VirtualCameraSink, how_to_get_driver
from realtime.sources import watched
from realtime.sources.watched import WatchedSource

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who reads a camera")
LOOPBACKS = [
    path
    for path in sorted(Path("/sys/devices/virtual/video4linux").glob("video*"))
    if os.access(f"/dev/{path.name}", os.W_OK)
]


def white(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 255, np.uint8)


@pytest.fixture
def camera(device: type[FakeDevice]) -> Iterator[VirtualCameraSink]:  # noqa: F811
    sink = VirtualCameraSink()
    yield sink
    sink.close()


def given(device: type[FakeDevice]) -> FakeDevice:  # noqa: F811
    """The device that was opened last."""
    return device.made[-1]


def test_pictures_of_any_shape_come_in_the_size_of_the_opening_on_black(
    camera: VirtualCameraSink,
    device: type[FakeDevice],  # noqa: F811
) -> None:
    camera.open(Format((161, 121), 200))
    assert given(device).size == camera.size == (160, 120)  # even, as its pixel format has it
    assert (given(device).rate, given(device).fourcc, camera.device) == (200, "24BG", "/dev/video9")
    assert given(device).wait_for(lambda picture: True).max() == 0  # black before the first picture
    for width, height, share in ((320, 240, 1.0), (320, 120, 0.5), (60, 120, 0.375), (1, 1, 0.75)):
        camera.write(stylized(white(width, height)))
        shape = given(device).wait_for(
            lambda picture, share=share: abs(float((picture > 128).mean()) - share) < 0.02  # type: ignore[misc]
        )
        assert shape.shape == (120, 160, 3)


def test_colours_are_those_of_the_picture(camera: VirtualCameraSink, device: type[FakeDevice]) -> None:  # noqa: F811
    picture = noise(64, 48)
    camera.open(Format((64, 48), 200))
    camera.write(stylized(picture))
    assert given(device).wait_for(lambda got: np.array_equal(got, picture)) is not None
    camera.write(stylized(picture[:, ::-1]))  # not contiguous
    assert given(device).wait_for(lambda got: np.array_equal(got, picture[:, ::-1])) is not None


def test_the_pace_is_steady_and_the_last_picture_stays_while_no_other_comes(
    camera: VirtualCameraSink,
    device: type[FakeDevice],  # noqa: F811
) -> None:
    camera.open(Format((64, 48), 50))
    camera.write(stylized(white(64, 48)))
    given(device).wait_for(lambda picture: picture.min() == 255)
    begin = len(given(device).pictures)
    with given(device).given:
        assert given(device).given.wait_for(lambda: len(given(device).pictures) >= begin + 50, 20)
    assert all(picture.min() == 255 for picture in given(device).pictures[begin:])
    times = np.array(given(device).times[begin : begin + 50])
    assert np.median(np.diff(times)) > 0.015  # a machine with much else to do is late, and never early
    assert camera.sent >= 50


def test_a_hundred_pictures_at_once_are_one_picture_and_hold_up_nobody(
    camera: VirtualCameraSink,
    device: type[FakeDevice],  # noqa: F811
) -> None:
    camera.open(Format((640, 480), 30))
    begin = time.monotonic()
    for value in range(100):
        camera.write(stylized(np.full((480, 640, 3), value, np.uint8)))
    assert time.monotonic() - begin < 0.5
    assert given(device).wait_for(lambda picture: bool((picture == 99).all())) is not None


def test_a_card_stands_in_the_darkened_picture_and_over_black_when_that_is_old(
    camera: VirtualCameraSink,
    device: type[FakeDevice],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = ""
    camera.card = lambda: text
    camera.open(Format((320, 240), 100))
    camera.write(stylized(white(320, 240)))
    given(device).wait_for(lambda picture: picture.min() == 255)
    text = "The picture is frozen"
    card = given(device).wait_for(lambda picture: picture[0, 0, 0] == 76)  # a third of the light
    assert card[80:160].max() > 200 and card[:40].max() == card[-40:].max() == 76  # the letters are in the middle
    monkeypatch.setattr(virtual_camera, "_OLD", 0.0)
    assert given(device).wait_for(lambda picture: picture[0, 0, 0] == 0)[80:160].max() > 200
    text = ""
    given(device).wait_for(lambda picture: picture.min() == 255)


def test_a_driver_that_refuses_is_said_with_its_reason_the_command_and_the_way_without(
    device: type[FakeDevice],  # noqa: F811
) -> None:
    device.refuses = "no device\nfound"
    with pytest.raises(SinkError) as error:
        VirtualCameraSink("9").open(Format((64, 48)))
    said = str(error.value)
    assert "'stand-in' backend: no device found" in said and how_to_get_driver() in said
    assert "browser source in OBS, and OBS's own virtual camera" in said and "\n" not in said


@pytest.mark.parametrize(
    ("system", "said"),
    [("linux", "modprobe v4l2loopback exclusive_caps=1"), ("win32", "OBS"), ("darwin", "OBS"), ("haiku", "haiku")],
)
def test_each_system_has_its_command(system: str, said: str) -> None:
    assert said in how_to_get_driver(system)


@pytest.mark.skipif(bool(LOOPBACKS), reason="there is a virtual camera")
def test_without_a_driver_the_library_itself_is_answered_in_one_line() -> None:
    for name in ("", "9", "/dev/null", "no such camera"):
        sink = VirtualCameraSink(name)
        with pytest.raises(SinkError, match="no virtual camera can be opened"):
            sink.open(Format((64, 48)))
        sink.close()


@pytest.mark.skipif(
    not LOOPBACKS, reason="there is no virtual camera: no device of v4l2loopback that may be written to"
)
def test_a_real_device_gives_a_reader_the_picture() -> None:
    with VirtualCameraSink(f"/dev/{LOOPBACKS[0].name}") as sink:
        sink.open(Format((320, 240), 30))
        sink.write(stylized(white(320, 240)))
        reader = cv2.VideoCapture(sink.device, cv2.CAP_V4L2)
        ok, picture = reader.read()
        assert ok and is_read(sink.device) is False  # this process alone reads it
        reader.release()
        assert picture.shape == (240, 320, 3) and picture.mean() > 200


def test_a_missing_package_is_a_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(UsageError, match=r"pip install .*\[virtual-camera\]"):
        VirtualCameraSink()


def test_a_device_that_fails_later_is_an_error_of_the_next_picture(
    camera: VirtualCameraSink,
    device: type[FakeDevice],  # noqa: F811
) -> None:
    camera.open(Format((64, 48), 100))
    given(device).fail = OSError("unplugged")
    assert camera._thread
    camera._thread.join(10)
    with pytest.raises(SinkError, match=r"takes no more pictures.*unplugged"):
        camera.write(stylized(noise(64, 48)))


# ---- in a session ----------------------------------------------------------------------------------------------------


def test_it_shows_what_the_window_shows_while_a_clip_is_recorded_and_a_card_when_frozen(
    stage: Stage,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
    tmp_path: Path,
) -> None:
    from realtime.cli.calls import show_in_calls

    show = stage.session(seconds=20, record=tmp_path / "clip.mp4")
    sink = VirtualCameraSink()
    sink.open(Format((64, 48), 100))
    show.stream.add_sink(show_in_calls(sink, show.stream))
    seen: list[Picture] = []

    def watch() -> None:
        seen.append(given(device).wait_for(lambda picture: colour(picture) == RED))
        stage.source.trouble = "no picture from fake"  # it is being connected again: the last picture is held
        count = len(given(device).pictures)
        with given(device).given:
            given(device).given.wait_for(lambda: len(given(device).pictures) > count + 20, 20)
        seen.append(given(device).pictures[-1])
        stage.source.trouble = ""
        show.stream.apply(Toggle("frozen", True))
        seen.append(given(device).wait_for(lambda picture: 0 < picture[0, 0, 2] < 100))
        show.stop()

    watching = threads.start(watch, "watch")
    show.run()
    watching.join(20)
    assert [colour(picture) == RED for picture in seen] == [True, True, False]
    assert stage.window.shown and (tmp_path / "clip.mp4").is_file()


@pytest.mark.parametrize("more", [[], ["--record", "clip.mp4"]])
def test_the_option_opens_it_in_the_size_of_the_source_and_says_which(
    run: Run,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
    more: list[str],
) -> None:
    status, _, err = run(
        "--source", "demo", "--size", "320x240", "--virtual-camera", "/dev/video7", "--frames", "5", *more
    )
    assert status == 0, err
    assert "virtual camera /dev/video7 shows 320×240: choose it as the camera of your call" in err
    assert given(device).size == (320, 240) and given(device).pictures


def test_the_option_without_a_driver_ends_at_once_with_status_1(run: Run, device: type[FakeDevice]) -> None:  # noqa: F811
    device.refuses = "no device"
    status, _, err = run("--source", "demo", "--virtual-camera", "--frames", "5")
    assert status == 1 and "no virtual camera can be opened" in err and "Traceback" not in err


def test_when_watched_wants_a_virtual_camera(run: Run) -> None:  # noqa: F811
    status, _, err = run("--source", "demo", "--when-watched", "--frames", "5")
    assert status == 2 and "--virtual-camera" in err


# ---- while somebody watches ------------------------------------------------------------------------------------------


@linux_only
@pytest.mark.parametrize(("mode", "reads"), [("r", True), ("r+", True), ("a", False)])
def test_who_reads_a_device_is_seen_and_who_writes_it_is_not(tmp_path: Path, mode: str, reads: bool) -> None:
    """A file stands in for the device, and another program opens it by the name of a link."""
    path, link = tmp_path / "video9", tmp_path / "by-id"
    path.write_text("")
    link.symlink_to(path)
    with open(path):  # this program's own
        assert not is_read(str(path))
        code = "import sys; f = open(sys.argv[1], sys.argv[2]); print(flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", code, link, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout and other.stdin
            other.stdout.readline()
            assert is_read(str(path)) == is_read(str(link)) == reads
            other.stdin.close()
            other.wait(20)
    assert not is_read(str(path))


def test_a_system_that_does_not_say_who_reads_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageError, match="--when-watched works on Linux"):
        is_read("OBS Virtual Camera")


class Viewers:
    """Somebody who watches or does not, and the sources that were opened meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watched, "LOOK_SECONDS", 0.01)
        monkeypatch.setattr(watched, "_GRACE_SECONDS", 0.0)
        self.there = True
        self.problem: SourceError | None = None
        self.opened = [FakeSource()]
        self.source = WatchedSource(self.opened[0], self._open, lambda: self.there)

    def _open(self) -> FakeSource:
        if self.problem:
            raise self.problem
        self.opened.append(FakeSource())
        return self.opened[-1]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition():
            self.source.read(0.01)
            assert time.monotonic() < end


def test_the_camera_is_released_while_nobody_watches_and_held_again_when_somebody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewers = Viewers(monkeypatch)
    source = viewers.source
    viewers.until(lambda: viewers.opened[0].count > 3)
    assert source.notice == "" and not source.rests
    viewers.there = False
    viewers.until(lambda: source.rests)
    assert viewers.opened[0]._closed.is_set() and "nobody watches" in source.notice
    assert source.read(0.02) is None
    viewers.problem, viewers.there = SourceError("another program has it"), True
    viewers.until(lambda: source.notice == "another program has it")
    viewers.problem = None
    viewers.until(lambda: len(viewers.opened) == 2 and viewers.opened[1].count > 3)
    assert source.notice == ""
    source.close()
    source.close()
    assert viewers.opened[1]._closed.is_set()
    with pytest.raises(SourceEndedError):
        source.read(0.1)


def test_a_camera_that_is_opened_while_the_session_ends_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    viewers = Viewers(monkeypatch)
    viewers.there = False
    viewers.until(lambda: viewers.source.rests)
    late = FakeSource()
    opening, go = threading.Event(), threading.Event()

    def reopen() -> FakeSource:
        opening.set()
        assert go.wait(20)
        return late

    viewers.source._reopen, viewers.there = reopen, True
    ended = threading.Event()

    def read() -> None:
        with pytest.raises(SourceEndedError):
            while True:
                viewers.source.read(0.01)
        ended.set()

    reading = threads.start(read, "reading")
    assert opening.wait(20)
    viewers.source.close()
    go.set()
    reading.join(20)
    assert ended.is_set() and late._closed.is_set()


@linux_only
def test_a_session_holds_the_camera_only_while_another_program_reads(
    run: Run,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device is a file here; another program opens it while the session runs."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(watched, "_GRACE_SECONDS", 0.0)
    path = tmp_path / "video9"
    path.write_text("")
    code = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    seen: list[str] = []

    def watch() -> None:
        while not device.made:
            time.sleep(0.01)
        given(device).wait_for(lambda picture: picture[:20].max() == 0 < picture[80:160].max())  # the card: it is off
        seen.append("off")
        with subprocess.Popen(
            [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdin
            given(device).wait_for(lambda picture: picture[0, 0].max() > 0)
            seen.append("on")
            other.stdin.close()
            given(device).wait_for(lambda picture: picture[:20].max() == 0)
            seen.append("off")

    watching = threads.start(watch, "watch")
    status, _, err = run(
        *("--source", "demo", "--size", "320x240", "--no-window", "--seconds", "4"),
        *("--virtual-camera", str(path), "--when-watched"),
    )
    watching.join(20)
    assert status == 0, err
    assert seen == ["off", "on", "off"]
