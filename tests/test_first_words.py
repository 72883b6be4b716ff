"""What a person types first: words taken as what they mean, messages that lead on, and the help."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import FakeModel, FakeSource, FakeWindow
from test_cli import Run, run  # noqa: F401

from realtime.cli.announce import Announcer
from realtime.cli.group import EXAMPLES, GROUPS
from realtime.cli.live import realtime
from realtime.cli.options import SIZES
from realtime.cli.options import size as parse_size
from realtime.control.commands import NextStop, Nudge, StepStyle, Toggle
from realtime.control.keymap import KEYS
from realtime.live.session import LiveSession
from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that were opened, in place of sessions."""
    seen: list[str] = []

    def run_session(session: LiveSession, *rest: object, **options: Any) -> str:
        seen.append(session.streams[0].source.name)
        return ""

    monkeypatch.setattr(LiveSession, "run", run_session)
    return seen


def picture(path: Path) -> str:
    cv2.imwrite(str(path), np.full((48, 64, 3), 90, np.uint8))
    return path.name


@pytest.mark.parametrize("before", [(), ("--strength", "0.5"), ("--own-colours", "20%")])
@pytest.mark.parametrize("after", [(), ("--no-window",), ("--size", "720p")])
def test_a_picture_is_taken_as_the_source(
    run: Run,  # noqa: F811
    sources: list[str],
    tmp_path: Path,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> None:
    name = picture(tmp_path / "photo.jpg")
    status, _, err = run(*before, name, "--frames", "1", "--no-window", *after)
    assert (status, sources) == (0, ["photo.jpg"]), err
    assert "photo.jpg is taken as --source photo.jpg; realtime photo photo.jpg paints it into a file" in err


def test_demo_is_taken_as_the_source(run: Run, sources: list[str]) -> None:  # noqa: F811
    assert run("demo", "--no-window")[0] == 0
    assert sources == ["demo"]


def test_a_command_is_a_command_though_a_file_has_its_name(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "keys").mkdir()
    _, out, _ = run("keys")
    assert all(key.label in out and key.help in out for key in KEYS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["holiday.mp4"], "there is no file holiday.mp4"),
        (["demo", "photo.jpg"], "photo.jpg and demo are two sources; --source demo --source photo.jpg switches"),
        (["kyes"], "'kyes' is no command, no file and no address; did you mean keys?"),
        (["help", "kyes"], "there is no command 'kyes'"),
        (["render", "--no-such-option"], "(see realtime render --help)"),
        (["--strength", "80"], "80 is above 1; write 0.8 or 80%"),
        (["--strength", "180%"], "180% is above 100%"),
        (["--steady", "-1"], "-1 is below 0"),
        (["photo", "x.jpg", "--strength", "80"], "80 is above 1; write 0.8 or 80%"),
        (["--size", "1080q"], "'1080q' is no size; write it as 640x480 or 720p"),
        (["demo", "--no-window", "--style", "wave:abc"], "'abc' is no weight of wave"),
        (["demo", "--no-window", "--look", "photo.jpg"], "photo.jpg holds no look: it is a picture"),
    ],
)
def test_a_message_says_what_was_meant(run: Run, tmp_path: Path, arguments: list[str], said: str) -> None:  # noqa: F811
    picture(tmp_path / "photo.jpg")
    status, out, err = run(*arguments, *([] if {"render", "photo", "help", "kyes"} & {*arguments} else ["--no-window"]))
    assert (status, out) == (2, "")
    assert said in err


def test_percentages_and_names_of_sizes_are_understood(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[float] = []

    def run_session(session: LiveSession, *rest: object, **options: Any) -> str:
        seen.append(session.streams[0].controls.settings.look.strength)
        return ""

    monkeypatch.setattr(LiveSession, "run", run_session)
    assert run("demo", "--no-window", "--strength", "80%")[0] == 0
    assert seen == [0.8]
    for name, size in SIZES.items():
        assert parse_size(name) == size


def test_an_empty_style_folder_is_said(run: Run, sources: list[str], tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "mine").mkdir()
    _, _, err = run("demo", "--no-window", "--styles", "mine")
    assert "the style folder mine holds no pictures yet" in err


def test_no_window_alone_says_what_it_does(run: Run, sources: list[str]) -> None:  # noqa: F811
    _, _, err = run("demo", "--no-window")
    assert "the picture goes nowhere; --record FILE keeps it" in err
    assert "goes nowhere" not in run("demo", "--no-window", "--frames", "1")[2]


def test_the_window_itself_says_what_matters_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    greetings: list[list[str]] = []

    def run_session(session: LiveSession, *rest: object, **options: Any) -> str:
        greetings.append(options["greeting"])
        return ""

    monkeypatch.setattr(LiveSession, "run", run_session)
    monkeypatch.setattr("realtime.sinks.window.WindowSink", lambda **options: FakeWindow())
    monkeypatch.setattr("realtime.sinks.screen.display_problem", lambda: "")
    assert run()[0] == run("demo")[0] == 0
    keys = "press h for the keys, Tab for all styles"
    assert greetings == [["no camera found: this is the demo", keys], [keys]]


def test_the_help_fits_a_screen_and_names_commands_first(run: Run) -> None:  # noqa: F811
    status, out, _ = run("--help")
    lines = out.splitlines()
    assert status == 0
    assert len(lines) < 60
    assert max(map(len, lines)) <= 80
    order = ["Commands:", "Examples:", *(f"{heading}:" for heading in GROUPS)]
    assert [line for line in lines if line in order] == order
    assert all(command in out for command, _ in EXAMPLES)
    assert run("help")[1] == out
    assert run("help", "render")[1] == run("render", "--help")[1]


def test_the_whole_help_explains_every_option(run: Run) -> None:  # noqa: F811
    _, out, _ = run("help", "all")
    explained = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", out, re.MULTILINE))
    named = set(re.findall(r"--[a-z-]+", run("--help")[1]))
    assert explained >= {max(option.opts, key=len) for option in realtime.params}
    assert named >= explained


def test_changes_are_announced_once_each(tmp_path: Path) -> None:
    said: list[str] = []
    stylizer = Stylizer(FakeModel())
    session = LiveSession(stylizer, StyleLibrary(stylizer, cache=tmp_path))
    stream = session.add(FakeSource())
    names = stream.library.names
    announcer = Announcer(lambda: stream.controls.settings, said.append)
    stream.events.subscribe(announcer.hear)
    for command in (Nudge("strength", -0.2), Nudge("strength", 0.2), Toggle("original"), NextStop("own_colours")):
        stream.apply(command)
    following = names[(names.index(stream.controls.settings.look.style) + 1) % len(names)]
    stream.apply(StepStyle(1))
    assert said == ["strength 80%", "strength 100%", "original on", f"style {following}"]
    stylizer.close()
