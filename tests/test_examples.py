"""The examples, as their readers run them."""

from __future__ import annotations

import asyncio
import importlib
import os
import runpy
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import media
import numpy as np
import pytest

from realtime.models.registry import LITE

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

EXAMPLES = Path(__file__).parent / "examples"
ADDED = EXAMPLES / "added"
pytestmark = pytest.mark.skipif(
    not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches and settings of their own."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.mark.parametrize("path", list(EXAMPLES.rglob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 80


def test_the_notebook_paints_what_it_says() -> None:
    made = runpy.run_path(str(EXAMPLES / "notebook.py"))
    assert made["shown"].shape == (240, 4 * 320, 3)
    pictures = [made[name].astype(int) for name in ("frame", "painted", "mixed", "result")]
    assert all(np.abs(a - b).mean() > 2 for i, a in enumerate(pictures) for b in pictures[:i])


def test_the_web_server_paints_for_several_at_once_and_says_what_is_wrong() -> None:
    example = runpy.run_path(str(EXAMPLES / "web_server.py"))
    photo = cv2.imencode(".png", media.numbered(77, (160, 120)))[1].tobytes()

    def post(url: str, data: bytes) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    async def visit() -> list[tuple[int, bytes]]:
        server = await example["serve"](0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            requests = [("wave", photo), ("glass", photo), ("no-such-style", photo), ("wave", b"no picture")]
            return await asyncio.gather(
                *(asyncio.to_thread(post, f"{address}/{style}", data) for style, data in requests)
            )

    wave, glass, unknown, broken = asyncio.run(visit())
    assert (wave[0], glass[0], unknown[0], broken[0]) == (200, 200, 400, 400)
    painted = [cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) for _, body in (wave, glass)]
    assert all(picture is not None and picture.shape == (120, 160, 3) for picture in painted)
    assert wave[1] != glass[1]
    assert b"no-such-style" in unknown[1]
    assert b"no picture" in broken[1]


# ---- another package's source, sink and engine -------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the example package is as if it were installed, at the front of the path."""
    project = tomllib.loads((ADDED / "pyproject.toml").read_text("utf-8"))["project"]
    place = tmp_path / "site"
    info = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    for path in ADDED.glob("*.py"):
        (place / path.name).write_text(path.read_text("utf-8"), "utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{place}{os.pathsep}{Path(__file__).parent.parent}")
    return place


@pytest.fixture
def lamps() -> Iterator[socket.socket]:
    """Lamps that hear WLED's packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wall:
        wall.bind(("127.0.0.1", 0))
        wall.settimeout(60)
        yield wall


def program(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "realtime", *words], capture_output=True, text=True, timeout=120)


@pytest.mark.usefixtures("installed")
def test_the_program_finds_what_the_package_adds(lamps: socket.socket) -> None:
    sink = f"wled:127.0.0.1:{lamps.getsockname()[1]}"
    done = program("--source", "plasma", "--sink", sink, "--style", "wave", "--no-window", "--frames", "5")
    assert done.returncode == 0, done.stderr
    assert "plasma" in done.stderr
    packet = lamps.recv(2000)
    assert packet[:2] == bytes((2, 2))  # DRGB, two seconds
    assert len(packet) == 2 + 3 * 16 * 9
    assert len(set(packet[2:])) > 10  # a picture


@pytest.mark.usefixtures("installed")
def test_the_engine_of_the_package_is_a_model_like_any_other(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), media.numbered(77, (160, 120)))
    cv2.imwrite(str(tmp_path / "blue.png"), np.full((32, 32, 3), (220, 40, 20), np.uint8))
    words = ("--model", "duotone", "--style", str(tmp_path / "blue.png"), "-o", str(tmp_path / "out.png"))
    done = program("photo", str(tmp_path / "photo.png"), *words)
    assert done.returncode == 0, done.stderr
    painted: Any = media.read_image(tmp_path / "out.png").astype(int)
    dark, bright = painted[:, 10].mean(axis=0), painted[:, -5].mean(axis=0)
    assert painted.shape == (120, 160, 3)
    assert np.ptp([dark, bright], axis=0)[0] > 60  # from dark to the style's blue
