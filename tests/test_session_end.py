"""How a session ends: whatever hangs or fails, the program ends in time and the clip plays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from test_live import Stage, stage  # noqa: F401

ROOT = Path(__file__).parent.parent
_BEGIN = """
import sys, threading, time
import realtime.models.stylizer
from fakes import FakeModel, FakeWindow
from realtime.core.frame import Picture
from realtime.media.clip_file import _Disk
forever = threading.Event()
realtime.models.stylizer.open_model = lambda text, threads: FakeModel()
"""
_HANGS = {
    "model": """
class Hangs(FakeModel):
    def stylize(self, picture, code):
        if self.frames > 40:
            print("hangs", file=sys.stderr, flush=True)
            forever.wait()
        return super().stylize(picture, code)
realtime.models.stylizer.open_model = lambda text, threads: Hangs()
""",
    "disk": """
write, count = _Disk.write, [0]
def hang(self, data):
    count[0] += 1
    if count[0] > 12:
        print("hangs", file=sys.stderr, flush=True)
        forever.wait()
    return write(self, data)
_Disk.write = hang
""",
    "window": """
import realtime.sinks.screen as screen
import realtime.sinks.window as window
class Hangs(FakeWindow):
    def __init__(self, **options):
        super().__init__()
    def show(self, picture, waiting=False, whole=False):
        super().show(picture, waiting, whole)
        if len(self.shown) > 40:
            print("hangs", file=sys.stderr, flush=True)
            while True:  # in C, say: no handler of a signal runs on this thread any more
                try:
                    forever.wait()
                except KeyboardInterrupt:
                    pass
window.WindowSink, screen.display_problem = Hangs, lambda: ""
""",
}
_END = "\nfrom realtime.cli import program; program()"


def playable(clip: Path) -> int:
    """How many frames play of a clip, finished or not."""
    found = clip if clip.exists() and clip.stat().st_size else clip.with_name(f"{clip.stem}.partial.mp4")
    capture = cv2.VideoCapture(str(found))
    frames = 0
    while capture.read()[0]:
        frames += 1
    capture.release()
    return frames


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize(
    ("what", "number"),
    [("model", "SIGINT"), ("model", "SIGTERM"), ("model", "SIGHUP"), ("disk", "SIGTERM"), ("window", "SIGTERM")],
)
def test_what_hangs_does_not_keep_the_program_from_ending(what: str, number: str, twice: bool, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    environment = {
        **os.environ, "XDG_CACHE_HOME": str(tmp_path), "DISPLAY": "", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }  # fmt: skip
    arguments = ["--source", "demo", "--size", "160x120", "--record", str(clip)]
    arguments += [] if what == "window" else ["--no-window"]
    command = [sys.executable, "-c", _BEGIN + _HANGS[what] + _END, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        while "recording" not in process.stderr.readline():
            assert process.poll() is None
        while "hangs" not in process.stderr.readline():
            assert process.poll() is None
        begin = time.monotonic()
        process.send_signal(signal.Signals[number])
        if twice:
            time.sleep(0.3)
            begin = time.monotonic()
            process.send_signal(signal.Signals[number])
        _, err = process.communicate(timeout=20)
        took = time.monotonic() - begin
    assert took < (2.0 if twice else 8.0)
    assert "Traceback" not in err
    assert playable(clip) > 5, err


def test_a_window_that_fails_to_close_leaves_the_clip_finished_and_no_thread(
    stage: Stage,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise RuntimeError("the display went away")

    monkeypatch.setattr(stage.window, "close", fail)
    show = stage.session(record=tmp_path / "clip.mp4", frames=30)
    with pytest.raises(RuntimeError, match="display went away"):
        show.run()
    assert [path.name for path in tmp_path.glob("clip*")] == ["clip.mp4"]
    assert playable(tmp_path / "clip.mp4") > 5
