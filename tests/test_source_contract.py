"""The contract of `realtime.sources.base.Source`, checked on every kind of source."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import media
import numpy as np
import pytest
from fakes import FakeModel, FakeSource, FakeWindow
from media import SIZE, FakeCamera, NetworkCamera, next_frame

from realtime.core.errors import SourceEndedError
from realtime.core.frame import Frame, Size
from realtime.live.session import LiveSession
from realtime.models.stylizer import Stylizer
from realtime.sources import camera, folder
from realtime.sources.base import Source
from realtime.sources.camera import Camera, CameraSource
from realtime.sources.demo import DemoSource
from realtime.sources.file import FileSource
from realtime.sources.registry import open_source
from realtime.sources.watched import WatchedSource
from realtime.styles.library import StyleLibrary


class Maker:
    """Makes sources of one kind; a slow one gives a frame a second at most."""

    def __init__(self, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kind, self._path, self._patch = kind, tmp_path, monkeypatch
        self._made: list[Source] = []
        self._camera = FakeCamera()
        self._network = NetworkCamera(password="me:secret") if kind == "network" else None

    def __call__(self, size: Size = SIZE, box: Size = SIZE, slow: bool = False) -> Source:
        path = self._path / f"{len(self._made)}"
        if self.kind == "demo":
            source: Source = DemoSource(box, 1 if slow else 30)
        elif self.kind == "watched":
            source = WatchedSource(DemoSource(box, 1 if slow else 30), DemoSource, lambda: True)
        elif self.kind in ("file", "file played once"):
            clip = media.clip(path.with_suffix(".avi"), 60, 1 if slow else 30, size)
            source = FileSource(clip, box, loop=self.kind == "file")
        elif self.kind == "camera":
            self._camera = FakeCamera(size)
            source = CameraSource(Camera(0, "Desk cam", camera._backend()), box, open_capture=self._camera.open)
        elif self._network:
            self._network.picture = partial(media.numbered, size=size)
            source = open_source(self._network.url.replace("//", "//me:secret@") + "?token=secret", box)
        else:
            self._patch.setattr(folder, "_FPS", 1 if slow else 30)
            media.pictures(path, size=size)
            source = open_source(str(path if self.kind == "folder" else path / "01.png"), box)
        self._made.append(source)
        if slow:
            next_frame(source)
            self._stall(source)
        return source

    def _stall(self, source: Source) -> None:
        self._camera.state = "stuck"
        if self._network:
            self._network.stall()
        while self.kind in ("camera", "network") and source.read(0.2):
            pass

    def end(self) -> None:
        self._camera.freed.set()
        if self._network:
            self._network.go_away()
        for source in self._made:
            source.close()


@pytest.fixture(params=["demo", "watched", "file", "file played once", "folder", "picture", "network", "camera"])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    maker = Maker(request.param, tmp_path, monkeypatch)
    yield maker
    maker.end()


def test_frames_are_pictures_with_their_times(make: Maker) -> None:
    source = make()
    before = -1.0
    for _ in range(4):
        frame = next_frame(source)
        assert frame.picture.dtype == np.uint8
        assert frame.picture.shape == (48, 64, 3)
        assert frame.picture.flags.c_contiguous
        assert frame.time > before
        assert abs(time.monotonic() - frame.time) < 0.5
        before = frame.time
    assert source.notice == ""


def test_late_reader_gets_the_newest_and_no_backlog(make: Maker) -> None:
    source = make()
    next_frame(source)
    time.sleep(0.7)  # being late is what is tested
    for _ in range(3):
        asked = time.monotonic()
        assert next_frame(source).time > asked - 0.3


def test_frames_come_again_after_a_rest(make: Maker) -> None:
    source = make()
    next_frame(source)
    source.rest()
    asked = time.monotonic()
    assert next_frame(source).time > asked - 0.3


def test_none_means_no_frame_yet(make: Maker) -> None:
    source = make(slow=True)
    begin = time.monotonic()
    assert source.read(0.05) is None
    assert time.monotonic() - begin < 0.5


def test_close_from_another_thread_ends_a_waiting_read_at_once(make: Maker) -> None:
    source = make(slow=True)
    got: list[Frame | None] = []
    ended = threading.Event()

    def wait() -> None:
        try:
            for _ in range(10):
                got.append(source.read(0.9))
        except SourceEndedError:
            ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    begin = time.monotonic()
    source.close()
    waiting.join()
    assert time.monotonic() - begin < 1
    assert ended.is_set()
    assert len(got) <= 1  # a frame may just have been on its way


def test_after_close_every_read_says_that_it_has_ended(make: Maker) -> None:
    source = make()
    next_frame(source)
    source.close()
    source.close()
    begin = time.monotonic()
    for _ in range(3):
        with pytest.raises(SourceEndedError, match=f"{source.name} was closed"):
            source.read(10)
    assert list(source) == []
    assert time.monotonic() - begin < 1


def test_iteration_gives_frames_until_the_source_is_closed(make: Maker) -> None:
    times = []
    with make() as source:
        for frame in source:
            assert frame.picture.shape == (48, 64, 3)
            times.append(frame.time)
            if len(times) == 3:
                source.close()
    assert len(times) == 3 and times == sorted(set(times))


def test_name_holds_no_password(make: Maker) -> None:
    name = make().name
    assert name
    assert "secret" not in name


def test_size_and_rate_are_declared(make: Maker) -> None:
    source = make((64, 40), (32, 32))
    height, width = next_frame(source).picture.shape[:2]
    assert source.size == (width, height)
    assert source.rate is None or source.rate == pytest.approx(30)
    assert (source.rate is None) == (make.kind in ("camera", "network"))  # these two do not tell
    assert source.ends == (make.kind == "file played once")


def test_size_is_known_before_the_first_frame_where_the_source_can_tell(make: Maker) -> None:
    source = make((64, 40), (32, 32))
    before = source.size
    next_frame(source)
    assert before == source.size or (before is None and make.kind in ("camera", "network"))


def test_pictures_given_away_are_not_written_to_again(make: Maker) -> None:
    source = make()
    first = next_frame(source).picture
    copy = first.copy()
    for _ in range(4):
        next_frame(source)
    assert np.array_equal(first, copy)


def test_large_pictures_are_scaled_to_fit_and_small_ones_are_left(make: Maker) -> None:
    if make.kind in ("demo", "watched"):
        assert next_frame(make(box=(70, 50))).picture.shape == (50, 70, 3)
        return
    assert next_frame(make((128, 80), (64, 64))).picture.shape == (40, 64, 3)
    assert next_frame(make((48, 32), (64, 64))).picture.shape == (32, 48, 3)


def test_a_session_ends_when_its_source_does(tmp_path: Path) -> None:
    """A source that was closed in mid-session spun a processor with half a million reads a second."""
    source, window, reads = FakeSource(), FakeWindow(), 0
    read = source.read

    def counted(timeout: float = 1.0) -> Frame | None:
        nonlocal reads
        reads += 1
        return read(timeout)

    source.read = counted  # type: ignore[method-assign]
    window.on_show = lambda picture: source.close()
    stylizer = Stylizer(FakeModel())
    library = StyleLibrary(stylizer, cache=tmp_path / "cache")
    begin = time.monotonic()
    session = LiveSession(stylizer, library)
    session.add(source)
    session.run(window, seconds=30)
    assert time.monotonic() - begin < 20
    assert reads < 1000


def test_a_file_played_once_ends_by_itself(tmp_path: Path) -> None:
    source = FileSource(media.clip(tmp_path / "clip.avi", 10, 50), loop=False)
    numbers = [media.number(frame.picture) for frame in source]
    assert numbers == sorted(set(numbers)) and set(numbers) <= set(range(10)) and len(numbers) > 3
    with pytest.raises(SourceEndedError, match=r"clip\.avi has come to its end"):
        source.read(10)
    source.close()


def test_a_source_of_ones_own_needs_a_name_read_and_close() -> None:
    with FakeSource() as source:
        assert source.size is None and source.rate is None
        assert not (source.mirror or source.ends or source.stuck or source.notice or source.about)
        for count, frame in enumerate(source):
            assert frame.picture[0, 0, 0] == count
            if count == 3:
                source.close()
        assert source.count == 4
