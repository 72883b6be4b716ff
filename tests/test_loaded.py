"""What a live session has in memory besides pictures: what it does not use, it does not load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import media
import pytest
from conftest import Screen

from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary

UNUSED = {
    "PIL": "pictures are read and written: a style without a kept code, a snapshot",
    "xml": "a photo's data is read",
    "email": "a photo's dates are read",
    "importlib.metadata": "a name is looked for among what other packages add",
    "hashlib": "it loads OpenSSL",
    "ssl": "a page or an address is opened",
    "asyncio": "a page is served",
    "av": "a clip is written",
    "numpy.random": "the demo scene is painted",
} | ({"psutil": "a page is served"} if sys.platform == "linux" else {})  # elsewhere it counts the cores
"""Packages, and what would need them: together 25 MB."""


@pytest.fixture(scope="module", autouse=True)
def kept_codes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The codes of all styles were made by an earlier session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        encode_all()
        yield


def encode_all() -> None:
    stylizer = Stylizer("lite")
    library = StyleLibrary(stylizer)
    for name in library.names:
        library.code(name)
    stylizer.close()


def loaded(clip: Path, *words: str, **environment: str) -> set[str]:
    """Tell which modules a session of some frames of a clip has loaded at its end."""
    code = (
        "import sys, realtime.cli\n"
        f"sys.argv = ['realtime', '--source', {str(clip)!r}, '--steady', '1', '--frames', '5', *{words}]\n"
        "try:\n    realtime.cli.main()\n"
        "except SystemExit as ended:\n    print(*sys.modules, sep='\\n')\n    raise"
    )
    environment = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_a_session_loads_no_package_that_it_does_not_use(tmp_path: Path) -> None:
    assert not loaded(media.clip(tmp_path / "clip.mp4"), "--no-window") & UNUSED.keys()


def test_a_session_with_a_window_loads_no_package_that_it_does_not_use(tmp_path: Path, screen: Screen) -> None:
    clip = media.clip(tmp_path / "clip.mp4")
    assert not loaded(clip, DISPLAY=screen.display, QT_QPA_PLATFORM="xcb") & UNUSED.keys()
