"""H.264 for browsers of other machines: who gets it, that each can decode what it gets, and when JPEGs go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from chromium import PATIENCE, chromium, drawn, picture_is, pixels  # noqa: F401  a fixture
from fakes import FakeSource
from page_client import Browser, PageHouse, house, house_of  # noqa: F401

from realtime.core.errors import SinkError
from realtime.core.frame import Frame, Picture, Size
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.page import address
from realtime.page.shells import static_folder
from realtime.page.video import MOST_BEHIND, Video
from realtime.sinks import video as video_sink
from realtime.sinks.base import Format
from realtime.sinks.video import Pace, VideoPicture, VideoSink
from realtime.sources.demo import DemoSource


class Encoders:
    """The encoders that were opened, each of which notes its pictures."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.keys: list[bool] = []
        self.sizes: list[Size] = []
        self.slow = threading.Event()
        self._real = video_sink.open_encoder

    def open(self, size: Size) -> Any:
        """Open one, in the place of `open_encoder`."""
        encoder: Any = self._real(size)
        encode = encoder.encode
        self.sizes.append(size)

        def noting(picture: Picture, pts: int, key: bool) -> Any:
            self.pictures.append(picture)
            self.keys.append(key)
            return encode(picture, pts, key)

        encoder.encode = noting
        return encoder


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> Encoders:
    """The encoders of the page."""
    made = Encoders()
    monkeypatch.setattr(video_sink, "open_encoder", made.open)
    return made


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every browser is on another machine."""
    monkeypatch.setattr("realtime.page.app.from_elsewhere", lambda client, own: True)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key frames may follow each other at once."""
    monkeypatch.setattr(video_sink, "KEY_GAP", 0.0)


@pytest.fixture
def moving(house_of: Callable[..., PageHouse]) -> PageHouse:  # noqa: F811
    """A house whose pictures are all different, so that a missing one shows; 50 a second, which any encoder can follow."""
    made = house_of(source=FakeSource(0.02))
    numbers = iter(range(1, 1_000_000))

    def stylize(picture: Picture, code: StyleCode) -> Picture:
        step = np.uint8(24 * next(numbers) % 240)
        rows = np.arange(picture.shape[0], dtype=np.uint8)[:, None, None]
        painted: Picture = np.broadcast_to(rows * 2 + step, picture.shape).copy()
        return painted

    made.model.stylize = stylize  # type: ignore[method-assign]
    return made


def watcher(house: PageHouse, h264: bool = True) -> Browser:  # noqa: F811
    browser = house.browser("view").join()
    browser.say("want", pictures=True, **({"h264": True} if h264 else {}))
    return browser


def video_of(browser: Browser, count: int) -> None:
    """Wait until so many pictures more came as H.264."""
    until, end = len(browser.video.pictures) + count, time.monotonic() + 20
    while len(browser.video.pictures) < until:
        browser.picture()
        assert time.monotonic() < end, "there are only JPEGs"


def alike(one: Picture, other: Picture) -> bool:
    return cv2.PSNR(one, other) > 30


# ---- who gets it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "own", "elsewhere"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("::1", "::1", False),
        ("127.0.0.2", "127.0.0.1", False),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", False),
        ("192.168.0.5", "192.168.0.5", False),  # this machine by its address in the network
        ("192.168.0.7", "192.168.0.5", True),
        ("fe80::2%eth0", "fe80::1", True),
    ],
)
def test_a_browser_of_another_machine_is_known_by_its_address(client: str, own: str, elsewhere: bool) -> None:
    assert address.from_elsewhere(client, own) is elsewhere


def test_browsers_of_this_machine_get_jpegs(house: PageHouse, encoders: Encoders) -> None:  # noqa: F811
    browser = watcher(house)
    assert browser.hear("hello")["h264"] is False
    for _ in range(20):
        browser.picture()
    assert not browser.video.pictures and not encoders.sizes


def test_a_browser_gets_the_right_pictures_each_encoded_once_for_all(
    moving: PageHouse, encoders: Encoders, far: None
) -> None:
    browsers = [watcher(moving) for _ in range(3)]
    jpegs = watcher(moving, h264=False)
    assert browsers[0].hear("hello")["h264"] is True
    for _ in range(25):
        for browser in browsers:
            video_of(browser, 1)
        jpegs.picture()
    assert not jpegs.video.pictures
    assert encoders.sizes == [(64, 48)], "one encoder"
    for browser in browsers:
        assert all(alike(picture, encoders.pictures[number - 1]) for number, picture in browser.video.pictures.items())
        assert list(browser.video.pictures) == sorted(browser.video.pictures)
    assert len({id(picture) for picture in encoders.pictures}) == len(encoders.pictures)
    assert moving.stream and len(encoders.pictures) <= moving.stream.meter.stylized.count + 1


def test_a_late_joiner_begins_with_a_key_frame(moving: PageHouse, encoders: Encoders, far: None, often: None) -> None:
    early = watcher(moving)
    video_of(early, 30)
    late = watcher(moving)
    reading = threading.Thread(target=video_of, args=(late, 15), name="late browser")
    reading.start()
    while reading.is_alive():
        early.picture()
    reading.join()
    assert late.video.begun[0] > 20 and all(encoders.keys[number - 1] for number in late.video.begun)
    for browser in (early, late):
        assert all(alike(picture, encoders.pictures[n - 1]) for n, picture in browser.video.pictures.items())


def test_a_client_that_stalls_begins_again_and_slows_nobody(
    moving: PageHouse, encoders: Encoders, far: None, often: None
) -> None:
    stalled, other = watcher(moving), watcher(moving)
    video_of(other, 1)
    video_of(stalled, 5)
    stalled.acknowledges = False
    number = stalled.picture() is not None and stalled.pictures[-1][0]
    video_of(other, 3 * MOST_BEHIND)
    stalled.acknowledges = True
    stalled.say("ack", seq=number)
    reading = threading.Thread(target=video_of, args=(stalled, 5), name="stalled browser")
    reading.start()
    while reading.is_alive():
        other.picture()
    assert len(stalled.video.begun) >= 2 and stalled.video.begun[-1] > number + 1
    for browser in (stalled, other):
        assert all(alike(picture, encoders.pictures[n - 1]) for n, picture in browser.video.pictures.items())


def test_while_key_frames_are_too_close_a_client_that_fell_behind_gets_jpegs(
    moving: PageHouse, encoders: Encoders, far: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_sink, "KEY_GAP", 1000.0)
    early = watcher(moving)
    video_of(early, 3 * MOST_BEHIND)
    late = watcher(moving)
    for _ in range(10):
        late.picture()
    assert late.pictures and not late.video.pictures
    assert encoders.keys.count(True) == 1, "nobody is sent key frames for the sake of another"


def test_the_encoder_ends_with_the_last_who_watches(moving: PageHouse, encoders: Encoders, far: None) -> None:
    browser = watcher(moving)
    video_of(browser, 3)
    channel = moving.page._hub and moving.page._hub.channels[0]
    assert channel and channel.video_sink.asks
    browser.say("want", pictures=False)
    browser.leave()
    other = watcher(moving, h264=False)
    other.picture()
    video_of(watcher(moving), 3)
    assert encoders.sizes == [(64, 48)] * 2, "the second one begins anew"


# ---- JPEGs go on -----------------------------------------------------------------------------------------------------


def test_an_encoder_that_keeps_up_is_at_work_for_half_of_the_time_at_most() -> None:
    pace = Pace()
    assert all(pace.keeps(n * 0.033, n * 0.033 + 0.015) for n in range(300))
    slow = [pace.keeps(n * 0.033, n * 0.033 + 0.02) for n in range(300, 360)]
    assert slow.index(False) < 40
    first = Pace()
    assert all(first.keeps(n, n + (0.9 if n == 3 else 0.1)) for n in range(90)), "one slow picture is none of many"


def test_jpegs_go_on_where_the_encoder_is_too_slow_and_it_is_tried_again(
    moving: PageHouse, far: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, release = list[Size](), threading.Event()
    real = video_sink.open_encoder

    def open_slowed(size: Size) -> Any:
        encoder: Any = real(size)
        encode = encoder.encode
        opened.append(size)

        def slowed(*given: Any) -> Any:
            release.wait(0.02)  # as long as an encoder might take
            return encode(*given)

        encoder.encode = slowed
        return encoder

    monkeypatch.setattr(video_sink, "open_encoder", open_slowed)
    browser = watcher(moving)
    video_of(browser, 5)
    jpegs, end = 0, time.monotonic() + 20
    while jpegs < 20:
        assert time.monotonic() < end, "there is only H.264"
        before = len(browser.video.pictures)
        browser.picture()
        jpegs = jpegs + 1 if len(browser.video.pictures) == before else 0
    assert len(opened) == 1 and len(browser.video.pictures) < 40
    release.set()
    channel = moving.page._hub and moving.page._hub.channels[0]
    assert channel
    channel.video._rests_until = 0.0  # a minute later
    video_of(browser, 40)
    assert len(opened) == 2


@pytest.mark.parametrize("error", [SinkError("there is no encoder"), ValueError("the library fails")])
def test_jpegs_go_on_where_there_is_no_encoder(
    moving: PageHouse, far: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def none(size: Size) -> Any:
        raise error

    monkeypatch.setattr(video_sink, "open_encoder", none)
    browser = watcher(moving)
    for _ in range(20):
        browser.picture()
    assert not browser.video.pictures


def test_jpegs_go_on_where_the_browser_cannot_decode(moving: PageHouse, far: None) -> None:
    browser = watcher(moving)
    video_of(browser, 3)
    browser.say("want", h264=False)
    seen = len(browser.video.pictures)
    for _ in range(20):
        browser.picture()
    assert len(browser.video.pictures) <= seen + 1
    browser.say("want", h264=True)
    video_of(browser, 3)
    assert len(browser.video.begun) >= 2, "its decoder is another one"


def test_another_size_begins_anew(moving: PageHouse, encoders: Encoders, far: None) -> None:
    browser, steering = watcher(moving), moving.browser().join()
    video_of(browser, 3)
    steering.do("compare", True)  # two pictures side by side
    while next(reversed(browser.video.pictures.values())).shape[1] < 100:
        browser.picture()
    assert encoders.sizes == [(64, 48), (132, 48)] and len(browser.video.begun) >= 2
    video_of(browser, 3)
    assert all(alike(picture, encoders.pictures[n - 1]) for n, picture in browser.video.pictures.items())


# ---- the sink and what is kept of it ---------------------------------------------------------------------------------


def picture_of(size: Size, value: int = 90) -> Stylized:
    picture = np.full((size[1], size[0], 3), value, np.uint8)
    return Stylized(Frame(picture, float(value)), picture, Look((("any", 1.0),)), 0.0)


@pytest.fixture
def sink() -> Iterator[tuple[VideoSink, Callable[[Stylized], VideoPicture | str]]]:
    """A sink, and what it makes of a picture: a piece, or why there is none."""
    made: list[VideoPicture | str] = []
    done = threading.Event()

    def take(what: VideoPicture | str) -> None:
        made.append(what)
        done.set()

    with VideoSink(take, take) as opened:
        opened.open(Format((8, 8)))

        def encode(stylized: Stylized) -> VideoPicture | str:
            done.clear()
            if not opened.asks:
                opened.want_key()
            opened.write(stylized)
            opened.want()
            assert done.wait(10)
            return made[-1]

        yield opened, encode
    assert not any(thread.name == "page video" for thread in threading.enumerate())


def test_pictures_of_odd_sizes_stay_jpegs(sink: tuple[VideoSink, Callable[[Stylized], Any]]) -> None:
    assert "65×48" in sink[1](picture_of((65, 48)))
    assert "64×47" in sink[1](picture_of((64, 47)))
    assert sink[1](picture_of((64, 48))).key


def test_key_frames_come_when_they_are_asked_for_and_from_time_to_time(
    sink: tuple[VideoSink, Callable[[Stylized], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_sink, "KEY_GAP", 0.0)
    opened, encode = sink
    first, second = encode(picture_of((64, 48), 1)), encode(picture_of((64, 48), 2))
    assert (first.key, first.first, second.key, second.first) == (True, True, False, False)
    assert first.data[4] & 31 == 7, "the parameter sets come first"
    opened.want_key()
    asked, after = encode(picture_of((64, 48), 3)), encode(picture_of((64, 48), 4))
    assert (asked.key, asked.first, after.key) == (True, False, False)
    monkeypatch.setattr(video_sink, "KEY_SECONDS", 0.0)
    assert encode(picture_of((64, 48), 5)).key
    assert [first.number, after.number] == [1, 4]


def kept(keys: str, first: int = 1) -> Video:
    """Pieces, of which those with a k are key frames."""
    made = Video()
    for place, kind in enumerate(keys):
        made.add(VideoPicture(first + place, b"", 0.0, kind == "k"))
    return made


@pytest.mark.parametrize(
    ("keys", "first", "has", "gets"),
    [
        ("", 1, None, None),
        ("kdd", 1, None, [1, 2, 3]),
        ("kdd", 1, 1, [2, 3]),
        ("kdd", 1, 3, []),
        ("ddd", 4, None, None),
        ("ddd", 4, 3, [4, 5, 6]),
        ("ddd", 4, 2, None),
        ("ddkd", 4, 3, [6, 7]),  # from the key frame on: fewer
        ("ddkd", 4, 1, [6, 7]),
        ("kdkd", 4, None, [6, 7]),
        ("ddk", 4, 6, []),
        ("kdd", 1, 9, [1, 2, 3]),  # of another encoder
        ("kdddddddddd", 1, 0, None),  # the key frame is too long ago
        ("kdddddddddd", 1, 1, list(range(2, 12))),
    ],
)
def test_what_a_client_can_go_on_with(keys: str, first: int, has: int | None, gets: list[int] | None) -> None:
    found = kept(keys, first).after(has)
    assert (found if found is None else [piece.number for piece in found]) == gets


# ---- in a browser ----------------------------------------------------------------------------------------------------

COUNTING = """
    const Real = VideoDecoder;
    window.decoded = 0;
    window.VideoDecoder = class extends Real {
        constructor(given) {
            super({ ...given, output: (frame) => { window.decoded += 1; given.output(frame); } });
        }
    };
"""
FAILING = "VideoDecoder.prototype.decode = () => { window.asked = true; throw new DOMException('no'); };"
HOLDING = "VideoDecoder.prototype.decode = () => { window.asked = true; };"


@pytest.fixture
def demo(house_of: Callable[..., PageHouse], far: None) -> PageHouse:  # noqa: F811
    """The demo, untouched, on the page as it is."""
    made = house_of(source=DemoSource((640, 480), 30), static=static_folder())
    steer(made, "original")
    return made


def steer(house: PageHouse, name: str, on: bool = True) -> None:  # noqa: F811
    """Switch something on or off."""
    steering = house.browser().join()
    assert steering.do(name, on)["type"] == "done"
    steering.leave()


def blocks(page: Any) -> Any:
    """The mean colours of 8×6 blocks of a picture."""
    return pixels(page).reshape(6, 8, 8, 8, 3).mean((1, 3))


def test_chromium_shows_h264_as_it_shows_jpegs(demo: PageHouse, chromium: Any) -> None:  # noqa: F811
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.add_init_script(COUNTING)
    page.goto(demo.page.url("control"))
    page.wait_for_function("() => window.decoded > 5", timeout=PATIENCE)
    before = pixels(page)
    drawn(page, 20)
    assert np.abs(pixels(page).astype(int) - before).max() > 20, "it moves"
    steer(demo, "frozen")
    as_jpeg = chromium.new_page()  # nothing moves, so that there is no key frame to begin with
    as_jpeg.add_init_script(COUNTING)
    as_jpeg.goto(demo.page.url("control"))
    as_jpeg.locator("#picture[data-seq]").wait_for()
    for _ in range(50):  # until both have the picture that stays
        if (apart := np.abs(blocks(page) - blocks(as_jpeg)).max()) < 12:
            break
        page.wait_for_timeout(50)
    assert apart < 12
    assert as_jpeg.evaluate("window.decoded") == 0
    as_jpeg.close()
    count = page.evaluate("window.decoded")
    steer(demo, "frozen", False)
    steer(demo, "original", False)  # painted in one strong colour, (0, 0, 200)
    picture_is(page, "Math.abs(r - 200) < 5 && g < 5 && b < 5")
    assert page.evaluate("window.decoded") > count
    page.close()
    assert not wrong


@pytest.mark.parametrize("script", [FAILING, HOLDING])
def test_chromium_goes_on_with_jpegs_where_its_decoder_fails(demo: PageHouse, chromium: Any, script: str) -> None:  # noqa: F811
    page = chromium.new_page()
    page.add_init_script(script)
    page.goto(demo.page.url("view"))
    page.wait_for_function("() => window.asked", timeout=PATIENCE)
    drawn(page, 20, "canvas")
    assert pixels(page, "canvas").std() > 10
    page.close()
