"""Chromium with its fake camera, and the program whose page it opens."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

PROGRAMS = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
WORDS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE = 30_000
"""Milliseconds that anything on a page may take, on a busy machine."""


@pytest.fixture(scope="module")  # Playwright does not begin twice, and a session's fixture would in each module
def chromium() -> Iterator[Any]:
    """The browser, the same for all tests of a module. Without one they are skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium is installed ({', '.join(PROGRAMS)})")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(WORDS))
        yield browser
        browser.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def painting(folder: Path, colour: tuple[int, int, int]) -> Path:
    """A picture for a style, mostly of one colour (BGR), with strokes in it."""
    picture = np.full((300, 400, 3), colour, np.uint8)
    for step in range(0, 400, 24):
        cv2.line(picture, (step, 0), (400 - step, 300), tuple(c // 2 for c in colour), 5)
    path = folder / "tiger <b>.png"
    assert cv2.imwrite(str(path), picture)
    return path


class Program:
    """`realtime --page` on the demo, in a process of its own, with folders of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder, self.words, self.port = folder, words, free_port()
        self.host = "0.0.0.0" if "--lan" in words else "127.0.0.1"
        self.addresses: dict[str, str] = {}
        self.start()

    @property
    def out(self) -> Path:
        """Where it saves snapshots and clips."""
        return self.folder / "out"

    def start(self) -> None:
        """Start it, and wait until it has printed its addresses."""
        homes = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CACHE", "CONFIG", "STATE", "DATA")}
        environment = {**os.environ, **homes, "PYTHONUNBUFFERED": "1"}
        environment.pop("DISPLAY", None)
        program = [sys.executable, "-m", "realtime", "--source", "demo", "--fresh", "--out", str(self.out)]
        page = ["--page", f"{self.host}:{self.port}"]
        self._process = subprocess.Popen(
            [*program, *page, *self.words], env=environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
        )
        self.said: list[str] = []
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(ready,), name="program's words")
        self._reader.start()
        assert ready.wait(60), "".join(self.said)
        assert self.addresses, "".join(self.said)

    def _read(self, ready: threading.Event) -> None:
        assert self._process.stdout
        last = "/warning" if "--lan" in self.words else "/view"  # the line that is printed after all other addresses
        for line in self._process.stdout:
            self.said.append(line)
            if found := re.search(r"(https?://\S+?)(/[a-z]*)#([\w-]{22})", line):
                self.addresses[found[2]] = found[0]
                self.addresses |= {"/deck": f"{found[1]}/deck#{found[3]}"} if found[2] == "/" else {}
            if f"{last} " in line or f"{last}#" in line:
                ready.set()
        ready.set()

    def address(self, path: str = "/") -> str:
        """The address of a page, without a token."""
        return f"http://127.0.0.1:{self.port}{path}"

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._end()

    def close(self) -> None:
        """End it as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._end()

    def _end(self) -> None:
        self._process.wait(30)
        self._reader.join(30)
        if self._process.stdout:
            self._process.stdout.close()


def pixels(page: Any, selector: str = "#picture") -> npt.NDArray[np.uint8]:
    """What is on a canvas, H×W×3, RGB."""
    read = page.eval_on_selector(
        selector,
        """(canvas) => {
            const small = new OffscreenCanvas(64, 48);
            const context = small.getContext("2d");
            context.drawImage(canvas, 0, 0, 64, 48);
            return [...context.getImageData(0, 0, 64, 48).data];
        }""",
    )
    return np.array(read, np.uint8).reshape(48, 64, 4)[:, :, :3]


def drawn(page: Any, count: int, selector: str = "#picture") -> None:
    """Wait until so many more pictures have been drawn on a canvas."""
    page.locator(selector).wait_for()
    page.evaluate(
        """([selector, count, patience]) => new Promise((resolve, reject) => {
            const canvas = document.querySelector(selector);
            const end = setTimeout(() => reject(new Error("no more pictures came")), patience);
            const watch = new MutationObserver(() => {
                count -= 1;
                if (count > 0) return;
                watch.disconnect();
                clearTimeout(end);
                resolve();
            });
            watch.observe(canvas, { attributeFilter: ["data-seq"] });
        })""",
        [selector, count, PATIENCE],
    )


def picture_is(page: Any, test: str, selector: str = "#picture") -> None:
    """Wait until the mean colours `r`, `g`, `b` of a canvas pass a test, which is written in JavaScript."""
    page.wait_for_function(
        f"""(selector) => {{
            const small = new OffscreenCanvas(32, 24);
            const context = small.getContext("2d");
            context.drawImage(document.querySelector(selector), 0, 0, 32, 24);
            const data = context.getImageData(0, 0, 32, 24).data;
            const mean = (k) => data.filter((_, place) => place % 4 === k).reduce((sum, value) => sum + value, 0) / 768;
            const [r, g, b] = [mean(0), mean(1), mean(2)];
            return {test};
        }}""",
        arg=selector,
    )
