"""An installation: what strangers before the window can do and see, and a program that comes back whatever fails."""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import media
import numpy as np
import psutil
import pytest
from conftest import bare_screen
from fakes import FakeSource, FakeWindow
from test_cli import Run, run  # noqa: F401
from test_live import Show, Stage, stage  # noqa: F401

from realtime.cli.live import realtime as program
from realtime.cli.memory import Memory, memory_file, remember
from realtime.control.actions import Quit
from realtime.control.commands import Command, Leave, Pointer, StepStyle
from realtime.control.keymap import KEY_MAP, keys_named
from realtime.core.errors import SinkError, SourceEndedError, SourceError, UsageError
from realtime.core.events import Notice, Saved
from realtime.core.frame import Frame, Picture
from realtime.core.watchdog import Limits, keep_running
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.sinks.card import draw_card
from realtime.sinks.view import ViewSettings
from realtime.sources import registry
from realtime.sources.base import Source
from realtime.sources.waiting import WaitingSource

ROOT = Path(__file__).parent.parent
EXAMPLES = Path(__file__).parent / "examples" / "kiosk"


# ---- a source that comes and goes ------------------------------------------------------------------------------------


def first_frame(source: Source, seconds: float = 20) -> Frame:
    """Wait for a frame as a stream does."""
    end = time.monotonic() + seconds
    while (frame := source.read(0.05)) is None:
        assert time.monotonic() < end, f"no frame came: {source.notice}"
    return frame


def test_a_source_that_is_not_there_yet_is_waited_for_and_found() -> None:
    there = threading.Event()

    def open_it() -> Source:
        if not there.is_set():
            raise SourceError("nobody has plugged it in")
        return FakeSource()

    with WaitingSource(open_it, "the camera") as source:
        assert (source.name, source.notice, source.size, source.rate) == (
            "the camera",
            "waiting for the camera",
            None,
            None,
        )
        while "plugged" not in source.notice:
            assert source.read(0.05) is None
        there.set()
        first_frame(source)
        assert (source.name, source.notice) == ("fake", "")


def test_a_source_that_fails_or_ends_is_opened_anew() -> None:
    made: list[FakeSource] = []

    def open_it() -> Source:
        made.append(FakeSource())
        return made[-1]

    with WaitingSource(open_it, "the camera") as source:
        for number, error in enumerate(
            (SourceError("gone"), SourceEndedError("over"), ZeroDivisionError("a driver's"))
        ):
            first_frame(source)
            made[-1].fail = error
            while len(made) == number + 1:
                source.read(0.05)
            assert made[number]._closed.is_set(), "what failed is closed"
        first_frame(source)


class Hanging(FakeSource):
    """A source whose driver never returns from its third frame on."""

    forever = threading.Event()

    def read(self, timeout: float = 1.0) -> Frame | None:
        if self.count >= 3:
            self.forever.wait()
        return super().read(timeout)


def test_a_driver_that_hangs_holds_its_own_thread_and_the_source_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.sources.waiting._FIRST_PAUSE", 0.01)
    made: list[Hanging] = []

    def open_it() -> Source:
        made.append(Hanging())
        return made[-1]

    with WaitingSource(open_it, "the camera", stall_seconds=0.2) as source:
        with pytest.raises(SourceError, match="hangs, and holds 4 threads"):
            while True:
                source.read(0.05)
        assert len(made) == 4
        begin = time.monotonic()
        source.close()
        assert time.monotonic() - begin < 1.5
        assert source.stuck
        Hanging.forever.set()
    with pytest.raises(SourceEndedError):
        source.read(0.1)
    end = time.monotonic() + 10
    while source.stuck:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_that_appears_is_played_and_one_that_goes_is_waited_for(tmp_path: Path) -> None:
    with registry.wait_for_source(str(tmp_path / "film.mp4"), (320, 240), 30) as source:
        assert source.name == "film.mp4"
        assert source.read(0.2) is None
        media.clip_at(tmp_path / "new.mp4", range(5))
        (tmp_path / "new.mp4").rename(tmp_path / "film.mp4")
        first_frame(source)
        (tmp_path / "film.mp4").unlink()
        while not source.notice:
            source.read(0.05)
        assert "waiting for film.mp4" in source.notice


def test_a_camera_is_mirrored_before_it_is_there_and_what_can_never_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.sources.camera.list_cameras", list)
    for text, mirror in ((None, True), ("0", True), ("Brio", True), (str(tmp_path / "x.mp4"), False), ("demo", False)):
        with registry.wait_for_source(text, (64, 48), 10) as source:
            assert source.mirror is mirror, text
    for text in ("ftp://host/film", "", "  "):
        with pytest.raises(UsageError):
            registry.wait_for_source(text, (64, 48), 10)
    with registry.wait_for_source("admin:secret@192.168.0.20", (64, 48), 10) as source:
        assert "secret" not in source.name + source.notice


def test_without_wait_a_source_that_is_missing_is_an_error_and_with_it_is_not(run: Run, tmp_path: Path) -> None:  # noqa: F811
    words = ("--source", "film.mp4", "--no-window", "--seconds", "0.3")
    assert run(*words)[0] == 2
    status, _, err = run(*words, "--wait")
    assert (status, "waiting for film.mp4" in err) == (0, True)
    media.clip_at(tmp_path / "film.mp4", range(5))
    assert run(*words[:-2], "--frames", "3", "--wait")[0] == 0


# ---- what strangers can do and see -----------------------------------------------------------------------------------


def kiosk_run(
    stage: Stage,  # noqa: F811
    keys: str,
    act: Callable[[int], None],
    frames: int = 30,
    streams: list[Stream] | None = None,
) -> Show:
    """Run a session of a kiosk; `act` is called before each picture with its number."""
    show = stage.session(view=ViewSettings(info=False, fullscreen=True))
    if streams is not None:
        streams.append(show.stream)
    count = iter(range(10_000))
    stage.window.on_show = lambda picture: act(next(count))
    show.session.run(stage.window, frames=frames, greeting=["secret greeting"], kiosk=frozenset(keys_named(keys)))
    return show


def test_no_path_no_address_and_no_error_is_on_the_screen(stage: Stage) -> None:  # noqa: F811
    def act(number: int) -> None:
        streams[0].events.emit(Notice(f"an error with /a/path, {number}"))
        stage.source.trouble = "no picture from rtsp://camera" if number == 8 else ""

    def look_for_keys() -> list[Command]:
        if stage.source.trouble and next(looks) == 10:  # which was half a second, in which it would have been drawn
            stage.source.trouble = ""
        return []

    streams: list[Stream] = []
    looks = iter(range(10_000))
    stage.window.commands = look_for_keys  # type: ignore[method-assign]
    kiosk_run(stage, "", act, streams=streams)
    assert next(looks) > 10
    for picture in stage.window.shown:
        assert np.ptp(picture.reshape(-1, 3), axis=0).max() == 0, "nothing is drawn over the picture"


def test_a_visitor_who_saves_is_told_so_without_the_path(stage: Stage) -> None:  # noqa: F811
    drawn: list[list[str]] = []

    def draw(picture: Picture, line: str, recording: str, notices: list[str], *rest: Any) -> Picture:
        drawn.append(list(notices))
        return picture

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("realtime.live.display.draw", draw)
        show = stage.session(view=ViewSettings(info=False))
        stage.window.on_show = lambda picture: show.stream.events.emit(Saved("saved /home/x.png", Path("/home/x.png")))
        show.session.run(stage.window, frames=10, kiosk=frozenset("s"))
    assert {text for notices in drawn for text in notices} == {"saved"}


def test_the_mouse_does_nothing_outside_the_overview(stage: Stage) -> None:  # noqa: F811
    def act(number: int) -> None:
        for gesture in ("press", "menu", "wheel"):
            stage.window.type(Pointer(gesture, 0.5, 0.99, 3))

    show = kiosk_run(stage, "left", act)
    assert show.controls.settings.look == Look((("red", 1.0),))
    assert not show.stream.view.settings.compare and not show.stream.view.settings.overview


def test_closing_the_window_is_an_error_unless_a_key_may_end_the_program(stage: Stage) -> None:  # noqa: F811
    with pytest.raises(SinkError, match="window was closed"):
        kiosk_run(stage, "left", lambda number: stage.window.type(Quit()), 500)


@pytest.mark.parametrize(("keys", "command"), [("q", Quit()), ("esc", Leave())])
def test_a_key_that_is_named_may_end_the_program(stage: Stage, keys: str, command: Any) -> None:  # noqa: F811
    kiosk_run(stage, keys, lambda number: stage.window.type(command), 5000)
    assert len(stage.window.shown) < 100
    assert stage.window.fullscreen, "full screen is not left on the way"


def test_the_help_card_lists_the_keys_that_work() -> None:
    canvas = [np.full((480, 640, 3), 200, np.uint8) for _ in range(2)]
    draw_card(canvas[0], 1)
    draw_card(canvas[1], 1, frozenset(("right", "h")))
    dark = [int((picture.mean(axis=2) < 190).sum()) for picture in canvas]
    assert 0 < dark[1] < dark[0] / 2


def test_keys_are_named_as_in_the_table() -> None:
    assert keys_named("") == {}
    assert keys_named("Left, right  SPACE comma esc f1 ?") == {
        name: KEY_MAP[name] for name in ("left", "right", " ", ",", "escape", "f1", "?")
    }
    assert set(
        keys_named(" ".join("comma" if name == "," else "space" if name == " " else name for name in KEY_MAP))
    ) == set(KEY_MAP)
    with pytest.raises(UsageError, match="'ctrl' is no key; there are right n"):
        keys_named("left ctrl")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kiosk", "--no-window"), "leave out one"),
        (("--kiosk-keys", "left"), "give both"),
        (("--kiosk", "--kiosk-keys", "left ctrl"), "'ctrl' is no key"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run: Run, words: tuple[str, ...], said: str) -> None:  # noqa: F811
    status, _, err = run(*words)
    assert (status, said in err) == (2, True)


def test_a_kiosk_neither_reads_nor_writes_what_was_in_use(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    made: list[dict[str, Any]] = []

    class Window(FakeWindow):
        def __init__(self, **options: Any) -> None:
            super().__init__()
            made.append(options)
            self.type(StepStyle(1))

    monkeypatch.setattr("realtime.sinks.window.WindowSink", Window)
    monkeypatch.setattr("realtime.sinks.screen.display_problem", lambda: "")
    monkeypatch.setattr("realtime.cli.session.seen_alive", lambda session: contextlib.nullcontext())
    monkeypatch.setenv("REALTIME_WATCHED", "")
    remember(Memory(look=Look((("ink", 1.0),))))
    before = memory_file().read_bytes()
    status, _, err = run("demo", "--frames", "9", "--kiosk", "--kiosk-keys", "right", "--announce")
    assert status == 0
    assert "demo, wave" in err and "style " in err, "it begins with its own style, and --announce works"
    assert memory_file().read_bytes() == before
    assert (made[0]["pointer_seconds"], list(made[0]["keymap"])) == (0.0, ["right"])


# ---- the watching process --------------------------------------------------------------------------------------------

_COUNTS = """
import os, sys, time
with open(sys.argv[1], "a") as starts:
    starts.write(os.environ["REALTIME_WATCHED"] + "\\n")
count = len(open(sys.argv[1]).readlines())
"""


def watch_script(tmp_path: Path, code: str) -> tuple[int, list[str], list[str]]:
    """Let a script be watched; gives the exit status, why it was started each time, and what was said."""
    starts = tmp_path / "starts"
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("realtime.core.watchdog._FIRST_PAUSE", 0.01)
        status = keep_running([sys.executable, "-c", _COUNTS + code, str(starts)], said.append, Limits(1.5, 3.0, 60.0))
    return status, starts.read_text().splitlines(), said


@pytest.mark.parametrize("status", [0, 2])
def test_a_program_that_ends_by_itself_is_not_started_anew(tmp_path: Path, status: int) -> None:
    assert watch_script(tmp_path, f"sys.exit({status})") == (status, [""], [])


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_a_program_that_fails_crashes_or_hangs_is_started_anew(tmp_path: Path) -> None:
    code = "\n".join(
        (
            "if count == 1: sys.exit(1)",
            "if count == 2: os.kill(os.getpid(), 11)",
            "if count == 3: time.sleep(100)",
        )
    )
    status, starts, said = watch_script(tmp_path, code)
    assert status == 0
    assert starts == [
        "",
        "the program ended with exit status 1",
        "the program ended with signal 11",
        "the program gave no sign for 2 s and was ended",
    ]
    assert [line.partition(";")[0] for line in said] == starts[1:]


_BEGIN = """
import sys, threading
import realtime.cli.kiosk, realtime.core.watchdog, realtime.models.stylizer
import realtime.sinks.screen as screen, realtime.sinks.window as window
from fakes import FakeModel, FakeWindow
forever = threading.Event()
realtime.cli.kiosk.HANG_SECONDS = 1.0
realtime.models.stylizer.open_model = lambda text, threads: FakeModel()
class Window(FakeWindow):
    def __init__(self, **options):
        super().__init__()
    def show(self, picture, waiting=False, whole=False):
        super().show(picture, waiting, whole)
        if picture.any() and len(self.shown) % 20 == 0:
            print("shown", file=sys.stderr, flush=True)
window.WindowSink, screen.display_problem = Window, lambda: ""
"""
_HANGS = {
    "nothing": "",
    "model": """
class Hangs(FakeModel):
    def stylize(self, picture, code):
        if self.frames > 30:
            print("hangs", file=sys.stderr, flush=True)
            forever.wait()
        return super().stylize(picture, code)
realtime.models.stylizer.open_model = lambda text, threads: Hangs()
""",
    "style network": """
class Hangs(FakeModel):
    def encode(self, style):
        if self.encoded > 3:
            print("hangs", file=sys.stderr, flush=True)
            forever.wait()
        return super().encode(style)
realtime.models.stylizer.open_model = lambda text, threads: Hangs()
""",
    "window": """
class Hangs(Window):
    def show(self, picture, waiting=False, whole=False):
        super().show(picture, waiting, whole)
        if len(self.shown) > 30:
            print("hangs", file=sys.stderr, flush=True)
            while True:  # in C, say: no handler of a signal runs on this thread any more
                try:
                    forever.wait()
                except KeyboardInterrupt:
                    pass
window.WindowSink = Hangs
""",
}
_END = "\nfrom realtime.cli import program; program()"


@contextlib.contextmanager
def kiosk(tmp_path: Path, what: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A kiosk as a process, with a fake model and window; its parts hang where a test wants it."""
    environment = {
        **os.environ, "XDG_CACHE_HOME": str(tmp_path), "DISPLAY": "", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }  # fmt: skip
    command = [sys.executable, "-c", _BEGIN + _HANGS[what] + _END, "--kiosk", "--size", "160x120", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children():
                    child.kill()
                process.kill()


def until_said(process: subprocess.Popen[str], text: str) -> list[str]:
    """Read what the program says until a line with `text`."""
    assert process.stderr
    found: list[str] = []
    while not found or text not in found[-1]:
        line = process.stderr.readline()
        assert line, f"it ended before {text!r}: {found}"
        found.append(line)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("what", ["model", "style network", "window"])
def test_what_hangs_is_started_anew_and_one_term_ends_it_in_time(tmp_path: Path, what: str) -> None:
    with kiosk(tmp_path, what, "--source", "demo", "--log", str(tmp_path / "kiosk.log")) as process:
        until_said(process, "hangs")
        until_said(process, "starting anew")
        until_said(process, "hangs")  # it ran again
        children = psutil.Process(process.pid).children()
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - begin < 8.0
        assert process.returncode == 130
        assert "Traceback" not in err
        assert not psutil.wait_procs(children, timeout=5)[1], "nothing stays behind"
    assert f"the {what} hangs" in (tmp_path / "kiosk.log").read_text("utf-8")
    assert "started anew: the program ended with exit status 1" in (tmp_path / "kiosk.log").read_text("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_kiosk_waits_for_its_film_and_ends_with_whoever_watches_it(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with kiosk(tmp_path, "nothing", "--wait", "--source", str(film)) as process:
        until_said(process, "waiting for film.mp4")
        media.clip_at(tmp_path / "new.mp4", range(9))
        (tmp_path / "new.mp4").rename(film)
        until_said(process, "shown")
        (child,) = psutil.Process(process.pid).children()
        child.send_signal(signal.SIGSEGV)
        until_said(process, "starting anew")
        until_said(process, "shown")
        (child,) = psutil.Process(process.pid).children()
        process.kill()
        assert not psutil.wait_procs([child], timeout=15)[1], "it does not outlive the process that watched it"


@bare_screen
def test_on_a_screen_only_the_named_keys_work_and_the_window_comes_back(screen: Any, tmp_path: Path) -> None:
    screen.clear()
    environment = {**screen.environment, "XDG_CACHE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    words = [
        "-m",
        "realtime",
        "demo",
        "--kiosk",
        "--kiosk-keys",
        "right",
        "--style",
        "wave",
        "--morph",
        "0",
        "--announce",
    ]
    with subprocess.Popen(
        [sys.executable, *words], env=environment, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            window = screen.find_window("realtime")
            end = time.monotonic() + 20
            while "800x600" not in screen.xdotool("getwindowgeometry", window):  # there is no window manager
                assert time.monotonic() < end, "it does not fill the screen"
                time.sleep(0.05)
            for key in ("q", "Escape", "o", "n", "Right"):
                screen.press(window, key)
            lines = until_said(process, "style ")
            assert not any("original" in line for line in lines), "o does nothing"
            (child,) = psutil.Process(process.pid).children()
            child.kill()
            until_said(process, "starting anew")
            until_said(process, "wave")
            screen.find_window("realtime")
            begin = time.monotonic()
            process.terminate()
            process.communicate(timeout=20)
            assert time.monotonic() - begin < 8.0
        finally:
            for running in psutil.Process(process.pid).children() if process.poll() is None else []:
                running.kill()
            process.kill()


# ---- the examples ----------------------------------------------------------------------------------------------------


def check_line(line: str) -> None:
    """Parse a command line of an example as the program does."""
    command, *words = shlex.split(line.replace("\\", "/"))
    assert Path(command).stem == "realtime"
    with click.Context(program, info_name="realtime") as context:
        options, rest, _ = program.make_parser(context).parse_args(list(words))
        values = {
            o.name: o.type_cast_value(context, options[o.name]) for o in program.params if options.get(str(o.name))
        }
    assert not rest
    assert options["kiosk"] and options["wait"]
    assert values["size"] == (1280, 720)
    assert set(keys_named(options["kiosk_keys"])) == {"left", "right"}


def test_the_command_line_of_the_manual_is_one() -> None:
    lines = (ROOT / ".github" / "MANUAL.md").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("realtime --kiosk"))
    check_line(line)


def test_the_unit_of_systemd_says_what_the_program_is_made_for() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "realtime-kiosk.service", "utf-8")
    service = unit["Service"]
    check_line(service["ExecStart"])
    assert service["Restart"] == "always"
    assert service["KillMode"] == "mixed", "the watching process ends the other one itself"
    assert service["SuccessExitStatus"] == "130"
    assert int(service["TimeoutStopSec"]) > 8
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_task_of_windows_has_no_end_and_begins_with_the_login(tmp_path: Path) -> None:
    task = xml.etree.ElementTree.parse(EXAMPLES / "realtime-kiosk.xml").getroot()
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def text(path: str) -> str:
        return task.findtext(path, "", space)

    check_line(f"{text('.//t:Exec/t:Command')} {text('.//t:Exec/t:Arguments')}".replace("%USERPROFILE%", str(tmp_path)))
    assert text(".//t:ExecutionTimeLimit") == "PT0S"
    assert text(".//t:MultipleInstancesPolicy") == "IgnoreNew"
    assert task.find(".//t:LogonTrigger", space) is not None
    assert text(".//t:LogonType") == "InteractiveToken", "a window needs the person's desktop"
    assert (EXAMPLES / "realtime-kiosk.xml").read_bytes().isascii(), (
        "the Task Scheduler takes UTF-8 without a mark for ASCII"
    )
