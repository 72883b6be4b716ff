"""Automatic quality: fewer lines on a slow machine, all of them on a quick one, and no frame painted for nothing."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeModel, FakeSource
from test_live import BLUE, RED, Stage, colour, stage  # noqa: F401

from realtime.control.actions import Quit
from realtime.control.commands import SelectStyle, ToggleView
from realtime.control.quality import PAUSE, STEP, Quality
from realtime.control.settings import Settings
from realtime.core.frame import Frame, Picture, same_picture
from realtime.live import stream as stream_module
from realtime.live.line import heads_up_line
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks.base import Sink
from realtime.sinks.view import ViewSettings

# ---- by itself, on a machine of numbers


@dataclass
class Machine:
    """A source, a slot and a model that needs a known time: what became of every frame."""

    quality: Quality
    asked: float = 480
    now: float = 0.0
    seen: list[tuple[float, int]] = field(default_factory=list)
    """When each frame was delivered, and the lines that the model saw of it."""

    def run(self, seconds: float, milliseconds: Callable[[int], float], rate: float = 30, wished: float = 30) -> None:
        """Give `rate` frames a second; the model takes `milliseconds` for so many lines."""
        due, end = self.now, self.now + seconds
        while self.now < end:
            self.now = max(self.now, due)
            newest = due + int((self.now - due) * rate) / rate  # it replaced those before it
            lines = self.quality.lines(self.asked, self.now)
            self.now += milliseconds(lines) / 1000
            self.quality.delivered(due, self.now, wished)
            self.seen.append((self.now, lines))
            due = newest + 1 / rate

    def rate(self, seconds: float) -> float:
        """Frames a second over the last seconds."""
        return sum(then > self.now - seconds for then, _ in self.seen) / seconds

    @property
    def changes(self) -> list[tuple[float, int, int]]:
        """When each change began, and the lines before and after, which stayed for longer than a change takes."""
        levels: list[tuple[float, int]] = []  # the end of each, and its lines
        for lines, frames in groupby(self.seen, key=lambda frame: frame[1]):
            times = [then for then, _ in frames]
            if times[-1] - times[0] > 0.6:
                levels.append((times[-1], lines))
        return [(end, before, after) for (end, before), (_, after) in pairwise(levels)]


def as_lines(full: float, beside: float = 0.0) -> Callable[[int], float]:
    """The model takes `full` milliseconds for 480 lines; what is beside it takes as long for any."""
    return lambda lines: full * (lines / 480) ** 2 + beside


def test_a_quick_machine_sees_all_lines_for_ever() -> None:
    machine = Machine(Quality())
    machine.run(60, as_lines(25, 5))
    assert {lines for _, lines in machine.seen} == {480}
    assert machine.rate(10) == pytest.approx(30, abs=0.5)


def test_a_slow_machine_sees_fewer_lines_in_small_steps_and_holds_the_rate() -> None:
    machine = Machine(Quality())
    machine.run(60, as_lines(38))
    assert machine.rate(30) == pytest.approx(30, abs=0.5) and not machine.quality.falls_short
    changes = machine.changes
    assert 1 <= len(changes) <= 4
    assert all(after < before <= round(after * STEP) + 1 for _, before, after in changes)
    assert all(later - earlier >= PAUSE for (earlier, _, _), (later, _, _) in pairwise(changes))
    assert 360 <= machine.seen[-1][1] < 480


def test_a_change_takes_half_a_second() -> None:
    machine = Machine(Quality())
    machine.run(12, as_lines(45))
    first = next(k for k, (_, lines) in enumerate(machine.seen) if lines < 480)
    reached = next(k for k, (_, lines) in enumerate(machine.seen) if lines == 444)
    on_the_way = [lines for _, lines in machine.seen[first:reached]]
    assert 0.3 <= machine.seen[reached][0] - machine.seen[first][0] <= 0.6
    assert on_the_way == sorted(on_the_way, reverse=True) and len(set(on_the_way)) > 2
    assert all(lines % 8 == 0 for lines in on_the_way)


@pytest.mark.parametrize(("asked", "least"), [(480, 360), (440, 360), (1080, 810), (360, 360), (240, 240)])
def test_there_is_a_floor_where_the_rate_falls_and_it_is_said(asked: float, least: int) -> None:
    machine = Machine(Quality(), asked)
    machine.run(40, lambda lines: 100)
    assert min(lines for _, lines in machine.seen) == machine.seen[-1][1] == least
    assert machine.rate(10) == pytest.approx(10, abs=0.5)
    assert machine.quality.falls_short and machine.quality.wished == 30
    machine.run(10, lambda lines: 10)
    assert not machine.quality.falls_short


def test_all_lines_come_back_when_there_is_room() -> None:
    machine = Machine(Quality())
    machine.run(40, as_lines(60))
    assert machine.seen[-1][1] == 360
    machine.run(60, as_lines(20))
    assert machine.seen[-1][1] == 480
    risen = [change for change in machine.changes if change[2] > change[1]]
    assert len(risen) >= 3 and all(after <= round(before * STEP) + 1 for _, before, after in risen)


def test_it_does_not_go_to_and_fro() -> None:
    """Where the first lines too many cost a lot more, as memory that is full does, it tries them more and more seldom."""
    machine = Machine(Quality())
    machine.run(600, lambda lines: 15 if lines <= 415 else 60)
    assert len(machine.changes) < 16
    assert sum(lines <= 415 for _, lines in machine.seen[-9000:]) > 8500


def test_a_slow_source_is_no_reason_for_fewer_lines() -> None:
    machine = Machine(Quality())
    machine.run(60, as_lines(30), rate=15)  # a camera in the dark, which says that it gives 30
    assert {lines for _, lines in machine.seen} == {480}


def test_the_rate_that_a_person_wishes_is_held_where_it_is_below_the_sources() -> None:
    machine = Machine(Quality(20))
    machine.run(60, as_lines(45), rate=60, wished=60)
    assert {lines for _, lines in machine.seen} == {480} and machine.quality.wished == 20


def test_a_rest_is_no_slowness() -> None:
    machine = Machine(Quality())
    for _ in range(10):
        machine.run(5, as_lines(20))
        machine.now += 4
    assert {lines for _, lines in machine.seen} == {480}


def test_another_brush_has_another_floor_at_once() -> None:
    machine = Machine(Quality())
    machine.run(40, as_lines(60))
    assert machine.quality.lines(480, machine.now) == 360
    assert machine.quality.lines(240, machine.now) == 240


# ---- in a stream


class SlowModel(FakeModel):
    """Takes 1 ms for every ten lines that it sees, of a clock that is no clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.lines: list[int] = []

    def monotonic(self) -> float:
        return self.now

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        self.now += min(picture.shape[:2]) / 10_000
        self.lines.append(min(picture.shape[:2]))
        return super().stylize(picture, code)


def paced(stage: Stage, model: SlowModel, quality: Quality | None) -> Stream:  # noqa: F811
    """A stream that took turns for 25 of the model's seconds, with 25 new frames in each."""
    stylizer = Stylizer(model)
    stage.library.code("red")
    settings = Settings(Look((("red", 1.0),)))
    stream = Stream(FakeSource(), stylizer, stage.library, ModelHost(), settings, quality=quality)
    picture = np.zeros((480, 480, 3), np.uint8)
    for number in range(25 * 25):
        due = 100 + number / 25
        if model.now > due + 1 / 25:
            continue  # a newer frame replaced it
        model.now = max(model.now, due)
        picture = np.roll(picture, 1, 0)
        picture[0] = number % 256
        stream._capture._put(Frame(picture, due))
        stream._capture.waits_since = due
        stream.take_turn()
    stream.stop()
    return stream


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowModel]:
    model = SlowModel()
    monkeypatch.setattr(stream_module, "time", SimpleNamespace(monotonic=model.monotonic))
    yield model


def test_a_stream_with_a_slow_model_shows_it_fewer_lines_and_holds_its_rate(stage: Stage, slow: SlowModel) -> None:  # noqa: F811
    stream = paced(stage, slow, Quality(25))
    assert slow.lines[0] == 480 and slow.lines[-1] == 381 and min(slow.lines) > 360
    assert stream.latest and stream.latest.picture.shape == (480, 480, 3)
    # And no trace of it is in the look.
    assert stream.controls.settings.look == Look((("red", 1.0),))
    assert stream.latest and stream.latest.look == stream.controls.settings.look


def test_without_it_the_model_sees_what_the_brush_asks_for(stage: Stage, slow: SlowModel) -> None:  # noqa: F811
    paced(stage, slow, None)
    assert set(slow.lines) == {480}


def test_files_are_painted_without_it() -> None:
    model = SlowModel()
    pipeline = Pipeline(Stylizer(model), lambda name: StyleCode(model.identity, (np.zeros(3, np.float32),)))
    for number in range(200):
        picture = np.full((480, 640, 3), number % 256, np.uint8)
        pipeline.paint(Frame(picture, number / 100), Look((("red", 1.0),)))
    assert set(model.lines) == {480}


def test_the_line_says_what_quality_and_rate_are() -> None:
    quality = Quality()
    picture, look = np.zeros((48, 64, 3), np.uint8), Look((("red", 1.0),))
    shown, settings = Stylized(Frame(picture, 0.0), picture, look, 0.0), Settings(look)
    assert heads_up_line(shown, settings, ["red"], 30.2, quality) == "1/1 red  ·  30 fps"
    machine = Machine(quality)
    machine.run(40, lambda lines: 50)
    assert heads_up_line(shown, settings, ["red"], 20.2, quality) == "1/1 red  ·  quality 75%  ·  20 of 30 fps"
    machine.run(4, lambda lines: 30)
    assert heads_up_line(shown, settings, ["red"], 30.2, quality) == "1/1 red  ·  quality 75%  ·  30 fps"


# ---- no frame is painted for nothing


def test_a_frame_that_will_not_be_shown_is_not_stylized(stage: Stage) -> None:  # noqa: F811
    stage.window.on_show = lambda picture: clock.sleep(0.03)  # a slow screen, as an event would not be
    figures = stage.session(frames=15, replay=True).run()
    assert stage.model.frames <= 15 + 2  # in the slot, and in the model, when the session ended
    assert figures.captured > 50


def test_a_clip_gets_every_frame_whatever_the_window_does(stage: Stage, tmp_path: Path) -> None:  # noqa: F811
    stage.source._interval = 0.01
    stage.window.on_show = lambda picture: clock.sleep(0.05)
    figures = stage.session(frames=8, record=tmp_path / "clip.mp4").run()
    assert figures.stylized > 2 * figures.shown


def test_frames_are_painted_for_the_quickest_of_several_sinks(stage: Stage) -> None:  # noqa: F811
    class Wall(Sink):
        count = 0

        def _write(self, stylized: Stylized) -> None:
            self.count += 1

    wall = Wall()
    stage.window.on_show = lambda picture: clock.sleep(0.05)
    show = stage.session(frames=8)
    show.stream.add_sink(wall)
    figures = show.run()
    assert wall.count > 2 * figures.shown


class Still(FakeSource):
    """Gives a new array of the same pixels each time, but for those that `change` counts up."""

    def __init__(self) -> None:
        super().__init__()
        self.change = 0

    def read(self, timeout: float = 1.0) -> Frame | None:
        frame = super().read(timeout)
        if frame is None:
            return None
        picture = np.full((48, 64, 3), 90, np.uint8)
        picture.reshape(-1)[: self.change] = 91
        return Frame(picture, frame.time)


def test_the_same_picture_again_is_not_painted_again(stage: Stage) -> None:  # noqa: F811
    stage.source = Still()
    figures = stage.session(frames=50).run()
    assert stage.model.frames == 1 and figures.shown == 50


def test_a_frame_that_differs_by_one_number_is_painted(stage: Stage) -> None:  # noqa: F811
    source = stage.source = Still()

    def look(picture: Picture) -> None:
        if stage.model.frames > source.change:
            source.change += 1
        if source.change == 20:
            stage.window.type(Quit())

    stage.window.on_show = look
    figures = stage.session(seconds=20).run()
    assert stage.model.frames == 20 and figures.shown >= 20


def test_what_makes_two_pictures_the_same() -> None:
    one = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    other = one.copy()
    assert same_picture(one, one) and same_picture(one, other)
    other[33, 55, 1] ^= 1
    assert not same_picture(one, other)
    other[0, 0, 0] ^= 1
    assert not same_picture(one, other) and not same_picture(one, one[:49])


def test_nothing_is_painted_while_the_picture_is_black_and_the_clip_goes_on(stage: Stage, tmp_path: Path) -> None:  # noqa: F811
    show = stage.session(seconds=20, view=ViewSettings(info=False), record=tmp_path / "clip.mp4")
    painted: list[int] = []
    begin = threading.Event()

    def look(picture: Picture) -> None:
        if not begin.is_set() and colour(picture) == RED:
            begin.set()
            stage.window.type(ToggleView("blackout"))

    def wait() -> None:
        begin.wait(20)
        while not show.stream.view.settings.blackout:
            clock.sleep(0.001)
        clock.sleep(0.02)  # a frame may be in the model
        painted.append(stage.model.frames)
        shown = show.figures.shown
        while show.figures.shown < shown + 30:
            clock.sleep(0.001)
        painted.append(stage.model.frames)
        show.controls.apply(SelectStyle("blue"))
        show.stream.apply(ToggleView("blackout", False))
        while not (show.stream.latest and colour(show.stream.latest.picture) == BLUE):
            clock.sleep(0.001)
        show.stop()

    stage.window.on_show = look
    watcher = threading.Thread(target=wait)
    watcher.start()
    show.run()
    watcher.join(5)
    assert painted[1] - painted[0] <= 1
