"""The command line: what it says, its exit status, and that it never shows a traceback."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import FakeModel, opened
from media import read_image

from realtime import cli
from realtime.control.keymap import KEY_MAP, KEYS, key_table
from realtime.core.frame import Frame
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.models.model import Model
from realtime.sinks.snapshot import SnapshotSink
from realtime.sinks.view import ViewSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HANG_UP = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none
MANUAL = (ROOT / ".github" / "MANUAL.md").read_text(encoding="utf-8")


class Run:
    """The command in this process, with a fake model and no cameras."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["realtime", *arguments])
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, HANG_UP)}
        try:
            with pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: FakeModel())
    monkeypatch.setattr("realtime.sources.camera.list_cameras", list)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)
    return Run(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "640"], "640x480"),
        (["--size", "0x0"], "16 to 7680"),
        (["--strength", "1.5"], "strength"),
        (["--strength", "much"], "strength"),
        (["--fps", "0"], "fps"),
        (["--frames", "0"], "frames"),
        (["--seconds", "-1"], "seconds"),
        (["--style", "no-such-style", "--no-window"], "there is no style"),
        (["--styles", "no-such-folder", "--no-window"], "no-such-folder"),
        (["--source", "no-such-file.mp4", "--no-window"], "no-such-file.mp4"),
        (["--source", "nobody's camera", "--no-window"], "no camera is called"),
        (["--source", "ftp://host/x", "--no-window"], "ftp"),
        (["--record", "clip.avi", "--no-window", "--source", "demo"], ".mp4"),
        (["--record", os.devnull, "--no-window", "--source", "demo"], "exists already"),
        (["--record", "clip.mp4", "--codec", "vp9", "--no-window"], "clip.webm, or choose --codec h264 or h265 or av1"),
        (["--codec", "mpeg", "--no-window"], "there is no codec 'mpeg'; there are h264, h265"),
        (["--style", "~nobody/x.jpg", "--no-window"], "there is no style"),
        (["--source", "9" * 5000, "--no-window"], "camera"),
        (["--model", "magenta", "bench"], "after the command"),
        (["--own-colours", "1", "photo", "a.png"], "realtime photo --own-colours"),
        (["--no-such-option"], "--no-such-option"),
        (["no-such-command"], "no-such-command"),
        (["styles", "--styles", "no-such-folder"], "no-such-folder"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_status_2(run: Run, arguments: list[str], said: str) -> None:
    status, out, err = run(*arguments)
    assert status == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not out


def test_a_model_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = Run(monkeypatch, capsys)("--model", "no-such-model", "--no-window")
    assert status == 2
    assert "no-such-model" in err
    assert len(err.strip().splitlines()) == 1


def test_with_no_camera_the_demo_is_shown_and_said_in_one_line(run: Run) -> None:
    status, _, err = run("--no-window", "--frames", "3")
    assert status == 0
    assert sum("no camera found" in line for line in err.splitlines()) == 1
    assert "3 frames shown" in err


def test_the_model_is_closed_at_the_end_of_a_session(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Model] = []
    monkeypatch.setattr(FakeModel, "close", lambda model: closed.append(model))
    assert run("--source", "demo", "--no-window", "--frames", "3")[0] == 0
    assert len(closed) == 1


def test_with_no_display_it_says_what_works_without_one(run: Run) -> None:
    status, _, err = run("--source", "demo")
    assert status == 1
    assert "DISPLAY" in err
    assert "--page shows it in a browser" in err
    assert "--record" in err
    assert "--no-window --frames N" in err
    assert len(err.strip().splitlines()) == 1


def test_with_no_display_a_clip_is_recorded_all_the_same(run: Run, tmp_path: Path) -> None:
    status, _, err = run("--source", "demo", "--record", "clip.mp4", "--frames", "5")
    assert status == 0
    assert "no window" in err
    capture = cv2.VideoCapture(str(tmp_path / "clip.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    capture.release()


def test_a_snapshot_is_made_again_from_its_own_look(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, mirrored = [], []

    def run_session(session: LiveSession, *rest: object, **options: object) -> str:
        settings = session.streams[0].controls.settings
        seen.append(settings.look)
        mirrored.append(settings.mirror)
        return ""

    look = Look((("swirl", 0.25), ("wave", 0.75)), 0.8, 0.5, 0.5, 1.0)
    picture = np.zeros((8, 8, 3), np.uint8)
    sink = opened(SnapshotSink(tmp_path, keep_original=True))
    sink.write(Stylized(Frame(picture, 0.0, mirrored=True), picture, look, 0.0))
    (kept,) = tmp_path.glob("*_original.png")
    snapshot = sink.path
    monkeypatch.setattr(LiveSession, "run", run_session)
    always = ("--source", "demo", "--no-window")
    assert run(*always, "--look", str(snapshot))[0] == 0
    changed = (
        "--style",
        "wav:0.5,swir:0.5",
        "--strength",
        "1",
        "--own-colours",
        "0",
        "--brush",
        "1",
        "--steady",
        "0.5",
    )
    assert run(*always, "--look", str(snapshot), "--no-mirror", *changed)[0] == 0
    assert seen == [look, Look((("wave", 0.5), ("swirl", 0.5)), 1.0, 0.0, 1.0, 0.5)]
    assert mirrored == [True, False], "the demo is not mirrored unless the snapshot was"
    assert run("--source", str(kept), "--no-window", "--look", str(snapshot))[0] == 0
    assert mirrored[-1] is False, "the frame kept beside it is mirrored already"
    status, _, err = run(*always, "--look", "none.toml")
    assert (status, "none.toml" in err) == (2, True)


def test_what_keys_do_options_set_at_start(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[LiveSession, dict[str, Any]]] = []
    saved: list[Saving] = []

    def run_session(session: LiveSession, *rest: object, **options: Any) -> str:
        seen.append((session, options))
        return ""

    monkeypatch.setattr(LiveSession, "run", run_session)
    monkeypatch.setattr(LiveSession, "save", lambda session, stream, saving, windowed: saved.append(saving))
    cv2.imwrite(str(tmp_path / "mine.png"), np.full((8, 8, 3), 9, np.uint8))
    toggles = "--mirror --original --compare --fullscreen --no-info --no-window --keep-original"
    values = "--source demo --style mine.png --strength 0.4 --size 320x200 --fps 12"
    ends = "--record c.mp4 --seconds 2.5 --frames 7 --out there"
    status, _, _ = run(*toggles.split(), *values.split(), *ends.split())
    assert status == 0
    ((session, options),) = seen
    (stream,), (saving,) = session.streams, saved
    settings, view = stream.controls.settings, stream.view.settings
    assert stream.source.name == "demo"
    assert (settings.look.style, settings.look.strength, settings.mirror) == ("mine", 0.4, True)
    assert (settings.original, view) == (True, ViewSettings(compare=True, info=False, fullscreen=True))
    assert (saving.record, saving.folder) == (Path("c.mp4"), Path("there"))
    assert (options["frames"], options["seconds"]) == (7, 2.5)
    assert saving.keep_original


def test_styles_lists_shipped_and_added_ones_and_names_what_is_none(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    cv2.imwrite(str(folder / "kitchen tiles.png"), np.full((8, 12, 3), 9, np.uint8))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no")
    (folder / "notes.txt").write_text("hello")
    status, out, err = run("styles", "--styles", str(folder))
    assert status == 0
    assert re.search(r"^kitchen tiles +12×8", out, re.MULTILINE)
    assert "wave" in out
    assert "broken" not in out
    assert "broken.jpg" in err
    assert "notes.txt" in err


def test_cameras_without_one(run: Run) -> None:
    status, out, err = run("cameras")
    assert (status, out) == (0, "")
    assert "no camera" in err


def test_the_readme_agrees_with_the_keys_and_the_options(run: Run) -> None:
    assert key_table() in README
    _, out, _ = run("--help")
    options = set(re.findall(r"--[a-z-]+", out)) - {"--help", "--version"}
    assert options
    assert not [option for option in options if f"`{option}" not in MANUAL and f"{option}`" not in MANUAL]


def test_no_key_means_two_things() -> None:
    assert len(KEY_MAP) == sum(len(key.commands) for key in KEYS)


def test_fuzzed_options_never_show_a_traceback(run: Run) -> None:
    rng = random.Random(7)
    words = [
        "",
        ".",
        "..",
        "/",
        "--",
        "a" * 5000,
        "9" * 5000,
        "\udcff",
        "ünï",
        "%s",
        "{}",
        "x",
        "-x-",
        "~x",
        "~nobody/y",
    ]
    words += ["rtsp://[", "http://", "0", "-1", "1", "99999999999999999999", "1e309", "nan", "inf", "640x480", "1x1"]
    words += ["16x16", "wave", "demo", "http://127.0.0.1:1/x", "/dev/null"]
    options = [
        "--source",
        "--style",
        "--styles",
        "--strength",
        "--size",
        "--fps",
        "--record",
        "--out",
        "--frames",
        "--seconds",
    ]
    options += ["--mirror", "--no-mirror", "--keep-original", "--info", "--original"]
    for _ in range(120):
        arguments = ["--no-window", "--frames", "1", "--seconds", "1"]
        for option in rng.sample(options, rng.randint(1, 3)):
            takes_none = option.startswith(("--no-", "--keep", "--mirror", "--info", "--original"))
            arguments += [option] if takes_none else [option, rng.choice(words)]
        status, _, err = run(*arguments)
        assert status in (0, 1, 2), arguments
        assert "Traceback" not in err, arguments


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("how", [[signal.SIGINT], [signal.SIGTERM], [HANG_UP] * 2, [signal.SIGINT] * 3])
def test_ctrl_c_ends_it_within_a_second_and_keeps_the_clip(how: list[signal.Signals], tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import realtime.models.stylizer; from fakes import FakeModel\n"
        "realtime.models.stylizer.open_model = lambda text, threads: FakeModel()\n"
        "from realtime.cli import program; program()"
    )
    clip = tmp_path / "clip.mp4"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "DISPLAY": ""}
    arguments = ["--source", "demo", "--size", "160x120", "--record", str(clip), "--no-window"]
    command = [sys.executable, "-c", program, str(ROOT / "tests"), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        while "recording" not in process.stderr.readline():
            assert process.poll() is None
        while clip.with_name("clip.partial.mp4").stat().st_size < 2000:  # until some frames are in it
            os.sched_yield()
        begin = time.monotonic()
        for number in how:  # people press it again when nothing happens at once
            process.send_signal(number)
            time.sleep(0.05)
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - begin < 1.5  # the interpreter's own end included
    assert process.returncode in ((0,) if len(how) == 1 else (0, 130))
    assert "Traceback" not in err
    capture = cv2.VideoCapture(str(clip))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
    capture.release()


def test_a_sheet_shows_the_scene_in_every_style(run: Run, tmp_path: Path) -> None:
    status, out, err = run("styles", "--sheet", "sheet.png")
    assert status == 0
    assert "sheet.png" in err
    height, width = read_image(tmp_path / "sheet.png").shape[:2]
    assert width > 1600
    assert height > 250 * (len(out.splitlines()) // 5)
    status, _, err = run("styles", "--sheet", "sheet.png")
    assert status == 2
    assert "exists already" in err


def test_help_waits_for_no_large_package() -> None:
    heavy = {"numpy", "cv2", "av", "PIL", "importlib.metadata", "plistlib", "realtime.control.keymap"}
    code = f"import sys, realtime.cli; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
