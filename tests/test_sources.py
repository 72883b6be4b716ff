"""What each source does besides the contract (test_source_contract.py), and how a source is found."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import media
import numpy as np
import pytest
from media import SIZE, FakeCamera, NetworkCamera, next_frame

from realtime.core import threads
from realtime.core.errors import SourceError, UsageError
from realtime.sources import camera, folder, reconnecting
from realtime.sources.base import Source
from realtime.sources.camera import Camera, CameraSource, find_camera
from realtime.sources.demo import DemoSource
from realtime.sources.file import FileSource
from realtime.sources.folder import FolderSource
from realtime.sources.network import NetworkSource
from realtime.sources.registry import open_source

DESK = Camera(0, "Desk cam", camera._backend())


def read_until(source: Source, condition: Callable[[], object]) -> None:
    """Read, as a session does, until it is so."""
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, f"it never came; notice: {source.notice!r}"
        source.read(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble is noticed soon, and the next try to connect comes soon."""
    monkeypatch.setattr(reconnecting, "STALE", 0.3)
    for kind in (CameraSource, NetworkSource):
        monkeypatch.setattr(kind, "pauses", lambda self: itertools.repeat(0.05))


# ---- file ------------------------------------------------------------------------------------------------------------


def test_file_keeps_its_own_pace_and_loops(tmp_path: Path) -> None:
    with FileSource(media.clip(tmp_path / "clip.avi", 10, 40)) as source:
        first = next_frame(source)
        assert media.number(first.picture) == 0
        for _ in range(25):
            frame = next_frame(source)
            assert media.number(frame.picture) == round((frame.time - first.time) * 40) % 10


def test_file_of_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 0.1, 0.15, 0.5, 0.6, 0.8]
    with FileSource(media.clip_at(tmp_path / "clip.mp4", times)) as source:
        frames = [next_frame(source) for _ in range(4)]
    for frame in frames:
        assert frame.time - frames[0].time == pytest.approx(times[media.number(frame.picture)], abs=0.002)


def test_file_is_turned_upright(tmp_path: Path) -> None:
    with FileSource(media.turned(media.clip_at(tmp_path / "phone.mp4", [0, 0.2, 0.4]))) as source:
        next_frame(source)
        picture = next_frame(source).picture
    assert picture.shape == (64, 48, 3)
    assert media.number(np.rot90(picture)) in (1, 2)  # what was at the left is at the top


def test_file_too_heavy_for_this_computer_is_shown_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Heavy:
        def __init__(self, path: str, *_: object) -> None:
            self._capture = real(path)

        def grab(self) -> bool:
            time.sleep(0.03)  # decoding a picture that lasts 10 ms
            return self._capture.grab()

        def __getattr__(self, name: str) -> object:
            return getattr(self._capture, name)

    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Heavy)
    with FileSource(media.clip(tmp_path / "heavy.avi", 200, 100)) as source:
        for _ in range(3):
            begin = time.monotonic()
            next_frame(source)
            assert time.monotonic() - begin < 1


def test_file_with_a_colon_in_its_name_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    media.clip(tmp_path / "clip.avi").rename("12:30.avi")
    with open_source("12:30.avi") as source:
        next_frame(source)


def test_file_that_goes_away_is_an_error(tmp_path: Path) -> None:
    path = media.clip(tmp_path / "clip.avi", 3, 50)
    with FileSource(path) as source:
        next_frame(source)
        path.unlink()
        with pytest.raises(SourceError, match=r"clip\.avi cannot be read any more"):
            read_until(source, lambda: False)


@pytest.mark.skipif(sys.platform != "linux", reason="names are UTF-8 there")
def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    path = media.clip(tmp_path / "clip.avi").rename(tmp_path / "bad\udcff.avi")
    with pytest.raises(SourceError, match=r"bad\?\.avi has bytes that are no UTF-8; rename it"):
        open_source(str(path))
    pictures = media.pictures(tmp_path / "pictures").rename(tmp_path / "bad\udcff")
    with open_source(str(pictures)) as source:
        assert source.name == "bad?"
        next_frame(source)


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 100, None])
def test_file_that_is_no_video_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "clip.mp4"
    media.clip_at(path, [0, 0.1])
    path.write_bytes(path.read_bytes()[:600] if content is None else content)
    with pytest.raises(SourceError, match=r"clip\.mp4 cannot be opened as a video"):
        open_source(str(path))


# ---- folder ----------------------------------------------------------------------------------------------------------


def test_folder_shows_its_pictures_in_order_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_FPS", 64)
    with FolderSource(media.pictures(tmp_path / "pictures"), seconds=0.125) as source:
        first = next_frame(source)
        frames = [next_frame(source) for _ in range(25)]
    for frame in frames:
        assert media.number(frame.picture) == int((frame.time - first.time + 0.001) / 0.125) % 3


def test_folder_passes_over_what_cannot_be_read_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_FPS", 50)
    path = media.pictures(tmp_path / "pictures")
    (path / "01.png").write_text("no picture")
    (path / "._02.png").write_text("what macOS leaves on foreign disks")
    (path / "notes.txt").write_text("no picture, and not called one")
    with FolderSource(path, seconds=0.1) as source:
        assert media.number(next_frame(source).picture) == 0
        read_until(source, lambda: "01.png" in source.notice)
        assert media.number(next_frame(source).picture) == 2
        read_until(source, lambda: source.notice == "")


def test_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(str(tmp_path))
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(SourceError, match=r"a\.png is no picture"):
        open_source(str(tmp_path))


# ---- camera ----------------------------------------------------------------------------------------------------------


def test_system_that_cannot_list_its_cameras_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("cv2_enumerate_cameras.enumerate_cameras", lambda backend: 1 / 0)
    assert camera.list_cameras() == []
    assert "the system does not list its cameras" in caplog.text and "ZeroDivisionError" in caplog.text


def test_missing_camera_is_an_error_that_lists_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "list_cameras", lambda: [DESK])
    with pytest.raises(SourceError, match=r"camera 97 is not there; there are 0 \(Desk cam\)"):
        CameraSource(Camera(97, "camera 97", camera._backend()))


def test_busy_camera_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Camera(97, "Desk cam", camera._backend())
    monkeypatch.setattr(camera, "list_cameras", lambda: [there])
    with pytest.raises(SourceError, match="camera 97 is busy"):
        CameraSource(there)


def test_camera_that_does_not_open_is_given_up_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, opened, threads = FakeCamera(), threading.Event(), set(threading.enumerate())

    def slowly() -> FakeCamera:
        opened.wait()
        return fake.open()

    monkeypatch.setattr(camera, "list_cameras", lambda: [DESK])
    with pytest.raises(SourceError, match=r"Desk cam did not open within 0 s; .*there are 0 \(Desk cam\)"):
        CameraSource(DESK, patience=0.1, open_capture=slowly)
    opened.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
    assert fake.released == 1


def test_camera_whose_driver_fails_is_an_error() -> None:
    def fail() -> FakeCamera:
        raise cv2.error("no such device")

    with pytest.raises(SourceError, match="Desk cam: no such device"):
        CameraSource(DESK, open_capture=fail)


def test_camera_whose_driver_fails_in_a_strange_way_is_an_error_that_lists_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera, "list_cameras", lambda: [DESK])
    for error in (ValueError("odd"), OverflowError("odd"), MemoryError("odd"), cv2.error("odd")):

        def fail(error: Exception = error) -> FakeCamera:
            raise error

        with pytest.raises(SourceError, match=r"Desk cam: odd; .*there are 0 \(Desk cam\)"):
            CameraSource(DESK, open_capture=fail)


def test_camera_whose_driver_raises_what_no_driver_should_comes_back(quick: None) -> None:
    fake = FakeCamera()
    good = fake.read
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)
        fake.read = lambda image=None: (True, np.zeros(()))  # type: ignore[method-assign]  # this has no rows to look at
        read_until(source, lambda: "trying again" in source.notice)
        fake.read = good  # type: ignore[method-assign]
        read_until(source, lambda: not source.notice)
        next_frame(source)


def test_fault_of_this_program_is_not_reported_as_a_lost_camera(
    quick: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver goes on giving pictures; what is wrong is our own code, and that ends the source and its session."""
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)

        def fail(picture: object) -> None:
            raise TypeError("a bug of ours")

        monkeypatch.setattr(source, "_coloured", fail)
        with pytest.raises(TypeError, match="a bug of ours"):
            read_until(source, lambda: False)
        with pytest.raises(TypeError, match="a bug of ours"):
            source.read(10)
    assert fake.opened == fake.released == 1
    (record,) = caplog.records
    assert record.name == "realtime.sources.reconnecting" and record.levelname == "ERROR"
    assert "fail" in caplog.text and "a fault of this program ends the reading of Desk cam" in record.message


def test_fault_of_this_program_while_it_opens_is_no_advice_about_cables(quick: None) -> None:
    def fail() -> FakeCamera:
        raise AttributeError("a bug of ours")

    with pytest.raises(AttributeError, match="a bug of ours"):
        CameraSource(DESK, open_capture=fail)


def test_camera_that_comes_back_under_another_number_is_found_by_its_name(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, listed, opened = FakeCamera(), [DESK], []

    class System(CameraSource):
        def _open(self) -> FakeCamera:
            opened.append(self._camera.number)
            return fake.open()

    monkeypatch.setattr(camera, "list_cameras", lambda: listed)
    with System(DESK) as source:
        next_frame(source)
        fake.state = "gone"
        read_until(source, lambda: source.notice)
        listed[:] = [Camera(1, "Other cam", 0), Camera(2, "Desk cam", 0)]
        fake.state = "live"
        read_until(source, lambda: not source.notice)
    assert opened[0] == 0
    assert opened[-1] == 2


def test_macos_is_asked_for_permission_in_the_calling_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, askers = FakeCamera(), []

    def ask() -> FakeCamera:
        askers.append(threading.current_thread())
        return fake.open()

    def fail() -> FakeCamera:
        raise ValueError("odd")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(camera, "list_cameras", lambda: [DESK])
    CameraSource(DESK, open_capture=ask).close()
    assert askers[0] is threading.current_thread() is not askers[1]
    assert fake.released == 2
    with pytest.raises(SourceError, match=r"Desk cam: odd; .*System Settings"):
        CameraSource(DESK, open_capture=fail)
    with pytest.raises(SourceError, match="System Settings > Privacy & Security > Camera; there are 0"):
        CameraSource(Camera(97, "Desk cam", cv2.CAP_V4L2))


@pytest.mark.parametrize(
    "picture", [np.zeros((48, 64), np.uint16), np.zeros((48, 64, 2), np.uint8), np.zeros((0, 64, 3), np.uint8)]
)
def test_camera_whose_driver_gives_no_pictures_is_in_trouble(quick: None, picture: np.ndarray) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)
        fake.read = lambda image=None: (True, picture)  # type: ignore[method-assign]
        read_until(source, lambda: "trying again" in source.notice)


def test_grey_camera_gives_frames_of_three_channels() -> None:
    for shape in ((48, 64), (48, 64, 1)):
        fake = FakeCamera()
        fake.read = lambda image=None, shape=shape: (True, np.full(shape, 7, np.uint8))  # type: ignore[method-assign,misc]
        with CameraSource(DESK, open_capture=fake.open) as source:
            assert next_frame(source).picture.shape == (48, 64, 3)


@pytest.mark.parametrize("trouble", ["gone", "failing"])
def test_camera_in_trouble_is_noticed_and_comes_back_by_itself(quick: None, trouble: str) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)
        fake.state = trouble
        read_until(source, lambda: source.notice)
        assert "Desk cam" in source.notice
        read_until(source, lambda: fake.opened >= 4)
        assert source.notice  # and it stays until there is a new picture
        fake.state = "live"
        read_until(source, lambda: not source.notice)
        assert media.number(next_frame(source).picture) != media.number(next_frame(source).picture)
    assert fake.released >= 1


def test_camera_that_freezes_is_connected_to_again(quick: None) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)
        fake.state = "frozen"
        read_until(source, lambda: "Desk cam" in source.notice)
        read_until(source, lambda: fake.opened == 2)
        fake.state = "live"
        read_until(source, lambda: not source.notice)
        assert fake.opened == 2


def test_camera_that_shows_a_still_picture_is_connected_to_again_once_only(quick: None) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        for opened in (2, 3):  # the second time it is another picture
            next_frame(source)
            fake.state = "frozen"
            read_until(source, lambda opened=opened: fake.opened == opened)  # type: ignore[misc]
            read_until(source, lambda: not source.notice)
            end = time.monotonic() + 3 * reconnecting.STALE
            read_until(source, lambda end=end: time.monotonic() > end or source.notice)  # type: ignore[misc]
            assert source.notice == ""
            assert fake.opened == opened
            fake.state = "live"
            first = media.number(next_frame(source).picture)
            read_until(source, lambda first=first: media.number(next_frame(source).picture) != first)  # type: ignore[misc]


def test_stuck_camera_says_so_until_its_driver_returns() -> None:
    fake = FakeCamera()
    source = CameraSource(DESK, open_capture=fake.open)
    next_frame(source)
    assert not source.stuck
    fake.state = "stuck"
    while source.read(0.2):
        pass
    source.close()
    assert source.stuck
    assert f"read {source.name}" in threads.hung()
    fake.freed.set()
    source._thread.join(5)
    assert not source.stuck
    assert not DemoSource(SIZE).stuck


def test_camera_says_what_it_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    granted = {cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720, cv2.CAP_PROP_FPS: 30.0}

    class Real(FakeCamera):
        def __init__(self, *_: object) -> None:
            super().__init__()

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def set(self, *_: object) -> None: ...

        def get(self, name: int) -> float:
            return granted[name]

    monkeypatch.setattr(cv2, "VideoCapture", Real)
    with CameraSource(DESK) as source:
        assert source.about == "1280×720, 30 frames a second"
    granted[cv2.CAP_PROP_FPS] = 0
    with CameraSource(DESK) as source:
        assert source.about == "1280×720"
    assert camera.sizes(DESK) == [(1280, 720)]
    assert DemoSource(SIZE).about == ""


def test_sizes_of_a_camera_that_does_not_open_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: go.wait() and FakeCamera())
    threads = set(threading.enumerate())
    monkeypatch.setattr(FakeCamera, "isOpened", lambda self: False, raising=False)
    assert camera.sizes(DESK, patience=0.05) == []
    go.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)


def test_stuck_camera_is_noticed(quick: None) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        next_frame(source)
        fake.state = "stuck"
        read_until(source, lambda: "no picture from Desk cam" in source.notice)
        fake.state = "live"
        fake.freed.set()
        read_until(source, lambda: not source.notice)


def test_lens_cap_is_no_trouble(quick: None) -> None:
    fake = FakeCamera()
    with CameraSource(DESK, open_capture=fake.open) as source:
        fake.state = "black"
        end = time.monotonic() + 2 * reconnecting.STALE
        read_until(source, lambda: time.monotonic() > end or source.notice)
        assert source.notice == ""
    assert fake.opened == 1


def test_camera_leaves_no_thread_behind() -> None:
    threads = set(threading.enumerate())
    fake = FakeCamera()
    CameraSource(DESK, open_capture=fake.open).close()
    assert set(threading.enumerate()) <= threads
    assert fake.released == 1


# ---- network ---------------------------------------------------------------------------------------------------------


def test_network_camera_that_stalls_is_noticed_and_comes_back(quick: None) -> None:
    with NetworkCamera() as network, open_source(network.url) as source:
        next_frame(source)
        network.stall()
        read_until(source, lambda: source.notice)
        assert network.url in source.notice
        network.resume()
        read_until(source, lambda: not source.notice)
        next_frame(source)


def test_network_camera_that_drops_is_connected_to_again(quick: None) -> None:
    with NetworkCamera() as network, open_source(network.url) as source:
        next_frame(source)
        network.go_away()
        read_until(source, lambda: "trying again" in source.notice)
        before = network.connections
        network.come_back()
        read_until(source, lambda: not source.notice)
        assert network.connections > before


def test_still_picture_of_a_network_camera_is_no_trouble(quick: None) -> None:
    with NetworkCamera(lambda index: media.numbered(5)) as network, open_source(network.url) as source:
        end = time.monotonic() + 3 * reconnecting.STALE
        read_until(source, lambda: time.monotonic() > end or source.notice)
        assert source.notice == ""


def test_pauses_between_tries_grow_up_to_a_limit() -> None:
    with NetworkCamera() as network, NetworkSource(network.url) as source:
        assert list(itertools.islice(source.pauses(), 8)) == [0.5, 1, 2, 4, 8, 16, 16, 16]


def test_wrong_password_and_nobody_there_are_errors() -> None:
    with NetworkCamera(password="me:secret") as network:
        with pytest.raises(SourceError, match="user and password"):
            open_source(network.url)
        with pytest.raises(SourceError, match="cannot be reached") as caught:
            open_source(network.url.replace("//", "//me:guess@"))
        assert "guess" not in str(caught.value)
    with pytest.raises(SourceError, match="cannot be reached"):
        open_source(network.url)


_TROUBLE = """
import itertools, sys
import realtime
from realtime.sources import reconnecting
from realtime.sources.registry import open_source
from realtime.sources.network import NetworkSource
reconnecting.STALE = 0.3
NetworkSource.pauses = lambda self: itertools.repeat(0.05)
wrong, right, rtsp = sys.argv[1:]
for address in (wrong, rtsp, right.replace("http:", "http:/nowhere/"), right.replace("http://", "")):
    try:
        open_source(address)
    except realtime.RealtimeError as error:
        print("error:", error)
with open_source(right) as source:
    print("name:", source.name, source.read(5) is not None, flush=True)
    sys.stdin.readline()
    while "trying again" not in source.notice:
        source.read(0.02)
        print("notice:", source.notice)
"""


def test_passwords_are_never_printed() -> None:
    with NetworkCamera(password="me:secret1") as network:
        address = network.url + "?token=secret2"
        wrong, right, rtsp = (
            address.replace("http://", start)
            for start in ("http://me:secret3@", "http://me:secret1@", "rtsp://me:secret1@")
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV_")}
        program = subprocess.Popen(
            [sys.executable, "-c", _TROUBLE, wrong, right, rtsp],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
        )
        assert program.stdout and program.stdin
        printed = list(iter(program.stdout.readline, f"name: {network.url} True\n"))
        assert len(printed) < 20, printed
        network.go_away()
        printed.append(program.communicate("\n", timeout=30)[0])
    output = "".join(printed)
    assert program.returncode == 0, output
    assert output.count("error:") == 4
    assert "trying again" in output
    assert "secret" not in output


# ---- open_source -----------------------------------------------------------------------------------------------------


@pytest.fixture
def two_cameras(monkeypatch: pytest.MonkeyPatch) -> list[Camera]:
    """Two cameras that the system lists, and that open."""
    cameras = [DESK, Camera(2, "USB Webcam", 0)]
    monkeypatch.setattr(camera, "list_cameras", lambda: cameras)
    monkeypatch.setattr(CameraSource, "open", lambda text, size, fps: find_camera(text, cameras))
    return cameras


def test_cameras_are_opened_by_number_and_by_part_of_the_name(two_cameras: list[Camera]) -> None:
    found: Any = open_source("2")
    assert found == two_cameras[1]
    found = open_source("webcam")
    assert found == two_cameras[1]
    found = open_source()
    assert found == two_cameras[0]
    assert find_camera("7", two_cameras).number == 7  # the system may not list them all


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cam", r"2 cameras have 'cam' in their names; there are 0 \(Desk cam\), 2 \(USB Webcam\)"),
        ("scanner", r"no camera is called 'scanner'; there are 0"),
        ("holiday.mp4", r"there is no file holiday\.mp4; there are 0"),
        ("no/such/folder", r"there is no file no/such/folder"),
        ("ftp://me:secret@host/video", "addresses that begin with ftp:// are not known here"),
        ("me:secret@host", "this is no file and no camera; an address begins with"),
        ("~nobody/clip.mp4", "there is no file ~nobody"),
        ("x" * 5000, "no camera is called"),
        ("a\0b.mp4", "there is no file"),
        ("bad\udcff.mp4", r"there is no file bad\?\.mp4"),
        ("bad\udcff", r"no camera is called 'bad\?'"),
        ("http://host/bad\udcff", "this address cannot be read"),
        ("1000", "no camera has a number as large as that; there are 0"),
        ("9" * 5000, "no camera has a number as large as that"),
        (" ", "an empty name is no source"),
    ],
)
def test_what_is_no_source_is_refused_in_one_line(two_cameras: list[Camera], text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_source(text)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_without_a_camera_the_demo_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "list_cameras", list)
    with open_source(size=SIZE) as source:
        assert source.name == "demo"
    with open_source("demo", SIZE) as source:
        assert next_frame(source).picture.shape == (48, 64, 3)
    with pytest.raises(UsageError, match="there is no camera that the system knows of"):
        open_source("webcam")


def test_files_and_folders_are_opened_by_their_paths(tmp_path: Path) -> None:
    media.clip(tmp_path / "clip.avi")
    media.pictures(tmp_path / "holiday")
    for name, kind in (("clip.avi", FileSource), ("holiday", FolderSource), ("holiday/00.png", FolderSource)):
        with open_source(str(tmp_path / name)) as source:
            assert type(source) is kind
            assert source.name == Path(name).name


# ---- sources of other packages ---------------------------------------------------------------------------------------

_ADDED = """
import threading, time
import numpy as np
from realtime import Frame, Source, SourceEndedError

class Stripes(Source):
    def __init__(self, name, size):
        self.name, self._size, self._closed = name, size, threading.Event()

    def read(self, timeout=1.0):
        if self._closed.wait(0.01):
            raise SourceEndedError(f"{self.name} was closed")
        return Frame(np.full((*self._size[::-1], 3), 7, np.uint8), time.monotonic())

    def close(self):
        self._closed.set()

def open_stripes(text, size, fps):
    return Stripes(f"{text} at {fps:g}", size)

def open_nothing(text, size, fps):
    return None

def open_badly(text, size, fps):
    raise KeyError("a bug of theirs")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as pip installs it, which adds sources."""
    (tmp_path / "stripes_source.py").write_text(_ADDED)
    info = tmp_path / "stripes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stripes\nVersion: 1.0\n")
    names = {
        "stripes": "open_stripes",
        "http": "open_stripes",
        "odd": "open_nothing",
        "bad": "open_badly",
        "gone": "gone",
    }
    lines = [f"{name} = stripes_source:{function}" for name, function in names.items()]
    (info / "entry_points.txt").write_text("[realtime.sources]\n" + "\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(camera, "list_cameras", list)
    return tmp_path


@pytest.mark.parametrize("text", ["stripes", "stripes://me:secret@studio", "STRIPES://studio"])
def test_source_of_another_package_is_found_by_its_name_or_scheme(package: Path, text: str) -> None:
    with open_source(text, SIZE, 12) as source:
        assert source.name == f"{text} at 12"
        assert next_frame(source).picture.shape == (48, 64, 3)


def test_sources_of_the_program_come_before_those_of_other_packages(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with NetworkCamera() as network, open_source(network.url, SIZE) as source:
        assert type(source) is NetworkSource
    monkeypatch.chdir(media.clip(package / "clip.avi").rename(package / "stripes").parent)
    with open_source("stripes", SIZE) as source:
        assert type(source) is FileSource


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("odd", "the source odd of the package stripes is a NoneType, no Source"),
        ("bad://x", r"the source bad of the package stripes fails \(KeyError: 'a bug of theirs'\); update it"),
        ("gone", r"the source gone of the package stripes fails \(AttributeError: .*gone"),
    ],
)
def test_source_of_another_package_that_fails_is_an_error_that_names_it(package: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(text)


def test_schemes_of_other_packages_are_among_the_known_ones(package: Path) -> None:
    with pytest.raises(UsageError, match=r"ftp:// are not known here; known are http://.* stripes://"):
        open_source("ftp://host")
