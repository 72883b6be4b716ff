"""Several sources in one session: what a person sees who switches between them."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeDevice, FakeModel, FakeSource, device  # noqa: F401
from page_client import PageHouse, house_of, is_colour  # noqa: F401
from pythonosc.osc_message import OscMessage
from test_cli import Run, run  # noqa: F401
from test_live import BLUE, GREEN, RED, RED_ALONE, Stage, colour, stage  # noqa: F401

from realtime.control.commands import Command, SelectSource, SelectStyle, StepSource, Toggle
from realtime.control.keymap import KEY_MAP
from realtime.control.settings import Settings
from realtime.core.errors import SourceEndedError, SourceError, UsageError
from realtime.core.frame import Frame, Picture
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.look.look import Look
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.osc.packets import write_message
from realtime.osc.server import OscServer
from realtime.sinks.view import ViewSettings
from realtime.sources.several import SeveralSources


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
        self.several = SeveralSources(sources)
        self.session = LiveSession(Stylizer(stage.model), stage.library)
        for name in ("red", "green", "blue"):
            stage.library.code(name)
        self.session.events.subscribe(lambda event: stage.said.append(event.text) if event.text else None)
        self.stream = self.session.add(self.several, Settings(Look(RED_ALONE), morph=morph), ViewSettings(clean=True))
        self.session.save(self.stream, Saving(folder=stage.out, presets=stage.out / "looks", **saving))

    @property
    def settings(self) -> Settings:
        return self.stream.controls.settings

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
        self.session.run(self.stage.window, seconds=20)
        self.several.close()
        assert not waiting, "no such picture was shown"


def shows(value: tuple[int, ...]) -> Callable[[Picture], bool]:
    return lambda picture: colour(picture) == value


def sized(size: tuple[int, int], value: tuple[int, ...]) -> Callable[[Picture], bool]:
    return lambda picture: picture.shape[:2] == size and colour(picture) == value


def anything(picture: Picture) -> bool:
    return True


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
        (sized((48, 64), GREEN), lambda: None),
    )
    assert stage.said.count("source 2: stage") == 2 and stage.said.count("source 1: desk") == 2


def test_what_is_not_shown_is_neither_read_nor_painted(stage: Stage) -> None:  # noqa: F811
    """The whole of the model's time belongs to the source that is shown."""
    first, second = Plain("desk", 200), Plain("stage", 100)
    show = Show(stage, first, second)
    show.run(*[(anything, lambda: None)] * 30)
    painted = stage.model.frames
    assert first.count >= 30 and second.count == 0
    assert painted <= first.count


def test_a_morph_fades_the_frames_over_while_the_model_paints_one_picture_for_each(stage: Stage) -> None:  # noqa: F811
    painted: list[int] = []

    class Noting(FakeModel):
        def stylize(self, picture: Picture, code: StyleCode) -> Picture:
            painted.append(int(picture[24, -2, 0]))
            return super().stylize(picture, code)

    stage.model = Noting()
    stage.library = type(stage.library)(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    first, second = Plain("desk", 200), Plain("stage", 100, (128, 96))
    show = Show(stage, first, second, morph=0.3)
    show.run(
        (anything, lambda: show.stream.apply(StepSource())),
        (lambda picture: picture.shape == (96, 128, 3) and painted[-1] == 100, lambda: None),
    )
    fade = [value for value in painted if 100 < value < 200]
    assert len(fade) >= 3 and painted[0] == 200 and painted[-1] == 100
    assert all(before >= after for before, after in itertools.pairwise(fade))  # from one to the other, never back


def test_without_a_morph_the_change_is_at_once(stage: Stage) -> None:  # noqa: F811
    several = SeveralSources([Plain("desk", 200), Plain("stage", 100)])
    show = LiveSession(Stylizer(stage.model), stage.library).add(several, Settings(Look(RED_ALONE), morph=0.0))
    assert several.read(5).picture.max() == 200  # type: ignore[union-attr]
    show.apply(SelectSource(1))
    assert several.read(5).picture.max() == 100  # type: ignore[union-attr]
    several.close()


def test_the_side_of_a_mirrored_source_stays_while_it_fades_out(stage: Stage) -> None:  # noqa: F811
    """The stream mirrors a frame as the source that comes wants it; what goes must not turn round before one's eyes."""
    desk, other = Plain("desk", 200, mirror=True), Plain("stage", 0)
    several = SeveralSources([desk, other])
    stream = LiveSession(Stylizer(stage.model), stage.library).add(
        several, Settings(Look(RED_ALONE), mirror=True, morph=30)
    )
    several.read(5)
    stream.apply(SelectSource(1))
    assert not stream.controls.settings.mirror
    faded = several.read(5)
    assert faded and faded.picture[0, 0, 0] > 190 > 110 > faded.picture[0, -1, 0]
    several.close()


def test_the_frozen_picture_of_one_source_does_not_stay_for_the_next(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100, (96, 64)))
    show.run(
        (anything, lambda: show.stream.apply(Toggle("frozen", True))),
        (anything, lambda: show.stream.apply(SelectSource(1))),
        (lambda picture: picture.shape == (64, 96, 3), lambda: None),
    )
    assert not show.settings.frozen


def test_a_source_that_fails_or_ends_says_so_when_it_is_shown_and_the_others_go_on(stage: Stage) -> None:  # noqa: F811
    first, broken, over = Plain("desk", 200), Plain("broken", 1), Plain("over", 1)
    broken.fail = SourceError("the cable of broken is out")
    over.fail = SourceEndedError("over has come to its end")
    show = Show(stage, first, broken, over)
    show.run(
        (shows(RED), lambda: show.stream.apply(SelectSource(1))),
        (
            lambda picture: show.stream.trouble == "the cable of broken is out",
            lambda: show.stream.apply(SelectSource(2)),
        ),
        (lambda picture: show.stream.trouble == "over has come to its end", lambda: show.stream.apply(SelectSource(0))),
        (lambda picture: not show.stream.trouble and first.count > 3, lambda: None),
    )


def test_the_session_ends_when_all_of_them_have_ended(stage: Stage) -> None:  # noqa: F811
    sources = [Plain("a", 1), Plain("b", 2)]
    for source in sources:
        source.fail = SourceEndedError("the end")
    show = Show(stage, *sources)
    show.stream.events.subscribe(lambda event: None)
    ended = threading.Timer(0.05, lambda: show.stream.apply(SelectSource(1)))
    ended.start()
    show.session.run(stage.window, seconds=20)
    ended.join()
    assert show.stream.ended.is_set()
    show.several.close()


def test_recorder_and_virtual_camera_show_the_source_that_is_chosen(
    stage: Stage,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
    tmp_path: Path,
) -> None:
    from realtime.sinks.base import Format
    from realtime.sinks.virtual_camera import VirtualCameraSink

    show = Show(stage, Plain("desk", 200), Plain("stage", 100), record=tmp_path / "clip.mp4")
    sink = VirtualCameraSink()
    sink.open(Format((64, 48), 100))
    show.stream.add_sink(sink)
    show.stream.apply(Toggle("original", True))

    def given(value: int) -> Callable[[Picture], bool]:
        return lambda picture: bool(device.made[0].pictures) and device.made[0].pictures[-1].max() == value

    show.run((given(200), lambda: show.stream.apply(SelectSource(1))), (given(100), lambda: None))
    from test_sinks import frames_of

    brightest = [int(picture[24, 48].max()) for picture in frames_of(tmp_path / "clip.mp4")]
    assert abs(brightest[0] - 200) < 12 and abs(brightest[-1] - 100) < 12


def test_osc_chooses_a_source_and_hears_of_it(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100))
    with OscServer("127.0.0.1", 0, show.stream) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(server.address)

        def ask(address: str, *values: int) -> list[Any]:
            client.send(write_message(address, *values))
            return OscMessage(client.recv(65_536)).params

        client.send(write_message("/realtime/source", 1))
        assert ask("/realtime/source") == [1] and show.settings.source == 1
        client.send(write_message("/realtime/source/step", 1))
        assert ask("/realtime/source") == [0]
        assert "there is no source 2; there are 2, from 0" in ask("/realtime/source", 2)[1]
    show.several.close()


def test_a_page_lists_the_sources_and_those_who_steer_choose_one_of_them(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    several = SeveralSources([Plain("desk", 200), Plain("stage", 100, (96, 64))])
    house = house_of(source=several)
    browser, other, viewer = house.browser().join(), house.browser().join(), house.browser("view").join()
    browser.say("want", pictures=True)
    viewer.say("want", pictures=True)
    assert browser.hear("state")["sources"] == ["desk", "stage"] and browser.hear("state")["source"] == 0
    browser.do("morph", 0)
    assert browser.do("source", 1)["type"] == "done"
    for one in (browser, viewer):
        one.picture(lambda picture: picture.shape == (64, 96, 3))
    other.hear("state", lambda state: state["source"] == 1)
    browser.do("style", browser.style("blue"))
    browser.picture(is_colour((200, 0, 0)))
    browser.do("source", 0)
    browser.picture(
        lambda picture: picture.shape == (48, 64, 3) and is_colour((0, 0, 200))(picture)
    )  # with its own look
    assert "there is no source 7" in browser.do("source", 7)["message"]
    assert browser.do("source", "../desk")["type"] == "error"
    assert viewer.do("source", 1)["error"] == "not-allowed"
    assert house.stream and house.stream.controls.settings.source == 0
    house.close()
    several.close()


def test_one_source_alone_is_no_choice(stage: Stage) -> None:  # noqa: F811
    show = stage.session()
    show.stream.apply(StepSource())
    assert stage.said == ["there is one source; --source given twice makes it two"]
    show.stream.apply(SelectSource(0))
    with pytest.raises(UsageError, match="there is no source 1; there is one"):
        show.stream.apply(SelectSource(1))


def test_a_look_whose_style_is_gone_meanwhile_gives_way_to_the_one_in_use(stage: Stage) -> None:  # noqa: F811
    show = Show(stage, Plain("desk", 200), Plain("stage", 100))
    show.stream.apply(SelectStyle("blue"))
    show.stream.apply(SelectSource(1))
    show.stream.apply(SelectStyle("green"))
    (stage.styles / "blue.png").unlink()
    while "blue" in stage.library.names:
        stage.library.refresh()
    show.stream.apply(SelectSource(0))
    assert show.settings.look.style == "green" and show.settings.source == 0
    show.several.close()


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
    status, _, err = run(*words, "--frames", "1")
    assert status == 0, err
    assert asked == [("0", (320, 240), 20.0), ("demo", (320, 240), 20.0)]
    assert len(others) == 1
    settings = made[0].streams[0].controls.settings
    assert [(source.name, source.mirror) for source in settings.sources] == [("0", True), ("demo", True)]
    status, _, err = run(*words, "--virtual-camera", "--when-watched")
    assert status == 2 and "--when-watched holds one source, and 2 were given" in err


def test_two_scenes_run_from_the_command_line(run: Run) -> None:  # noqa: F811
    status, _, err = run("--source", "demo", "--source", "demo", "--size", "160x120", "--no-window", "--frames", "3")
    assert status == 0 and "demo and demo" in err
