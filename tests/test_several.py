"""Several sources in one session, each a stream: what a person sees who switches between them, or watches one of them."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import PATIENCE, Program, chromium, painting  # noqa: F401
from fakes import FakeDevice, FakeModel, FakeSource, device  # noqa: F401
from page_client import Browser, PageHouse, house_of, is_colour  # noqa: F401
from pythonosc.osc_message import OscMessage
from test_cli import Run, run  # noqa: F401
from test_live import BLUE, GREEN, RED, RED_ALONE, Stage, colour, stage  # noqa: F401

from realtime.control.commands import (
    AwaitPreset,
    Command,
    SelectSource,
    SelectStyle,
    SetMorph,
    SetSlideshow,
    StepSource,
    Toggle,
    ToggleView,
)
from realtime.control.keymap import KEY_MAP
from realtime.control.settings import Settings
from realtime.core.errors import SourceEndedError, SourceError, UsageError
from realtime.core.frame import Frame, Picture
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.live.several import SeveralStreams
from realtime.look.look import Look
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.osc.packets import write_message
from realtime.osc.server import OscServer
from realtime.sinks.view import ViewSettings
from realtime.sources import watched
from realtime.sources.watched import WatchedSource


class Plain(FakeSource):
    """Frames of one grey; the left half is darker, so that a mirror shows."""

    def __init__(self, name: str, value: int, size: tuple[int, int] = (64, 48), mirror: bool = False) -> None:
        super().__init__(size=size)
        self.name, self.value, self.mirror = name, value, mirror

    def read(self, timeout: float = 1.0) -> Frame | None:
        frame = super().read(timeout)
        if frame is None:
            return None
        picture = np.full((self._size[1], self._size[0], 3), self.value, np.uint8)
        picture[:, : self._size[0] // 2] //= 2
        picture[0, 1] = frame.picture[0, 0]  # no two are the same, as no two of a camera are
        return Frame(picture, frame.time)


class Show:
    """A session of two or more sources in a window; `steps` are carried out one after the other."""

    def __init__(self, stage: Stage, *sources: FakeSource, morph: float = 0.0, **saving: Any) -> None:  # noqa: F811
        self.stage, self.sources = stage, sources
        self.session = LiveSession(Stylizer(stage.model), stage.library)
        for name in ("red", "green", "blue"):
            stage.library.code(name)
        self.session.events.subscribe(lambda event: stage.said.append(event.text) if event.text else None)
        self.streams = [
            self.session.add(
                source, Settings(Look(RED_ALONE), morph=morph, mirror=source.mirror), ViewSettings(clean=True)
            )
            for source in sources
        ]
        self.shown = self.session.shown = SeveralStreams(self.streams)
        self.session.save(self.shown, Saving(folder=stage.out, presets=stage.out / "looks", **saving))

    def choose(self, place: int) -> Callable[[], None]:
        return lambda: self.shown.apply(SelectSource(place))

    def run(self, *steps: tuple[Callable[[Picture], bool], Callable[[], object]]) -> None:
        """Wait for a picture that meets a condition, do what belongs to it, and go on with the next step; then end."""
        waiting, window = list(steps), self.stage.window
        typed = window.commands

        def look() -> list[Command]:  # again and again, also at a picture that stays, which is not drawn again
            if waiting and window.shown and waiting[0][0](window.shown[-1]):
                waiting.pop(0)[1]()
            if not waiting:
                self.session.stop()
            return typed()

        window.commands = look  # type: ignore[method-assign]
        try:
            self.session.run(self.stage.window, seconds=20)
        finally:
            self.close()
        assert not waiting, "no such picture was shown"

    def close(self) -> None:
        for source in self.sources:
            source.close()


def shows(value: tuple[int, ...]) -> Callable[[Picture], bool]:
    return lambda picture: colour(picture) == value


def sized(size: tuple[int, int], value: tuple[int, ...]) -> Callable[[Picture], bool]:
    return lambda picture: picture.shape[:2] == size and colour(picture) == value


def anything(picture: Picture) -> bool:
    return True


def nothing() -> None:
    pass


# ---- switching -------------------------------------------------------------------------------------------------------


def test_the_key_goes_from_source_to_source_and_each_keeps_its_look(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (96, 64)))

    def press(key: str) -> Callable[[], None]:
        return lambda: stage.window.type(KEY_MAP[key])

    show.run(
        (sized((48, 64), RED), press("v")),
        (sized((64, 96), RED), press("1")),  # as it was given for each
        (sized((64, 96), BLUE), press("v")),
        (sized((48, 64), RED), press("2")),
        (sized((48, 64), GREEN), press("v")),
        (sized((64, 96), BLUE), press("v")),
        (sized((48, 64), GREEN), nothing),
    )
    assert stage.said.count("source 2: stage") == 2 and stage.said.count("source 1: desk") == 2


def test_settings_belong_to_the_source_and_what_the_view_shows_to_all(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100))
    desk, other = show.streams
    for command in (SetMorph(3), SetSlideshow(60), Toggle("frozen", True), AwaitPreset(), ToggleView("compare")):
        show.shown.apply(command)
    show.shown.apply(StepSource())
    assert (desk.controls.settings.morph, desk.controls.settings.slideshow) == (3, 60)
    assert (other.controls.settings.morph, other.controls.settings.slideshow) == (0, 0)
    assert not other.controls.settings.frozen
    assert not desk.controls.settings.awaits_preset, "a key pressed after the change is meant for another look"
    assert show.shown.view.settings.compare and desk.view.settings.compare and other.view.settings.compare
    show.close()


def test_a_source_that_is_neither_shown_nor_watched_is_neither_read_nor_painted(stage: Stage) -> None:  # noqa: F811
    """The whole of the model's time belongs to the source that is shown."""
    first, second = Plain("desk", 200), Plain("stage", 100, (96, 64))
    show = Show(stage, first, second)
    read: list[int] = []

    def change() -> None:
        assert first.count >= 30 and second.count == 0
        assert stage.model.frames <= first.count
        show.shown.apply(StepSource())

    show.run(
        *[(anything, nothing)] * 30,
        (anything, change),
        (sized((64, 96), RED), lambda: read.append(first.count)),
        *[(anything, nothing)] * 30,
    )
    assert first.count <= read[0] + 1 and show.streams[0].meter.stylized.count <= first.count


def test_a_frame_from_before_the_rest_is_not_shown_after_it(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (96, 64)))
    show.shown.apply(Toggle("original", True))

    def go_on() -> None:
        show.sources[0].value = 40  # type: ignore[attr-defined]
        stage.window.shown.clear()
        show.shown.apply(SelectSource(0))

    show.run(
        (sized((48, 64), (200,) * 3), show.choose(1)),
        *[(sized((64, 96), RED), nothing)] * 10,
        (anything, go_on),
        (sized((48, 64), (40,) * 3), nothing),
    )
    assert not any(colour(picture) == (200,) * 3 for picture in stage.window.shown)


def test_a_morph_mixes_the_painted_pictures_of_both(stage: Stage) -> None:  # noqa: F811
    painted: list[int] = []

    class Noting(FakeModel):
        def stylize(self, picture: Picture, code: StyleCode) -> Picture:
            painted.append(picture.shape[1])
            return super().stylize(picture, code)

    stage.model = Noting()
    stage.library = type(stage.library)(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (128, 96)), morph=0.3)
    show.streams[1].apply(SetMorph(0.0))
    show.streams[1].apply(SelectStyle("blue"))
    show.streams[1].apply(SetMorph(0.3))
    show.run((shows(RED), show.choose(1)), (sized((96, 128), BLUE), nothing))
    reds = [colour(picture)[2] for picture in stage.window.shown if picture.shape == (96, 128, 3)]
    assert reds[0] > 180 and reds[-1] == 0 and len(set(reds)) > 4
    assert all(before >= after for before, after in itertools.pairwise(reds))  # from one to the other, never back
    fade = painted[painted.index(128) : len(painted) - 1 - painted[::-1].index(64)]
    assert 0.3 < fade.count(64) / len(fade) < 0.7, "both go on meanwhile, in fair turns"


def test_without_a_morph_the_change_is_at_once(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (96, 64)))
    show.streams[1].apply(SelectStyle("blue"))
    show.run((shows(RED), show.choose(1)), (sized((64, 96), BLUE), nothing))
    seen = {(picture.shape[0], colour(picture)) for picture in stage.window.shown}
    assert seen <= {(48, RED), (64, BLUE), (480, (0, 0, 0))}


def test_a_change_during_a_change_ends_at_the_last_one(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("a", 200), Plain("b", 150, (72, 54)), Plain("c", 100, (96, 64)), morph=0.2)
    show.run(
        (sized((48, 64), RED), show.choose(1)),
        (sized((54, 72), RED), show.choose(2)),
        (sized((64, 96), RED), show.choose(1)),
        (anything, show.choose(0)),
        (sized((48, 64), RED), nothing),
        *[(lambda picture: not show.streams[1].wanted.is_set(), nothing)],
    )
    assert [stream.wanted.is_set() for stream in show.streams[1:]] == [False, False]


@pytest.mark.parametrize("morph", [0.0, 0.1])
def test_no_frame_is_turned_round_at_a_change(stage: Stage, morph: float) -> None:  # noqa: F811
    """One source is mirrored and the other is not."""
    show = Show(stage, Plain("desk", 200, mirror=True), Plain("stage", 100, (96, 72)), morph=morph)
    for stream in show.streams:
        stream.apply(Toggle("original", True))
    wanted = [(48, 64, 3), (72, 96, 3)] * 3

    def whole(shape: tuple[int, ...], value: int) -> Callable[[Picture], bool]:
        return lambda picture: picture.shape == shape and int(picture.max()) <= value

    show.run(
        *[
            (whole(shape, 200 if shape[0] == 48 else 100), lambda: show.shown.apply(StepSource()))
            for shape in wanted
        ]
    )  # fmt: skip
    for picture in stage.window.shown:
        left, right = int(picture[-1, 0, 0]), int(picture[-1, -1, 0])
        if picture.shape == (48, 64, 3) and (left, right) != (200, 100):
            assert morph and left >= 50 and 100 <= right <= 200 and left <= 200, "mixed with what came before"
        elif picture.shape == (72, 96, 3) and (left, right) != (50, 100):
            assert morph and 50 <= left <= 200 and right == 100, "mixed with what came before"


def test_the_frozen_picture_of_one_source_does_not_stay_for_the_next(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (96, 64)))
    show.run(
        (sized((48, 64), RED), lambda: show.shown.apply(Toggle("frozen", True))),
        (anything, show.choose(1)),
        (sized((64, 96), RED), show.choose(0)),
        (sized((48, 64), RED), nothing),
    )
    assert show.streams[0].controls.settings.frozen and not show.streams[1].controls.settings.frozen


# ---- faults ----------------------------------------------------------------------------------------------------------


def test_a_source_that_fails_or_ends_says_so_and_the_others_go_on(stage: Stage) -> None:  # noqa: F811
    first, broken, over = Plain("desk", 200), Plain("broken", 1), Plain("over", 1)
    broken.fail = SourceError("the cable of broken is out")
    over.fail = SourceEndedError("over has come to its end")
    show = Show(stage, first, broken, over)
    show.run(
        (shows(RED), show.choose(1)),
        (lambda picture: show.shown.stream.trouble == "the cable of broken is out", show.choose(2)),
        (lambda picture: show.shown.stream.trouble == "over has come to its end", show.choose(0)),
        (lambda picture: not show.shown.stream.trouble, stage.window.shown.clear),
        *[(shows(RED), nothing)] * 20,
    )
    assert {"the cable of broken is out", "over has come to its end"} <= set(stage.said)


def test_the_session_ends_when_all_of_them_have_ended(stage: Stage) -> None:  # noqa: F811
    sources = [Plain("a", 1), Plain("b", 2)]
    for source in sources:
        source.fail = SourceEndedError(f"the end of {source.name}")
    show = Show(stage, *sources)
    ended = threading.Timer(0.05, show.choose(1))
    ended.start()
    show.session.run(stage.window, seconds=20)
    ended.join()
    assert all(stream.ended.is_set() for stream in show.streams)
    show.close()


def test_the_session_fails_with_the_last_of_them(stage: Stage) -> None:  # noqa: F811
    sources = [Plain("a", 1), Plain("b", 2)]
    for source in sources:
        source.fail = SourceError(f"the cable of {source.name} is out")
    show = Show(stage, *sources)
    show.session.events.subscribe(lambda event: show.shown.apply(SelectSource(1)) if "of a" in event.text else None)
    with pytest.raises(SourceError, match="the cable of b is out"):
        show.session.run(stage.window, seconds=20)
    show.close()


def test_a_fault_of_the_program_ends_the_session(stage: Stage) -> None:  # noqa: F811
    source = Plain("a", 1)
    source.fail = ValueError("a bug")
    show = Show(stage, source, Plain("b", 2))
    with pytest.raises(ValueError, match="a bug"):
        show.session.run(stage.window, seconds=20)
    show.close()


# ---- clips, calls, OSC -----------------------------------------------------------------------------------------------


def test_recorder_and_virtual_camera_go_on_over_a_change(
    stage: Stage,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
    tmp_path: Path,
) -> None:
    from realtime.sinks.base import Format
    from realtime.sinks.virtual_camera import VirtualCameraSink

    show = Show(stage, Plain("desk", 200), Plain("stage", 100), record=tmp_path / "clip.mp4")
    sink = VirtualCameraSink()
    sink.open(Format((64, 48), 100))
    show.shown.add_sink(sink)
    for stream in show.streams:
        stream.apply(Toggle("original", True))

    def given(value: int) -> Callable[[Picture], bool]:
        return lambda picture: bool(device.made[0].pictures) and device.made[0].pictures[-1].max() == value

    show.run((given(200), show.choose(1)), (given(100), nothing))
    from test_sinks import frames_of

    brightest = [int(picture[24, 48].max()) for picture in frames_of(tmp_path / "clip.mp4")]
    assert abs(brightest[0] - 200) < 12 and abs(brightest[-1] - 100) < 12


def test_each_camera_is_held_only_while_somebody_watches(
    stage: Stage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The camera that is not shown, too."""
    monkeypatch.setattr(watched, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(watched, "_GRACE_SECONDS", 0.0)
    watching = [True]
    cameras = [Plain("desk", 200), Plain("stage", 100)]
    opened: list[FakeSource] = []

    def held(camera: Plain) -> WatchedSource:
        def reopen() -> FakeSource:
            opened.append(Plain(camera.name, camera.value))
            return opened[-1]

        return WatchedSource(camera, reopen, lambda: watching[0])

    show = Show(stage, *[held(camera) for camera in cameras])  # type: ignore[arg-type]

    def rest(picture: Picture) -> bool:
        return all(camera._closed.is_set() for camera in cameras)

    show.run(
        (shows(RED), lambda: watching.__setitem__(0, False)),
        (rest, lambda: watching.__setitem__(0, True)),
        (lambda picture: len(opened) == 2, nothing),
    )


def test_osc_chooses_a_source_and_hears_of_it(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100))
    with OscServer("127.0.0.1", 0, show.shown) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(server.address)

        def ask(address: str, *values: int | str) -> list[Any]:
            client.send(write_message(address, *values))
            return OscMessage(client.recv(65_536)).params

        assert ask("/realtime/subscribe")
        client.send(write_message("/realtime/source", 1))
        assert OscMessage(client.recv(65_536)).params == [1]  # as a subscriber
        assert ask("/realtime/source") == [1] and show.shown.place == 1
        assert ask("/realtime/style", "blue") == ["blue"]
        assert [stream.controls.settings.look.style for stream in show.streams] == ["red", "blue"]
        client.send(write_message("/realtime/source/step", 1))
        told = [OscMessage(client.recv(65_536)) for _ in range(2)]
        assert {message.address: message.params for message in told} == {
            "/realtime/source": [0],
            "/realtime/style": ["red"],
        }
        assert "there is no source 2; there are 2, from 0" in ask("/realtime/source", 2)[1]
    show.close()


# ---- the page --------------------------------------------------------------------------------------------------------


def test_a_page_lists_the_sources_and_those_who_steer_choose_one_of_them(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    other_source = Plain("stage", 100, (96, 64))
    house = house_of(source=Plain("desk", 200), more=[other_source])
    browser, other, viewer = house.browser().join(), house.browser().join(), house.browser("view").join()
    browser.say("want", pictures=True)
    viewer.say("want", pictures=True)
    assert browser.hear("state")["sources"] == ["desk", "stage"] and browser.hear("state")["source"] == 0
    assert browser.do("source", 1)["type"] == "done"
    for one in (browser, viewer):
        one.picture(lambda picture: picture.shape == (64, 96, 3) and is_colour((200, 0, 0))(picture))
    other.hear("state", lambda state: state["source"] == 1)
    browser.do("style", browser.style("green"))
    browser.picture(is_colour((0, 200, 0)))
    browser.do("source", 0)
    browser.picture(
        lambda picture: picture.shape == (48, 64, 3) and is_colour((0, 0, 200))(picture)
    )  # with its own look
    assert "there is no source 7" in browser.do("source", 7)["message"]
    assert browser.do("source", "../desk")["type"] == "error"
    assert viewer.do("source", 1)["error"] == "not-allowed"
    assert house.session.shown and house.session.shown.place == 0
    house.close()
    other_source.close()


def test_two_viewers_see_two_sources_at_once_whatever_the_wall_shows(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    """Two browser sources of OBS show two cameras, each painted with its own look."""
    second = Plain("stage", 100, (96, 64))
    house = house_of(source=Plain("desk", 200), more=[second])
    owner, one, two = house.browser().join(), house.browser("view").join(), house.browser("view").join()
    one.say("want", source=1)
    two.say("want", source=2)
    for viewer in (one, two):
        viewer.say("want", pictures=True)

    def red(picture: Picture) -> bool:
        return picture.shape == (48, 64, 3) and is_colour((0, 0, 200))(picture)

    def blue(picture: Picture) -> bool:
        return picture.shape == (64, 96, 3) and is_colour((200, 0, 0))(picture)

    before = second.count
    for _ in range(5):
        one.picture(red)
        two.picture(blue)
    assert second.count > before
    owner.do("source", 1)
    owner.do("style", owner.style("green"))
    two.picture(is_colour((0, 200, 0)))
    for _ in range(5):
        one.picture(red)
    assert all(red(picture) for _, picture in one.pictures), "nothing of the other source, and no mixture"
    owner.do("source", 0)
    two.leave()
    rests(house, 1)
    one.picture(red)
    house.close()
    second.close()


def rests(house: PageHouse, place: int) -> None:
    """Wait until a stream is wanted by nobody."""
    until = time.monotonic() + 20
    while house.session.streams[place].wanted.is_set():
        assert time.monotonic() < until, "it is read for nobody"
        time.sleep(0.01)


def test_a_viewer_goes_from_source_to_source_and_back_to_the_wall_s(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    second = Plain("stage", 100, (96, 64))
    house = house_of(source=Plain("desk", 200), more=[second])
    viewer = house.browser("view").join()
    viewer.say("want", pictures=True)
    viewer.picture(lambda picture: picture.shape == (48, 64, 3))
    for number, shape in ((2, (64, 96, 3)), (1, (48, 64, 3)), (2, (64, 96, 3))):
        viewer.say("want", source=number)
        viewer.picture(lambda picture, shape=shape: picture.shape == shape)  # type: ignore[misc]
    viewer.say("want", source=1)
    rests(house, 1)
    house.close()
    second.close()


@pytest.mark.parametrize(
    "value", [0, 3, -1, 10**30, 1.0, True, None, "2", "../stage", "stage", [2], {"source": 2}, "\u202e", ""]
)
def test_a_source_that_the_server_did_not_name_is_refused(house_of: Callable[..., PageHouse], value: object) -> None:  # noqa: F811
    house = house_of(source=Plain("desk", 200), more=[Plain("stage", 100, (96, 64))])
    viewer = house.browser("view").join()
    viewer.say("want", source=value)
    refused = viewer.hear("error")
    assert refused["error"] == "no-source" and "there are 2, from 1" in refused["message"]
    viewer.say("want", pictures=True)
    viewer.picture(lambda picture: picture.shape == (48, 64, 3))  # it still sees what it saw
    assert len(house.session.streams) == 2
    close(house)


def close(house: PageHouse) -> None:
    house.close()
    for stream in house.session.streams:
        stream.source.close()


def test_a_guest_chooses_no_source_and_no_wall_is_made_of_one(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    house = house_of(source=Plain("desk", 200), more=[Plain("stage", 100, (96, 64))])
    owner, guest, viewer = house.browser().join(), house.browser("guest").join(), house.browser("view").join()
    guest.say("want", source=2)
    assert guest.hear("error")["error"] == "not-allowed"
    guest.say("want", pictures=True)
    viewer.say("want", source=2)
    number = viewer.hear("state", lambda state: state["sources"] == ["stage"])["stream"]
    owner.say("wall", stream=number)
    assert owner.hear("error")["error"] == "wrong-value", "it goes with the viewer who chose it"
    assert not guest.pictures
    close(house)


def test_where_the_program_has_no_source_there_is_none_to_choose(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    house = house_of(own=False)
    viewer = house.browser("view").join()
    viewer.say("want", source=1)
    assert viewer.hear("error")["error"] == "no-source"


def test_the_only_source_can_be_chosen_too(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    """It stays while a lent camera is on the wall."""
    house = house_of()
    owner, viewer = house.browser().join(), house.browser("view").join()
    viewer.say("want", source=1, pictures=True)
    viewer.picture(is_colour((0, 0, 200)))
    assert owner.hear("state")["stream"] == 0


def test_browsers_show_the_source_of_their_address(chromium: Any, tmp_path: Path) -> None:  # noqa: F811
    program = Program(tmp_path, "--source", str(painting(tmp_path, (40, 90, 200))), "--size", "320x200")
    context = chromium.new_context()
    try:
        views = [context.new_page() for _ in range(3)]
        for view, source in zip(views, ("", "?source=1", "?source=2"), strict=True):
            view.goto(program.addresses["/view"].replace("/view", f"/view{source}"))
            view.locator("canvas[data-seq]").wait_for(state="attached", timeout=PATIENCE)
        sizes = [
            view.evaluate("[...document.querySelectorAll('canvas')].map((c) => [c.width, c.height])") for view in views
        ]
        assert sizes == [[[320, 200]], [[320, 200]], [[267, 200]]]
        for wrong in ("3", "0", "-1", "1.5", "..%2Fkey", "<b>", "", "1e999"):
            views[0].goto(program.address(f"/view?source={wrong}"))
            views[0].get_by_text("There is no such camera").wait_for(timeout=PATIENCE)
            assert views[0].locator("canvas").count() == 0
    finally:
        context.close()
        program.close()
    assert any("source 2, tiger <b>.png, alone: " in line for line in program.said)


# ---- one alone, and the command line ---------------------------------------------------------------------------------


def test_one_source_alone_is_no_choice(stage: Stage) -> None:  # noqa: F811
    show = stage.session()
    show.stream.apply(StepSource())
    assert stage.said == ["there is one source; --source given twice makes it two"]
    show.stream.apply(SelectSource(0))
    with pytest.raises(UsageError, match="there is no source 1; there is one"):
        show.stream.apply(SelectSource(1))
    assert len(stage.said) == 1


def test_options_of_a_source_apply_to_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    asked: list[tuple[object, ...]] = []
    others: set[tuple[object, ...]] = set()
    made: list[LiveSession] = []

    def note(session: LiveSession, *rest: object, **options: object) -> str:
        made.append(session)
        return "ran"

    def opened(*words: object) -> FakeSource:
        asked.append(words[:3])
        others.add(words[3:])
        return Plain(str(words[0]), 9)

    monkeypatch.setattr("realtime.sources.registry.open_source", opened)
    monkeypatch.setattr(LiveSession, "run", note)
    words = ["--source", "0", "--source", "demo", "--size", "320x240", "--fps", "20", "--mirror", "--no-window"]
    status, _, err = run(*words, "--morph", "2.5", "--frames", "1")
    assert status == 0, err
    assert asked == [("0", (320, 240), 20.0), ("demo", (320, 240), 20.0)]
    assert len(others) == 1
    session = made[0]
    assert session.shown and session.shown.streams == session.streams
    assert [stream.source.name for stream in session.streams] == ["0", "demo"]
    settings = [stream.controls.settings for stream in session.streams]
    assert all(each.mirror and each.morph == 2.5 for each in settings)
    assert session.streams[0].quality is not session.streams[1].quality


def test_two_scenes_run_from_the_command_line(run: Run) -> None:  # noqa: F811
    status, _, err = run("--source", "demo", "--source", "demo", "--size", "160x120", "--no-window", "--frames", "3")
    assert status == 0 and "demo and demo" in err
    assert "source 1, demo: 3 frames shown" in err and "source 2, demo: 0 frames shown" in err
