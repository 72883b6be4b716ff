"""Stand-ins for a camera, a model and a window, so that a session can be watched frame by frame."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar, TypeVar

import numpy as np
import pytest

from realtime.control.commands import Command
from realtime.core.errors import SourceEndedError
from realtime.core.frame import Frame, Picture
from realtime.models.base import StyleCode
from realtime.models.model import Model
from realtime.sinks.base import Format, Sink
from realtime.sources.base import Source


class FakeDevice:
    """A device of a virtual camera, as `pyvirtualcam.Backend` describes one. Notes what it is given."""

    made: ClassVar[list[FakeDevice]] = []
    refuses = ""
    """What is wrong with the driver."""

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        if self.refuses:
            raise RuntimeError(self.refuses)
        self.size, self.rate, self._name = (width, height), fps, device or "/dev/video9"
        self.fourcc = fourcc.to_bytes(4, "little").decode()
        self.pictures: list[Picture] = []
        self.times: list[float] = []
        self.fail: Exception | None = None
        self.closed = 0
        self.given = threading.Condition()
        self.made.append(self)

    def send(self, frame: Picture) -> None:
        assert not self.closed, "a picture after close"
        assert frame.dtype == np.uint8 and frame.ndim == 1 and frame.flags.c_contiguous
        if self.fail:
            raise self.fail
        with self.given:
            self.pictures.append(frame.reshape(self.size[1], self.size[0], 3).copy())
            self.times.append(time.monotonic())
            self.given.notify_all()

    def wait_for(self, condition: Callable[[Picture], bool]) -> Picture:
        """The next picture that meets a condition."""
        with self.given:
            begin = len(self.pictures)
            found: list[Picture] = []

            def look() -> bool:
                found.extend(picture for picture in self.pictures[begin:] if condition(picture))
                return bool(found)

            assert self.given.wait_for(look, 20), "no such picture came"
            return found[0]

    def device(self) -> str:
        return self._name

    def native_fourcc(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeDevice]]:
    """A driver of virtual cameras in the place of the system's; the devices that were opened are in `made`."""
    import pyvirtualcam.camera

    monkeypatch.setattr(FakeDevice, "made", [])
    monkeypatch.setattr(FakeDevice, "refuses", "")
    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"stand-in": FakeDevice})
    yield FakeDevice
    assert all(made.closed == 1 for made in FakeDevice.made), "close is called exactly once"


SinkT = TypeVar("SinkT", bound=Sink)


def opened(sink: SinkT) -> SinkT:
    """The sink, open for pictures of any size."""
    sink.open(Format((64, 48)))
    return sink


class FakeSource(Source):
    """A camera whose frames the test takes out of its pocket: the number of the frame is its blue."""

    name = "fake"

    def __init__(self, interval: float = 0.002, size: tuple[int, int] = (64, 48)) -> None:
        self._interval, self._size = interval, size
        self._closed = threading.Event()
        self.count = 0
        self.fail: Exception | None = None
        self.trouble = ""

    def read(self, timeout: float = 1.0) -> Frame | None:
        if self.fail:
            raise self.fail
        if self._closed.wait(min(self._interval, timeout)):
            raise SourceEndedError(f"{self.name} was closed")
        if self.trouble:
            return None
        picture = np.full((self._size[1], self._size[0], 3), (self.count % 256, 100, 50), np.uint8)
        picture[:, : self._size[0] // 2, 1] = 0  # green only on the right, so that a mirror shows
        self.count += 1
        return Frame(picture, time.monotonic())

    @property
    def notice(self) -> str:
        return self.trouble

    def close(self) -> None:
        self._closed.set()


class FakeModel(Model):
    """Paints every frame in the style picture's mean colour, all of one colour."""

    identity = "fake-model"
    description = "a fake"

    def __init__(self) -> None:
        self.fail: Exception | None = None
        self.frames = 0
        self.encoded = 0

    def encode(self, style: Picture) -> StyleCode:
        self.encoded += 1
        return StyleCode(self.identity, (style.reshape(-1, 3).mean(axis=0),))

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        if self.fail:
            raise self.fail
        self.check(code)
        self.frames += 1
        painted: Picture = np.broadcast_to(np.round(code.arrays[0]).astype(np.uint8), picture.shape).copy()
        return painted


class FakeWindow:
    """Notes what is shown and types what the test tells it to. `on_show` is called with every picture."""

    def __init__(self) -> None:
        self.typed: queue.Queue[Command] = queue.Queue()
        self.on_show: Callable[[Picture], None] = lambda picture: None
        self.shown: list[Picture] = []
        self.fullscreen = False
        self.typing = False
        self.size = (640, 480)
        self.place = None
        self.closed = False
        self.format: Format | None = None

    def open(self, format: Format) -> None:
        self.format = format

    def type(self, command: Command) -> None:
        self.typed.put(command)

    def show(self, picture: Picture, waiting: bool = False, whole: bool = False) -> None:
        self.shown.append(picture)
        self.on_show(picture)

    def full_screen(self, on: bool) -> None:
        self.fullscreen = on

    def commands(self) -> list[Command]:
        found = []
        while not self.typed.empty():
            found.append(self.typed.get())
        return found

    def close(self) -> None:
        self.closed = True
