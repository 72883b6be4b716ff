"""Whether frames stutter when styles come and go: `python tests/benchmarks/bench_styles.py [MODEL]`. Not a test: it prints times.

A live session shows the demo scene, in a stand-in for a window. Every few seconds something happens in its style folder, as
large as people have it. For each event: when it was said, and the usual and the longest time between two frames until the
next event.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes import FakeWindow

from realtime.control.settings import Settings
from realtime.core.frame import Picture
from realtime.live.session import LiveSession
from realtime.look.look import Look
from realtime.models.stylizer import Stylizer
from realtime.sources.registry import open_source
from realtime.styles.library import StyleLibrary

SECONDS = 4.0  # for each event


class Watched(FakeWindow):
    """Notes when pictures come, and keeps none."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def show(self, picture: Picture, waiting: bool = False, whole: bool = False) -> None:
        self.times.append(time.monotonic())
        self.on_show(picture)


def large_pictures(folder: Path) -> list[Path]:
    """Photos of 20 megapixels, as far as a decoder can tell: a JPEG, another one, a progressive one, and a PNG."""
    rng = np.random.default_rng(0)
    clouds = cv2.resize(rng.integers(0, 255, (456, 684, 3), np.uint8), (5472, 3648), interpolation=cv2.INTER_CUBIC)
    photo = Image.fromarray(cv2.add(clouds, rng.integers(0, 12, clouds.shape, np.uint8)))
    files = [folder / name for name in ("plain.jpg", "other.jpg", "progressive.jpg", "large.png")]
    photo.save(files[0], quality=90)
    photo.rotate(180).point(lambda value: value // 2).save(files[1], quality=90)
    photo.save(files[2], quality=90, progressive=True)
    photo.save(files[3], compress_level=1)
    return files


def main(model: str) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        Stylizer(model) as stylizer,
        open_source("demo", (640, 480), 30) as source,
    ):
        folder = Path(name, "styles")
        folder.mkdir()
        jpeg, other, progressive, png = (file.read_bytes() for file in large_pictures(Path(name)))
        library = StyleLibrary(stylizer, [folder], Path(name, "cache"))
        for style in library.names:
            library.code(style)
        window = Watched()
        said: list[tuple[float, str]] = []
        session = LiveSession(stylizer, library)
        session.events.subscribe(lambda event: said.append((time.monotonic(), event.text)))
        session.add(source, Settings(Look((("wave", 1.0),))))
        events: list[tuple[str, Callable[[], object]]] = [
            ("the first seconds", lambda: None),
            ("nothing", lambda: None),
            ("a JPEG of 20 megapixels", lambda: (folder / "a.jpg").write_bytes(jpeg)),
            ("a progressive one", lambda: (folder / "b.jpg").write_bytes(progressive)),
            ("a PNG of 20 megapixels", lambda: (folder / "c.png").write_bytes(png)),
            ("the JPEG replaced", lambda: (folder / "a.jpg").write_bytes(other)),
            ("three removed", lambda: deque(map(Path.unlink, folder.iterdir()))),
        ]
        begins: list[float] = []

        def look(picture: Picture) -> None:
            if begins and time.monotonic() < begins[-1] + SECONDS:
                return
            if len(begins) == len(events):
                session.stop()
                return
            begins.append(time.monotonic())
            events[len(begins) - 1][1]()

        window.on_show = look
        figures = session.run(window)

    print(f"{stylizer.model.description}, 640×480, the demo at 30 frames a second: {figures}")
    for (what, _), begin, end in zip(events, begins, [*begins[1:], float("inf")], strict=True):
        times = [shown for shown in window.times if begin < shown < end]
        gaps = np.diff(times) * 1000
        usual, longest = statistics.median(gaps), max(gaps)
        words = "; ".join(f"{text!r} after {at - begin:.1f} s" for at, text in said if begin < at < end)
        print(f"{what:26} usual {usual:5.1f} ms, longest {longest:5.1f} ms ({longest / usual:.2f} times)   {words}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "lite")
