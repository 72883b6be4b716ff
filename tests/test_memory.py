"""What is kept from one start to the next: looks under keys and names, and what was in use."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from fakes import FakeModel
from test_cli import Run, run  # noqa: F401
from test_live import RED_ALONE, Stage

from realtime.cli.memory import Memory, memory_file, remember, remembered, usable
from realtime.control.commands import AwaitPreset, Nudge, Preset
from realtime.control.controls import Controls
from realtime.control.presets import looks_folder, name_look, named_look
from realtime.control.settings import Settings
from realtime.control.slideshow import FLASH_SECONDS, Slideshow
from realtime.core.errors import UsageError
from realtime.core.frame import Picture
from realtime.look.look import Look
from realtime.look.look_files import read_look, write_look
from realtime.models.stylizer import Stylizer
from realtime.sinks.screen import Screen
from realtime.styles.library import StyleLibrary


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(autouse=True)
def settings_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


# ---- kept looks ------------------------------------------------------------------------------------------------------


def press(stage: Stage, *keys: AwaitPreset | Preset | Nudge) -> None:
    """Press keys in a session, one for each frame."""
    waiting = list(keys)

    def look(picture: Picture) -> None:
        if waiting:
            stage.window.type(waiting.pop(0))
        elif len(stage.window.shown) > 2 * len(keys) + 4:
            show.stop()

    stage.window.shown.clear()
    stage.window.on_show = look
    show = stage.session(Settings(Look(RED_ALONE)))
    show.run()


def test_a_kept_look_is_not_replaced_unless_the_key_is_pressed_again(stage: Stage) -> None:
    place = stage.out / "looks" / "1.toml"
    press(stage, AwaitPreset(), Preset(1))
    before = place.read_bytes()
    press(stage, AwaitPreset(), Preset(1))
    assert not any("already" in text for text in stage.said), "the same look again loses nothing"
    press(stage, Nudge("strength", -0.5), AwaitPreset(), Preset(1))
    assert "F1 keeps red already: F1 once more replaces it, k leaves it" in stage.said
    assert place.read_bytes() == before
    press(stage, Nudge("strength", -0.5), AwaitPreset(), Preset(1), AwaitPreset(), Preset(1))
    assert place.read_bytes() == before, "k leaves it, and F1 alone recalls"
    press(stage, Nudge("strength", -0.5), AwaitPreset(), Preset(1), Preset(1))
    assert read_look(place).strength == 0.5


def test_a_look_has_a_name(run: Run) -> None:  # noqa: F811
    look = Look((("wave", 1.0),), 0.4)
    assert run("looks", "name", "1", "evening")[0] == 2, "there is none yet"
    write_look(look, looks_folder() / "1.toml")
    assert run("looks", "name", "1", "evening")[0] == 0
    assert read_look(looks_folder() / "evening.toml") == look
    status, _, err = run("looks", "name", "1", "evening")
    assert (status, "called evening already" in err) == (2, True), "nothing is replaced"
    _, out, _ = run("looks")
    assert out.splitlines() == [f"{name:20}  wave, strength 40%" for name in ("1", "evening")]
    assert run("demo", "--no-window", "--frames", "2", "--look", "evening")[0] == 0
    assert run("demo", "--no-window", "--look", "morning")[0] == 2


def test_a_file_that_is_no_look_gets_no_name() -> None:
    looks_folder().mkdir(parents=True, exist_ok=True)
    (looks_folder() / "1.toml").write_bytes(b"\xff no look")
    with pytest.raises(UsageError):
        name_look(1, "evening")
    assert not (looks_folder() / "evening.toml").exists()


@pytest.mark.parametrize("name", ["../evening", "a/b", "", ".", "3", "x" * 100, "a\0b", "C:evening"])
def test_no_name_of_a_look_is_a_path(name: str, tmp_path: Path) -> None:
    write_look(Look((("wave", 1.0),)), looks_folder() / "1.toml")
    write_look(Look((("wave", 1.0),)), looks_folder().parent / "evening.toml")
    with pytest.raises(UsageError, match="can be no look's name"):
        name_look(1, name)
    assert named_look(name) is None


# ---- what was in use -------------------------------------------------------------------------------------------------


def test_what_is_remembered_comes_back() -> None:
    assert remembered() == Memory()
    memory = Memory("Front camera", Look((("wave", 0.5), ("ink", 0.5)), 0.3, 0.5), Screen(-20, 40, 640, 480))
    remember(memory)
    assert remembered() == memory


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no toml",
        "\xff",
        "camera = 3\nlook = 4\nwindow = 5",
        'look = "styles = 7"',
        'window = [0, 0, "1", 1]',
        "window = [0, 0, 1, 1]",
        "window = [0, 0, 99999999, 9]",
        "window = [true, true, true, true]",
    ],
)
def test_a_memory_that_is_damaged_is_forgotten(text: str) -> None:
    memory_file().parent.mkdir(parents=True, exist_ok=True)
    memory_file().write_text(text, "latin-1")
    assert remembered() == Memory()


def test_a_remembered_style_is_a_name_and_never_a_path(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "secret.png"), np.full((8, 8, 3), 9, np.uint8))
    library = StyleLibrary(Stylizer(FakeModel()), cache=tmp_path / "cache")
    before = library.names
    for name in (str(tmp_path / "secret.png"), "gone", "../styles/wave.jpg"):
        assert usable(Look(((name, 1.0),)), library) is None
    assert library.names == before
    wave = Look((("wave", 1.0),), 0.2)
    assert usable(wave, library) == wave
    assert usable(None, library) is None


def test_without_a_window_nothing_is_remembered_and_nothing_changes(run: Run) -> None:  # noqa: F811
    remember(Memory(look=Look((("ink", 1.0),))))
    before = memory_file().read_bytes()
    _, _, err = run("demo", "--no-window", "--frames", "2")
    assert "demo, wave" in err
    assert memory_file().read_bytes() == before


def test_a_window_begins_with_the_look_of_the_last_time(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fakes import FakeWindow

    class Window(FakeWindow):
        def __init__(self, **options: object) -> None:
            super().__init__()
            places.append(options["place"])
            self.place = Screen(7, 8, 700, 500)  # type: ignore[assignment]

    places: list[object] = []
    monkeypatch.setattr("realtime.sinks.window.WindowSink", Window)
    monkeypatch.setattr("realtime.sinks.screen.display_problem", lambda: "")
    assert "demo, ink" in run("demo", "--frames", "2", "--style", "ink", "--strength", "40%")[2]
    assert remembered() == Memory(look=Look((("ink", 1.0),), 0.4), place=Screen(7, 8, 700, 500))
    _, _, err = run("demo", "--frames", "2")
    assert "demo, ink" in err
    assert "as they were the last time; --fresh begins anew" in err
    assert "demo, swirl" in run("demo", "--frames", "2", "--style", "swirl")[2]
    assert "demo, wave" in run("demo", "--frames", "2", "--fresh")[2]
    run("demo", "--frames", "2", "--size", "1280x720")
    assert places == [None, Screen(7, 8, 700, 500), Screen(7, 8, 700, 500), None, None]


def test_a_window_opens_the_camera_of_the_last_time_unless_it_is_gone_or_an_option_says_otherwise(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fakes import FakeSource, FakeWindow

    asked: list[str | None] = []

    def open_source(name: str | None, *rest: object) -> FakeSource:
        asked.append(name)
        return FakeSource()

    cameras = [SimpleNamespace(name="Front camera")]
    monkeypatch.setattr("realtime.sources.camera.list_cameras", lambda: cameras)
    monkeypatch.setattr("realtime.sources.registry.open_source", open_source)
    monkeypatch.setattr("realtime.sinks.window.WindowSink", lambda **options: FakeWindow())
    monkeypatch.setattr("realtime.sinks.screen.display_problem", lambda: "")
    for words in ((), ("--fresh",), ("--source", "1")):
        remember(Memory("Front camera"))
        assert run("--frames", "2", *words)[0] == 0
    cameras.clear()
    remember(Memory("Front camera"))
    assert run("--frames", "2")[0] == 0
    assert asked == ["Front camera", None, "1", None]


# ---- flashes ---------------------------------------------------------------------------------------------------------


def changes(strobe: bool) -> int:
    """How many styles a slideshow of 0.05 s shows in three seconds."""
    now = [0.0]
    names = ["a", "b", "c"]
    controls = Controls(Settings(Look((("a", 1.0),)), slideshow=0.05), lambda: names)
    slideshow = Slideshow(controls, lambda: now[0], strobe)
    count, before = 0, controls.settings.look
    for _ in range(300):
        now[0] += 0.01
        slideshow.tick()
        count += controls.settings.look is not before
        before = controls.settings.look
    return count


def test_a_slideshow_changes_three_times_a_second_at_most_without_strobe() -> None:
    assert 7 <= changes(strobe=False) <= 9
    assert changes(strobe=True) > 30
    assert FLASH_SECONDS >= 1 / 3


def test_a_slideshow_keeps_its_beat_though_its_ticks_come_late() -> None:
    now = [0.0]
    controls = Controls(Settings(Look((("a", 1.0),)), slideshow=0.5), lambda: ["a", "b", "c"])
    slideshow = Slideshow(controls, lambda: now[0])
    slideshow.tick()
    count, before = 0, controls.settings.look
    while now[0] < 60.1:
        now[0] += 0.07  # a beat is no multiple of it
        slideshow.tick()
        count += controls.settings.look is not before
        before = controls.settings.look
    assert count == 120


def test_flashes_are_warned_of(run: Run) -> None:  # noqa: F811
    flashes = ("demo", "--no-window", "--frames", "2", "--slideshow", "0.1")
    assert "unless --strobe is given" in run(*flashes)[2]
    assert "can cause seizures" in run(*flashes, "--strobe")[2]
    assert "seizures" not in run(*flashes[:-1], "5")[2]


def test_a_strangers_look_opens_no_picture_outside_the_style_folders(
    tmp_path: Path,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "secret.png"
    cv2.imwrite(str(secret), np.full((8, 8, 3), 90, np.uint8))
    look = Look(((str(secret), 1.0),))
    write_look(look, tmp_path / "strangers.toml")
    write_look(look, looks_folder() / "mine.toml")
    always = ("demo", "--no-window", "--frames", "2")
    status, _, err = run(*always, "--look", str(tmp_path / "strangers.toml"))
    assert status == 2 and f"names the picture {secret}" in err and "--styles" in err
    assert run(*always, "--look", "mine")[0] == 0
