"""What bench_page.py adds to the program to see through it: a source whose frames carry a number, and an engine that shows them.

`--source numbered` draws each frame's number over the demo scene as sixteen black or white blocks of 40 pixels. `--model
untouched` runs `lite` and gives back the frame. Both write when, to the file that REALTIME_GLASS names. Where REALTIME_FAR is set,
browsers count as those of other machines, which get H.264.
"""

from __future__ import annotations

import os
import time

import numpy as np

from realtime.core.frame import Frame, Picture, Size
from realtime.models.base import StyleCode
from realtime.models.model import Model
from realtime.models.registry import open_model
from realtime.page import app
from realtime.sources.base import Source
from realtime.sources.demo import DemoSource

BLOCK, BLOCKS = 40, 16


def note(*values: object) -> None:
    """Write a line to the file."""
    with open(os.environ["REALTIME_GLASS"], "a", encoding="ascii") as file:
        file.write(" ".join(str(value) for value in values) + "\n")


class NumberedSource(Source):
    """The demo with a number on each frame, in 640×480."""

    name = "numbered"

    def __init__(self, fps: float) -> None:
        self._demo, self._number = DemoSource((BLOCK * BLOCKS, 480), fps), 0

    def read(self, timeout: float = 1.0) -> Frame | None:
        """Wait for the next frame, as `Source.read` does."""
        if (frame := self._demo.read(timeout)) is None:
            return None
        self._number = (self._number + 1) % (1 << BLOCKS)
        bits = np.array([self._number >> place & 1 for place in range(BLOCKS)], np.uint8) * 255
        picture = frame.picture.copy()
        picture[:BLOCK] = np.repeat(bits, BLOCK)[None, :, None]
        note("drawn", self._number, time.time())
        return Frame(picture, time.monotonic())

    def close(self) -> None:
        """Stop, as `Source.close` says."""
        self._demo.close()


class Untouched(Model):
    """`lite`, whose painting nobody sees."""

    def __init__(self) -> None:
        self._lite = open_model("lite")
        self.identity, self.description = self._lite.identity, f"untouched, {self._lite.description}"

    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture: see `Model.encode`."""
        return self._lite.encode(style)

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture, and give back a copy of the picture itself."""
        begin = time.perf_counter()
        self._lite.stylize(picture, code)
        if picture.shape[:2] == (480, 640):  # a thumbnail is none
            note("model", time.perf_counter() - begin)
        copied: Picture = picture.copy()
        return copied

    def close(self) -> None:
        """Give back what the model holds: see `Model.close`."""
        self._lite.close()


def open_numbered(text: str, size: Size, fps: float) -> NumberedSource:
    """Open the source, as entry points of sources are called."""
    if os.environ.get("REALTIME_FAR"):
        vars(app)["from_elsewhere"] = lambda client, own: True
    return NumberedSource(fps)


def open_untouched(argument: str, threads: int | None) -> Untouched:
    """Open the model, as entry points of engines are called."""
    return Untouched()
