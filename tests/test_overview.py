"""What a person sees and does in the window: the overview of styles, the help card, Esc, the mouse, notices at the start."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import FakeSource
from test_live import BLUE, GREEN, RED, RED_ALONE, Stage

from realtime.control.actions import Quit
from realtime.control.commands import Command, Leave, Pointer, SelectStyle, Toggle, ToggleView, Typed
from realtime.control.keymap import GROUPS
from realtime.control.settings import Settings
from realtime.core.events import Events
from realtime.core.frame import Frame, Picture
from realtime.live import overview as overview_module
from realtime.live.display import Display
from realtime.live.overview import Overview
from realtime.live.thumbnails import SIZE, Thumbnails, thumbnail
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.models.host import ModelHost
from realtime.models.stylizer import Stylizer
from realtime.sinks.card import pages
from realtime.sinks.hud import draw
from realtime.sinks.lettering import LEAST, text_width, wrapped
from realtime.sinks.view import ViewSettings


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    yield found
    for session in found.sessions:  # those that never ran end nothing by themselves
        assert session._host.close(time.monotonic() + 5)


class Screening:
    """A display without threads: each call of `do` hands it a command, and it shows what follows."""

    def __init__(self, stage: Stage, view: ViewSettings | None = None, greeting: tuple[str, ...] = ()) -> None:
        show = stage.session(Settings(Look(RED_ALONE)), view or ViewSettings(info=False))
        self.stream, self.window = show.stream, stage.window
        self.performed: list[object] = []
        self.recorder: object = None
        self.stream.perform = self.performed.append
        for name in self.stream.library.names:
            self.stream.library.code(name)
        self.display = Display(self.window, self.stream, lambda: self.recorder, greeting)  # type: ignore[arg-type,return-value]
        self.frame(np.full((240, 320, 3), 90, np.uint8))

    def frame(self, picture: Picture) -> None:
        latest = Stylized(Frame(picture, time.monotonic()), picture, Look(RED_ALONE), 0.0)
        self.stream.latest = latest
        self.display._pictures.put(latest)
        self.display.step()

    def do(self, *commands: Command) -> None:
        for command in commands:
            self.window.type(command)
            self.display.step()
        self.display.step()

    @property
    def view(self) -> ViewSettings:
        return self.stream.view.settings


def typed(text: str) -> list[Typed]:
    return [Typed(letter) for letter in text]


# ---- the overview ----------------------------------------------------------------------------------------------------


def test_letters_and_enter_choose_a_style(stage: Stage) -> None:
    screening = Screening(stage)
    screening.do(ToggleView("overview"))
    assert screening.window.typing
    screening.do(*typed("gree"), Typed("return"))
    assert screening.stream.controls.settings.look.style == "green"
    assert not screening.view.overview
    assert not screening.window.typing


def test_arrows_choose_and_escape_leaves_all_as_it_was(stage: Stage) -> None:
    screening = Screening(stage)
    names = screening.stream.library.names
    screening.do(ToggleView("overview"), Typed("right"), Typed("left"), Typed("left"), Typed("return"))
    assert screening.stream.controls.settings.look.style == names[names.index("red") - 1]
    before = screening.stream.controls.settings
    screening.do(ToggleView("overview"), Typed("down"), Typed("escape"))
    assert screening.stream.controls.settings == before
    assert not screening.view.overview


def test_a_click_chooses_what_is_under_it(stage: Stage) -> None:
    screening = Screening(stage)
    names = screening.stream.library.names
    screening.do(ToggleView("overview"), *typed("re"))
    assert next(name for name in names if "re" in name) != "red"
    wanted = [name for name in names if "re" in name].index("red")
    assert wanted < 4  # in the first row of a window 640 pixels wide
    screening.do(Pointer("move", (wanted + 0.5) / 4, 0.2), Pointer("press", (wanted + 0.5) / 4, 0.2))
    assert screening.stream.controls.settings.look.style == "red"
    assert not screening.view.overview


def test_the_wheel_scrolls_and_newest_first_is_by_date(stage: Stage) -> None:
    overview = Overview(stage.library, "red")
    overview.draw((320, 240), lambda names: {})
    overview.pointed(Pointer("wheel", 0.5, 0.5, -1))
    seen: list[str] = []
    overview.draw((320, 240), lambda names: seen.extend(names) or {})  # type: ignore[func-returns-value]
    assert seen
    overview.typed(Typed("f1"))
    assert set(overview.names[:3]) == {"red", "green", "blue"}, "the pictures that this test has just made"
    assert overview.typed(Typed("return")) == SelectStyle("red")


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1920, 1080), (1, 1), (90, 700)])
def test_the_overview_fits_any_window(stage: Stage, size: tuple[int, int]) -> None:
    overview = Overview(stage.library, stage.library.names[0])
    small = {name: np.full((120, 160, 3), 200, np.uint8) for name in stage.library.names}
    drawn = overview.draw(size, lambda names: {name: small[name] for name in names})
    assert drawn.shape == (size[1], size[0], 3)
    if min(size) > 200:
        assert (drawn == 200).all(axis=2).mean() > 0.3, "most of it is thumbnails"


def test_a_filter_that_nothing_fits_chooses_nothing(stage: Stage) -> None:
    overview = Overview(stage.library, "red")
    for key in typed("no such style"):
        assert overview.typed(key) is None
    assert overview.names == []
    assert overview.typed(Typed("return")) is None
    overview.typed(Typed("down"))
    for _ in range(20):
        overview.typed(Typed("backspace"))
    assert len(overview.names) == len(stage.library.names)


# ---- thumbnails ------------------------------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def thumbnails(stage: Stage) -> Iterator[tuple[Thumbnails, Clock, list[Stylized]]]:
    clock, newest = Clock(), [stylized(90)]
    for name in ("red", "green", "blue"):
        stage.library.code(name)
    found = Thumbnails(Stylizer(stage.model), stage.library, ModelHost(), lambda: newest[-1], Events(), clock)
    found._begun = True  # the turns are the test's to give
    yield found, clock, newest
    found.close()


def stylized(grey: int) -> Stylized:
    picture = np.full((48, 64, 3), grey, np.uint8)
    return Stylized(Frame(picture, 0.0), picture, Look(RED_ALONE), 0.0)


def test_thumbnails_are_painted_in_their_styles_while_somebody_looks(
    thumbnails: tuple[Thumbnails, Clock, list[Stylized]],
) -> None:
    service, clock, newest = thumbnails
    assert not service.ready(), "nobody looks"
    assert service.look(["red", "green", "wave"]) == {}
    for _ in range(2):
        assert service.ready()
        service.take_turn()
        clock.now += 0.5
        service.look(["red", "green", "wave"])
    found = service.look(["red", "green", "blue", "wave"])
    assert {name: tuple(picture[5, 5]) for name, picture in found.items()} == {"red": RED, "green": GREEN}
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) for picture in found.values())
    service.take_turn()  # blue, which somebody has begun to look at
    assert tuple(service.look(["blue"])["blue"][0, 0]) == BLUE
    clock.now += 0.5
    assert not service.ready(), "the picture stands still, and all that is looked at is painted"
    newest.append(stylized(91))
    assert service.ready()
    clock.now += 2
    assert not service.ready(), "nobody has looked for two seconds"


def test_no_frame_is_kept_for_its_thumbnail(thumbnails: tuple[Thumbnails, Clock, list[Stylized]]) -> None:
    service, _, newest = thumbnails
    service.look(["red"])
    service.take_turn()
    frame = weakref.ref(newest[0].frame.picture)
    newest[0] = stylized(91)
    gc.collect()
    assert frame() is None
    assert "red" in service.look(["red"])


def test_thumbnails_rest_after_each(
    thumbnails: tuple[Thumbnails, Clock, list[Stylized]], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, clock, _ = thumbnails
    service.look(["red", "green"])
    taken = iter([5.0, 5.02])
    monkeypatch.setattr("realtime.live.thumbnails.time.perf_counter", lambda: next(taken))
    service.take_turn()
    clock.now += 0.18  # nine times as long
    service.look(["red", "green"])
    assert not service.ready()
    clock.now += 0.1
    assert service.ready()


def test_a_thumbnail_is_the_middle_of_the_picture() -> None:
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 132:268] = 255
    assert thumbnail(wide).shape == (120, 160, 3)
    assert thumbnail(wide).min() > 200


def test_thumbnails_come_while_a_session_runs(stage: Stage) -> None:
    stage.source = FakeSource(size=(320, 240))
    stage.window.size = (1920, 1080)
    stage.window.type(ToggleView("overview"))

    def all_there(picture: Picture) -> bool:
        return all((picture == colour).all(axis=2).any() for colour in (RED, GREEN, BLUE))

    stage.run_until(all_there, Settings(Look(RED_ALONE)), ViewSettings(info=False))


# ---- Esc, the mouse, the help card -----------------------------------------------------------------------------------


def test_escape_leaves_the_help_card_then_full_screen_then_the_program(stage: Stage) -> None:
    screening = Screening(stage, ViewSettings(help=True, fullscreen=True))
    screening.do(Leave())
    assert (screening.view.help, screening.view.fullscreen) == (False, True)
    screening.do(Leave())
    assert not screening.view.fullscreen
    assert not screening.performed
    screening.do(Leave())
    assert screening.performed == [Quit()]


def test_escape_asks_again_while_a_clip_is_recorded(stage: Stage) -> None:
    screening = Screening(stage)

    class Recorder:
        seconds, dropped = 3.0, 0

    screening.recorder = Recorder()
    screening.do(Leave())
    assert not screening.performed
    assert "Esc once more" in stage.said[-1]
    screening.do(Leave())
    assert screening.performed == [Quit()]


def test_the_mouse_compares_nudges_and_opens_the_overview(stage: Stage) -> None:
    screening = Screening(stage, ViewSettings(info=True))
    screening.do(Pointer("menu", 0.5, 0.5))
    assert screening.view.compare
    screening.do(Pointer("wheel", 0.5, 0.5, -3))
    assert screening.stream.controls.settings.look.strength == 0.7
    screening.do(Pointer("wheel", 0.5, 0.5, 400))
    assert screening.stream.controls.settings.look.strength == 1
    screening.do(Pointer("press", 0.5, 0.5), Pointer("move", 0.5, 0.99), Pointer("press", 0.5, 1.2))
    assert not screening.view.overview
    screening.do(Pointer("press", 0.5, 0.99))
    assert screening.view.overview


def test_the_help_card_turns_its_pages_and_closes(stage: Stage) -> None:
    screening = Screening(stage)
    screening.window.size = (320, 240)
    count = pages((320, 240))
    assert count > 1
    seen = set()
    for _ in range(count):
        screening.do(ToggleView("help"))
        assert screening.view.help
        seen.add(screening.window.shown[-1].tobytes())
    screening.do(ToggleView("help"))
    assert not screening.view.help
    assert len(seen) == count


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (480, 640), (1280, 720), (1920, 1080), (64, 48)])
def test_every_key_is_on_the_help_card_in_letters_that_can_be_read(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, int, int]] = []

    def note(canvas: Picture, text: str, at: tuple[int, int], letter: int, color: object = None) -> None:
        written.append((text, at[0] + text_width(text, letter), letter))

    monkeypatch.setattr("realtime.sinks.card.write_text", note)
    for page in range(1, pages(size) + 1):
        draw(np.zeros((size[1], size[0], 3), np.uint8), "", help_page=page)
    texts = " ".join(text for text, _, _ in written)
    for keys in GROUPS.values():
        for key in keys:
            assert key.label in texts
            assert all(word in texts for word in key.help.split()) or size[0] < 320
    assert min(letter for _, _, letter in written) >= LEAST
    if size[0] >= 320:
        assert max(right for _, right, _ in written) <= size[0]
    assert pages((640, 480)) == pages((1920, 1080)) == 1


def test_long_notices_are_broken_and_stay_within_the_picture() -> None:
    black = np.zeros((240, 320, 3), np.uint8)
    long = "recording /home/somebody/Videos/realtime/2026-01-01_12-00-00_wave.mp4 with a very long name indeed"
    lines = wrapped(long, LEAST, 300)
    assert 1 < len(lines) <= 3
    assert max(text_width(line, LEAST) for line in lines) <= 300
    drawn = draw(black, "wave", "", [long])
    assert not drawn[:120].any(), "they stand at the foot, out of the way"
    assert drawn[120:].any()


# ---- what is shown ---------------------------------------------------------------------------------------------------


def test_the_greeting_is_shown_for_the_first_seconds_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    screening = Screening(stage, greeting=("press h for the keys",))
    assert (screening.window.shown[-1] != 90).any()
    later = time.monotonic() + 9
    monkeypatch.setattr("realtime.live.display.time.monotonic", lambda: later)
    screening.frame(np.full((240, 320, 3), 90, np.uint8))
    assert (screening.window.shown[-1] == 90).all()


def test_clean_draws_nothing_over_the_picture(stage: Stage) -> None:
    screening = Screening(stage, ViewSettings(info=True, clean=True), greeting=("press h for the keys",))
    screening.do(ToggleView("help"), ToggleView("info"), ToggleView("info"))
    assert all((picture == 90).all() for picture in screening.window.shown)


def test_blackout_is_black_in_every_sink(stage: Stage) -> None:
    screening = Screening(stage, ViewSettings(info=True))
    screening.do(ToggleView("blackout"), Toggle("original"))
    assert not screening.window.shown[-1].any()
    assert screening.stream.latest is not None
    assert not screening.stream.view.compose(screening.stream.latest, info=True).any()


def test_a_picture_dropped_in_alone_is_taken_up_and_several_are_not(stage: Stage) -> None:
    session = stage.session()

    def look(picture: Picture) -> None:
        shown = len(stage.window.shown)
        if shown == 3:
            cv2.imwrite(str(stage.styles / "white.png"), np.full((8, 8, 3), 255, np.uint8))
        elif session.controls.settings.look.style == "white" and not (stage.styles / "grey.png").exists():
            for name, grey in (("grey", 120), ("dark", 40)):
                cv2.imwrite(str(stage.styles / f"{name}.png"), np.full((8, 8, 3), grey, np.uint8))
        elif {"grey", "dark"} <= set(stage.library.names):
            taken.append(time.monotonic())
            if taken[-1] - taken[0] > 1.2:
                session.stop()

    taken: list[float] = []
    stage.window.on_show = look
    session.run()
    assert session.controls.settings.look.style == "white"


def test_few_styles_fill_a_large_window_and_many_keep_the_usual_size() -> None:
    few, many = overview_module._grid((1920, 1080), 18), overview_module._grid((1920, 1080), 100)
    assert few.columns * few.rows >= 18
    assert few.cell[0] > many.cell[0] == 240
    assert few.cell[1] * few.rows > 1080 / 2


def test_what_of_a_row_lies_below_the_window_is_left_out_and_not_pressed_together() -> None:
    grid = overview_module._grid((640, 480), 18)
    picture = np.zeros((*SIZE[::-1], 3), np.uint8)
    picture[SIZE[1] // 2 :] = 255
    canvas = np.zeros((480, 640, 3), np.uint8)
    overview_module._draw_cell(canvas, grid, (0, 480 - grid.cell[1] // 3), "wave", picture, chosen=False)
    assert canvas.max() == 0  # the upper half of the picture is black
