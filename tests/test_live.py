"""The live session, with a fake camera, model and window: what a person at the keyboard would notice."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from fakes import FakeModel, FakeSource, FakeWindow
from media import read_image
from PIL import Image

from realtime.control.actions import Quit, Record, Snapshot
from realtime.control.commands import (
    AwaitPreset,
    BlendSecond,
    NextStop,
    Nudge,
    Preset,
    SelectStyle,
    SetSlideshow,
    StepStyle,
    Toggle,
    ToggleView,
)
from realtime.control.controls import Controls
from realtime.control.settings import Settings
from realtime.core.errors import SourceError, StyleError, UsageError
from realtime.core.events import Notice
from realtime.core.frame import Picture
from realtime.core.meter import Figures
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.look.look_files import read_look
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.sinks.view import ViewSettings
from realtime.styles.library import StyleLibrary

RED, GREEN, BLUE = (0, 0, 200), (0, 200, 0), (200, 0, 0)
RED_ALONE = (("red", 1.0),)


@dataclass
class Show:
    """A session of one stream, ready to run."""

    session: LiveSession
    stream: Stream
    run: Callable[[], Figures]

    @property
    def controls(self) -> Controls:
        return self.stream.controls

    @property
    def figures(self) -> Figures:
        return self.session.figures

    def stop(self) -> None:
        self.session.stop()


class Stage:
    """A session ready to run, and all that it is made of."""

    def __init__(self, folder: Path) -> None:
        self.sessions: list[LiveSession] = []
        self.styles = folder / "styles"
        self.styles.mkdir()
        for name, colour in (("blue", BLUE), ("green", GREEN), ("red", RED)):
            cv2.imwrite(str(self.styles / f"{name}.png"), np.full((8, 8, 3), colour, np.uint8))
        self.out = folder / "out"
        self.source, self.model, self.window = FakeSource(), FakeModel(), FakeWindow()
        self.library = StyleLibrary(Stylizer(self.model), [self.styles], folder / "cache")
        self.said: list[str] = []

    def session(
        self,
        settings: Settings | None = None,
        view: ViewSettings | None = None,
        frames: int | None = None,
        seconds: float | None = None,
        **options: Any,
    ) -> Show:
        settings = settings or Settings(Look(RED_ALONE))
        self.library.code(settings.look.style)
        window = options.pop("window", self.window)
        options.setdefault("presets", self.out / "looks")
        session = LiveSession(Stylizer(self.model), self.library)
        self.sessions.append(session)
        session.events.subscribe(lambda event: self.said.append(event.text) if event.text else None)
        stream = session.add(self.source, settings, view or ViewSettings(info=False))
        session.save(stream, Saving(folder=self.out, **options), windowed=window is not None)
        return Show(session, stream, lambda: session.run(window, frames=frames, seconds=seconds))

    def run_until(
        self,
        condition: Callable[[Picture], bool],
        settings: Settings | None = None,
        view: ViewSettings | None = None,
    ) -> Picture:
        """Run a session until a shown picture meets the condition; gives that picture."""
        session = self.session(settings, view, seconds=20)
        found: list[Picture] = []

        def look(picture: Picture) -> None:
            if not found and condition(picture):
                found.append(picture)
                session.stop()

        self.window.on_show = look
        session.run()
        assert found, "no such picture was shown"
        return found[0]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    empty = tmp_path / "none"
    empty.mkdir()
    monkeypatch.setattr("realtime.styles.library.standard_folders", lambda: [empty])
    before = set(threading.enumerate())
    stage = Stage(tmp_path)
    yield stage
    stage.source.close()
    assert set(threading.enumerate()) <= before, "a thread outlived its session"


def colour(picture: Picture) -> tuple[int, ...]:
    return tuple(int(value) for value in picture[picture.shape[0] // 2, picture.shape[1] // 2])


def test_shows_the_stylized_stream_and_ends_after_some_frames(stage: Stage) -> None:
    figures = stage.session(frames=20).run()
    assert figures.shown == len(stage.window.shown) == 20
    assert all(colour(picture) == RED for picture in stage.window.shown)
    assert stage.window.closed
    assert figures.captured >= figures.stylized >= figures.shown
    assert 0 < figures.latency_ms <= figures.latency_p95_ms < 1000


def test_what_no_one_takes_in_time_is_dropped_and_counted(stage: Stage) -> None:
    stage.window.on_show = lambda picture: time.sleep(0.03)  # a slow screen, as an event would not be
    figures = stage.session(frames=5).run()
    assert figures.dropped > 0
    assert figures.captured >= figures.shown + figures.dropped - 3  # three may be on their way


def test_ends_after_some_seconds_without_a_window(stage: Stage) -> None:
    begin = time.monotonic()
    figures = stage.session(seconds=0.3, window=None).run()
    assert 0.3 <= time.monotonic() - begin < 1.3
    assert figures.shown > 0


def test_stops_promptly_when_told_so_by_another_thread(stage: Stage) -> None:
    session = stage.session()
    told = []

    def stop(picture: Picture) -> None:
        told.append(time.monotonic())
        session.stop()

    stage.window.on_show = stop
    session.run()
    assert time.monotonic() - told[0] < 1.0


@pytest.mark.parametrize("part", ["source", "model", "window"])
def test_an_error_in_any_thread_ends_the_session_and_is_raised(stage: Stage, part: str) -> None:
    problem = SourceError("the cable is out")

    def fail(picture: Picture) -> None:
        if part == "window":
            raise problem
        getattr(stage, part).fail = problem

    stage.window.on_show = fail
    with pytest.raises(SourceError, match="cable"):
        stage.session(seconds=20).run()
    assert stage.window.closed


def test_a_clip_is_finished_when_the_session_fails(stage: Stage, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"

    def fail(picture: Picture) -> None:
        if len(stage.window.shown) == 10:
            stage.source.fail = SourceError("gone")

    stage.window.on_show = fail
    with pytest.raises(SourceError):
        stage.session(record=clip, seconds=20).run()
    capture = cv2.VideoCapture(str(clip))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) >= 10
    capture.release()


def test_next_previous_and_number_keys_switch_the_style(stage: Stage) -> None:
    wanted = [
        (StepStyle(1), BLUE),
        (StepStyle(-1), RED),
        (StepStyle(-1), GREEN),
        (SelectStyle(0), BLUE),
        (SelectStyle("red"), RED),
    ]
    session = stage.session(seconds=20)
    steps = iter(wanted)
    now = [next(steps)]

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 1:
            stage.window.type(now[0][0])
        elif colour(picture) == now[0][1]:
            following = next(steps, None)
            if following is None:
                session.stop()
                return
            now[0] = following
            stage.window.type(following[0])

    stage.window.on_show = look
    session.run()
    assert colour(stage.window.shown[-1]) == RED


def test_all_styles_are_worked_out_ahead_and_a_switch_is_there_on_the_next_frame(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), morph=0.0), seconds=20)
    switched: list[int] = []

    def look(picture: Picture) -> None:
        if not switched and all(stage.library.ready(name) for name in stage.library.names):
            session.controls.apply(StepStyle(1))
            switched.append(session.figures.stylized)
        elif switched and colour(picture) == BLUE:
            switched.append(session.figures.stylized)
            session.stop()

    stage.window.on_show = look
    session.run()
    # Three at most were past the switch already: in the model, in the mailbox, and on the way to the screen.
    assert switched[-1] - switched[0] <= 4
    assert stage.model.encoded == 3


def test_a_switch_turns_one_style_into_the_next(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), morph=0.3), seconds=20)
    seen: list[tuple[int, ...]] = []

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 1:
            stage.window.type(SelectStyle("blue"))
        seen.append(colour(picture))
        if seen[-1] == BLUE:
            session.stop()

    stage.window.on_show = look
    session.run()
    between = [blue for blue, _, red in seen if 0 < blue < 200]
    assert len(between) > 5
    assert between == sorted(between)


def test_a_switch_is_finished_though_no_new_picture_comes(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), morph=0.3), seconds=20)

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 5:
            stage.source.trouble = "gone"
            stage.window.type(SelectStyle("blue"))
        elif colour(picture) == BLUE:
            session.stop()

    stage.window.on_show = look
    session.run()
    assert colour(stage.window.shown[-1]) == BLUE


def test_a_slideshow_walks_through_the_styles(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), slideshow=0.05, morph=0.0), seconds=20)
    seen: list[tuple[int, ...]] = []

    def look(picture: Picture) -> None:
        if colour(picture) not in ((0, 0, 0), *seen[-1:]):  # black while it waits for the first frame
            seen.append(colour(picture))
        if len(seen) == 5:
            stage.window.type(SetSlideshow())
        if any("slideshow ended" in text for text in stage.said):
            session.stop()

    stage.window.on_show = look
    session.run()
    assert seen[:5] == [RED, BLUE, GREEN, RED, BLUE]


def test_a_look_is_kept_and_recalled_by_keys_also_by_the_next_session(stage: Stage) -> None:
    kept = Look((("red", 0.5), ("blue", 0.5)), own_colours=0.5)
    for command in (BlendSecond(), NextStop("own_colours"), AwaitPreset(), Preset(1)):
        stage.window.type(command)
    stage.window.type(Preset(3))
    stage.session(frames=10).run()
    assert any("look kept" in text for text in stage.said)
    assert any("no look is kept under F3" in text for text in stage.said)
    session = stage.session(Settings(Look((("green", 1.0),))), frames=10)
    stage.window.type(Preset(1))
    session.run()
    assert session.controls.settings.look == kept


def test_a_slideshow_waits_for_the_key_under_which_a_look_is_kept(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), slideshow=0.01, morph=0.0), seconds=20)
    stage.window.type(AwaitPreset())
    pictures = 0

    def look(picture: Picture) -> None:
        nonlocal pictures
        pictures += 1
        if pictures == 20:
            assert session.controls.settings.look.styles == RED_ALONE
            stage.window.type(Preset(1))
        if any("look kept" in text for text in stage.said):
            session.stop()

    stage.window.on_show = look
    session.run()
    assert any("look kept" in text for text in stage.said)


def test_a_look_with_a_style_that_is_gone_is_not_kept(stage: Stage, tmp_path: Path) -> None:
    now = [0.0]
    stage.library = StyleLibrary(Stylizer(stage.model), [stage.styles], tmp_path / "cache", clock=lambda: now[0])
    stage.library.code("red")
    (stage.styles / "red.png").unlink()
    while "red" in stage.library.names:
        now[0] += 1
        stage.library.refresh()
    stage.window.type(AwaitPreset())
    stage.window.type(Preset(1))
    stage.session(Settings(Look((("red", 1.0),))), frames=10).run()
    assert any("style red is gone" in text for text in stage.said)
    assert not (stage.out / "looks" / "1.toml").exists()


def test_a_look_with_a_picture_from_elsewhere_is_taken_up_by_a_session_that_knows_nothing_of_it(
    stage: Stage, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "own.png"), np.full((8, 8, 3), GREEN, np.uint8))
    stage.library.find(str(tmp_path / "own.png"))
    for command in (AwaitPreset(), Preset(1)):
        stage.window.type(command)

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 5:
            stage.window.type(Snapshot())

    stage.window.on_show = look
    stage.session(Settings(Look((("own", 1.0),)), mirror=True), frames=10).run()
    (snapshot,) = stage.out.glob("*_own.png")
    with Image.open(snapshot) as picture:
        assert picture.text["realtime:mirror"] == "yes"  # type: ignore[attr-defined]
    stage.library = StyleLibrary(Stylizer(stage.model), [stage.styles], tmp_path / "cache")
    ((name, _),) = read_look(snapshot).styles
    assert stage.library.find(name) == "own"
    stage.library = StyleLibrary(Stylizer(stage.model), [stage.styles], tmp_path / "cache")
    stage.window.type(Preset(1))
    session = stage.session(frames=10)
    session.run()
    assert session.controls.settings.look == Look((("own", 1.0),))


def test_a_kept_look_that_cannot_be_used_is_a_notice(stage: Stage) -> None:
    (stage.out / "looks").mkdir(parents=True)
    (stage.out / "looks" / "1.toml").write_text("styles = 'gone'")
    (stage.out / "looks" / "2.toml").write_text("steady =")
    stage.window.type(Preset(1))
    stage.window.type(Preset(2))
    stage.session(frames=10).run()
    assert any("no style 'gone'" in text for text in stage.said)
    assert any("no look" in text for text in stage.said)


def test_a_number_without_a_style_is_a_notice(stage: Stage) -> None:
    stage.window.type(SelectStyle(8))
    stage.session(frames=5).run()
    assert any("only 3 styles" in text for text in stage.said)


def test_an_unreadable_style_is_left_out_with_a_notice(stage: Stage) -> None:
    (stage.styles / "amber.png").write_bytes(b"no picture")
    stage.library = StyleLibrary(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    session = stage.session(seconds=20)
    stage.window.on_show = lambda picture: session.stop() if any("amber" in text for text in stage.said) else None
    session.run()
    assert any("amber" in text for text in stage.said)
    assert "amber" not in stage.library.names


def test_strength_moves_towards_the_contents_own_code_and_0_shows_the_frame(stage: Stage) -> None:
    half = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE, strength=0.5)))
    own = half.astype(float) * 2 - np.array(RED)
    assert abs(own[0, 0, 2] - 50) <= 2, "the red of the content's own code"
    nothing = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE, strength=0.0)))
    assert colour(nothing)[2] == 50


def test_strength_keys_stay_within_0_and_1(stage: Stage) -> None:
    session = stage.session(frames=3)
    for _ in range(15):
        session.controls.apply(Nudge("strength", -0.1))
    assert session.controls.settings.look.strength == 0.0
    for _ in range(15):
        session.controls.apply(Nudge("strength", 0.1))
    assert session.controls.settings.look.strength == 1.0
    session.run()


def test_original_key_shows_the_frame_and_rests_the_model(stage: Stage) -> None:
    picture = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE), original=True))
    assert colour(picture)[2] == 50
    assert stage.model.frames == 0


def test_compare_shows_the_original_beside_the_stylized_picture(stage: Stage) -> None:
    picture = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE)), ViewSettings(compare=True, info=False))
    assert picture.shape[0] == 48
    assert picture.shape[1] > 2 * 64
    assert picture[24, 10, 2] == 50
    assert tuple(picture[24, -10]) == RED


def test_mirror(stage: Stage) -> None:
    plain = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE), original=True))
    mirrored = stage.run_until(lambda picture: True, Settings(Look(RED_ALONE), original=True, mirror=True))
    assert plain[0, 5, 1] == 0
    assert plain[0, -5, 1] == 100
    assert mirrored[0, 5, 1] == 100
    assert mirrored[0, -5, 1] == 0


def test_a_camera_is_mirrored_by_default_and_others_are_not(stage: Stage) -> None:
    session = LiveSession(Stylizer(stage.model), stage.library)
    assert not session.add(stage.source).controls.settings.mirror
    stage.source.mirror = True
    assert session.add(stage.source).controls.settings.mirror


class Looks:
    """An outlet that is looked at: `look` is called with the number and the picture of each frame that is delivered."""

    full = False

    def __init__(self, look: Callable[[int, Picture], None]) -> None:
        self._look, self._count = look, 0

    def put(self, item: Stylized) -> None:
        self._count += 1
        self._look(self._count, item.picture)


def test_freeze_holds_the_picture_and_styles_still_change_on_it(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE), original=True), seconds=20)
    held: list[int] = []

    def look(number: int, picture: Picture) -> None:
        if number == 3:
            stage.window.type(Toggle("frozen"))
        elif session.controls.settings.frozen:
            held.append(colour(picture)[0])
            if len(held) == 10:
                stage.window.type(Toggle("original"))
            if colour(picture) == RED:
                session.stop()

    session.stream.attach(Looks(look))
    session.run()
    # One frame may have been on its way when the key was pressed.
    assert len(set(held[3:10])) == 1 and len(held) > 10
    assert stage.model.frames <= 2, "the same picture is painted once"


def test_while_the_picture_is_frozen_the_source_rests(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE)), seconds=20)
    read: list[int] = []

    def look(number: int, picture: Picture) -> None:
        if number == 3:
            stage.window.type(Toggle("frozen"))
        elif session.controls.settings.frozen:
            read.append(stage.source.count)
            if len(read) == 8:
                stage.window.type(Toggle("frozen"))
        elif read and stage.source.count > read[-1] + 3:  # and it goes on
            session.stop()

    session.stream.attach(Looks(look))
    session.run()
    assert read[7] - read[3] <= 1


def test_a_picture_that_stays_is_drawn_again_when_what_is_written_over_it_changes_and_else_not(stage: Stage) -> None:
    session = stage.session(Settings(Look(RED_ALONE)), seconds=20)
    shown: list[int] = []  # how many pictures the window had been given, at each frame after the picture froze

    def look(number: int, picture: Picture) -> None:
        if number == 3:
            stage.window.type(Toggle("frozen"))
        elif session.controls.settings.frozen:
            shown.append(len(stage.window.shown))
            if len(shown) == 9:
                session.stream.events.emit(Notice("something to read"))
            if len(shown) > 9 and shown[-1] > shown[8]:
                session.stop()

    session.stream.attach(Looks(look))
    session.run()
    assert shown[8] == shown[3] and shown[-1] == shown[8] + 1


def test_the_info_line_the_notices_and_the_help_card_are_drawn_on_the_window_alone(
    stage: Stage, tmp_path: Path
) -> None:
    stage.source = FakeSource(size=(320, 240))
    clip = tmp_path / "clip.mp4"
    stage.window.type(ToggleView("help"))
    stage.window.type(Snapshot())
    stage.session(Settings(Look(RED_ALONE)), ViewSettings(), record=clip, frames=30).run()
    assert any(len(np.unique(picture.reshape(-1, 3), axis=0)) > 10 for picture in stage.window.shown)
    snapshot = read_image(next(stage.out.glob("*.png")))
    assert np.array_equal(snapshot, np.full_like(snapshot, RED))
    capture = cv2.VideoCapture(str(clip))
    while (read := capture.read())[0]:
        assert np.ptp(read[1].reshape(-1, 3), axis=0).max() <= 3
    capture.release()


def test_full_screen_key(stage: Stage) -> None:
    stage.run_until(
        lambda picture: stage.window.fullscreen, Settings(Look(RED_ALONE)), ViewSettings(fullscreen=True, info=False)
    )


def test_snapshot_and_recording_keys(stage: Stage) -> None:
    session = stage.session(seconds=20)
    painted: list[int] = []  # frames that were painted when each picture was shown

    def look(picture: Picture) -> None:
        painted.append(stage.model.frames)
        shown = len(stage.window.shown)
        if shown == 2:
            stage.window.type(Record())
        elif shown == 20:
            stage.window.type(Snapshot())
            stage.window.type(Record())
        elif shown > 20 and sum("saved" in text for text in stage.said) == 2:
            session.stop()

    stage.window.on_show = look
    session.run()
    (clip,) = stage.out.glob("*_red.mp4")
    (picture,) = stage.out.glob("*_red.png")
    assert tuple(read_image(picture)[5, 5]) == RED
    capture = cv2.VideoCapture(str(clip))
    dropped = [int(count) for count in re.findall(r"(\d+) frames dropped", " ".join(stage.said))]
    # The clip holds every painted frame between the keys, shown or not: a key acts after the picture that it follows and
    # before the next one, and one frame is on its way at either end.
    recorded = capture.get(cv2.CAP_PROP_FRAME_COUNT) + sum(dropped)
    assert painted[19] - painted[2] - 1 <= recorded <= painted[20] - painted[1] + 1
    capture.release()


def test_where_nothing_can_be_saved_the_keys_are_a_notice_and_the_picture_goes_on(stage: Stage) -> None:
    stage.out.write_text("a file where the folder should be")
    session = stage.session(seconds=20)
    stage.window.type(Snapshot())
    stage.window.type(Record())
    at: list[int] = []

    def look(picture: Picture) -> None:
        if not at and sum("nothing can be saved" in text for text in stage.said) == 2:
            at.append(len(stage.window.shown))
        if at and len(stage.window.shown) > at[0] + 5:
            session.stop()

    stage.window.on_show = look
    session.run()
    assert at


def test_a_clip_that_exists_is_not_begun(stage: Stage, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        stage.session(record=clip)
    assert clip.read_text() == "mine"


def test_when_the_camera_is_gone_the_last_picture_stays_with_a_notice_and_it_goes_on_when_it_is_back(
    stage: Stage,
) -> None:
    stage.source = FakeSource(size=(320, 240))
    session = stage.session(seconds=20)
    gone: list[int] = []

    def look(picture: Picture) -> None:
        shown = len(stage.window.shown)
        if shown == 5:
            stage.source.trouble = "no picture from fake"
        elif shown > 5 and stage.source.trouble and len(np.unique(picture.reshape(-1, 3), axis=0)) > 10:
            assert colour(picture) == RED, "the last picture is still there, under the notice"
            gone.append(session.figures.shown)
            stage.source.trouble = ""
        elif gone and session.figures.shown > gone[0] + 5:
            session.stop()

    stage.window.on_show = look
    session.run()
    assert gone
    assert "no picture from fake" in stage.said


def test_keys_show_at_once_though_no_new_picture_comes(stage: Stage) -> None:
    session = stage.session(seconds=20)
    pressed: list[str] = []

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 5:
            stage.source.trouble = "gone"
            stage.window.type(SelectStyle("blue"))
        elif picture.shape[1] > 100:
            session.stop()
        elif stage.source.trouble and colour(picture) == BLUE and not pressed:
            pressed.append("compare")
            stage.window.type(ToggleView("compare"))

    stage.window.on_show = look
    session.run()
    assert stage.window.shown[-1].shape[1] > 100


def test_before_the_first_picture_the_window_says_what_it_waits_for(stage: Stage) -> None:
    stage.source.trouble = "no picture from fake"
    session = stage.session(seconds=20)
    stage.window.on_show = lambda picture: session.stop()
    session.run()
    assert np.ptp(stage.window.shown[0]) > 100, "words on black"


def test_an_unreadable_style_chosen_in_mid_morph_leaves_the_one_that_the_morph_leads_to(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.library.code("blue")
    session = stage.session(Settings(Look(RED_ALONE), morph=0.5), seconds=20)
    wanted = threading.Event()

    def encode(style: Picture) -> StyleCode:  # of green, the only one not known yet
        wanted.wait(10)
        raise StyleError("green cannot be read")

    monkeypatch.setattr(stage.model, "encode", encode)

    def look(picture: Picture) -> None:
        if len(stage.window.shown) == 1:
            stage.window.type(SelectStyle("blue"))
        elif not wanted.is_set() and 0 < colour(picture)[0] < 100:
            session.controls.apply(SelectStyle("green"))
            wanted.set()
        elif wanted.is_set() and colour(picture) == BLUE:
            session.stop()

    stage.window.on_show = look
    session.run()
    assert wanted.is_set() and colour(stage.window.shown[-1]) == BLUE
    assert session.controls.settings.look.styles == (("blue", 1.0),)


def test_an_unreadable_style_that_is_wanted_leaves_the_one_in_use(stage: Stage) -> None:
    (stage.styles / "amber.png").write_bytes(b"no picture")
    stage.library = StyleLibrary(Stylizer(stage.model), [stage.styles], stage.out / "cache")
    session = stage.session(seconds=20)
    session.controls.apply(SelectStyle("amber"))
    stage.window.on_show = lambda picture: session.stop() if any("amber" in text for text in stage.said) else None
    session.run()
    assert session.controls.settings.look.style == "red"


def test_a_held_snapshot_key_does_not_pile_up_pictures(stage: Stage) -> None:
    for _ in range(200):
        stage.window.type(Snapshot())
    stage.session(frames=5).run()
    assert 1 <= len(list(stage.out.glob("*.png"))) < 50


def test_a_recording_without_a_frame_is_said_to_be_none(stage: Stage, tmp_path: Path) -> None:
    stage.source.trouble = "gone"
    stage.session(record=tmp_path / "clip.mp4", seconds=0.2).run()
    assert any("nothing was recorded" in text for text in stage.said)
    assert not (tmp_path / "clip.mp4").exists()


def test_quit_key(stage: Stage) -> None:
    stage.window.type(Quit())
    assert stage.session(seconds=20).run().shown <= 1


@pytest.mark.slow
def test_ten_thousand_frames_leave_memory_as_it_was(stage: Stage) -> None:
    process = psutil.Process()
    stage.source = FakeSource(interval=0.001, size=(320, 240))  # one that never waits starves the others
    at: dict[int, int] = {}
    session = stage.session(frames=10_000)

    def look(picture: Picture) -> None:
        stage.window.shown.clear()
        at[session.figures.shown] = process.memory_info().rss

    stage.window.on_show = look
    session.run()
    assert max(at[n] for n in at if n > 9_900) - at[500] <= 10 * 2**20
