"""Fixtures that several suites share."""

from __future__ import annotations

# sources and sinks
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import realtime  # noqa: F401  before cv2: it quiets OpenCV's own lines

# Without a window manager, on a machine with much else to do, Qt now and then never paints a window that was resized when
# it opened (seen with OpenCV 5.0 on a bare Xvfb, 3 of 12 times under load, never with a window manager). The program has
# no way to notice. So these tests open their window again before they call it a failure.
bare_screen = pytest.mark.flaky(reruns=3)


@pytest.fixture(scope="session", autouse=True)
def heeds_signals() -> None:
    """What a shell starts in the background is deaf to Ctrl-C, under nohup to hanging up too, and so is what that starts:
    programs that tests end so would go on for ever."""
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clips that tests leave unfinished are not offered for repair to the person who ran them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def nothing_remembered(state_of_its_own: None) -> None:
    """Each test is a first start."""
    (Path(os.environ["XDG_STATE_HOME"]) / "realtime" / "last.toml").unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU paints, whatever is in the machine that runs the tests; those of the GPU say otherwise."""
    monkeypatch.setattr("realtime.models.graphics.may_have_gpu", lambda: False)


class Screen:
    """A screen without glass. Tests give `environment` to the programs whose windows shall be on it."""

    size = (800, 600)

    def __init__(self, number: str, folder: Path) -> None:
        self.display = f":{number}"
        self.environment = {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}
        self._memory = folder / "Xvfb_screen0"

    def picture(self) -> np.ndarray:
        """What is on the screen, H×W×3, BGR: the server's memory, a file in the XWD format."""
        data = self._memory.read_bytes()
        header = np.frombuffer(data, ">u4", 20).astype(int)
        width, height, row, colours = header[4], header[5], header[12], header[19]
        pixels = np.frombuffer(data, np.uint8, row * height, header[0] + 12 * colours)
        return pixels.reshape(height, row // 4, 4)[:, :width, :3]

    def xdotool(self, *words: str) -> str:
        """What `xdotool` says to this; it has a minute."""
        done = subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def clear(self) -> None:
        """Wait until the windows of programs that have ended are gone: the next test would find one of them."""
        end = time.monotonic() + 60
        while self.xdotool("search", "--onlyvisible", "--name", "."):
            assert time.monotonic() < end, "a window stayed on the screen"
            time.sleep(0.02)

    def find_window(self, title: str) -> str:
        """The number of the window of this title, as soon as it is there."""
        end = time.monotonic() + 60
        while not (found := self.xdotool("search", "--onlyvisible", "--name", f"^{title}$")):
            assert time.monotonic() < end, f"no window {title!r} came up"
            time.sleep(0.02)
        return found.split()[0]

    def press(self, window: str, key: str) -> None:
        """Press a key in a window; `key` is what X calls it."""
        self.xdotool("windowfocus", window, "key", key)


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A screen of 800×600 to open windows on, the same for all tests. Without Xvfb and xdotool they are skipped."""
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("screen")
    read, write = os.pipe()
    width, height = Screen.size
    # -noreset: left by its last client it would begin anew, and refuse those that come meanwhile.
    words = f"Xvfb -displayfd {write} -screen 0 {width}x{height}x24 -nolisten tcp -noreset -fbdir".split()
    server = subprocess.Popen([*words, folder], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()  # comes when the screen is ready, or the server has ended
    try:
        assert number, "Xvfb did not start"
        yield Screen(number, folder)
    finally:
        server.kill()
        server.wait()
