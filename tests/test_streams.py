"""Streams that share one model: each has its own look and sinks, and none starves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import FakeModel, FakeSource
from test_live import BLUE, RED, Stage, colour, stage  # noqa: F401

from realtime.control.actions import Record, Snapshot
from realtime.control.commands import Command, SelectStyle, ToggleView
from realtime.control.settings import Settings
from realtime.core import threads
from realtime.core.errors import SinkError, SourceError, UsageError
from realtime.core.events import Event, Events, Notice
from realtime.core.frame import Frame, Picture
from realtime.live.capture import Capture
from realtime.live.session import LiveSession
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks import registry
from realtime.sinks.base import Format, Sink
from realtime.sinks.view import View, ViewSettings
from realtime.sources.page import PageSource


class Seen(Sink):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.closed = threading.Event()
        self.fail: SinkError | None = None
        self.pause = 0.0

    def _write(self, stylized: Stylized) -> None:
        if self.fail:
            raise self.fail
        time.sleep(self.pause)
        self.pictures.append(stylized.picture)

    def _close(self) -> None:
        self.closed.set()


def two(stage: Stage) -> tuple[LiveSession, Stream, Stream]:  # noqa: F811
    """A session of two streams, the first red, the second blue and of another size."""
    for name in ("red", "blue"):
        stage.library.code(name)
    session = LiveSession(Stylizer(stage.model), stage.library)
    red = session.add(FakeSource(), Settings(Look((("red", 1.0),))))
    blue = session.add(FakeSource(size=(96, 64)), Settings(Look((("blue", 1.0),))), apart=True)
    return session, red, blue


def test_two_streams_paint_in_their_own_looks_at_the_same_time(stage: Stage) -> None:  # noqa: F811
    session, red, blue = two(stage)
    sinks = Seen(), Seen()
    red.add_sink(sinks[0])
    blue.add_sink(sinks[1])
    session.run(frames=200)
    assert all(colour(picture) == RED and picture.shape == (48, 64, 3) for picture in sinks[0].pictures)
    assert all(colour(picture) == BLUE and picture.shape == (64, 96, 3) for picture in sinks[1].pictures)
    assert all(len(sink.pictures) > 50 and sink.closed.is_set() for sink in sinks)


def test_streams_get_fair_turns(stage: Stage) -> None:  # noqa: F811
    """The model is the limit, and one source gives ten times as many frames as the other."""
    slow = threading.Event()

    class Slow(FakeModel):
        def stylize(self, picture: Picture, code: object) -> Picture:
            slow.wait(0.005)
            return super().stylize(picture, code)  # type: ignore[arg-type]

    stage.model = Slow()
    stage.library = type(stage.library)(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    session, red, blue = two(stage)
    red.source._interval, blue.source._interval = 0.0005, 0.005  # type: ignore[attr-defined]
    session.run(frames=150)
    figures = session.figures_of(red), session.figures_of(blue)
    share = figures[0].stylized / (figures[0].stylized + figures[1].stylized)
    assert 0.4 < share < 0.6, [str(f) for f in figures]
    assert figures[0].shown_fps > 0 and figures[1].shown_fps > 0


class Phone:
    """A browser's camera that sends its next picture as soon as one is taken."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.source = PageSource(f"a phone of {size}", self._send)
        self.taken, self._size = 0, size
        self._offer()

    def _send(self, number: int) -> None:
        self.taken = number
        self._offer()

    def _offer(self) -> None:
        picture = np.full((self._size[1], self._size[0], 3), self.taken % 256, np.uint8)
        self.source.offer(self.taken + 1, cv2.imencode(".jpg", picture)[1].tobytes())


def test_browsers_cameras_have_strict_turns_and_the_next_picture_is_decoded_meanwhile(stage: Stage) -> None:  # noqa: F811
    """While one frame is painted, the next one of each camera is decoded, and no more than that one."""
    phones = {(64, 48): Phone((64, 48)), (96, 64): Phone((96, 64))}
    turns: list[tuple[int, int]] = []
    late: list[str] = []

    class Waiting(FakeModel):
        def stylize(self, picture: Picture, code: StyleCode) -> Picture:
            turns.append((picture.shape[1], picture.shape[0]))
            end = time.monotonic() + 20
            while not all(stream.ready() for stream in streams) and not late and not session.ending:
                time.sleep(0)
                late.extend(["the next frame is not ready"] if time.monotonic() > end else [])
            if len(turns) == 100:
                session.stop()
            return super().stylize(picture, code)

    stage.model = Waiting()
    stage.library = type(stage.library)(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    stage.library.code("red")
    session, settings = LiveSession(Stylizer(stage.model), stage.library), Settings(Look((("red", 1.0),)))
    streams = [session.add(phone.source, settings) for phone in phones.values()]
    session.run()
    assert not late
    assert all(one != other for one, other in pairwise(turns)), turns
    assert all(phone.taken <= turns.count(size) + 2 for size, phone in phones.items()), "none is decoded in vain"
    assert all(session.figures_of(stream).dropped == 0 for stream in streams)


def test_a_browsers_frame_that_waits_while_nobody_watches_is_replaced_by_a_newer_one() -> None:
    phone, frames, now = Phone((64, 48)), list[float](), time.monotonic()
    came = threading.Semaphore(0)
    wanted = threading.Event()
    wanted.set()
    capture = Capture(phone.source, Events(), wanted, lambda: None, came.release, lambda error: None)
    capture.start()
    try:
        for _ in range(2):
            assert came.acquire(timeout=20)
            frames.append(time.monotonic() - now)
        assert frames[1] > 1.5 and phone.taken == 2
    finally:
        phone.source.close()
        capture.stop()
        assert threads.join(capture.threads, time.monotonic() + 10)


def test_commands_reach_one_stream_alone(stage: Stage) -> None:  # noqa: F811
    _, red, blue = two(stage)
    blue.apply(SelectStyle("red"))
    blue.apply(ToggleView("compare"))
    assert red.controls.settings.look.style == "red" and not red.view.settings.compare
    assert blue.controls.settings.look.style == "red" and blue.view.settings.compare
    with pytest.raises(UsageError, match="nobody here carries out Snapshot"):
        blue.apply(Snapshot())
    with pytest.raises(UsageError, match="no command"):
        blue.apply(Command())


def test_a_stream_added_after_the_end_starts_no_thread(stage: Stage) -> None:  # noqa: F811
    session, *_ = two(stage)
    session.run(frames=3)
    source = FakeSource()
    session.add(source, Settings(Look((("red", 1.0),))))
    assert not [name for name in threads.hung() if name.startswith("capture")]
    assert source.count == 0


@pytest.mark.parametrize("queues", [False, True])
def test_a_sink_that_takes_no_more_frames_is_closed(stage: Stage, queues: bool) -> None:  # noqa: F811
    session, red, _ = two(stage)
    sink = Seen()
    sink.queues, sink.fail = queues, SinkError("the device is gone")
    red.add_sink(sink)
    said: list[str] = []
    session.events.subscribe(lambda event: said.append(event.text))

    def stop_when_closed() -> None:
        sink.closed.wait(20)
        session.stop()

    waiting = threading.Thread(target=stop_when_closed)
    waiting.start()
    session.run(seconds=20)
    waiting.join()
    assert sink.closed.is_set()
    assert said.count("seen: the device is gone") == 1


def test_a_stream_that_fails_ends_the_session_with_its_error(stage: Stage) -> None:  # noqa: F811
    session, red, blue = two(stage)
    sink = Seen()
    red.add_sink(sink)
    blue.source.fail = SourceError("the second camera burns")  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match="second camera burns"):
        session.run(seconds=20)
    assert sink.closed.is_set()


def test_a_slow_sink_slows_nobody_and_one_that_fails_is_a_notice(stage: Stage) -> None:  # noqa: F811
    said: list[str] = []
    session, red, _ = two(stage)
    session.events.subscribe(lambda event: said.append(event.text))
    slow, broken, quick = Seen(), Seen(), Seen()
    slow.pause, broken.fail = 0.2, SinkError("the wall fell down")
    for sink in (slow, broken, quick):
        red.add_sink(sink)
    session.run(frames=150)
    assert 1 <= len(slow.pictures) < 10 < len(quick.pictures)
    assert said.count("seen: the wall fell down") == 1 and not broken.pictures
    assert all(sink.closed.is_set() for sink in (slow, broken, quick))


def test_a_sink_comes_and_goes_while_the_stream_runs(stage: Stage) -> None:  # noqa: F811
    session, red, _ = two(stage)
    first, second = Seen(), Seen()
    red.add_sink(first)

    def swap() -> None:
        while len(first.pictures) < 5:
            first.closed.wait(0.01)
        red.remove_sink(first)
        first.closed.wait(5)
        red.add_sink(second)
        while len(second.pictures) < 5:
            second.closed.wait(0.01)
        session.stop()

    swapping = threads.start(swap, "swap")
    session.run(seconds=20)
    swapping.join(5)
    assert first.format == Format((64, 48)) and len(second.pictures) >= 5


# ---- the host ----


class Guest:
    def __init__(self, host: ModelHost, turns: list[str], name: str, count: int) -> None:
        self._host, self._turns, self._name, self._left = host, turns, name, count
        self.error: BaseException | None = None
        self.done = threading.Event()

    def ready(self) -> bool:
        return self._left > 0

    def take_turn(self) -> None:
        self._turns.append(self._name)
        self._left -= 1
        if not self._left:
            self.done.set()
        if self._name == "broken":
            raise ValueError("broken")

    def failed(self, error: BaseException) -> None:
        self.error = error
        self.done.set()


def test_guests_take_turns_one_after_the_other() -> None:
    host, turns = ModelHost(), list[str]()
    guests = [Guest(host, turns, name, count) for name, count in (("a", 20), ("broken", 20), ("b", 20))]
    with host._changed:  # so that all of them are there before the first turn
        for guest in guests:
            host._guests.append(guest)
    last = Guest(host, turns, "c", 20)
    host.add(last)
    assert all(guest.done.wait(10) for guest in (*guests, last))
    assert host.close(time.monotonic() + 5)
    assert turns[:8] == ["a", "broken", "b", "c", "a", "b", "c", "a"]
    assert turns.count("broken") == 1 and isinstance(guests[1].error, ValueError)


def test_a_guest_that_leaves_takes_no_more_turns() -> None:
    host, turns = ModelHost(), list[str]()
    guest = Guest(host, turns, "a", 10**9)
    host.add(guest)
    while not turns:
        time.sleep(0)
    assert host.remove(guest)
    seen = len(turns)
    assert host.close(time.monotonic() + 5) and len(turns) == seen


# ---- the view ----


def test_a_picture_is_composed_once_for_all_sinks() -> None:
    asked: list[Stylized] = []

    def describe(stylized: Stylized) -> str:
        asked.append(stylized)
        return "swirl"

    view = View(ViewSettings(), describe)
    picture = np.full((240, 320, 3), 90, np.uint8)
    shown = Stylized(Frame(255 - picture, 0.0), picture, Look((("swirl", 1.0),)), 0.0)
    assert view.compose(shown) is picture
    lined = view.compose(shown, info=True)
    assert lined is view.compose(shown, info=True) and not np.array_equal(lined, picture)
    view.apply(ToggleView("compare"))
    both = view.compose(shown)
    assert both is view.compose(shown) and both.shape == (240, 644, 3)
    assert (both[:, :320] == 165).all() and (both[:, -320:] == 90).all()
    view.apply(ToggleView("compare", False))
    view.apply(ToggleView("compare", False))
    assert view.compose(shown) is picture
    assert len(asked) == 1
    with pytest.raises(UsageError, match="no command for a view"):
        view.apply(Record())  # type: ignore[arg-type]


# ---- the feed ----


def test_everybody_who_subscribed_hears_of_an_event_until_the_subscription_ends() -> None:
    events, heard = Events(), list[Event]()
    end = events.subscribe(heard.append)
    events.subscribe(lambda event: heard.append(event))
    events.emit(Notice("one"))
    end()
    end()
    events.emit(Notice("two"))
    assert [event.text for event in heard] == ["one", "one", "two"]


# ---- threads ----


def test_a_worker_does_its_jobs_in_order_and_goes_on_after_a_failure() -> None:
    failures: list[BaseException] = []
    worker, done = threads.Worker("work", failures.append), list[int]()

    def fail() -> None:
        raise ValueError("no")

    for job in (lambda: done.append(1), fail, lambda: done.append(2)):
        worker.submit(job)
    assert worker.close(time.monotonic() + 5)
    worker.submit(lambda: done.append(3))
    assert done == [1, 2] and [str(error) for error in failures] == ["no"]
    assert threads.Worker("idle", failures.append).close(0.0)


def test_a_thread_that_hangs_is_waited_for_until_the_limit_or_until_somebody_is_in_a_hurry() -> None:
    forever, hurry = threading.Event(), threading.Event()

    def hang() -> None:
        forever.wait(30)

    thread = threads.start(hang, "hangs")
    begin = time.monotonic()
    assert not threads.join([thread], begin + 0.2)
    hurry.set()
    assert not threads.join([thread], begin + 60, hurry)
    assert time.monotonic() - begin < 5 and "hangs" in threads.hung()
    forever.set()
    assert threads.join([thread], time.monotonic() + 5)
    assert "hangs" not in threads.hung()


# ---- sinks of other packages ----


class Point:
    """A stand-in for an entry point."""

    name, value, dist = "wall", "its_package:open_wall", None

    def __init__(self, make: Callable[[str], object]) -> None:
        self._make = make

    def load(self) -> Callable[[str], object]:
        return self._make


def test_a_sink_of_another_package_is_made_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []

    def make(text: str) -> Sink:
        asked.append(text)
        return Seen()

    monkeypatch.setattr(registry, "find_added", lambda group: {"wall": Point(make)})
    assert isinstance(registry.make_sink("wall"), Seen) and isinstance(registry.make_sink("wall:a:b"), Seen)
    assert asked == ["", "a:b"]
    with pytest.raises(UsageError, match="no sink 'door'; there are wall"):
        registry.make_sink("door")
    for wrong in (lambda text: 1 / 0, lambda text: "no sink"):
        monkeypatch.setattr(registry, "find_added", lambda group, wrong=wrong: {"wall": Point(wrong)})
        with pytest.raises(SinkError, match="the sink wall of the package its_package:open_wall"):
            registry.make_sink("wall")
    monkeypatch.setattr(registry, "find_added", lambda group: {})
    with pytest.raises(UsageError, match="no installed package adds any"):
        registry.make_sink("wall")
